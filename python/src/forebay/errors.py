"""The errors that callers see. Codes are stable; sentences are not."""

from __future__ import annotations

from typing import Any, Mapping, Optional

FILE_CODES = frozenset(
    {
        "content_file_failed",
        "content_folder_locked",
        "content_folder_missing",
        "disk_full",
        "permission_denied",
    }
)
"""Codes of errors that are about a file or a folder."""


class ForebayError(Exception):
    """An error of the ``forebay`` program.

    Attributes:
        code: The error, as a stable word.
        message: The error, as a sentence.
        hint: What to do next, if there is something to do.
        place: The file, with its line where one is known.
    """

    def __init__(
        self, code: str, message: str, hint: Optional[str] = None, place: Optional[str] = None
    ) -> None:
        super().__init__(code, message, hint, place)
        self.code = code
        self.message = message
        self.hint = hint
        self.place = place

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.code}: {self.message}{hint}"


class FileError(ForebayError):
    """A file or folder cannot be read or written."""


class RequestError(ForebayError):
    """The call itself is wrong, or the program cannot be used as configured."""


def of_answer(error: Mapping[str, Any]) -> ForebayError:
    """Makes the error of an answer.

    Args:
        error: The object ``error`` of an answer.

    Returns:
        An error of the class that its code belongs to.
    """
    code = str(error.get("code", "unknown"))
    kind = FileError if code in FILE_CODES else RequestError
    return kind(code, str(error.get("message", "")), error.get("hint"), error.get("place"))
