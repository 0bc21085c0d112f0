"""Writes generated courses to a folder and to Postgres together.

Example:
    >>> with CoursePersister("outputs/courses/rust-basics") as course:  # doctest: +SKIP
    ...     course.persist_metadata(brief="# Rust basics")
    ...     course.persist_lesson(Lesson("# Ownership", module=1, lesson=1, title="Ownership"))

The rules of a call:

* Files come first. An error of a file or of the call itself is raised (``FileError``, ``RequestError``).
* A database that fails is never raised. The result says so (``status == "failed"``), and a warning is logged.
* The ``forebay`` program runs as long as the course is open. If it ends by itself, it is started again once, and the
  call is repeated, which is safe because calls are idempotent. If that fails too, this module writes the files itself,
  to the same paths. The next call tries the program again, after a pause.
* With persistence ``off``, the program is not needed: if it is missing, this module writes the files. With ``shadow`` and
  ``on``, a missing program is an error at ``open``, like a database whose schema does not fit.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from datetime import datetime, timezone
from types import TracebackType
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Type, TypeVar, Union

from . import _plain
from ._process import Process, ProcessEnded, find_binary
from ._results import Fetched, Lesson, Measures, Persisted, Refused, Written, fetched, persisted, written
from .errors import FileError, ForebayError, RequestError

__all__ = [
    "CoursePersister",
    "Fetched",
    "FileError",
    "ForebayError",
    "Lesson",
    "Measures",
    "Persisted",
    "Refused",
    "RequestError",
    "Written",
]

_LOG = logging.getLogger("forebay.content")
_RESULT = TypeVar("_RESULT")
# How long the program is left alone after it could not be started again, in seconds.
_PAUSE = 5.0


class CoursePersister:
    """Writes one course. A context manager; one process at a time writes a course.

    Args:
        folder: The folder of the course. It is created if it is missing.
        course: Its slug. Default: made from the name of the folder.
        project: The project that it belongs to. Default: that of ``forebay.toml``.
        layout: The name of a layout, or a table like ``[content.layout]``. Default: that of ``forebay.toml``.
        persist: ``off``, ``shadow`` or ``on``. Default: ``CREATOR_OS_DB_PERSIST``, else ``forebay.toml``, else ``on``.
        binary: The ``forebay`` program. Default: ``FOREBAY_BIN``, else ``forebay`` in ``PATH``.
        config: The configuration file. Default: ``forebay.toml`` in the current folder.
        environment: Environment variables of the program. Default: those of this process.
        timeout: How long a call may take, in seconds; None: any time. A program that takes longer is killed.
    """

    def __init__(
        self,
        folder: Union[str, "os.PathLike[str]"],
        *,
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
        self._params: Dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        self._params["folder"] = self._folder
        self._environment = dict(os.environ if environment is None else environment)
        self._binary = binary
        self._config = None if config is None else os.fspath(config)
        self._timeout = timeout
        self._process: Optional[Process] = None
        self._opened: Optional[Mapping[str, Any]] = None
        self._left_alone_until = 0.0
        self._lock = threading.RLock()

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
        """``off``, ``shadow`` or ``on``."""
        return str(self._known()["persist"])

    @property
    def process_id(self) -> Optional[int]:
        """The id of the running program; None while files are written without it."""
        return None if self._process is None else self._process.pid

    def open(self) -> "CoursePersister":
        """Starts the program and opens the course.

        Returns:
            The persister itself.

        Raises:
            RequestError: The program is missing, or the configuration, the course or the schema does not fit.
            FileError: The folder cannot be used, for example because another process writes it.
        """
        with self._lock:
            if self._opened is not None:
                return self
            try:
                self._start()
            except ProcessEnded as error:
                if not self._is_off():
                    raise RequestError("forebay_ended", f"the forebay program cannot be used: {error}") from error
                self._without_program()
            except RequestError as error:
                if error.code != "forebay_not_found" or not self._is_off():
                    raise
                self._without_program()
            return self

    def close(self) -> Optional[Mapping[str, int]]:
        """Closes the course, after a last attempt to write what the database missed.

        Returns:
            The counts ``num_persisted``, ``num_failed``, ``num_retries`` and ``num_differences`` since the program was
            started; None if it is gone.
        """
        with self._lock:
            self._opened = None
            process, self._process = self._process, None
            if process is None:
                return None
            counts: Optional[Mapping[str, int]] = None
            try:
                counts = process.call("close", {})
            except (ForebayError, ProcessEnded) as error:
                _LOG.warning("the course was not closed properly: %s", error)
            process.end()
            return counts

    def persist_course(
        self,
        *,
        brief: Optional[str] = None,
        outline: Optional[str] = None,
        curriculum: Optional[str] = None,
        research: Optional[Mapping[str, str]] = None,
        lessons: Iterable[Lesson] = (),
    ) -> Written:
        """Writes a whole course, or the parts of it that are given, in one transaction.

        Args:
            brief: The text of the brief.
            outline: The text of the outline.
            curriculum: The text of the curriculum.
            research: Texts by ``market_analysis``, ``content_gaps``, ``differentiation`` and ``sources``.
            lessons: Lessons. Those that have mistakes are refused, and the others are written.

        Returns:
            What became of it.

        Raises:
            FileError: A file cannot be written.
            RequestError: The layout has no path for a document.
        """
        documents = {"brief": brief, "outline": outline, "curriculum": curriculum}
        return self._write("persist_course", documents, dict(research or {}), list(lessons))

    def persist_metadata(self, *, brief: Optional[str] = None, outline: Optional[str] = None) -> Written:
        """Writes brief and outline. See :meth:`persist_course`."""
        return self._write("persist_metadata", {"brief": brief, "outline": outline}, {}, [])

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
        given = {name: text for name, text in reports.items() if text is not None}
        return self._write("persist_research", {}, given, [])

    def update_curriculum(self, text: str) -> Written:
        """Writes the curriculum. See :meth:`persist_course`."""
        return self._write("update_curriculum", {"curriculum": text}, {}, [])

    def persist_lesson(self, lesson: Lesson) -> Written:
        """Writes one lesson.

        Args:
            lesson: The lesson.

        Returns:
            What became of it.

        Raises:
            FileError: Its file cannot be written.
            RequestError: It has mistakes, such as a path out of the folder.
        """
        result = self._write("persist_lesson", {}, {}, [lesson])
        if result.refused:
            raise result.refused[0].error
        return result

    def persist_lessons_batch(self, lessons: Iterable[Lesson]) -> Written:
        """Writes lessons in one transaction. Those that have mistakes are refused, and the others are written.

        Args:
            lessons: The lessons.

        Returns:
            What became of them.

        Raises:
            FileError: A file cannot be written.
        """
        return self._write("persist_lessons_batch", {}, {}, list(lessons))

    def update_voice_fidelity(self, score: float) -> Persisted:
        """Records how well the text matches the voice of the persona.

        Args:
            score: The score, 0 to 1.

        Returns:
            What became of it in the database.
        """
        return self._record("update_voice_fidelity", {"score": score})

    def update_lesson_validation(
        self,
        measures: Measures,
        *,
        module: Optional[int] = None,
        lesson: Optional[int] = None,
        path: Optional[str] = None,
    ) -> Persisted:
        """Records what was measured about a lesson, which has a path, or a module and a number.

        Args:
            measures: What was measured.
            module: The number of its module.
            lesson: Its number in the module.
            path: The path of its file.

        Returns:
            What became of it in the database.

        Raises:
            RequestError: The folder has no such lesson, or a value is out of range.
        """
        place = {"module": module, "lesson": lesson, "path": path}
        params: Dict[str, Any] = {name: value for name, value in place.items() if value is not None}
        return self._record("update_lesson_validation", {**params, "measures": measures.params()})

    def record_performance(
        self, metric: str, value: float, recorded_at: Optional[datetime] = None
    ) -> Persisted:
        """Records a measurement of the published course.

        Args:
            metric: What was measured, such as ``completion_rate``.
            value: The value.
            recorded_at: When it was measured. Default: now. Without a time zone, it is local time.

        Returns:
            What became of it in the database.
        """
        params: Dict[str, Any] = {"metric": metric, "value": value}
        if recorded_at is not None:
            params["recorded_at"] = recorded_at.astimezone(timezone.utc).isoformat()
        return self._record("record_performance", params)

    def persist_folder(self) -> Persisted:
        """Writes to the database what the folder has and the database does not."""
        return self._record("persist_folder", {})

    def get_course(self, *, content: bool = True) -> Fetched:
        """Reads the course with all its relations.

        Args:
            content: Whether lessons come with their text.

        Returns:
            The course as a mapping; its value is None if the database does not have it or could not be read.
        """
        return self._fetch("get_course", {"content": content}, "course")

    def verify(self) -> Fetched:
        """Compares the folder with the database, by hash.

        Returns:
            The comparison, as ``forebay content verify --output json`` prints it.
        """
        return self._fetch("verify", {}, "verification")

    def counts(self) -> Optional[Mapping[str, int]]:
        """How often the database was written since the program was started; None if it is gone."""
        return self._call("counts", {}, lambda answer: answer, lambda error: None)

    def _write(
        self,
        method: str,
        documents: Mapping[str, Optional[str]],
        research: Mapping[str, str],
        lessons: List[Lesson],
    ) -> Written:
        params = _shaped(method, documents, research, lessons)

        def plain(error: ForebayError) -> Written:
            texts = {**documents, **research}
            return _plain.write(self._folder, self._known()["paths"], texts, lessons, self._missed(error))

        result = self._call(method, params, written, plain)
        self._warn(result.database)
        return result

    def _record(self, method: str, params: Mapping[str, Any]) -> Persisted:
        result = self._call(method, params, persisted, self._missed)
        self._warn(result)
        return result

    def _fetch(self, method: str, params: Mapping[str, Any], name: str) -> Fetched:
        def missed(error: ForebayError) -> Fetched:
            return Fetched("off") if self._is_off() else Fetched("failed", error)

        result = self._call(method, params, lambda answer: fetched(answer, name), missed)
        if result.error is not None:
            _LOG.warning("the database cannot be read: %s", result.error)
        return result

    def _call(
        self,
        method: str,
        params: Mapping[str, Any],
        read: Callable[[Mapping[str, Any]], _RESULT],
        without: Callable[[ForebayError], _RESULT],
    ) -> _RESULT:
        """Makes a call, a second time if the program ended; `without` answers if it cannot be used."""
        with self._lock:
            self._known()
            problem = ProcessEnded("the program is missing or ended a moment ago")
            for is_last in (False, True):
                if self._process is None and time.monotonic() < self._left_alone_until:
                    break
                try:
                    if self._process is None:
                        self._start_again()
                    assert self._process is not None
                    return read(self._process.call(method, params))
                except ProcessEnded as error:
                    self._drop()
                    problem = error
                    if is_last:
                        self._left_alone_until = time.monotonic() + _PAUSE
                    else:
                        _LOG.warning("the forebay program ended and is started again: %s", error)
            return without(ForebayError("forebay_ended", str(problem)))

    def _start(self) -> None:
        binary = find_binary(self._binary, self._environment)
        if binary is None:
            hint = "install it, put it into PATH, or set FOREBAY_BIN"
            raise RequestError("forebay_not_found", "there is no forebay program", hint)
        options = [] if self._config is None else ["--config", self._config]
        process = Process([binary, "content", "serve-stdio", *options], self._environment, self._timeout)
        try:
            self._opened = process.call("open", self._params)
        except BaseException:
            process.end(patience=1.0)
            raise
        self._process = process

    def _start_again(self) -> None:
        try:
            self._start()
        except ForebayError as error:
            # The course was open before, so generation goes on.
            raise ProcessEnded(str(error)) from error

    def _without_program(self) -> None:
        _LOG.info("the forebay program is missing; files are written without it")
        self._opened = {"persist": "off", "paths": _plain.CREATOR_OS}
        self._left_alone_until = math.inf

    def _drop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.end(patience=0.0)

    def _known(self) -> Mapping[str, Any]:
        if self._opened is None:
            raise RequestError("course_not_open", "no course is open", "use `with`, or call open()")
        return self._opened

    def _is_off(self) -> bool:
        if self._opened is not None:
            return bool(self._opened["persist"] == "off")
        flag = {"true": "on", "false": "off"}.get(self._environment.get("CREATOR_OS_DB_PERSIST", ""))
        return self._params.get("persist", flag) == "off"

    def _missed(self, error: ForebayError) -> Persisted:
        return Persisted("off") if self._is_off() else Persisted("failed", error)

    def _warn(self, result: Persisted) -> None:
        if result.error is not None:
            level = logging.INFO if self.persist == "shadow" else logging.WARNING
            _LOG.log(level, "the database does not have what the folder has: %s", result.error)


def _shaped(
    method: str,
    documents: Mapping[str, Optional[str]],
    research: Mapping[str, str],
    lessons: List[Lesson],
) -> Dict[str, Any]:
    """The parameters of a call that writes files, in the form of its method."""
    if method == "update_curriculum":
        return {"text": documents["curriculum"]}
    if method == "persist_lesson":
        return lessons[0].params()
    if method == "persist_research":
        return dict(research)
    params: Dict[str, Any] = {name: text for name, text in documents.items() if text is not None}
    if method != "persist_metadata":
        params["lessons"] = [lesson.params() for lesson in lessons]
    if method == "persist_course":
        params["research"] = dict(research)
    return params
