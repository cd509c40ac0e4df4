"""The figures of `make bench` again, on a board that exists: docs/figures.md."""
