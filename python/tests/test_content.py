"""The persister against the real program and a real database.

``FOREBAY_BIN`` and ``FOREBAY_TEST_DATABASE_URL`` name them; ``cargo test -p forebay --test cli python`` sets both.
"""

from __future__ import annotations

import logging
import os
import resource
import signal
import socket
import stat
import tempfile
import unittest
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional
from unittest import mock

import course_generator
from forebay._process import Process, ProcessEnded
from forebay.content import CoursePersister, FileError, Lesson, Measures, RequestError
from gate import Gate

BINARY = os.environ["FOREBAY_BIN"]
DATABASE = os.environ["FOREBAY_TEST_DATABASE_URL"]


class Case(unittest.TestCase):
    """A test with a folder of its own and a course of its own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()
        self.folder = self.root / "courses" / "rust"
        self.folder.parent.mkdir()
        # All tests share one database.
        self.project = self.id().rpartition(".")[2][:40]
        logging.getLogger("forebay").setLevel(logging.CRITICAL)

    def course(
        self,
        *,
        url: str = DATABASE,
        binary: str = BINARY,
        persist: Optional[str] = None,
        folder: Optional[Path] = None,
        timeout: Optional[float] = 60.0,
        environment: Optional[Mapping[str, str]] = None,
    ) -> CoursePersister:
        variables = {"PATH": os.environ["PATH"], "HOME": str(self.root), "FOREBAY_DATABASE_URL": url}
        variables.update(environment or {})
        return CoursePersister(
            folder or self.folder,
            course="rust",
            project=self.project,
            persist=persist,
            binary=binary,
            environment=variables,
            timeout=timeout,
        )

    def files(self, folder: Optional[Path] = None) -> Dict[str, bytes]:
        base = folder or self.folder
        found = {}
        for path in base.rglob("*"):
            name = str(path.relative_to(base))
            if path.is_file() and not name.startswith("."):
                found[name] = path.read_bytes()
        return found

    def wrapper(self) -> "Wrapper":
        return Wrapper(self.root)


class Wrapper:
    """The program behind a script that can be switched off, or fail once."""

    def __init__(self, root: Path) -> None:
        self._flag = root / "is-there"
        self._fails = root / "fails-once"
        script = root / "forebay-wrapper"
        script.write_text(
            f"""#!/bin/sh
[ -e {self._flag} ] || exit 3
[ ! -e {self._fails} ] || {{ rm {self._fails}; exit 4; }}
exec {BINARY} "$@"
"""
        )
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        self.path = str(script)
        self.switch(True)

    def switch(self, is_there: bool) -> None:
        """Makes the program start, or end at once."""
        if is_there:
            self._flag.touch()
        else:
            self._flag.unlink()

    def fail_once(self) -> None:
        """Makes the next start of the program fail."""
        self._fails.touch()


def kill(course: CoursePersister) -> None:
    process_id = course.process_id
    assert process_id is not None
    os.kill(process_id, signal.SIGKILL)


class Generating(Case):
    """The generator with the database on, off, and dying in the middle."""

    def test_database_on(self) -> None:
        with self.course() as course:
            self.assertEqual(course.persist, "on")
            course_generator.run(course)
            stored = course.get_course().value
            assert stored is not None
            verification = course.verify().value
            assert verification is not None
            self.assertTrue(verification["is_clean"])
            self.assertEqual(verification["num_equal"], 6 + course_generator.NUM_FILES)
            counts = course.counts()
            assert counts is not None
            self.assertEqual(counts["num_failed"], 0)
            before = self.files()
            times = {name: (self.folder / name).stat().st_mtime_ns for name in before}
            course_generator.run(course)
            self.assertEqual(times, {name: (self.folder / name).stat().st_mtime_ns for name in self.files()})
        self.assertEqual(stored["title"], "Rust from the start")
        self.assertEqual(stored["voice_fidelity_score"], 0.87)
        self.assertEqual(stored["metadata"]["icp"], "Python developers.")
        self.assertEqual(stored["research"]["num_competitors"], 2)
        self.assertEqual(stored["performance"][0]["metric"], "completion_rate")
        lessons: List[Dict[str, Any]] = stored["lessons"]
        self.assertEqual([one["lesson_id"] for one in lessons], ["L11", "L12", "L13", "L21", "L22", "L23"])
        last = lessons[-1]
        self.assertEqual(last["title"], "Lição 3: “empréstimo”")
        self.assertEqual((last["bloom_level"], last["objectives"]), ("apply", ["Ler código", "sim: não"]))
        self.assertEqual((last["gps_score"], last["generation_seconds"]), (1.0, 1.5))
        self.assertEqual(last["validation_issues"], [{"code": "no_analogy", "line": 3}])
        self.assertEqual(last["content"].encode(), self.files()[last["path"]])

    def test_database_off(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        listener.setblocking(False)
        url = f"postgresql://forebay@127.0.0.1:{listener.getsockname()[1]}/none"
        with self.course(url=url, environment={"CREATOR_OS_DB_PERSIST": "false"}) as course:
            self.assertEqual(course.persist, "off")
            course_generator.run(course)
            self.assertEqual(course.persist_folder().status, "off")
            self.assertEqual((course.get_course().status, course.get_course().value), ("off", None))
        with self.assertRaises(BlockingIOError):
            listener.accept()
        other = self.root / "other"
        with self.course(folder=other) as course:
            course_generator.run(course)
        self.assertEqual(self.files(), self.files(other))

    def test_database_dies_in_the_middle(self) -> None:
        gate = Gate(DATABASE)
        self.addCleanup(gate.end)

        def after(count: int) -> None:
            if count == 4:
                gate.close()

        with self.course(url=gate.url) as course:
            with self.assertLogs("forebay.content", "WARNING") as logs:
                course_generator.run(course, after_lesson=after)
            counts = course.counts()
        assert counts is not None
        self.assertGreater(counts["num_failed"], 0)
        self.assertIn("the database was not written", logs.output[0])
        self.assertEqual(len(self.files()), 6 + course_generator.NUM_FILES)
        gate.open()
        with self.course() as course:
            found = course.verify().value
            assert found is not None
            missing = [(one["path"], one["difference"]) for one in found["differences"]]
            names = [f"lessons/2.{number}-licao-{number}-emprestimo.md" for number in (2, 3)]
            self.assertEqual(missing, [(name, "missing_in_database") for name in names])
            self.assertEqual(course.persist_folder().status, "done")
            found = course.verify().value
            assert found is not None
            self.assertTrue(found["is_clean"])

    def test_program_dies_once(self) -> None:
        with self.course() as course:

            def after(count: int) -> None:
                if count == 3:
                    kill(course)

            with self.assertLogs("forebay.content", "WARNING") as logs:
                course_generator.run(course, after_lesson=after)
            self.assertEqual(len(logs.output), 1, logs.output)
            self.assertIn("started again", logs.output[0])
            verification = course.verify().value
        assert verification is not None
        self.assertTrue(verification["is_clean"])
        self.assertEqual(verification["num_equal"], 6 + course_generator.NUM_FILES)

    def test_program_dies_twice(self) -> None:
        wrapper = self.wrapper()
        with self.course(binary=wrapper.path) as course:

            def after(count: int) -> None:
                if count == 2:
                    wrapper.fail_once()
                    kill(course)

            with self.assertLogs("forebay.content", "WARNING") as logs:
                course_generator.run(course, after_lesson=after)
            self.assertIn("without the database", logs.output[1])
            self.assertIn("forebay content sync", logs.output[2])
            self.assertEqual(course.persist, "on")
            self.assertIsNone(course.counts())
            error = course.get_course().error
            assert error is not None
            self.assertEqual(error.code, "forebay_ended")
            self.assertEqual(course.update_voice_fidelity(0.5).status, "failed")
            # Started again, it uses the database again.
            kill(course)
            self.assertEqual(course.persist_folder().status, "done")
            verification = course.verify().value
            assert verification is not None
            self.assertTrue(verification["is_clean"])
        other = self.root / "other"
        with self.course(folder=other, persist="off") as course:
            course_generator.run(course)
        self.assertEqual(self.files(), self.files(other))

    def test_program_that_dies_is_no_outage_if_persistence_is_off(self) -> None:
        wrapper = self.wrapper()
        with self.course(binary=wrapper.path, persist="off") as course:
            calls: List[str] = []
            original = Process.call

            def call(process: Process, method: str, params: Mapping[str, Any]) -> Dict[str, Any]:
                calls.append(method)
                if method == "persist_lesson" and calls.count(method) < 3:
                    raise ProcessEnded("killed")
                return original(process, method, params)

            with mock.patch.object(Process, "call", call):
                written = course.persist_lesson(Lesson("# A\n", module=1, lesson=1))
            self.assertEqual((written.database.status, written.num_written), ("off", 1))
            self.assertIsNotNone(course.counts())

    def test_program_that_is_gone(self) -> None:
        wrapper = self.wrapper()
        lesson = Lesson("# A\n", module=1, lesson=1)
        with self.course(binary=wrapper.path) as course:
            wrapper.switch(False)
            kill(course)
            with self.assertRaises(FileError) as raised:
                course.persist_lesson(lesson)
            self.assertEqual(raised.exception.code, "forebay_ended")
            self.assertIn("FOREBAY_BIN", str(raised.exception))
            self.assertIsNone(course.process_id)
            self.assertEqual(course.update_voice_fidelity(0.5).status, "failed")
            self.assertEqual(course.get_course().status, "failed")
            self.assertIsNone(course.counts())
            wrapper.switch(True)
            self.assertEqual(course.persist_lesson(lesson).database.status, "done")
            wrapper.switch(False)
            kill(course)
            self.assertIsNone(course.close())

    def test_program_hangs(self) -> None:
        with self.course(timeout=2.0) as course:
            process_id = course.process_id
            assert process_id is not None
            os.kill(process_id, signal.SIGSTOP)
            with self.assertLogs("forebay.content", "WARNING") as logs:
                written = course.persist_lesson(Lesson("# A\n", module=1, lesson=1))
            self.assertIn("did not answer in time", logs.output[0])
            self.assertEqual((len(logs.output), written.database.status), (1, "done"))
            self.assertNotEqual(course.process_id, process_id)

    def test_more_open_files_than_select_can_wait_for(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < 2048:
            self.skipTest("the limit of open files is too low")
        resource.setrlimit(resource.RLIMIT_NOFILE, (2048, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(1100):
            self.addCleanup(os.close, os.open(os.devnull, os.O_RDONLY))
        with self.course(persist="off") as course:
            self.assertEqual(course.persist_lesson(Lesson("# A\n", module=1, lesson=1)).num_written, 1)

    def test_a_lost_answer_makes_no_second_measurement(self) -> None:
        with self.course() as course:
            course.persist_lesson(Lesson("# A\n", module=1, lesson=1))
            original = Process.call
            lost: List[str] = []

            def call(process: Process, method: str, params: Mapping[str, Any]) -> Dict[str, Any]:
                answer = original(process, method, params)
                if method == "record_performance" and not lost:
                    lost.append(method)
                    raise ProcessEnded("killed after its work")
                return answer

            with mock.patch.object(Process, "call", call):
                self.assertEqual(course.record_performance("views", 7).status, "done")
            self.assertEqual(lost, ["record_performance"])
            stored = course.get_course().value
        assert stored is not None
        self.assertEqual([one["value"] for one in stored["performance"]], [7.0])

    def test_status(self) -> None:
        with self.course() as course:
            course.persist_lesson(Lesson("# A\n", module=1, lesson=1))
            self.assertEqual(course.set_status("published").status, "done")
            stored = course.get_course(content=False).value
            with self.assertRaises(RequestError) as raised:
                course.set_status("public")
            self.assertEqual(raised.exception.code, "params_invalid")
        assert stored is not None
        self.assertEqual(stored["status"], "published")


class Configuring(Case):
    """The configuration file and the layout decide where files are written."""

    def test_configuration_and_layout(self) -> None:
        config = self.root / "own.toml"
        config.write_text(
            '[content]\npersist = "off"\nproject = "academy"\n\n[content.layout]\noutline = []\n'
            'lessons = ["unit-{module}/**/{lesson}-{slug}.md"]\nbrief = ["docs/brief.md"]\n'
        )
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.root)}
        with CoursePersister(self.folder, binary=BINARY, config=config, environment=environment) as course:
            self.assertEqual(course.persist, "off")
            lesson = Lesson("text", module=2, lesson=1, title="One")
            self.assertEqual(course.persist_lesson(lesson).paths, ["unit-2/1-one.md"])
            kill(course)
            written = course.persist_course(brief="# B", lessons=[lesson, Lesson("x", module=2, lesson=2, slug="Two")])
            self.assertEqual(written.paths, ["docs/brief.md", "unit-2/1-one.md", "unit-2/2-two.md"])
            self.assertEqual((written.num_written, written.database.status), (2, "off"))
            with self.assertRaises(RequestError) as raised:
                course.persist_metadata(outline="# O")
            self.assertEqual(raised.exception.code, "document_without_path")
            refused = course.persist_lessons_batch([Lesson("text", path="docs/notes.md")]).refused
            self.assertEqual([one.error.code for one in refused], ["no_lesson_path"])
        config.write_text('[content]\npersit = "off"\n')
        with self.assertRaises(RequestError) as raised:
            CoursePersister(self.folder, binary=BINARY, config=config, environment=environment).open()
        self.assertEqual(raised.exception.code, "config_invalid")
        self.assertEqual(raised.exception.place, f"{config}:2:1")
        layout = {"preset": "creator-os", "curriculum": ["plan.yaml"]}
        with CoursePersister(
            self.folder, binary=BINARY, layout=layout, persist="off", environment=environment
        ) as course:
            self.assertEqual(course.update_curriculum("modules: []\n").paths, ["plan.yaml"])


class Errors(Case):
    """The exceptions that calls raise."""

    def test_a_missing_program(self) -> None:
        for persist in ("on", "off"):
            with self.assertRaises(RequestError) as raised:
                self.course(binary="no-such-program", persist=persist).open()
            self.assertEqual(raised.exception.code, "forebay_not_found")
            self.assertIn("install", str(raised.exception))
            self.assertIn("FOREBAY_BIN", str(raised.exception))

    def test_a_program_that_is_not_forebay(self) -> None:
        script = self.root / "silent"
        script.write_text("#!/bin/sh\nexec sleep 60\n")
        script.chmod(0o755)
        for binary, timeout in (("/bin/false", 60.0), ("/bin/echo", 60.0), (str(script), 0.3)):
            with self.assertRaises(RequestError) as raised:
                self.course(binary=binary, timeout=timeout).open()
            self.assertEqual(raised.exception.code, "forebay_ended", binary)

    def test_mistakes_of_calls(self) -> None:
        with self.course() as course:
            with self.assertRaises(RequestError) as raised:
                course.persist_lesson(Lesson("text", path="../outside.md"))
            self.assertEqual((raised.exception.code, raised.exception.place), ("unsafe_path", "../outside.md"))
            with self.assertRaises(RequestError):
                course.persist_lesson(Lesson("text", module=1))
            with self.assertRaises(RequestError) as raised:
                course.persist_lesson(Lesson("lone \ud800 surrogate", module=1, lesson=1))
            self.assertEqual(raised.exception.code, "not_utf8")
            with self.assertRaises(RequestError) as raised:
                course.record_performance("views", float("nan"))
            self.assertEqual(raised.exception.code, "value_out_of_range")
            with self.assertRaises(RequestError) as raised:
                course.persist_lesson(Lesson("text", module=1, lesson=1, slug=Path("a")))  # type: ignore[arg-type]
            self.assertEqual(raised.exception.code, "params_invalid")
            with self.assertRaises(RequestError) as raised:
                course.update_voice_fidelity(1.5)
            self.assertEqual(raised.exception.code, "value_out_of_range")
            with self.assertRaises(RequestError) as raised:
                course.update_lesson_validation(Measures(gps_score=1.0), module=7, lesson=7)
            self.assertEqual(raised.exception.code, "lesson_missing")
            self.assertEqual(course.persist_lesson(Lesson("text", module=1, lesson=1)).database.status, "done")
        with self.assertRaises(RequestError) as raised:
            course.persist_folder()
        self.assertEqual(raised.exception.code, "course_not_open")

    def test_a_program_that_cannot_be_started(self) -> None:
        script = self.root / "no-interpreter"
        script.write_text("#!/no/such/interpreter\n")
        script.chmod(0o755)
        with self.assertRaises(RequestError) as raised:
            self.course(binary=str(script)).open()
        self.assertEqual(raised.exception.code, "forebay_ended")
        self.assertIn("cannot be started", raised.exception.message)

    def test_a_mistyped_folder(self) -> None:
        mistyped = self.root / "cuorses" / "rust"
        with self.assertRaises(FileError) as raised:
            self.course(folder=mistyped, persist="off").open()
        self.assertEqual(raised.exception.code, "content_folder_missing")
        self.assertFalse(mistyped.parent.exists())
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.root)}
        with CoursePersister(
            mistyped, create_parents=True, persist="off", binary=BINARY, environment=environment
        ) as course:
            course.persist_metadata(outline="# Outline\n")
        self.assertTrue((mistyped / "course-outline.md").exists())

    def test_an_edit_by_somebody_else(self) -> None:
        with self.course(persist="off") as course:
            course.persist_metadata(outline="# One\n")
            (self.folder / "course-outline.md").write_text("# Edited\n")
            written = course.persist_metadata(outline="# Two\n")
        self.assertEqual([kept.path for kept in written.kept], ["course-outline.md"])
        self.assertEqual((self.folder / written.kept[0].kept_as).read_text(), "# Edited\n")

    def test_a_locked_folder(self) -> None:
        with self.course(persist="off"):
            with self.assertRaises(FileError) as raised:
                self.course(persist="off").open()
            self.assertEqual(raised.exception.code, "content_folder_locked")

    def test_a_flag_that_is_neither(self) -> None:
        with self.assertRaises(RequestError) as raised:
            self.course(environment={"CREATOR_OS_DB_PERSIST": "maybe"}).open()
        self.assertEqual(raised.exception.code, "persist_flag_invalid")

    def test_a_schema_that_is_missing(self) -> None:
        url = DATABASE.rpartition("/")[0] + "/postgres"
        with self.assertRaises(RequestError) as raised:
            self.course(url=url).open()
        self.assertEqual(raised.exception.code, "schema_missing")


if __name__ == "__main__":
    unittest.main()
