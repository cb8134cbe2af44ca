"""What a twin's definition says of judgement: what is scored, by whom and until when, and what a pass attests."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from exams.twins.parts import Condition, Key, Length, Line, Part, Percent, Skill, Text, Twentieths


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


class Review(Part):
    """The mentor's clock: sign-off is due `sla` after the claim."""

    sla: Length
    nudges: tuple[Length, ...] = ()
    appeal_within: Length | None = None


class Rating(Part):
    """How learners rate the twin; the average and the count come from what they said, never from here."""

    out_of: Annotated[int, Field(ge=2, le=10)] = 5
    asked: Literal["after sign-off", "after hand-in"] = "after sign-off"


class Credential(Part):
    """What a pass is turned into."""

    anchored: bool = False
    share: tuple[Line, ...] = ()
