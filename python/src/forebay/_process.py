"""One long-lived ``forebay content serve-stdio``. Each call is a line, and so is its answer."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from typing import IO, Any, Dict, Mapping, Optional, Sequence

from .errors import RequestError, of_answer

_CHUNK = 1 << 16
# Enough of the log to see why a program ended.
_MAX_LOG = 2000


class ProcessEnded(Exception):
    """The program ended, or did not answer in time."""


def find_binary(given: Optional[str], environment: Mapping[str, str]) -> Optional[str]:
    """Finds the program.

    Args:
        given: The path or name chosen by the caller.
        environment: The environment variables, for ``FOREBAY_BIN`` and ``PATH``.

    Returns:
        A path, or None if there is no such program.
    """
    chosen = given or environment.get("FOREBAY_BIN") or "forebay"
    return shutil.which(chosen, path=environment.get("PATH"))


class Process:
    """A running program.

    Args:
        command: The program and its arguments.
        environment: The environment variables of the program.
        timeout: How long to wait for an answer, in seconds; None means no limit.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], timeout: Optional[float]
    ) -> None:
        self._timeout = timeout
        self._next_id = 0
        self._buffer = b""
        try:
            self._log: IO[bytes] = tempfile.TemporaryFile()
            try:
                self._child = subprocess.Popen(
                    list(command),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._log,
                    env=dict(environment),
                )
            except OSError:
                self._log.close()
                raise
        except OSError as error:
            raise ProcessEnded(f"the program cannot be started: {error}") from error
        assert self._child.stdin is not None and self._child.stdout is not None
        self._input = self._child.stdin.fileno()
        self._output = self._child.stdout.fileno()
        # Reads and writes end at the timeout, even if the program hangs.
        os.set_blocking(self._input, False)
        os.set_blocking(self._output, False)

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._child.pid

    def call(self, method: str, params: Mapping[str, Any]) -> Dict[str, Any]:
        """Makes a call.

        Args:
            method: Its method.
            params: Its parameters.

        Returns:
            The result.

        Raises:
            ForebayError: The answer is an error.
            ProcessEnded: The program did not answer.
        """
        self._next_id += 1
        line = _encoded({"id": self._next_id, "method": method, "params": params})
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        self._send(line, deadline)
        try:
            answer = json.loads(self._receive(deadline))
        except ValueError as error:
            raise ProcessEnded("the answer is not JSON") from error
        if not isinstance(answer, dict) or answer.get("id") not in (self._next_id, None):
            raise ProcessEnded("the answer belongs to another call")
        refusal = answer.get("error")
        if refusal is not None:
            raise of_answer(refusal)
        result = answer.get("result")
        if not isinstance(result, dict):
            raise ProcessEnded("the answer has no result")
        return result

    def end(self, patience: float = 10.0) -> None:
        """Ends the program: closes its input, and kills it if it does not end.

        Args:
            patience: How long to wait before it is killed, in seconds.
        """
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    # The program has already ended.
                    pass
        try:
            self._child.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._log.close()

    def _send(self, line: bytes, deadline: Optional[float]) -> None:
        sent = memoryview(line)
        while sent:
            if not _is_ready(self._input, select.POLLOUT, deadline):
                raise ProcessEnded("the program did not read the call in time")
            try:
                sent = sent[os.write(self._input, sent[:_CHUNK]) :]
            except OSError as error:
                raise ProcessEnded(self._why()) from error

    def _receive(self, deadline: Optional[float]) -> bytes:
        while True:
            line, newline, rest = self._buffer.partition(b"\n")
            if newline:
                self._buffer = rest
                return line
            if not _is_ready(self._output, select.POLLIN, deadline):
                raise ProcessEnded("the program did not answer in time")
            chunk = os.read(self._output, 1 << 20)
            if not chunk:
                raise ProcessEnded(self._why())
            self._buffer += chunk

    def _why(self) -> str:
        """The reason why the program ended, from its exit status and its log."""
        try:
            status = self._child.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            return "the program closed its output"
        self._log.seek(0)
        log = self._log.read()[-_MAX_LOG:].decode("utf-8", "replace").strip()
        return f"the program ended with status {status}" + (f": {log}" if log else "")


def _is_ready(pipe: int, event: int, deadline: Optional[float]) -> bool:
    """Waits until a pipe can be read or written, or is closed. Unlike ``select``, ``poll`` takes any descriptor."""
    poll = select.poll()
    poll.register(pipe, event)
    return bool(poll.poll(None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000))


def _encoded(call: Mapping[str, Any]) -> bytes:
    try:
        text = json.dumps(call, ensure_ascii=False, allow_nan=False)
        return text.encode("utf-8") + b"\n"
    except UnicodeEncodeError as error:
        raise RequestError("not_utf8", f"a text is not valid Unicode: {error}") from error
    except TypeError as error:
        raise RequestError("params_invalid", f"a value has no JSON type: {error}") from error
    except ValueError as error:
        raise RequestError("value_out_of_range", f"a value is not a finite number: {error}") from error
