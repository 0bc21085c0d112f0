"""Writes files of a course folder without the program, each as a whole and never outside of the folder."""

from __future__ import annotations

import errno
import fcntl
import itertools
import os
from contextlib import contextmanager
from typing import Iterator, List, Optional

from .errors import FileError

_NUMBER = itertools.count()
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OWN_FOLDER = ".forebay"


def write(folder: str, path: str, content: bytes) -> bool:
    """Writes a file: to a temporary file, flushed, renamed, and the folder flushed.

    Args:
        folder: The course folder.
        path: A checked path in it.
        content: The bytes.

    Returns:
        Whether the file was written; it is left alone if it is equal already.

    Raises:
        FileError: It cannot be written. The old file, if any, is still there.
    """
    *parents, name = path.split("/")
    try:
        opened = _open_folder(folder, parents)
        try:
            if _read(opened, name) == content:
                return False
            _replace(opened, name, content)
            return True
        finally:
            os.close(opened)
    except OSError as error:
        raise _failed("write", os.path.join(folder, path), error) from error


def files(folder: str) -> List[str]:
    """Lists the files of a folder, without hidden ones and without following links.

    Args:
        folder: The course folder.

    Returns:
        Their paths in the folder.
    """
    found: List[str] = []
    for base, folders, names in os.walk(folder):
        folders[:] = [one for one in folders if not one.startswith(".")]
        relative = os.path.relpath(base, folder)
        prefix = "" if relative == "." else relative.replace(os.sep, "/") + "/"
        found += [prefix + name for name in names if not name.startswith(".")]
    return found


@contextmanager
def locked(folder: str) -> Iterator[None]:
    """Locks the folder like the program does, so that one process at a time writes it.

    Args:
        folder: The course folder.

    Raises:
        FileError: Another process has locked it.
    """
    try:
        os.makedirs(folder, exist_ok=True)
        own = _open_folder(folder, [_OWN_FOLDER])
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            lock = os.open("lock", flags, 0o644, dir_fd=own)
        finally:
            os.close(own)
    except OSError as error:
        raise _failed("lock", folder, error) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        message = f"another process is working on the folder {folder}"
        raise FileError("content_folder_locked", message, "wait until it ends", folder) from error
    finally:
        os.close(lock)


def _open_folder(folder: str, parents: List[str]) -> int:
    """Opens a folder in the course folder, and creates it if it is missing."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for part in parents:
        try:
            try:
                below = os.open(part, _FOLDER, dir_fd=opened)
            except FileNotFoundError:
                try:
                    os.mkdir(part, 0o755, dir_fd=opened)
                except FileExistsError:
                    # Another process was faster.
                    pass
                os.fsync(opened)
                below = os.open(part, _FOLDER, dir_fd=opened)
        finally:
            os.close(opened)
        opened = below
    return opened


def _read(folder: int, name: str) -> Optional[bytes]:
    """The content of a file; None if it cannot be read."""
    try:
        opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return None
    with os.fdopen(opened, "rb") as file:
        try:
            return file.read()
        except OSError:
            return None


def _replace(folder: int, name: str, content: bytes) -> None:
    # The program ignores such names, and removes what a killed process left.
    temporary = f".forebay-{os.getpid()}-py{next(_NUMBER)}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    opened = os.open(temporary, flags, 0o644, dir_fd=folder)
    try:
        with os.fdopen(opened, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        try:
            os.unlink(temporary, dir_fd=folder)
        except OSError:
            # The first error is the one to report.
            pass
        raise
    # Without this, a crash of the machine may forget the rename.
    os.fsync(folder)


def _failed(action: str, path: str, error: OSError) -> FileError:
    code = {
        errno.ENOSPC: "disk_full",
        errno.EDQUOT: "disk_full",
        errno.EACCES: "permission_denied",
        errno.EPERM: "permission_denied",
        errno.EROFS: "permission_denied",
    }.get(error.errno or 0, "content_file_failed")
    return FileError(code, f"cannot {action} {path}: {error.strerror}", None, path)
