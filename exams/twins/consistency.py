"""Whether the parts of a twin fit each other: what no single table can be wrong about alone."""

from __future__ import annotations

import importlib.util
from datetime import timedelta
from typing import TYPE_CHECKING

from exams import packs
from exams.clock import UnplannableStages, offset
from exams.packs import proof
from exams.twins import amounts, bands, rising
from exams.twins.wording import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exams.twins.definition import Deliverable, Twin
    from exams.twins.judged import Dimension
    from exams.twins.lines import Path

    Found = Iterator[tuple[Path, str]]

_SHORTEST = timedelta(minutes=1)
_NOTHING = timedelta(0)


def faults(twin: Twin, *, exists: Callable[[str], bool]) -> Found:
    """Each fault as (path in the document, sentence); `exists` tells whether a content file is there."""
    yield from _keys(twin)
    yield from _clock(twin)
    yield from _references(twin)
    for position, deliverable in enumerate(twin.deliverables):
        yield from _deliverable(twin, deliverable, ("deliverables", position))
    yield from _rubric(twin)
    yield from _review(twin)
    yield from _files(twin, exists)
    yield from _pack(twin)


def _keys(twin: Twin) -> Found:
    groups: dict[Path, list[str]] = {
        ("stages",): [each.key for each in twin.stages],
        ("deliverables",): [each.key for each in twin.deliverables],
        ("self_checks",): [each.key for each in twin.self_checks],
        ("skills",): [each.key for each in twin.skills],
        ("coworkers",): [each.key for each in twin.coworkers],
        ("rubric", "dimensions"): [each.key for each in twin.rubric.dimensions],
    }
    for position, deliverable in enumerate(twin.deliverables):
        groups["deliverables", position, "answers"] = [each.key for each in deliverable.answers]
    for path, keys in groups.items():
        seen: dict[str, int] = {}
        for position, key in enumerate(keys):
            if key in seen:
                yield (
                    (*path, position, "key"),
                    f"the key {key!r} was used before in {path[-1]}; each has one of its own",
                )
            seen.setdefault(key, position)


def _clock(twin: Twin) -> Found:
    plans = {stage.key: stage.plan for stage in twin.stages}
    for position, stage in enumerate(twin.stages):
        edges = {}
        for edge, moment in (("opens", stage.opens), ("closes", stage.closes)):
            try:
                edges[edge] = offset(moment, plans)
            except UnplannableStages as unplannable:
                yield ("stages", position, edge), str(unplannable)
        if len(edges) == len(("opens", "closes")):
            yield from _lasts(twin, position, edges["closes"] - edges["opens"])


def _lasts(twin: Twin, position: int, lasts: timedelta) -> Found:
    """What is wrong with how long a window is."""
    slot = twin.stages[position].slot
    if lasts <= _NOTHING:
        yield ("stages", position, "closes"), "the stage closes before it opens, or as it opens"
    elif lasts < _SHORTEST and not twin.demo:
        yield (
            ("stages", position, "closes"),
            "a window shorter than a minute is for demo twins; set demo = true, or lengthen it",
        )
    elif slot is not None and slot.lasts + (slot.questions or _NOTHING) > lasts:
        yield ("stages", position, "slot"), "the presentation lasts longer than the stage it is held in"


def _references(twin: Twin) -> Found:
    stages = [stage.key for stage in twin.stages]
    named: list[tuple[Path, str]] = [
        *((("deliverables", position, "stage"), each.stage) for position, each in enumerate(twin.deliverables)),
        *((("self_checks", position, "stage"), each.stage) for position, each in enumerate(twin.self_checks)),
    ]
    for path, key in named:
        if key not in stages:
            yield path, f"there is no stage {key!r}{did_you_mean(key, stages)}"
    for position, key in enumerate(stages):
        if not twin.deliverables_of(key):
            yield ("stages", position), f"nothing is handed in with stage {key!r}; give it a deliverable"
    if len(set(twin.submission_modes)) != len(twin.submission_modes):
        yield (
            ("submission_modes",),
            "a mode stands here twice; the order is the order on the screen, the first the default",
        )


def _deliverable(twin: Twin, it: Deliverable, path: Path) -> Found:
    needs: dict[str, tuple[bool, str]] = {
        "code": (bool(it.modes or twin.submission_modes), "code needs modes (or submission_modes for the whole twin)"),
        "answers": (bool(it.answers) and it.expected is not None, "answers need [[deliverables.answers]] and expected"),
        "deck": (it.max_slides is not None, "a deck needs max_slides"),
        "presentation": (
            any(stage.key == it.stage and stage.slot is not None for stage in twin.stages),
            "a presentation needs a stage with a slot",
        ),
        "decision": (bool(it.options), "a decision needs options"),
    }
    fine, remedy = needs.get(it.kind, (True, ""))
    if not fine:
        yield path, f"{it.key!r}: {remedy}"
    if it.each_item_has and it.items is None:
        yield (*path, "each_item_has"), "each_item_has needs items: how many there are to be"
    for position, answer in enumerate(it.answers):
        numeric = answer.type in {"number", "integer"}
        if not numeric and (answer.tolerance is not None or answer.tolerance_percent is not None):
            yield (*path, "answers", position), f"a tolerance is for numbers; {answer.key!r} is a {answer.type}"
        if answer.tolerance is not None and answer.tolerance_percent is not None:
            yield (*path, "answers", position), "write tolerance or tolerance_percent, not both"
        if numeric and answer.tolerance is None and answer.tolerance_percent is None:
            yield (*path, "answers", position), f"{answer.key!r} is a number and needs a tolerance (0 for exact)"
        if answer.type == "choice" and len(answer.choices) < 2:  # noqa: PLR2004 - one option is no choice
            yield (*path, "answers", position), f"{answer.key!r} is a choice and needs at least two choices"


def _rubric(twin: Twin) -> Found:
    total = sum(dimension.weight_bp for dimension in twin.rubric.dimensions)
    if total != amounts.BASIS_POINTS:
        yield ("rubric", "dimensions"), f"the weights sum to {total / 100:g} %; they must sum to 100 %"
    if not twin.rubric.threshold_bp:
        yield ("rubric", "threshold"), "a threshold of 0 % is passed by everyone; write at least 0.01 %"
    for position, dimension in enumerate(twin.rubric.dimensions):
        here: Path = ("rubric", "dimensions", position)
        if not dimension.weight_bp:
            yield (*here, "weight"), f"{dimension.key!r} weighs nothing; leave it out or give it a weight"
        for step in dimension.anchors:
            try:
                amounts.twentieths(step)
            except ValueError as wrong:
                yield (*here, "anchors", step), f"the anchor {wrong}"
        yield from _bands(dimension, here)
    for position, skill in enumerate(twin.skills):
        if not skill.ceiling_twentieths:
            yield ("skills", position, "ceiling"), "a ceiling of 0 asserts nothing; write 0.05 to 1.00"


def _bands(dimension: Dimension, here: Path) -> Found:
    for place, band in enumerate(dimension.bands):
        for why in bands.misfits(band.when):
            yield (*here, "bands", place, "when"), why
        if band in dimension.bands[:place]:
            yield (*here, "bands", place, "score"), "this band stands here twice"
    for place, why in rising.falls(dimension.bands):
        yield (*here, "bands", place, "when"), why


def _review(twin: Twin) -> Found:
    before = timedelta(0)
    for nudge in twin.review.nudges:
        if not before < nudge < twin.review.sla:
            yield ("review", "nudges"), "nudges come one after the other, all before the SLA ends"
            return
        before = nudge


def _files(twin: Twin, exists: Callable[[str], bool]) -> Found:
    named: list[tuple[Path, str | None]] = [(("brief",), twin.brief), (("cover",), twin.cover)]
    named += [(("coworkers", position, "agenda"), each.agenda) for position, each in enumerate(twin.coworkers)]
    named += [(("workspace", position, "seed"), each.seed) for position, each in enumerate(twin.workspace)]
    named += [
        (("deliverables", position, "expected"), each.expected) for position, each in enumerate(twin.deliverables)
    ]
    if twin.packet is not None:
        named.append((("packet", "generator"), twin.packet.generator))
    for path, name in named:
        if name is not None and name != "pack" and (".." in name.split("/") or not exists(name)):
            yield path, f"there is no file {name}"


def _pack(twin: Twin) -> Found:
    needed = [each.key for each in twin.deliverables if each.kind in {"code", "diagnosis"} or each.expected == "pack"]
    if twin.packet is not None and twin.packet.generator == "pack":
        needed.append("packet")
    if twin.kind == "live-incident" and twin.pack is None:
        yield (), f"{', '.join(needed) or 'a live incident'} needs an incident: name a pack"
    if len(set(twin.failure_classes)) < len(twin.failure_classes):
        yield ("failure_classes",), "a failure class stands here twice"
    if twin.pack is not None:
        yield from _failure_classes(twin, twin.pack)
    elif twin.failure_classes:
        yield ("failure_classes",), "failure classes are drawn by a pack, and none is named"


def _failure_classes(twin: Twin, dotted: str) -> Found:
    """What a twin draws must be there, and proved in the form in which it is there."""
    if importlib.util.find_spec(dotted) is None:
        yield ("pack",), f"there is no incident pack {dotted}"
        return
    held = packs.load(dotted).classes
    for position, key in enumerate(twin.failure_classes):
        if key not in held:
            yield ("failure_classes", position), f"{dotted} has no failure class {key!r}{did_you_mean(key, list(held))}"
    lacking = [key for key in held if key in (twin.failure_classes or held) and proof.unproved(dotted, key)]
    if lacking:
        which = " ".join(f"--class {key}" for key in lacking)
        how = f"python manage.py prove_pack --pack {dotted} {which} --quick --write"
        yield ("pack",), f"not proved in their present form are {', '.join(lacking)}; {how}"
