"""Writes generated courses to a folder and to Postgres together.

Example:
    >>> with CoursePersister("outputs/courses/rust-basics") as course:  # doctest: +SKIP
    ...     course.persist_metadata(brief="# Rust basics")
    ...     course.persist_lesson(Lesson("# Ownership", module=1, lesson=1, title="Ownership"))

The ``forebay`` program does the work. It runs as long as the course is open. The rules of a call:

* Files are written first. If a file cannot be written, or if the call itself is wrong, an exception is raised
  (``FileError``, ``RequestError``).
* A failing database never raises an exception. The result says so (``status == "failed"``), and a warning is logged.
* If the program ends by itself, it is started again and the call is repeated. Repeating a call is safe, because calls are
  idempotent. If the program ends again, it is started without the database, so files are still written until the course
  is closed. ``forebay content sync`` later stores the files that the database missed.
* If the program cannot be run at all, ``open`` raises ``RequestError``. If that happens later, calls that write files raise
  ``FileError``, and all other calls return a result with ``status == "failed"``.
"""

from __future__ import annotations

import logging
import os
from datetime import datetime, timezone
from types import TracebackType
from typing import Any, Dict, Iterable, Mapping, Optional, Type, Union

from ._process import ProcessEnded
from ._program import INSTALL, Program
from ._results import Fetched, Kept, Lesson, Measures, Persisted, Refused, Written, fetched, persisted, written
from .errors import FileError, ForebayError, RequestError

__all__ = [
    "CoursePersister",
    "Fetched",
    "FileError",
    "ForebayError",
    "Kept",
    "Lesson",
    "Measures",
    "Persisted",
    "Refused",
    "RequestError",
    "Written",
]

_LOG = logging.getLogger("forebay.content")


class CoursePersister:
    """Writes one course. This is a context manager. Only one process at a time can open a course.

    Args:
        folder: The folder of the course. It is created if it does not exist and its parent does.
        create_parents: Whether missing parents of the folder are created too. Default: False, so a mistyped path is an
            error.
        course: The slug of the course. Default: made from the name of the folder.
        project: The project of the course. Default: ``content.project`` in ``forebay.toml``.
        layout: The name of a layout, or a table like ``[content.layout]``. Default: ``content.layout`` in
            ``forebay.toml``.
        persist: ``off``, ``shadow`` or ``on``. Default: ``CREATOR_OS_DB_PERSIST``, else ``forebay.toml``, else ``on``.
        binary: The ``forebay`` program. Default: ``FOREBAY_BIN``, else ``forebay`` in ``PATH``.
        config: The configuration file. Default: ``forebay.toml`` in the current folder.
        environment: Environment variables of the program. Default: those of this process.
        timeout: Maximum duration of a call in seconds; None means no limit. After that time, the program is killed, and
            the call is repeated as if the program had ended.
    """

    def __init__(
        self,
        folder: Union[str, "os.PathLike[str]"],
        *,
        create_parents: bool = False,
        course: Optional[str] = None,
        project: Optional[str] = None,
        layout: Union[str, Mapping[str, Any], None] = None,
        persist: Optional[str] = None,
        binary: Optional[str] = None,
        config: Union[str, "os.PathLike[str]", None] = None,
        environment: Optional[Mapping[str, str]] = None,
        timeout: Optional[float] = 120.0,
    ) -> None:
        self._folder = os.path.abspath(os.fspath(folder))
        given = {"course": course, "project": project, "layout": layout, "persist": persist}
        self._program = Program(
            {**_given(given), "folder": self._folder, "create_parents": create_parents},
            binary=binary,
            config=None if config is None else os.fspath(config),
            environment=dict(os.environ if environment is None else environment),
            timeout=timeout,
        )

    def __enter__(self) -> "CoursePersister":
        return self.open()

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    @property
    def folder(self) -> str:
        """The folder of the course, as an absolute path."""
        return self._folder

    @property
    def persist(self) -> str:
        """Whether the database is written: ``off``, ``shadow`` or ``on``."""
        return self._program.persist

    @property
    def process_id(self) -> Optional[int]:
        """The process id of the program; None if it does not run."""
        return self._program.pid

    def open(self) -> "CoursePersister":
        """Starts the program and opens the course.

        Returns:
            The persister itself.

        Raises:
            RequestError: The program is missing or cannot be run, the configuration or a parameter is wrong, or the
                schema of the database does not fit.
            FileError: The folder cannot be used, for example because another process has opened it.
        """
        self._program.open()
        return self

    def close(self) -> Optional[Mapping[str, Any]]:
        """Closes the course. First, what the database missed is stored, if possible.

        Returns:
            The same as :meth:`counts`.
        """
        return self._program.close()

    def persist_course(
        self,
        *,
        brief: Optional[str] = None,
        outline: Optional[str] = None,
        curriculum: Optional[str] = None,
        research: Optional[Mapping[str, str]] = None,
        lessons: Iterable[Lesson] = (),
    ) -> Written:
        """Writes a whole course, or parts of it, in one transaction. Parts that are None do not change.

        Args:
            brief: The text of the brief.
            outline: The text of the outline.
            curriculum: The text of the curriculum.
            research: Texts by ``market_analysis``, ``content_gaps``, ``differentiation`` and ``sources``.
            lessons: Lessons. A lesson with a mistake is refused, and the others are written.

        Returns:
            The written files, the refused lessons, and the result in the database.

        Raises:
            FileError: A file cannot be written.
            RequestError: The layout has no path for a document.
        """
        documents = _given({"brief": brief, "outline": outline, "curriculum": curriculum})
        params = {"research": dict(research or {}), "lessons": [lesson.params() for lesson in lessons]}
        return self._write("persist_course", {**documents, **params})

    def persist_metadata(self, *, brief: Optional[str] = None, outline: Optional[str] = None) -> Written:
        """Writes brief and outline. See :meth:`persist_course`."""
        return self._write("persist_metadata", _given({"brief": brief, "outline": outline}))

    def persist_research(
        self,
        *,
        market_analysis: Optional[str] = None,
        content_gaps: Optional[str] = None,
        differentiation: Optional[str] = None,
        sources: Optional[str] = None,
    ) -> Written:
        """Writes research reports. See :meth:`persist_course`."""
        reports = {
            "market_analysis": market_analysis,
            "content_gaps": content_gaps,
            "differentiation": differentiation,
            "sources": sources,
        }
        return self._write("persist_research", _given(reports))

    def update_curriculum(self, text: str) -> Written:
        """Writes the curriculum. See :meth:`persist_course`."""
        return self._write("update_curriculum", {"text": text})

    def persist_lesson(self, lesson: Lesson) -> Written:
        """Writes one lesson.

        Args:
            lesson: The lesson.

        Returns:
            The path of its file, and the result in the database.

        Raises:
            FileError: Its file cannot be written.
            RequestError: The lesson has a mistake, such as a path that leaves the folder.
        """
        return self._write("persist_lesson", lesson.params())

    def persist_lessons_batch(self, lessons: Iterable[Lesson]) -> Written:
        """Writes lessons in one transaction. A lesson with a mistake is refused, and the others are written.

        Args:
            lessons: The lessons.

        Returns:
            The written files, the refused lessons, and the result in the database.

        Raises:
            FileError: A file cannot be written.
        """
        return self._write("persist_lessons_batch", {"lessons": [lesson.params() for lesson in lessons]})

    def update_voice_fidelity(self, score: float) -> Persisted:
        """Records how well the text matches the voice of the persona.

        Args:
            score: The score, 0 to 1.

        Returns:
            The result in the database.

        Raises:
            RequestError: The score is out of range.
        """
        return self._record("update_voice_fidelity", {"score": score})

    def set_status(self, status: str) -> Persisted:
        """Sets the status of the course. A new course is a draft.

        Args:
            status: ``draft``, ``published`` or ``archived``.

        Returns:
            The result in the database.

        Raises:
            RequestError: There is no such status.
        """
        return self._record("set_status", {"status": status})

    def update_lesson_validation(
        self,
        measures: Measures,
        *,
        module: Optional[int] = None,
        lesson: Optional[int] = None,
        path: Optional[str] = None,
    ) -> Persisted:
        """Records measures of a lesson. Name the lesson by its path, or by module and number.

        Args:
            measures: The measures.
            module: The number of its module.
            lesson: Its number in the module.
            path: The path of its file.

        Returns:
            The result in the database.

        Raises:
            RequestError: The folder has no such lesson, or a value is out of range.
        """
        place = _given({"module": module, "lesson": lesson, "path": path})
        return self._record("update_lesson_validation", {**place, "measures": measures.params()})

    def record_performance(
        self, metric: str, value: float, recorded_at: Optional[datetime] = None
    ) -> Persisted:
        """Records a measurement of the published course.

        Args:
            metric: What was measured, such as ``completion_rate``.
            value: The value.
            recorded_at: When it was measured. Default: now. A time without a time zone is local time.

        Returns:
            The result in the database.
        """
        # Chosen here, so that a repeated call has the same time and is not a second measurement.
        at = (recorded_at or datetime.now(timezone.utc)).astimezone(timezone.utc).isoformat()
        return self._record("record_performance", {"metric": metric, "value": value, "recorded_at": at})

    def persist_folder(self) -> Persisted:
        """Stores the files that the database does not have yet."""
        return self._record("persist_folder", {})

    def get_course(self, *, content: bool = True) -> Fetched:
        """Reads the course with all its relations.

        Args:
            content: Whether to read the text of lessons too.

        Returns:
            The course as a mapping; None if it is not stored, or if the database cannot be read.
        """
        return self._fetch("get_course", {"content": content}, "course")

    def verify(self) -> Fetched:
        """Compares the folder with the database, by hash.

        Returns:
            The comparison, as ``forebay content verify --output json`` prints it.
        """
        return self._fetch("verify", {}, "verification")

    def counts(self) -> Optional[Mapping[str, Any]]:
        """Counts the writes to the database since the program was last started.

        Returns:
            ``num_persisted``, ``num_failed``, ``num_retries`` and ``num_differences``, and in ``unstored`` the names of
            scores, measurements and the like that the database did not take so far. None if the program cannot be run,
            or runs without the database because it ended twice.
        """
        try:
            counts, outage = self._program.call("counts", {})
        except ProcessEnded:
            return None
        return counts if outage is None else None

    def _write(self, method: str, params: Mapping[str, Any]) -> Written:
        try:
            answer, outage = self._program.call(method, params)
        except ProcessEnded as error:
            message = f"the file was not written, because the forebay program cannot be run: {error}"
            raise FileError("forebay_ended", message, INSTALL) from error
        result = written(answer, outage)
        self._warn(result.database)
        return result

    def _record(self, method: str, params: Mapping[str, Any]) -> Persisted:
        try:
            result = persisted(*self._program.call(method, params))
        except ProcessEnded as error:
            result = Persisted("failed", ForebayError("forebay_ended", str(error)))
        self._warn(result)
        return result

    def _fetch(self, method: str, params: Mapping[str, Any], name: str) -> Fetched:
        try:
            answer, outage = self._program.call(method, params)
            result = fetched(answer, name, outage)
        except ProcessEnded as error:
            result = Fetched("failed", ForebayError("forebay_ended", str(error)))
        if result.error is not None:
            _LOG.warning("the database cannot be read: %s", result.error)
        return result

    def _warn(self, result: Persisted) -> None:
        if result.error is not None:
            level = logging.INFO if self.persist == "shadow" else logging.WARNING
            _LOG.log(level, "the database was not written: %s", result.error)


def _given(values: Mapping[str, Any]) -> Dict[str, Any]:
    """The values that are not None."""
    return {name: value for name, value in values.items() if value is not None}
