"""Writes lessons."""

from __future__ import annotations

from forebay.content import CoursePersister, Lesson, Measures

from .brief_parser import Brief


def generate(course: CoursePersister, brief: Brief, module: int, number: int) -> None:
    """Writes one lesson."""
    course.persist_lesson(
        Lesson(
            f"# Lição {number}\n\nNesta lição, {brief.title}: parte {module}.{number}.\n",
            module=module,
            lesson=number,
            lesson_id=f"L{module}{number}",
            title=f"Lição {number}: “empréstimo”",
            bloom_level="Aplicar",
            objectives=["Ler código", "sim: não"],
            key_concepts=["borrowing"],
            measures=Measures(generation_seconds=0.5 * number, generation_cost=0.01, num_retries=0),
        )
    )
