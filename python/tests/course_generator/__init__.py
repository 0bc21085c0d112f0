"""A made-up course generator. Its modules are those of generators that people have; its model is a formula."""

from __future__ import annotations

from typing import Callable, Optional

from forebay.content import CoursePersister

from . import brief_parser, course_validator, curriculum_approval, lesson_generator, market_researcher

NUM_FILES = 7
"""Files besides lessons: brief, outline, curriculum and four reports."""


def run(
    course: CoursePersister,
    *,
    num_modules: int = 2,
    num_lessons: int = 3,
    after_lesson: Optional[Callable[[int], None]] = None,
) -> None:
    """Generates a course.

    Args:
        course: Where it is written.
        num_modules: How many modules it has.
        num_lessons: How many lessons each module has.
        after_lesson: Called with the number of lessons so far.
    """
    brief = brief_parser.parse("Rust from the start", num_modules, num_lessons)
    brief_parser.persist(course, brief)
    market_researcher.research(course, brief)
    curriculum = curriculum_approval.approve(course, brief)
    count = 0
    for module, lesson in curriculum:
        lesson_generator.generate(course, brief, module, lesson)
        count += 1
        if after_lesson is not None:
            after_lesson(count)
    course_validator.validate(course, curriculum)
