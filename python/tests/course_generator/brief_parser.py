"""Checks the request of the user, and writes the brief."""

from __future__ import annotations

from dataclasses import dataclass

from forebay.content import CoursePersister


@dataclass(frozen=True)
class Brief:
    """The request of the user."""

    title: str
    num_modules: int
    num_lessons: int


def parse(title: str, num_modules: int, num_lessons: int) -> Brief:
    """Checks the request of the user."""
    if not title or num_modules < 1 or num_lessons < 1:
        raise ValueError("a course has a title, modules and lessons")
    return Brief(title, num_modules, num_lessons)


def persist(course: CoursePersister, brief: Brief) -> None:
    """Writes brief and outline."""
    text = f"# {brief.title}\n\n## 1. Basic information\n\nShort.\n\n## 2. ICP\n\nPython developers.\n"
    outline = "".join(f"- Module {number}\n" for number in range(1, brief.num_modules + 1))
    course.persist_metadata(brief=text, outline=f"# Outline\n\n{outline}")
