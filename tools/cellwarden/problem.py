"""What can go wrong, as one line that says what to do; the exit code says what kind it was."""

# exit codes
DIFFERS = 1  # asked and answered, and the answer is no: a check failed, a log was changed
PROBLEM = 2  # what a person can mend: a wrong port, a wrong file
LINE = 3  # no board there, or the line broke: try again
REFUSED = 4  # the board says no
STOPPED = 130  # Ctrl-C
PIPE = 141  # nobody reads on, as in `| head`: what had to come after that was not done


class Problem(Exception):
    """Ends the command with one line on stderr."""

    code = PROBLEM


class Lost(Problem):
    """The line broke, or nobody answers."""

    code = LINE


class Refused(Problem):
    """The board understood and will not."""

    code = REFUSED
