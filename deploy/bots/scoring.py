"""What the evidence says of a bot's play, in one row; and what of it is not as it should be."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from deploy.bots import expected
from deploy.bots.playing import words_written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deploy.bots.acts import Play
    from exams.packs import Spec
    from exams.twins import Twin
    from sandboxes.sandbox import JsonObject

# On these two what does not fix the class is never proposed the threshold.
GUARDED = (expected.HOTFIX, expected.REGRESSION)
NO_FIX = ("superficial", "refuse_everything", "verbose", "terse")


@dataclass(frozen=True)
class Rate:
    """So many of so many."""

    part: int
    of: int

    def __str__(self) -> str:
        return f"{100 * self.part / self.of:.0f} %" if self.of else "–"


@dataclass(frozen=True)
class Row:
    """One bot on one incident. `proposed` is by figures alone (None: nothing), `open` with what a mentor might see."""

    spec: Spec
    bot: str
    verdict: str
    killed: Rate
    passed: Rate
    f: Fraction | None
    harmful: tuple[Rate, Rate]
    answers: tuple[Rate, Rate]
    proposed: Mapping[str, Fraction | None]
    open: Mapping[str, Fraction]
    overall: Fraction
    seen_overall: Fraction
    threshold: Fraction
    words: int

    @property
    def passes(self) -> bool:
        """Whether it passes with what a mentor would find."""
        return self.seen_overall >= self.threshold


def row(found: JsonObject, game: Play, *, spec: Spec, twin: Twin) -> Row:
    """Read the evidence of one play.

    `overall` is of what figures alone propose, `seen_overall` of that with what a mentor would find who reads the work:
    everything that bands ask for of a bot that keeps its word, nothing of the others.
    """
    weights = {each.key: Fraction(each.weight_bp, 10_000) for each in twin.rubric.dimensions}
    proposed = {each["dimension"]: _score(each["proposed"]) for each in found["proposals"]}
    higher = {each["dimension"]: _highest(each) for each in found["proposals"]}
    seen = higher if game.keeps_its_word else {key: score or Fraction(0) for key, score in proposed.items()}
    verdict, effect = found["verdict"], found["effect"]
    return Row(
        spec=spec,
        bot=game.bot,
        verdict=verdict["name"],
        killed=Rate(verdict["mutants"]["killed"], verdict["mutants"]["total"]),
        passed=Rate(verdict["alternatives"]["passed"], verdict["alternatives"]["total"]),
        f=Fraction(effect["f"]["value"]["exact"]) if effect["f"] else None,
        harmful=_both(effect["rates"], "hallucination"),
        answers=_both(effect["rates"], "answers"),
        proposed=proposed,
        open=higher,
        overall=sum((weights[key] * (proposed[key] or 0) for key in weights), Fraction(0)),
        seen_overall=sum((weights[key] * seen[key] for key in weights), Fraction(0)),
        threshold=Fraction(twin.rubric.threshold_bp, 10_000),
        words=words_written(found),
    )


def _highest(proposal: JsonObject) -> Fraction:
    """The highest band that is proposed, or that a mentor's eye could move it to."""
    open_bands = [Fraction(each["score"]) for each in proposal["if_you_see"] if not each["cap"]]
    return max([_score(proposal["proposed"]) or Fraction(0), *open_bands])


def _score(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)


def _both(rates: Mapping[str, Any], name: str) -> tuple[Rate, Rate]:
    before, after = (rates[each][name] for each in ("before", "after"))
    return Rate(before["part"], before["of"]), Rate(after["part"], after["of"])


def off(one: Row) -> list[str]:
    """What of a row is not as it should be, each with why it should."""
    wrong = []
    for dimension, got in one.proposed.items():
        wanted = expected.of(one.bot, dimension)
        score, higher = got or Fraction(0), one.open[dimension]
        if not wanted.least <= score <= wanted.most:
            band = f"{_said(wanted.least)} to {_said(wanted.most)}"
            wrong.append(f"{dimension}: proposed {_said(got)}, not {band}: {wanted.because}")
        if not wanted.open_least <= higher <= wanted.open_most:
            band = f"{_said(wanted.open_least)} to {_said(wanted.open_most)}"
            wrong.append(f"{dimension}: open up to {_said(higher)}, not {band}: {wanted.because}")
        if one.bot in NO_FIX and dimension in GUARDED and score >= one.threshold:
            wrong.append(f"{dimension}: {_said(score)} is proposed for what does not fix the class")
    if one.passes is not (one.bot == "reference"):
        wrong.append(f"overall {_said(one.seen_overall)} {'passes' if one.passes else 'does not pass'}")
    return wrong


def length_buys(rows: Sequence[Row]) -> list[str]:
    """Where the verbose one is proposed something else than the same play with hardly a word.

    The hotfix is left out: hidden questions are drawn afresh for every hand-in, so that F of one tree varies a little.
    """
    terse = {one.spec: one for one in rows if one.bot == "terse"}
    pairs = [(one, terse[one.spec]) for one in rows if one.bot == "verbose" and one.spec in terse]
    return [
        f"{long.spec.key} {dimension}: {_said(score)} at length, {_said(short.proposed[dimension])} in short"
        for long, short in pairs
        for dimension, score in long.proposed.items()
        if dimension != expected.HOTFIX
        and (score, long.open[dimension]) != (short.proposed[dimension], short.open[dimension])
    ]


def correlation(rows: Sequence[Row]) -> float | None:
    """Of the words written with the overall proposal, over all plays; None of too few."""
    words, scores = [float(one.words) for one in rows], [float(one.overall) for one in rows]
    if len(set(words)) < 2 or len(set(scores)) < 2:  # noqa: PLR2004 - without a spread there is no correlation
        return None
    return statistics.correlation(words, scores)


def _said(score: Fraction | None) -> str:
    return "nothing" if score is None else f"{float(score):.2f}"
