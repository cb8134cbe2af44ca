"""What bots write: a post-mortem as the anchors ask for, and the kinds that should get less."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploy.bots.acts import Sight
    from deploy.bots.knowing import Case


def explanation(case: Case) -> str:
    """The cause, and why it is none of its rivals."""
    ruled_out = "\n".join(f"- not {rival}: {why}" for rival, why in case.truth["rivals"].items())
    return f"{case.truth['mechanism']}.\n\nRuled out by evidence:\n{ruled_out}"


def post_mortem(case: Case, sight: Sight) -> str:
    """Timeline, cause, blast radius and follow-ups as somebody writes them who has read the files and kept notes."""
    truth = case.truth
    owners = truth["people"]
    latent = case.stamp("opened_at") - case.stamp("onset_at")
    before = truth["wrong_answers_before_opening"]
    entries = [
        (case.stamp("deployed_at"), f"release {truth['release']} was deployed: {truth['commit']}"),
        (case.stamp("first_wrong_at"), "the first customer was told something wrong"),
        *((datetime.fromisoformat(each["at"]), each["what"]) for each in truth["key_events"]),
        (case.stamp("opened_at"), "the incident was opened"),
    ]
    live = sight.done
    own = [
        (live["told"], "first status update"),
        (live["asked"], "the wrong answers were reproduced on the running model"),
        (live["diagnosed"], "the root cause was confirmed with a minimal repro"),
        (live["live"], "the fix was live, and the harm had ended"),
        (live["resolved"], "told everybody that it is resolved"),
    ]
    due = sight.started_at + timedelta(days=14)
    before_opening = "\n".join(f"- {_stamp(at)}: {what}" for at, what in sorted(entries))
    since = "\n".join(f"- {_stamp(at)}: {what}" for at, what in sorted(own))
    return f"""## Timeline

Entries before the opening carry the dates of the incident's files, those after it the server's; times are UTC.

{before_opening}
{since}

## Root cause

The trigger: {truth["mechanism"]}. It came with release {truth["release"]}.

Where it shows: {truth["scope"]}

Two conditions of the system let it through: no test asked this kind of question, and no metric counts answers
that no approved document bears out. Complaints an hour, which had a threshold, were what told us at last.

The fault lay hidden for {_length(latent)}, from its first harm until the incident was opened.

## Blast radius

In all {before + sight.wrong} wrong answers were given: {before} before the opening, counted in traces.jsonl by
comparing each value with approved_facts.json, and {sight.wrong} while live, from the chart.

## Follow-ups

- Prevent: Add the regression test to the release gate. Owner: {owners[0]}. Due: {_day(due)}. \
Done when it blocks the release in CI.
- Detect: Alert on values that no approved document states. Owner: {owners[1]}. Due: {_day(due)}. \
Done when it pages within 10 minutes in a drill.
- Mitigate: Write the rollback into the runbook. Owner: {owners[2]}. Due: {_day(due)}. \
Done when a drill takes less than 5 minutes.
- Inform every customer who was told wrong. Owner: {owners[3]}. Due: {_day(due - timedelta(days=10))}. \
Done when at least 99 % have an answer.
"""


def symptom_restated(sight: Sight) -> str:
    """A short one that says again what customers said."""
    return "\n".join(
        [
            "## Timeline",
            "",
            f"- {_stamp(sight.done['told'])}: we looked at the complaint",
            f"- {_stamp(sight.done['live'])}: deployed the fix",
            "",
            "## Root cause",
            "",
            "The assistant told a customer something wrong.",
            "",
            "## Follow-ups",
            "",
            "- Be more careful with the assistant",
        ]
    )


def contained(sight: Sight) -> str:
    """One that tells when the assistant was silenced, and promises to look for the cause."""
    return "\n".join(
        [
            "## Timeline",
            "",
            f"- {_stamp(sight.started_at)}: the incident was opened",
            f"- {_stamp(sight.done['told'])}: first status update",
            f"- {_stamp(sight.done['live'])}: deployed a version that refuses every question",
            "",
            "## Root cause",
            "",
            "Not known. The model gave customers numbers that are not approved.",
            "",
            "## Follow-ups",
            "",
            "- Find the cause. Owner: the assistant's team",
            "- Switch the assistant on again",
        ]
    )


_THOUGHTS = (
    "Looking at the situation in its entirety, a picture emerges that has many facets and deserves to be seen whole.",
    "Style and tone are what customers meet first, so that any consideration has to begin and end with them.",
    "Several teams hold several views, each of which has merit in the context in which it came about.",
    "It is important to stay calm, to stay focused, and to keep in mind what matters to all of us in the long run.",
    "A holistic view of processes, tools and culture is the foundation on which further insight can rest.",
)


def at_length(begin: str, words: int) -> str:
    """`begin`, and then a great many words that say nothing."""
    said = [begin]
    count = len(begin.split())
    while count < words:
        thought = _THOUGHTS[len(said) % len(_THOUGHTS)]
        said.append(thought)
        count += len(thought.split())
    return " ".join(said)


def in_short(begin: str, words: int) -> str:  # noqa: ARG001 - the same question, answered in short
    """`begin` only."""
    return begin


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


def _length(of: timedelta) -> str:
    minutes = int(of.total_seconds()) // 60
    return f"{minutes // 60} h {minutes % 60} min"
