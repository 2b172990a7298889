"""Errors that are meant for the user: one clear line, how to mend it, and an exit code."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    NOTHING_FOUND = 3
    PARTLY_DONE = 4


class VigieError(Exception):
    """Something that the user can mend.

    message says what is wrong and where (file, key, position); mend says what to do about it.
    """

    exit_code = Exit.ERROR

    def __init__(self, message: str, *, mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend

    def __str__(self) -> str:
        return f"{self.message}\n  {self.mend}" if self.mend else self.message


class UsageError(VigieError):
    """The command, the query or the watch file is not of the right form."""

    exit_code = Exit.USAGE
