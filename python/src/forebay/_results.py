"""The parameters and results of calls."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from .errors import ForebayError, of_answer


@dataclass(frozen=True)
class Measures:
    """Measures of a lesson. Stored values do not change where a value is None.

    Attributes:
        gps_score: How clearly goal, position and steps are stated, 0 to 1.
        didatica_score: How many elements of good teaching it has, 0 to 1.
        validation_status: ``pending``, ``passed``, ``warning`` or ``failed``.
        validation_issues: The findings of its validation.
        generation_seconds: Duration of its generation.
        generation_cost: Cost of its generation.
        num_retries: Number of failed attempts before its text was generated.
    """

    gps_score: Optional[float] = None
    didatica_score: Optional[float] = None
    validation_status: Optional[str] = None
    validation_issues: Optional[Sequence[Mapping[str, Any]]] = None
    generation_seconds: Optional[float] = None
    generation_cost: Optional[float] = None
    num_retries: Optional[int] = None

    def params(self) -> Dict[str, Any]:
        """The values that are not None, as parameters of a call."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Lesson:
    """A lesson. Give its ``path``, or ``module`` and ``lesson``.

    Attributes:
        text: Its Markdown.
        module: The number of its module.
        lesson: Its number in the module. If the folder has a lesson with this number, its file is replaced.
        slug: A short name for the path of a new file. It is made lower case, and other characters become ``-``.
            Default: made from the title.
        path: The path of its file in the course folder.
        lesson_id: Its stable id. If the text has no front matter, this and the next four attributes become it. Front
            matter without an id gets this one.
        title: Its title.
        bloom_level: Its level in Bloom's revised taxonomy, in English, Portuguese or Spanish.
        objectives: Learning objectives.
        key_concepts: The concepts that it introduces.
        measures: Its measures.
    """

    text: str
    module: Optional[int] = None
    lesson: Optional[int] = None
    slug: Optional[str] = None
    path: Optional[str] = None
    lesson_id: Optional[str] = None
    title: Optional[str] = None
    bloom_level: Optional[str] = None
    objectives: Sequence[str] = ()
    key_concepts: Sequence[str] = ()
    measures: Measures = field(default_factory=Measures)

    def params(self) -> Dict[str, Any]:
        """The lesson as parameters of a call."""
        params = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "measures"}
        params["objectives"] = list(self.objectives)
        params["key_concepts"] = list(self.key_concepts)
        params["measures"] = self.measures.params()
        return {name: value for name, value in params.items() if value is not None}


@dataclass(frozen=True)
class Persisted:
    """The result of a call in the database.

    Attributes:
        status: ``off``, ``done`` or ``failed``.
        error: The error if it failed.
        sync: The stored changes and the problems of files, as ``forebay content sync --output json`` prints them.
    """

    status: str
    error: Optional[ForebayError] = None
    sync: Optional[Mapping[str, Any]] = None


@dataclass(frozen=True)
class Refused:
    """A lesson that was not written because it has a mistake.

    Attributes:
        index: Its position in the call, from 0.
        error: The mistake.
    """

    index: int
    error: ForebayError


@dataclass(frozen=True)
class Kept:
    """A file that somebody else had changed before it was replaced. No sync had stored its former text.

    Attributes:
        path: The file.
        kept_as: Where its former text is now, in the folder of the course.
    """

    path: str
    kept_as: str


@dataclass(frozen=True)
class Written:
    """The result of a call that writes files.

    Attributes:
        paths: The files of the documents and lessons in the call, in the same order, without refused lessons.
        num_written: Number of files that were written. Unchanged files are not written again.
        kept: Files that somebody else had changed.
        refused: Lessons that were not written.
        database: The result in the database.
    """

    paths: List[str]
    num_written: int
    kept: List[Kept]
    refused: List[Refused]
    database: Persisted


@dataclass(frozen=True)
class Fetched:
    """The result of a call that reads the database.

    Attributes:
        status: ``off``, ``done`` or ``failed``.
        error: The error if it failed.
        value: The value; None if it is not stored, or if the database cannot be read.
    """

    status: str
    error: Optional[ForebayError] = None
    value: Optional[Mapping[str, Any]] = None


def persisted(answer: Mapping[str, Any], outage: Optional[ForebayError]) -> Persisted:
    """Reads a result.

    Args:
        answer: The answer of the program.
        outage: Why the program runs without the database, if it does.
    """
    status, error = _status(answer, outage)
    return Persisted(status, error, answer.get("sync"))


def written(answer: Mapping[str, Any], outage: Optional[ForebayError]) -> Written:
    """Reads a result. See :func:`persisted`."""
    refused = [Refused(one["index"], of_answer(one["error"])) for one in answer["refused"]]
    database = persisted(answer["database"], outage)
    kept = [Kept(one["path"], one["kept_as"]) for one in answer["kept"]]
    return Written(list(answer["paths"]), answer["num_written"], kept, refused, database)


def fetched(answer: Mapping[str, Any], name: str, outage: Optional[ForebayError]) -> Fetched:
    """Reads a result whose value has this name. See :func:`persisted`."""
    status, error = _status(answer, outage)
    return Fetched(status, error, answer.get(name))


def _status(
    answer: Mapping[str, Any], outage: Optional[ForebayError]
) -> Tuple[str, Optional[ForebayError]]:
    if outage is not None:
        return "failed", outage
    error = answer.get("error")
    return answer["status"], None if error is None else of_answer(error)
