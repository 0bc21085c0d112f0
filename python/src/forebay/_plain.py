"""Writes a course without the program: the same files, and no database.

This is what remains of a call when the program is gone. The next call, or ``forebay content sync``, finds by comparing
what the database missed.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence

from . import _files, _front_matter, _paths
from ._results import Lesson, Persisted, Refused, Written
from .errors import RequestError

CREATOR_OS: Mapping[str, Any] = {
    "brief": "COURSE-BRIEF.md",
    "outline": "course-outline.md",
    "curriculum": "curriculum.yaml",
    "research": {
        "market_analysis": "research/market-analysis.md",
        "content_gaps": "research/content-gaps.md",
        "differentiation": "research/differentiation.md",
        "sources": "research/sources.md",
    },
    "lessons": "lessons/{module}.{lesson}-{slug}.md",
}
"""The paths of the layout ``creator-os``, as ``open`` answers them."""


def write(
    folder: str,
    paths: Mapping[str, Any],
    documents: Mapping[str, Optional[str]],
    lessons: Sequence[Lesson],
    database: Persisted,
) -> Written:
    """Writes documents and lessons.

    Args:
        folder: The course folder.
        paths: Where files are written, as ``open`` answers it.
        documents: Texts by ``brief``, ``outline``, ``curriculum`` and the names of research reports.
        lessons: The lessons.
        database: What to say about the database.

    Returns:
        The result of the call.

    Raises:
        FileError: A file cannot be written.
        RequestError: The layout has no path for a document.
    """
    placed: Dict[str, bytes] = {}
    for name, text in documents.items():
        if text is not None:
            path = paths["research"].get(name) if name in paths["research"] else paths.get(name)
            if path is None:
                raise RequestError("document_without_path", f"the layout has no path for {name}")
            placed[path] = _bytes(text)
    refused: List[Refused] = []
    with _files.locked(folder):
        known = _files.files(folder)
        for index, lesson in enumerate(lessons):
            try:
                path = _path(paths.get("lessons"), known, lesson)
                if path in placed:
                    raise RequestError("same_path", f"{path} is written twice by one call", place=path)
                placed[path] = _bytes(_text(lesson))
                known.append(path)
            except RequestError as error:
                refused.append(Refused(index, error))
        num_written = sum(_files.write(folder, path, content) for path, content in placed.items())
    return Written(list(placed), num_written, refused, database)


def _path(pattern: Optional[str], known: Sequence[str], lesson: Lesson) -> str:
    if lesson.path is not None:
        return _paths.check(lesson.path)
    if lesson.module is None or lesson.lesson is None:
        raise RequestError("params_invalid", "a lesson needs a path, or module and lesson")
    if pattern is None:
        message = f"the layout has no path for lesson {lesson.module}.{lesson.lesson}"
        raise RequestError("lesson_without_path", message, "give the path of the lesson")
    existing = _paths.numbered(pattern, known, lesson.module, lesson.lesson)
    if existing is not None:
        return existing
    names = [lesson.slug, lesson.title, _front_matter.title_of(lesson.text)]
    slugs = (slug for name in names if name for slug in [_paths.slugify(name)] if slug)
    return _paths.check(_paths.fill(pattern, lesson.module, lesson.lesson, next(slugs, "lesson")))


def _text(lesson: Lesson) -> str:
    return _front_matter.compose(
        lesson.text,
        [
            ("lesson_id", lesson.lesson_id),
            ("title", lesson.title),
            ("bloom_level", lesson.bloom_level),
            ("objectives", list(lesson.objectives)),
            ("key_concepts", list(lesson.key_concepts)),
        ],
    )


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RequestError("not_utf8", f"a text is not valid Unicode: {error}") from error
