"""The program of one open course, and what happens if it ends."""

from __future__ import annotations

import logging
import threading
from typing import Any, Mapping, Optional, Tuple

from ._process import Process, ProcessEnded, find_binary
from .errors import ForebayError, RequestError

_LOG = logging.getLogger("forebay.content")
INSTALL = (
    "install it with `cargo install --path crates/forebay` in the Forebay repository, "
    "and put it into PATH or set FOREBAY_BIN"
)
"""How to get the program."""
_SYNC = "store the files later with `forebay content sync`; record scores, costs and performance again"

Answer = Tuple[Mapping[str, Any], Optional[ForebayError]]


class Program:
    """Runs ``forebay content serve-stdio`` while the course is open.

    Args:
        params: The parameters of ``open``.
        binary: The path or name of the program.
        config: The configuration file.
        environment: The environment variables of the program.
        timeout: Maximum duration of a call in seconds; None means no limit.
    """

    def __init__(
        self,
        params: Mapping[str, Any],
        *,
        binary: Optional[str],
        config: Optional[str],
        environment: Mapping[str, str],
        timeout: Optional[float],
    ) -> None:
        self._params = params
        self._binary = binary
        self._config = config
        self._environment = environment
        self._timeout = timeout
        self._process: Optional[Process] = None
        self._persist: Optional[str] = None
        self._lock = threading.RLock()
        self._outage: Optional[ForebayError] = None

    @property
    def pid(self) -> Optional[int]:
        """The process id; None if the program does not run."""
        return None if self._process is None else self._process.pid

    @property
    def persist(self) -> str:
        """Whether the database is written, as the course was opened."""
        if self._persist is None:
            raise RequestError("course_not_open", "no course is open", "use `with`, or call open()")
        return self._persist

    def open(self) -> None:
        """Starts the program, unless the course is open.

        Raises:
            ForebayError: The program cannot be run, or it cannot open the course.
        """
        with self._lock:
            if self._persist is None:
                try:
                    self._persist = str(self._start(None)["persist"])
                except ProcessEnded as error:
                    raise RequestError("forebay_ended", f"the forebay program cannot be run: {error}") from error

    def close(self) -> Optional[Mapping[str, Any]]:
        """Closes the course and ends the program.

        Returns:
            The counts; None if they are not known.
        """
        with self._lock:
            self._persist = None
            process, self._process = self._process, None
            if process is None:
                return None
            counts: Optional[Mapping[str, Any]] = None
            try:
                counts = process.call("close", {})
            except (ForebayError, ProcessEnded) as error:
                _LOG.warning("the forebay program failed to close the course: %s", error)
            process.end()
            if counts is not None and counts["unstored"]:
                _LOG.warning("the database did not take: %s", ", ".join(counts["unstored"]))
            return counts if self._outage is None else None

    def call(self, method: str, params: Mapping[str, Any]) -> Answer:
        """Makes a call. If the program ends, it is started again once as before, then without the database.

        Args:
            method: The method.
            params: Its parameters.

        Returns:
            The result, and why the program runs without the database, if it does although persistence is not off.

        Raises:
            ForebayError: The answer is an error.
            ProcessEnded: The program cannot be run.
        """
        with self._lock:
            # The property checks that the course is open.
            _ = self.persist
            try:
                return self._attempt(method, params, None)
            except ProcessEnded as error:
                _LOG.warning("the forebay program ended and is started again: %s", error)
            try:
                return self._attempt(method, params, None)
            except ProcessEnded as error:
                _LOG.warning("the forebay program ended again and is started without the database: %s", error)
                outage = ForebayError("forebay_ended", str(error), _SYNC)
            return self._attempt(method, params, outage)

    def _attempt(self, method: str, params: Mapping[str, Any], outage: Optional[ForebayError]) -> Answer:
        """Makes a call once, and starts the program if it does not run: without the database if there is an outage."""
        if self._process is None:
            try:
                self._start(outage)
            except ForebayError as error:
                # The course was open before, so this is not a mistake of the caller.
                raise ProcessEnded(str(error)) from error
        assert self._process is not None
        try:
            return self._process.call(method, params), self._outage
        except ProcessEnded:
            self._process.end(patience=0.0)
            self._process = None
            raise

    def _start(self, outage: Optional[ForebayError]) -> Mapping[str, Any]:
        binary = find_binary(self._binary, self._environment)
        if binary is None:
            raise RequestError("forebay_not_found", "there is no forebay program", INSTALL)
        options = [] if self._config is None else ["--config", self._config]
        params = self._params if outage is None else {**self._params, "persist": "off"}
        process = Process([binary, "content", "serve-stdio", *options], self._environment, self._timeout)
        try:
            opened = process.call("open", params)
        except BaseException:
            process.end(patience=1.0)
            raise
        self._process = process
        self._outage = None if self._persist == "off" else outage
        return opened
