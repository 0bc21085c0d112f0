"""Front matter for a lesson that has none, in the same bytes as the program writes."""

from __future__ import annotations

import re
import unicodedata
from typing import Optional, Sequence, Tuple, Union

Entry = Tuple[str, Union[str, int, Sequence[str], None]]

_BOM = "\ufeff"
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_BREAKS = "\u0085\u2028\u2029\ufeff\ufffe\uffff"


def compose(text: str, entries: Sequence[Entry]) -> str:
    """Writes fields above a text.

    Args:
        text: The Markdown.
        entries: Names and values; None and empty lists are left out.

    Returns:
        The text with front matter; the text as it is if it has front matter, or if there is nothing to write.
    """
    bom = _BOM if text.startswith(_BOM) else ""
    body = text[len(bom) :]
    first = body.split("\n", 1)[0]
    if first.rstrip() == "---":
        return text
    eol = "\r\n" if "\n" in text and text.split("\n", 1)[0].endswith("\r") else "\n"
    fields = ""
    for name, value in entries:
        if value is None or value == [] or value == ():
            continue
        if isinstance(value, str):
            fields += f"{name}: {_scalar(value)}{eol}"
        elif isinstance(value, int):
            fields += f"{name}: {value}{eol}"
        else:
            fields += f"{name}:{eol}" + "".join(f"  - {_scalar(item)}{eol}" for item in value)
    if not fields:
        return text
    gap = "" if not body or body.startswith(("\n", "\r")) else eol
    return f"{bom}---{eol}{fields}---{eol}{gap}{body}"


def title_of(text: str) -> Optional[str]:
    """The title of a text: from its front matter, else its first heading of level 1.

    Args:
        text: The Markdown.

    Returns:
        The title; None if there is none. A title that YAML writes in an unusual way is not found.
    """
    lines = text.lstrip(_BOM).splitlines()
    start = 0
    if lines and lines[0].rstrip() == "---":
        start = next((at + 1 for at, line in enumerate(lines) if at and line.rstrip() == "---"), 0)
    for line in lines[1:start]:
        if line.startswith("title:"):
            return line[len("title:") :].strip().strip("\"'")
    for line in lines[start:]:
        heading = re.match(r" {0,3}#[ \t]+(.*?)[ \t]*#*[ \t]*$", line)
        if heading:
            return heading.group(1)
    return None


def _scalar(text: str) -> str:
    text = text.replace("\0", "")
    return text if _is_plain(text) and not _has_other_type(text) else _quoted(text)


def _is_special(character: str) -> bool:
    return unicodedata.category(character) == "Cc" or character in _BREAKS


def _is_plain(text: str) -> bool:
    if not text or text != text.strip() or any(_is_special(one) or one in ",[]{}" for one in text):
        return False
    is_negative = len(text) > 1 and text[0] == "-" and text[1] in "0123456789"
    if text[0] in "-?:,[]{}#&*!|>'\"%@`" and not is_negative:
        return False
    return not (": " in text or " #" in text or text.endswith(":") or text.startswith("..."))


def _has_other_type(text: str) -> bool:
    return text == "~" or text[0] in "0123456789+-.=<" or text.lower() in _WORDS


def _quoted(text: str) -> str:
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    quoted = ""
    for character in text:
        if character in escapes:
            quoted += escapes[character]
        elif _is_special(character):
            quoted += f"\\u{ord(character):04X}"
        else:
            quoted += character
    return f'"{quoted}"'
