"""What a twin's definition can say, version 1: every table and key of `twin.toml`, typed. Nothing here reads files."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from exams.clock import Moment, Plan
from exams.twins import amounts, bands

if TYPE_CHECKING:
    from collections.abc import Mapping

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
FailureClass = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+]{1,20}$")]
CheckKey = Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{1,3}$")]
Skill = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)*$", max_length=120)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4_000, strip_whitespace=True)]
VisiblePath = Annotated[str, StringConstraints(pattern=r"^(brief\.md|visible/[A-Za-z0-9._/-]+)$", max_length=200)]
HiddenPath = Annotated[str, StringConstraints(pattern=r"^hidden/[A-Za-z0-9._/-]+$", max_length=200)]
HiddenOrPack = Annotated[str, StringConstraints(pattern=r"^(pack|hidden/[A-Za-z0-9._/-]+)$", max_length=200)]
Length = Annotated[timedelta, BeforeValidator(lambda text: amounts.length(_string(text)))]
Percent = Annotated[int, BeforeValidator(lambda text: amounts.percent(_string(text)))]
Twentieths = Annotated[int, BeforeValidator(amounts.twentieths)]
Condition = Annotated[bands.Condition, BeforeValidator(lambda text: bands.condition(_string(text)))]
When = Annotated[Moment, BeforeValidator(lambda text: amounts.moment(_string(text)))]
Mode = Literal["repo_url", "file_upload"]


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("this is text between quotes, with a unit")  # noqa: TRY004 - pydantic collects ValueError
    return value


class Part(BaseModel):
    """A table of the definition: immutable, and a key it does not know is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


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


class Band(Part):
    """A score that the evidence proposes when every condition of `when` holds; see exams.twins.bands.

    `asks` is what no figure tells and the mentor has to see: the band is proposed only under that reserve. A band with
    `cap` holds the proposal down to its score, whatever other bands say.
    """

    score: Twentieths
    when: Annotated[tuple[Condition, ...], Field(min_length=1, max_length=12)]
    asks: Annotated[tuple[Line, ...], Field(max_length=8)] = ()
    cap: bool = False


class Dimension(Part):
    """One thing that is scored; `anchors` say what a score of 0, 0.25 … means, `bands` when one is proposed."""

    key: Key
    title: Line
    weight: Percent
    tests: Text
    anchors: dict[str, Text] = {}
    bands: Annotated[tuple[Band, ...], Field(max_length=40)] = ()

    @property
    def weight_bp(self) -> int:
        """The weight in basis points."""
        return self.weight


class Rubric(Part):
    """What the attempt is scored by."""

    threshold: Percent
    dimensions: Annotated[tuple[Dimension, ...], Field(min_length=1, max_length=20)]

    @property
    def threshold_bp(self) -> int:
        """The pass threshold in basis points."""
        return self.threshold


class SkillOnOffer(Part):
    """A skill a passing review may assert, with weight up to `ceiling`, in twentieths."""

    key: Skill
    ceiling: Twentieths

    @property
    def ceiling_twentieths(self) -> int:
        """The ceiling in twentieths."""
        return self.ceiling


class Career(Part):
    """A career the twin prepares for."""

    title: Line
    why: Text


class Review(Part):
    """The mentor's clock: sign-off is due `sla` after the claim."""

    sla: Length
    nudges: tuple[Length, ...] = ()
    appeal_within: Length | None = None


class Rating(Part):
    """How learners rate the twin; the average and the count come from what they said, never from here."""

    out_of: Annotated[int, Field(ge=2, le=10)] = 5
    asked: Literal["after sign-off", "after hand-in"] = "after sign-off"


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


class Credential(Part):
    """What a pass is turned into."""

    anchored: bool = False
    share: tuple[Line, ...] = ()


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
