"""What the tables of a twin's definition are made of: how keys, lengths, shares and paths are written."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

from exams.clock import Moment
from exams.twins import amounts, bands

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
