"""Writes the research reports."""

from __future__ import annotations

from forebay.content import CoursePersister

from .brief_parser import Brief


def research(course: CoursePersister, brief: Brief) -> None:
    """Writes the four reports, in two steps."""
    course.persist_research(
        market_analysis=f"# Market\n\nMany want {brief.title}.\n\n## Competitors\n\n- One\n- Two\n",
        content_gaps="# Gaps\n\nNobody explains lifetimes.\n",
    )
    course.persist_research(differentiation="# Differentiation\n\nWe do.\n", sources="# Sources\n\nA book.\n")
