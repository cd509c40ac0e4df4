"""What a person can mend: told in one line, without a traceback."""


class Problem(Exception):
    """A wrong file, number or port. Its text names the thing and says what is wrong with it."""

    def __str__(self) -> str:
        return " ".join(super().__str__().split())
