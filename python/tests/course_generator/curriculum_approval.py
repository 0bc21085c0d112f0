"""Writes the curriculum."""

from __future__ import annotations

from typing import List, Tuple

from forebay.content import CoursePersister

from .brief_parser import Brief


def approve(course: CoursePersister, brief: Brief) -> List[Tuple[int, int]]:
    """Writes the curriculum, and returns module and number of its lessons."""
    text = f"course:\n  title: {brief.title}\n  type: technical\nmodules:\n"
    lessons = []
    for module in range(1, brief.num_modules + 1):
        text += f"  - number: {module}\n    title: Module {module}\n    lessons:\n"
        for lesson in range(1, brief.num_lessons + 1):
            text += f"      - lesson_id: L{module}{lesson}\n        title: Lição {lesson}\n"
            lessons.append((module, lesson))
    course.update_curriculum(text)
    return lessons
