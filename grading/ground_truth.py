"""What really happened in an attempt, by the platform's own record: the moments, the blast radius, the key events.

Plain values only. The incident has two clocks: what the learner was handed is stamped with the incident's own dates,
and the live window runs on the server's. They meet at the opening, `opened_at` of the truth being the moment of the
start; a `Moment` carries both.

What a pack may say in its truth for this, all of it optional, stamps by the incident's own dates: `deployed_at`,
`onset_at` (if the fault waited for something), `first_wrong_at`, `opened_at`; `wrong_answers_before_opening` and
`customers_told_wrong`; `key_events`, each ``{"id", "what", "at"}``, with ``"key": false`` for one that a timeline may
leave out, and ``"or_at"``, a list, for other moments that are as good. Elsewhere in the evidence `files`, `component`,
`failure_class`, `title` and `rivals` are read, `also_right` (classes that name the cause as well, by the class they
stand for), `people` (whom blame is looked for by name), and `mutant_kinds` (the kind of each wrong fix, by name).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exams.live.telemetry import Telemetry
    from sandboxes.sandbox import JsonObject


@dataclass(frozen=True)
class Moment:
    """When something happened, on the server's clock (`at`) and by the incident's own dates; and what says so."""

    at: datetime
    in_incident: datetime | None = None
    cites: tuple[JsonObject, ...] = ()
    source: str = "ledger"  # ledger | telemetry | truth


@dataclass(frozen=True)
class KeyEvent:
    """Something a timeline should tell (`key`), or may: `id` is stable, `what` is for people.

    `or_at` are moments, by the server's clock, at which it may be told as well: its words may mean those, too.
    """

    id: str
    what: str
    when: Moment
    key: bool = True
    or_at: tuple[datetime, ...] = ()


@dataclass(frozen=True)
class Harm:
    """A blast radius: harmful answers, and the conversations in which they were given; None where it is not known."""

    answers: int | None
    sessions: int | None


@dataclass(frozen=True)
class Act:
    """Something the learner did, or that was done in the room, as the ledger has it."""

    id: str
    what: str
    at: datetime
    cites: tuple[JsonObject, ...] = ()


@dataclass(frozen=True)
class Acts:
    """What the learner did that moves an incident on; None for what never came. `others` are borne out, not key."""

    detected: Act | None = None
    first_repro: Act | None = None
    confirmed: Act | None = None
    first_update: Act | None = None
    resolved: Act | None = None
    others: tuple[Act, ...] = ()
    deployments: Mapping[int, Act] = field(default_factory=dict)  # by number


@dataclass(frozen=True)
class GroundTruth:
    """The moments of the incident, each None if it never came; the blast radius; every event, in order.

    `deployed` is when the faulty release went live, `onset` when it began to do harm: it may have waited for something.
    """

    deployed: Moment | None
    onset: Moment | None
    first_harmful: Moment | None
    opened: Moment
    first_harmful_live: Moment | None
    detected: Moment | None
    first_repro: Moment | None
    confirmed: Moment | None
    mitigated: Moment | None
    fixed: Moment | None
    before: Harm
    live: Harm
    until_mitigation: Harm
    events: tuple[KeyEvent, ...]
    known_until: datetime | None

    @property
    def key_events(self) -> tuple[KeyEvent, ...]:
        """The events that a timeline should tell."""
        return tuple(each for each in self.events if each.key)

    @property
    def total(self) -> Harm:
        """The whole blast radius: before the opening and while live."""
        return Harm(
            _sum(self.before.answers, self.live.answers),
            _sum(self.before.sessions, self.live.sessions),
        )

    @property
    def latent(self) -> timedelta | None:
        """How long the harm lay hidden: from its onset to the opening."""
        return None if self.onset is None else self.opened.at - self.onset.at


def establish(*, truth: Mapping[str, Any], opened_at: datetime, told: Telemetry | None, acts: Acts) -> GroundTruth:
    """Put together what happened.

    Args:
        truth: what the pack says of the incident, in its own dates.
        opened_at: when the attempt was started.
        told: what customers got while live; None for an attempt from before that was measured.
        acts: what the ledger has.
    """
    clocks = Clocks.of(truth, opened_at)
    deployed = clocks.moment(truth.get("deployed_at"))
    onset = clocks.moment(truth.get("onset_at")) or deployed
    first = clocks.moment(truth.get("first_wrong_at"))
    opened = Moment(opened_at, clocks.in_incident(opened_at))
    live_first = _live(told.first_harmful_at if told else None, clocks)
    mitigated = _live(told.mitigated_at if told else None, clocks)
    fixed = _live(_fixed_at(told), clocks)
    moments: list[KeyEvent] = [
        *_event("deployed", "the faulty release went live", deployed),
        *_event("onset", "it began to do harm", onset if onset != deployed else None, key=False),
        *_event("first_harmful", "the first customer was told something wrong", first),
        *_event("opened", "the incident was opened", opened),
        *_event("detected", "the wrong answers were seen", clocks.act(acts.detected)),
        *_event("confirmed", "the cause was confirmed", clocks.act(acts.confirmed)),
        *_event("mitigated", "the harm to customers had ended", mitigated),
        *_event("first_update", "the first status update", clocks.act(acts.first_update), key=False),
        *_event("resolved", "it was said to be resolved", clocks.act(acts.resolved), key=False),
        *_event("first_harmful_live", "the first wrong answer after the opening", live_first, key=False),
    ]
    if fixed is not None and fixed != mitigated:
        moments += _event("fixed", "the fix went live", fixed)
    moments += _of_pack(truth, clocks, taken={each.id for each in moments})
    moments += [
        KeyEvent(each.id, each.what, found, key=False)
        for each in (*acts.deployments.values(), *acts.others)
        if (found := clocks.act(each)) is not None
    ]
    return GroundTruth(
        deployed=deployed,
        onset=onset,
        first_harmful=first,
        opened=opened,
        first_harmful_live=live_first,
        detected=clocks.act(acts.detected),
        first_repro=clocks.act(acts.first_repro),
        confirmed=clocks.act(acts.confirmed),
        mitigated=mitigated,
        fixed=fixed,
        before=Harm(_count(truth, "wrong_answers_before_opening"), _count(truth, "customers_told_wrong")),
        live=Harm(told.total.harmful, told.harmful_sessions) if told else Harm(None, None),
        until_mitigation=_until(told),
        events=tuple(sorted(moments, key=lambda each: (each.when.at, each.id))),
        known_until=told.until if told else None,
    )


def _of_pack(truth: Mapping[str, Any], clocks: Clocks, *, taken: set[str]) -> list[KeyEvent]:
    """The events that the pack adds to ours; of several with one id, the later ones are numbered."""
    found: list[KeyEvent] = []
    named: Counter[str] = Counter()
    for each in truth.get("key_events", []):
        when = clocks.moment(each.get("at")) if isinstance(each, dict) else None
        name = str(each.get("id", "")) if isinstance(each, dict) else ""
        if when is None or not name or name in taken:
            continue
        named[name] += 1
        unique = name if named[name] == 1 else f"{name}-{named[name]}"
        meant = (clocks.moment(stamped) for stamped in each.get("or_at", ()))
        or_at = tuple(moment.at for moment in meant if moment is not None)
        found.append(KeyEvent(unique, str(each.get("what", name)), when, bool(each.get("key", True)), or_at))
    return found


@dataclass(frozen=True)
class Clocks:
    """The server's clock and the incident's dates; `apart` is what is added to the latter, None if they never meet."""

    apart: timedelta | None

    @classmethod
    def of(cls, truth: Mapping[str, Any], opened_at: datetime) -> Clocks:
        """The clocks of an incident whose truth says when it was opened."""
        opened = moment_of(truth.get("opened_at"))
        return cls(None if opened is None else opened_at - opened)

    def moment(self, stamped: object) -> Moment | None:
        """A moment of the incident's own dates."""
        there = moment_of(stamped)
        if there is None or self.apart is None:
            return None
        return Moment(there + self.apart, there, source="truth")

    def in_incident(self, at: datetime) -> datetime | None:
        """A moment of the server's clock by the incident's dates."""
        return None if self.apart is None else at - self.apart

    def act(self, act: Act | None) -> Moment | None:
        """A moment the ledger has."""
        return None if act is None else Moment(act.at, self.in_incident(act.at), act.cites)


def moment_of(stamped: object) -> datetime | None:
    """A stamp of the incident's files, in UTC; None if it is none."""
    if isinstance(stamped, datetime):
        return stamped
    try:
        found = datetime.fromisoformat(str(stamped))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _live(at: datetime | None, clocks: Clocks) -> Moment | None:
    return None if at is None else Moment(at, clocks.in_incident(at), source="telemetry")


def _fixed_at(told: Telemetry | None) -> datetime | None:
    """When the first version of the learner's that ended the harm went live, and nothing harmful came after it."""
    found = None
    for stint in reversed(told.stints if told else ()):
        if not stint.clean:
            break
        if stint.release > 0:
            found = stint.begins_at
    return found


def _until(told: Telemetry | None) -> Harm:
    """The blast radius from the opening to the mitigation; of an incident that was not mitigated, all of it."""
    if told is None:
        return Harm(None, None)
    end = told.mitigated_at or told.until
    harmful = [each for each in told.answers if each.outcome.harmful and each.at < end]
    return Harm(len(harmful), len({each.session or each.number for each in harmful}))


def _event(name: str, what: str, when: Moment | None, *, key: bool = True) -> list[KeyEvent]:
    return [] if when is None else [KeyEvent(name, what, when, key)]


def _count(truth: Mapping[str, Any], name: str) -> int | None:
    found = truth.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _sum(*parts: int | None) -> int | None:
    known = [each for each in parts if each is not None]
    return sum(known) if known else None


def as_json(found: GroundTruth) -> JsonObject:
    """The ground truth as the mentor's page shows it, seconds counted from the opening."""

    def moment(one: Moment | None) -> JsonObject | None:
        return None if one is None else _moment(one, found.opened.at)

    return {
        **{name: moment(getattr(found, name)) for name in _MOMENTS},
        "latent_seconds": None if found.latent is None else found.latent.total_seconds(),
        "blast_radius": {
            name: {"answers": harm.answers, "sessions": harm.sessions}
            for name, harm in (
                ("before_opening", found.before),
                ("while_live", found.live),
                ("until_mitigation", found.until_mitigation),
                ("total", found.total),
            )
        },
        "known_until": found.known_until,
        "events": [
            {"id": each.id, "what": each.what, "key": each.key} | _moment(each.when, found.opened.at)
            for each in found.events
        ],
    }


_MOMENTS = (
    "deployed",
    "onset",
    "first_harmful",
    "opened",
    "first_harmful_live",
    "detected",
    "first_repro",
    "confirmed",
    "mitigated",
    "fixed",
)


def _moment(one: Moment, opened_at: datetime) -> JsonObject:
    return {
        "at": one.at,
        "in_incident": one.in_incident,
        "seconds_after_opening": (one.at - opened_at).total_seconds(),
        "known_from": one.source,
        "cites": list(one.cites),
    }
