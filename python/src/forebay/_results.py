"""What calls take and return."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Sequence

from .errors import ForebayError, of_answer


@dataclass(frozen=True)
class Measures:
    """What was measured about a lesson. Values that are None stay as they are.

    Attributes:
        gps_score: How clearly goal, position and steps are stated, 0 to 1.
        didatica_score: How many elements of good teaching it has, 0 to 1.
        validation_status: ``pending``, ``passed``, ``warning`` or ``failed``.
        validation_issues: What its validation found.
        generation_seconds: How long its generation took.
        generation_cost: What its generation cost.
        num_retries: Failed attempts before its text was generated.
    """

    gps_score: Optional[float] = None
    didatica_score: Optional[float] = None
    validation_status: Optional[str] = None
    validation_issues: Optional[Sequence[Mapping[str, Any]]] = None
    generation_seconds: Optional[float] = None
    generation_cost: Optional[float] = None
    num_retries: Optional[int] = None

    def params(self) -> Dict[str, Any]:
        """The values that are given, as parameters of a call."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Lesson:
    """A lesson. It has a ``path``, or ``module`` and ``lesson``.

    Attributes:
        text: Its Markdown.
        module: The number of its module.
        lesson: Its number in the module. The lesson that has this number is written again.
        slug: Its short name in the path of a new file, in any form. Default: from its title.
        path: The path of its file in the course folder.
        lesson_id: Its stable id. This and the next four become its front matter, unless the text has one.
        title: Its title.
        bloom_level: Its level in Bloom's revised taxonomy, in English, Portuguese or Spanish.
        objectives: What a learner can do afterwards.
        key_concepts: The concepts that it introduces.
        measures: What was measured about it.
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
    """What became of a call in the database.

    Attributes:
        status: ``off``, ``done`` or ``failed``.
        error: Why it failed.
        sync: What was written and what is wrong with files, as ``forebay content sync --output json`` prints it.
    """

    status: str
    error: Optional[ForebayError] = None
    sync: Optional[Mapping[str, Any]] = None


@dataclass(frozen=True)
class Refused:
    """A lesson that was not written, because of its own mistakes.

    Attributes:
        index: Its position in the call, from 0.
        error: Why.
    """

    index: int
    error: ForebayError


@dataclass(frozen=True)
class Written:
    """What became of a call that writes files.

    Attributes:
        paths: The files that hold what was handed over, in its order, without refused lessons.
        num_written: How many of them were written; the others were equal already.
        refused: Lessons that were not written.
        database: What became of them in the database.
    """

    paths: List[str]
    num_written: int
    refused: List[Refused]
    database: Persisted


@dataclass(frozen=True)
class Fetched:
    """What was read from the database.

    Attributes:
        status: ``off``, ``done`` or ``failed``.
        error: Why it failed.
        value: What was read; None if the database does not have it, or could not be read.
    """

    status: str
    error: Optional[ForebayError] = None
    value: Optional[Mapping[str, Any]] = None


def persisted(answer: Mapping[str, Any]) -> Persisted:
    """Makes a result of an answer."""
    return Persisted(answer["status"], _error(answer), answer.get("sync"))


def written(answer: Mapping[str, Any]) -> Written:
    """Makes a result of an answer."""
    refused = [Refused(one["index"], of_answer(one["error"])) for one in answer["refused"]]
    return Written(list(answer["paths"]), answer["num_written"], refused, persisted(answer["database"]))


def fetched(answer: Mapping[str, Any], name: str) -> Fetched:
    """Makes a result of an answer whose value has this name."""
    return Fetched(answer["status"], _error(answer), answer.get(name))


def _error(answer: Mapping[str, Any]) -> Optional[ForebayError]:
    error = answer.get("error")
    return None if error is None else of_answer(error)
