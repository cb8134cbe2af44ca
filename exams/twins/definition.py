"""What a twin's definition can say, version 1: every table and key of `twin.toml`, typed. Nothing here reads files.

How values are written is in `parts`, the tables about judgement are in `judged`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints

from exams.clock import Moment, Plan
from exams.twins.judged import Credential, Rating, Review, Rubric, SkillOnOffer
from exams.twins.parts import (
    CheckKey,
    FailureClass,
    HiddenOrPack,
    HiddenPath,
    Key,
    Length,
    Line,
    Mode,
    Part,
    Percent,
    Text,
    VisiblePath,
    When,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class Slot(Part):
    """A live presentation with a timer of its own, started by the presenter inside the stage's window."""

    lasts: Length
    questions: Length | None = None
    audience: tuple[Line, ...] = ()


class Stage(Part):
    """A window on the attempt's clock.

    `opens` and `closes` hang on the start or on another stage's edge; the learner's multiplier scales every length.
    """

    key: Key
    title: Line
    opens: When = Moment("start")
    closes: When
    status_updates: bool = False
    questions: bool = False
    slot: Slot | None = None

    @property
    def plan(self) -> Plan:
        """The stage as the clock sees it."""
        return Plan(self.key, self.opens, self.closes)


class Answer(Part):
    """A structured answer: what is asked, in which unit, and how far off still counts. The value itself is hidden."""

    key: Key
    title: Line
    type: Literal["number", "integer", "choice", "date", "text"] = "number"
    unit: str = ""
    choices: tuple[Line, ...] = ()
    tolerance: Annotated[float, Field(ge=0)] | None = None
    tolerance_percent: Percent | None = None


class Deliverable(Part):
    """Something that is handed in at the end of a stage."""

    key: Key
    title: Line
    stage: Key
    kind: Literal["diagnosis", "code", "document", "answers", "deck", "notebook", "decision", "plan", "presentation"]
    asks: Text
    required: bool = True
    modes: tuple[Mode, ...] = ()
    max_pages: Annotated[int, Field(ge=1, le=100)] | None = None
    max_slides: Annotated[int, Field(ge=1, le=100)] | None = None
    max_characters: Annotated[int, Field(ge=100, le=200_000)] = 40_000
    sections: tuple[Line, ...] = ()
    items: Annotated[int, Field(ge=1, le=50)] | None = None
    each_item_has: tuple[Line, ...] = ()
    options: tuple[Line, ...] = ()
    answers: tuple[Answer, ...] = ()
    expected: HiddenOrPack | None = None


class SelfCheck(Part):
    """A question answered at the hand-in of a stage; a critical one blocks unless answered yes, or forced."""

    key: CheckKey
    stage: Key
    question: Line
    critical: bool = False
    observed: Literal["regression_test_present", "status_updates_posted", "follow_ups_have_owners"] | None = None


class Career(Part):
    """A career the twin prepares for."""

    title: Line
    why: Text


class Price(Part):
    """What taking the twin costs; 0 credits is free."""

    credits: Annotated[int, Field(ge=0, le=100_000)] = 0


class Limits(Part):
    """What a learner may use during an attempt; each is stated where it applies."""

    upload_bytes: Annotated[int, Field(ge=1_024, le=16 * 1_024 * 1_024)] = 16 * 1_024 * 1_024
    uploads: Annotated[int, Field(ge=1, le=1_000)] = 100
    runs: Annotated[int, Field(ge=1, le=1_000)] = 60
    runs_waiting: Annotated[int, Field(ge=1, le=10)] = 2
    questions: Annotated[int, Field(ge=1, le=10_000)] = 300
    deployments: Annotated[int, Field(ge=1, le=500)] = 20  # and as many rollbacks
    diagnoses: Annotated[int, Field(ge=1, le=100)] = 20
    status_updates: Annotated[int, Field(ge=1, le=1_000)] = 100


class PacketItem(Part):
    """One file of the packet and what it is."""

    path: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._/-]+$", max_length=200)]
    title: Line
    rows: Annotated[int, Field(ge=1)] | None = None


class Packet(Part):
    """Files the learner receives, generated for each attempt from its seed by hidden code."""

    generator: HiddenOrPack
    items: Annotated[tuple[PacketItem, ...], Field(min_length=1)]


class Coworker(Part):
    """A person in the room with an agenda of their own; the agenda is hidden, the rest is public."""

    key: Key
    name: Line
    role: Line
    manner: Line
    wants: Line
    agenda: HiddenPath


class Tool(Part):
    """A tool of the workspace, seeded with context the learner finds in it."""

    kind: Literal["code", "kanban", "wiki", "chat"]
    title: Line
    seed: VisiblePath | None = None


class Twin(Part):
    """One twin, as one version of its definition says it."""

    format: Literal[1]
    slug: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,79}$")]
    kind: Literal["live-incident", "post-mortem", "capstone", "decision-simulation", "audit"]
    title: Line
    situation: Text
    level: Literal["beginner", "intermediate", "advanced", "expert"]
    duration: Line
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")] = "en"
    pace: Literal["live", "self-paced"]
    cover: VisiblePath | None = None
    brief: VisiblePath = "brief.md"
    brief_markdown: str = ""
    demo: bool = False
    pack: Annotated[str, StringConstraints(pattern=r"^exams\.packs\.[a-z_]+$")] | None = None
    failure_classes: Annotated[tuple[FailureClass, ...], Field(max_length=100)] = ()
    submission_modes: tuple[Mode, ...] = ()
    receives: Annotated[tuple[Line, ...], Field(min_length=1)]
    does: Annotated[tuple[Line, ...], Field(min_length=1)]
    earning_criteria: Annotated[tuple[Line, ...], Field(min_length=1)]
    reattempts: Annotated[int, Field(ge=0, le=10)]
    price: Price = Price()
    rating: Rating = Rating()
    limits: Limits = Limits()
    review: Review
    rubric: Rubric
    credential: Credential = Credential()
    packet: Packet | None = None
    stages: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=20)]
    deliverables: Annotated[tuple[Deliverable, ...], Field(min_length=1, max_length=30)]
    self_checks: tuple[SelfCheck, ...] = ()
    skills: tuple[SkillOnOffer, ...] = ()
    careers: tuple[Career, ...] = ()
    coworkers: tuple[Coworker, ...] = ()
    workspace: tuple[Tool, ...] = ()
    content: dict[str, str] = {}

    @classmethod
    def from_json(cls, definition: Mapping[str, Any]) -> Twin:
        """A twin from a published version's definition.

        Raises:
            pydantic.ValidationError: the definition does not keep the format.
        """
        return cls.model_validate(definition)

    @property
    def plans(self) -> list[Plan]:
        """The stages as the clock sees them."""
        return [stage.plan for stage in self.stages]

    @property
    def attempts_allowed(self) -> int:
        """How many attempts a learner has, void ones not counted."""
        return 1 + self.reattempts

    @property
    def review_hours(self) -> float:
        """Hours from claim to sign-off."""
        return self.review.sla.total_seconds() / 3_600

    def stage(self, key: str) -> Stage:
        """The stage of that key.

        Raises:
            KeyError: there is none.
        """
        return next(iter(stage for stage in self.stages if stage.key == key), None) or _missing(key)

    def deliverables_of(self, stage_key: str) -> tuple[Deliverable, ...]:
        """What is handed in with a stage, in order."""
        return tuple(each for each in self.deliverables if each.stage == stage_key)

    def self_checks_of(self, stage_key: str) -> tuple[SelfCheck, ...]:
        """The self-checks answered when a stage is handed in, in order."""
        return tuple(each for each in self.self_checks if each.stage == stage_key)


def _missing(key: str) -> Stage:
    raise KeyError(key)
