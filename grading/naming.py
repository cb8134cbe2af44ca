"""How the cause that a learner names stands to the true one; for mentors only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from exams.packs import causes as words
from exams.packs.causes import CauseCatalogue, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exams.models import Diagnosis

_MOST_FAULTS = 2  # of one incident: who names more is guessing, and what of it counts is for the mentor


class Standing(StrEnum):
    """What was named, beside the truth."""

    right = "right"
    one_of_two = "one_of_two"
    class_only = "class_only"
    component_only = "component_only"
    wrong = "wrong"
    undecided = "undecided"


SAYS: Mapping[Standing, str] = {
    Standing.right: "The right component and the right class.",
    Standing.one_of_two: "One of two: of the causes named, or of those at work, one is missing or wrong.",
    Standing.class_only: "The right class, in the wrong component.",
    Standing.component_only: "The right component, and the wrong class.",
    Standing.wrong: "The wrong class, and not the component at fault.",
    Standing.undecided: "Not decidable from its words: read what it says.",
}


@dataclass(frozen=True)
class Causes:
    """How a diagnosis compares with the true cause: None is not to be told from its words, and no mark against it."""

    component: bool | None
    failure_class: bool | None
    one_of_two: bool = False

    @property
    def right(self) -> bool:
        """Whether it names the true component and the true class."""
        return self.component is True and self.failure_class is True

    @property
    def open(self) -> bool:
        """Whether a mentor's reading might find it right."""
        return not self.right and self.component is not False and self.failure_class is not False

    @property
    def standing(self) -> Standing:
        """The two in one word."""
        if self.one_of_two:
            return Standing.one_of_two
        match (self.failure_class, self.component):
            case (True, True):
                return Standing.right
            case (True, False):
                return Standing.class_only
            case (False, True):
                return Standing.component_only
            case (False, False):
                return Standing.wrong
        return Standing.undecided


def compare(diagnosis: Diagnosis, truth: Mapping[str, Any], catalogue: CauseCatalogue | None) -> Causes:
    """Whether the component and the class a learner named are the true ones, however they are written."""
    known = catalogue or CauseCatalogue()
    return Causes(_component(diagnosis.component, truth, known), *_class(diagnosis.failure_class, truth, known))


def files_at_fault(truth: Mapping[str, Any]) -> set[str]:
    """The files that hold the fault, and those of the change that prepared it.

    What lay there first is half of the cause, and right fixes may be made in either: whoever finds that half is not
    wrong. A truth kept before this was told names no `prepared_files`.
    """
    return {str(path) for part in ("files", "prepared_files") for path in truth.get(part, ()) if path}


def _component(named: str, truth: Mapping[str, Any], catalogue: CauseCatalogue) -> bool | None:
    """Whether each component named is the true one.

    That is the module whose behaviour is wrong, or a file at fault, where that is another: a prompt that lost a part
    may have lost it in `config.toml`, or what it lost was needed since a change to `server.py`. Where files are named,
    as in "assistant/index.py, product_key", they are what counts.
    """
    true = {plain(words.file_name(each)) for each in (str(truth.get("component", "")), *files_at_fault(truth))}
    if {plain(each) for each in words.parts(named)} <= true - {""}:
        return True
    return False if catalogue.components_named(named) else None


def _class(named: str, truth: Mapping[str, Any], catalogue: CauseCatalogue) -> tuple[bool | None, bool]:
    """Whether the class named is the true one, and whether it is one of two.

    Two are named where one is at work, or one where two are, or another beside the right one: each time half of it is
    right. The title of an incident of two faults stands for both. What the truth calls `also_right` stands for the
    class it is named for: some causes are told as well in the words of another one.
    """
    true = words.keys(str(truth.get("failure_class", "")))
    if plain(named) in {plain("".join(true)), plain(str(truth.get("title", "")))} - {""}:
        return True, False
    also: Mapping[str, Iterable[str]] = truth.get("also_right", {})
    stands_for = {other: key for key, others in also.items() for other in others}
    found = tuple(dict.fromkeys(stands_for.get(each, each) for each in catalogue.causes_named(named)))
    if not found:
        rivals = {plain(str(rival)) for rival in truth.get("rivals", ())} - {""}
        return (False if plain(named) in rivals else None), False
    if len(found) > _MOST_FAULTS:
        return None, False
    return set(found) == set(true), bool(set(found) & set(true)) and set(found) != set(true)
