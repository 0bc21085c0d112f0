"""Which file a lesson is written to, by the same rules as the program."""

from __future__ import annotations

import re
import unicodedata
from typing import Iterable, Optional

from .errors import RequestError

_MAX_SLUG = 120
_MAX_PATH = 1024
_MAX_PART = 255
# Letters without a decomposition into an ASCII letter and marks.
_LETTERS = {
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l",
    "ı": "i", "ħ": "h", "ŧ": "t", "ŋ": "n", "ĸ": "k", "ª": "a", "º": "o",
}  # fmt: skip
_JOINING = "'’\u00ad"
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\..*)?", re.IGNORECASE)
_TOKEN = re.compile(r"\*\*/|\{module\}|\{lesson\}|\{slug\}")


def slugify(title: str) -> Optional[str]:
    """Makes a slug of a title.

    Args:
        title: Any text.

    Returns:
        Lower-case letters, digits and single ``-``; None if no Latin letter and no digit is in the title.
    """
    slug = ""
    is_between = False
    for character in unicodedata.normalize("NFD", title):
        if unicodedata.category(character).startswith("M") or character in _JOINING:
            continue
        if character.isascii() and character.isalnum():
            letters = character.lower()
        else:
            letters = _LETTERS.get(character.lower(), "")
        if not letters:
            is_between = True
            continue
        separator = "-" if is_between and slug else ""
        if len(slug) + len(separator) + len(letters) > _MAX_SLUG:
            if not is_between and "-" in slug:
                slug = slug[: slug.rindex("-")]
            break
        slug += separator + letters
        is_between = False
    if not slug:
        return None
    return f"{slug}-1" if _DEVICE.fullmatch(slug) else slug


def check(path: str) -> str:
    """Checks that a path stays in the course folder.

    Args:
        path: A path with ``/`` between its parts.

    Returns:
        The path.

    Raises:
        RequestError: The path leaves the folder, or some system cannot create it.
    """
    parts = path.split("/")
    is_bad = (
        len(path.encode("utf-8", "replace")) > _MAX_PATH
        or any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in path)
        or any(character in '\\:*?"<>|' for character in path)
        or any(not _is_name(part) for part in parts)
    )
    if is_bad:
        raise RequestError("unsafe_path", f"{path[:200]!r} is no path in a course folder", place=path[:200])
    return path


def _is_name(part: str) -> bool:
    return (
        part not in ("", ".", "..")
        and len(part.encode("utf-8", "replace")) <= _MAX_PART
        and not part.endswith((" ", "."))
        and not _DEVICE.fullmatch(part)
    )


def fill(pattern: str, module: int, lesson: int, slug: str) -> str:
    """Puts values into the pattern of a lesson's path."""
    values = {"{module}": str(module), "{lesson}": str(lesson), "{slug}": slug, "**/": ""}
    return _TOKEN.sub(lambda token: values[token.group()], pattern)


def numbered(pattern: str, paths: Iterable[str], module: int, lesson: int) -> Optional[str]:
    """Finds the file of a lesson that exists.

    Args:
        pattern: The pattern of lessons' paths.
        paths: The files of the folder.
        module: The number of its module.
        lesson: Its number in the module.

    Returns:
        The first path with these numbers, or None.
    """
    expressions = {
        "{module}": r"(?P<module>[0-9]{1,9})",
        "{lesson}": r"(?P<lesson>[0-9]{1,9})",
        "{slug}": r"[^/]+?",
        "**/": r"(?:.*/)?",
    }
    expression = ""
    end = 0
    for token in _TOKEN.finditer(pattern):
        expression += re.escape(pattern[end : token.start()]) + expressions[token.group()]
        end = token.end()
    matcher = re.compile(expression + re.escape(pattern[end:]))
    for path in sorted(paths):
        match = matcher.fullmatch(path)
        if match and (int(match["module"]), int(match["lesson"])) == (module, lesson):
            return path
    return None
