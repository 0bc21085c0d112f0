"""The errors that calls raise. Codes are stable; messages may change."""

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
"""Codes of errors of files and folders."""


class ForebayError(Exception):
    """An error of the ``forebay`` program.

    Attributes:
        code: A stable code.
        message: The message.
        hint: How to solve the problem, if known.
        place: The file, and the line if known.
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
    """A parameter or the configuration is wrong, or the program cannot be run."""


def of_answer(error: Mapping[str, Any]) -> ForebayError:
    """Reads the error of an answer.

    Args:
        error: The object ``error`` of an answer.

    Returns:
        A ``FileError`` or a ``RequestError``, depending on its code.
    """
    code = str(error.get("code", "unknown"))
    kind = FileError if code in FILE_CODES else RequestError
    return kind(code, str(error.get("message", "")), error.get("hint"), error.get("place"))
