"""Holds a claim against what telemetry knew when it was made."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from grading.claims_told import timed
from grading.claims_told.measures import Checked, Standing, far, near
from grading.claims_told.stating import Kind, Stated, When

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from grading.claims_told.seeing import Seen
    from sandboxes.sandbox import JsonObject

NEAR_POINTS = Fraction(3, 100)  # of shares: within three points is near, however small the share
NEARLY_ALL, FAR_FROM_ALL = Fraction(9, 10), Fraction(1, 2)
UNREAD = "It speaks of what telemetry knows, in words that we cannot read with certainty: read it."
# How the names of counts begin that a number of these could mean.
_COUNTED = {"": "", "answers": "answers", "conversations": "customers"}
_MOST_SHOWN = 190  # characters of figures


def check(stated: Stated, seen: Seen | None) -> Checked:
    """How a claim stands to what telemetry knew when it was made."""
    if seen is None:
        if stated.kind is Kind.unread:
            return Checked(stated, Standing.not_checkable, UNREAD)
        return Checked(stated, Standing.not_checkable, "Telemetry does not reach to that moment.")
    checked = _CHECKS[stated.kind](stated, seen)
    return checked if stated.at is None else timed.from_when(checked, seen)


def _over(stated: Stated, seen: Seen) -> Checked:
    return _plainly(stated, f"{_version(seen)} harmed {_percent(seen.version_share)} of the traffic", so=seen.clean)


def _deployed(stated: Stated, seen: Seen) -> Checked:
    """Who has pressed the button says so: while it is rolled out that is not false."""
    if not seen.deployment and seen.rolling_out is not None:
        why = f"At that moment customers got {_version(seen)}; what had been deployed was live from "
        return Checked(stated, Standing.not_checkable, f"{why}{timed.hour(seen.rolling_out)}.")
    return _plainly(stated, f"customers got {_version(seen)}", so=seen.deployment > 0)


def _rolled_back(stated: Stated, seen: Seen) -> Checked:
    was = "a" if seen.rolled_back else "no"
    return _plainly(stated, f"there had been {was} rollback", so=seen.rolled_back)


def _plainly(stated: Stated, why: str, *, so: bool) -> Checked:
    return Checked(stated, Standing.consistent if so else Standing.contradicted, f"At that moment {why}.")


def _version(seen: Seen) -> str:
    if seen.release == 0:
        return "the release of the opening"
    again = "" if seen.release == seen.deployment else f" ({seen.release} again)"
    return f"deployment {seen.deployment}{again}"


def _nobody(stated: Stated, seen: Seen) -> Checked:
    harmed = seen.harmful + (seen.before_answers or 0)
    before = seen.before_answers or 0
    why = f"By then {seen.harmful} harmful answers had been given since the opening, and {before} before it."
    return Checked(stated, Standing.contradicted if harmed else Standing.consistent, why)


def _nobody_now(stated: Stated, seen: Seen) -> Checked:
    """Contradicted only if the version that customers get harms, and has harmed: a clean one may have had a slip."""
    since = "" if seen.since_at is None else f" since {timed.hour(seen.since_at)}"
    why = (
        f"At that moment {_version(seen)} harmed {_percent(seen.version_share)} of the traffic; of the "
        f"{seen.since_asked} answers it had given{since} {seen.since_harmful} were harmful."
    )
    if seen.clean and not seen.since_harmful:
        return Checked(stated, Standing.consistent, why)
    contradicted = not seen.clean and seen.since_harmful > 0
    return Checked(stated, Standing.contradicted if contradicted else Standing.not_checkable, why)


def _unread(stated: Stated, _seen: Seen) -> Checked:
    return Checked(stated, Standing.not_checkable, UNREAD)


def _everybody(stated: Stated, seen: Seen) -> Checked:
    if not seen.asked:
        return Checked(stated, Standing.not_checkable, "Nobody had asked anything by then.")
    share = max(Fraction(seen.harmful, seen.asked), seen.version_share)
    if stated.when is not When.now:
        share = max(share, *_shares_before(seen).values(), Fraction(0))
    standing = (
        Standing.consistent
        if share >= NEARLY_ALL
        else Standing.contradicted
        if share < FAR_FROM_ALL
        else Standing.not_checkable
    )
    return Checked(stated, standing, f"By then {seen.harmful} of {seen.asked} answers since the opening were harmful.")


def _shares(seen: Seen) -> dict[str, Fraction]:
    found = {"of the version customers got": seen.version_share}
    if seen.asked:
        found["of answers since the opening"] = Fraction(seen.harmful, seen.asked)
    if seen.recent_asked:
        found["of answers in the last 15 minutes"] = Fraction(seen.recent_harmful, seen.recent_asked)
    return found


def _shares_before(seen: Seen) -> dict[str, Fraction]:
    found = {}
    for number, each in enumerate(seen.earlier, start=1):
        found[f"of version {number} of those before"] = each.version_share
        if each.asked:
            found[f"of answers while version {number} was live"] = Fraction(each.harmful, each.asked)
    return found


def _counts_before(seen: Seen) -> dict[str, Fraction]:
    found = {}
    for number, each in enumerate(seen.earlier, start=1):
        until = f"until version {number} was replaced"
        found[f"answers {until}"] = Fraction(each.so_far)
        found[f"customers {until}"] = Fraction(each.sessions_so_far)
    return found


def _counts(seen: Seen) -> dict[str, Fraction]:
    """Every number that a count of answers or customers could mean: before, since the opening, or together."""
    found = {
        "answers since the opening": seen.harmful,
        "customers since the opening": seen.sessions,
    }
    if seen.before_answers is not None:
        found["answers before it"] = seen.before_answers
        found["answers in all"] = seen.before_answers + seen.harmful
    if seen.before_sessions is not None:
        found["customers before it"] = seen.before_sessions
        found["customers in all"] = seen.before_sessions + seen.sessions
    return {name: Fraction(count) for name, count in found.items()}


def _number(stated: Stated, true: dict[str, Fraction], *, points: Fraction) -> Checked:
    """Borne out by any figure it could mean; contradicted only if it is far from all of them.

    What is told of an earlier time is contradicted only if that time is one whose figures we have, or, of counts, if
    it is more than there has been until now.
    """
    said = stated.number or Fraction(0)
    fits = [name for name, value in true.items() if near(said, value, stated.bound, points)]
    bound = stated.bound
    if stated.when is not When.now and stated.kind is Kind.how_many:
        bound = "at least"  # only too many can be wrong: fewer may have been true then
    against = all(far(said, value, bound, points) for value in true.values())
    if stated.when is When.earlier and stated.kind is Kind.how_much:
        against = False
    standing = Standing.consistent if fits else Standing.contradicted if against else Standing.not_checkable
    right = any(near(said, value, "", points) for value in true.values())
    return Checked(stated, standing, f"Harmful at that moment: {_shown(stated, said, true)}.", right=right)


def _shown(stated: Stated, said: Fraction, true: Mapping[str, Fraction]) -> str:
    """The figures it could mean; of too many for a glance, those nearest to what is said."""
    nearest = sorted(true, key=lambda name: abs(true[name] - said))
    kept: set[str] = set()
    left = _MOST_SHOWN
    for name in nearest:
        left -= len(f"{_figure(true[name], stated.kind)} {name}, ")
        if left < 0:
            break
        kept.add(name)
    figures = [f"{_figure(value, stated.kind)} {name}" for name, value in true.items() if name in kept]
    return ", ".join(figures + ([f"and {len(true) - len(kept)} more"] if len(kept) < len(true) else []))


def _how_much(stated: Stated, seen: Seen) -> Checked:
    before = {} if stated.when is When.now else _shares_before(seen)
    return _number(stated, {**_shares(seen), **before}, points=NEAR_POINTS)


def _how_many(stated: Stated, seen: Seen) -> Checked:
    before = {} if stated.when is When.now else _counts_before(seen)
    counts = {name: each for name, each in {**_counts(seen), **before}.items() if name.startswith(_COUNTED[stated.of])}
    return _number(stated, counts, points=Fraction(1))


_CHECKS: Mapping[Kind, Callable[[Stated, Seen], Checked]] = {
    Kind.over: _over,
    Kind.deployed: _deployed,
    Kind.rolled_back: _rolled_back,
    Kind.nobody: _nobody,
    Kind.nobody_now: _nobody_now,
    Kind.unread: _unread,
    Kind.everybody: _everybody,
    Kind.how_much: _how_much,
    Kind.how_many: _how_many,
    Kind.lately: timed.lately,
}


def _figure(value: Fraction, kind: Kind) -> str:
    return _percent(value) if kind is Kind.how_much else str(value)


def _percent(share: Fraction) -> str:
    return f"{float(100 * share):.1f} %"


def as_json(checked: Checked, seen: Seen | None) -> JsonObject:
    """A claim as the mentor's page shows it, with the figures it was held against."""
    number = checked.stated.number
    return {
        "claim": checked.stated.kind,
        "sentence": checked.stated.sentence,
        "number": None if number is None else float(number),
        "bound": checked.stated.bound,
        "when": checked.stated.when,
        "standing": checked.standing,
        "why": checked.why,
        "telemetry": None
        if seen is None
        else {
            "asked": seen.asked,
            "harmful": seen.harmful,
            "customers_told_wrong": seen.sessions,
            "since_it_went_live": {"asked": seen.since_asked, "harmful": seen.since_harmful, "at": seen.since_at},
            "since_its_code_first_went_live": {
                "asked": seen.first_asked,
                "harmful": seen.first_harmful,
                "at": seen.first_at,
            },
            "last_15_minutes": {"asked": seen.recent_asked, "harmful": seen.recent_harmful},
            "deployment": seen.deployment,
            "harms_of_traffic": round(float(seen.version_share), 4),
            "clean": seen.clean,
            "before_opening": {"answers": seen.before_answers, "customers": seen.before_sessions},
            "versions_before": [
                {
                    "harms_of_traffic": round(float(each.version_share), 4),
                    "asked": each.asked,
                    "harmful": each.harmful,
                    "until_replaced": {"answers": each.so_far, "customers": each.sessions_so_far},
                }
                for each in seen.earlier
            ],
        },
    }
