"""What entries of a timeline speak of, in the words of people who write them; and what they only seem to speak of."""

from __future__ import annotations

import pytest

from grading.postmortem import speaking, timeline

ENTRIES = [
    ("16:30 release r76 was deployed: Shorten the cache key", "release"),
    ("16:30 r76 went live", "release"),
    ("- 16:30 r76", "release"),
    ("2026-03-04 16:30 UTC | faulty release rolled out by the nightly job", "release"),
    ("T-15h30 the change to the retriever is merged and goes to prod", "release"),
    ("16:42 first wrong answer (Ridge Gold, late fee)", "harm"),
    ("16:42 Ridge Gold customer told 39 USD instead of 49 USD", "harm"),
    ("4 March 16:42 - harm began", "harm"),
    ("16:42 the first customer was misled, and nobody noticed", "harm"),
    ("16:42 the first wrong answer was not noticed by anyone", "harm"),
    ("06:10 a customer writes that her fee is not what she was told", "complaint"),
    ("06:10 first complaint", "complaint"),
    ("06:10 support heard from somebody in Leeds", "complaint"),
    ("07:20 complaints-per-hour alert fires", "alert complaint"),
    ("07:20 alarm", "alert"),
    ("07:20 the threshold was crossed for the first time", "alert"),
    ("09:00 page", "alert opened"),
    ("09:00 incident opened", "opened"),
    ("09:00 I take over from Kim as on-call", "opened"),
    ("09:01 SEV-2 declared", "opened"),
    ("09:07 reproduced with two questions", "seen"),
    ("09:07 repro", "seen"),
    ("09:07 I can reproduce the problem", "seen"),
    ("16:30 the bad change goes out", "release"),
    ("09:07 we saw the wrong fee ourselves", "seen harm"),
    ("09:07 noticed that answers contradict the approved facts", "seen"),
    ("09:21 root cause confirmed", "cause"),
    ("09:21 RC: product key lost its tier", "cause"),
    ("09:21 bisected to r76", "cause"),
    ("09:21 traced it back to the retriever", "cause"),
    ("09:21 found the faulty line in retriever.py", "seen cause"),
    ("09:21 the culprit is the new default", "cause"),
    ("09:21 confirmed", "seen cause"),
    ("09:15 we identified it", "seen cause"),
    ("09:04 first status update", "update"),
    ("09:04 wrote to support and compliance", "update"),
    ("09:04 told the support desk what is going on", "update"),
    ("09:04 update #1 posted", "update"),
    ("14:02 rolled back to 3f2a", "fix"),
    ("09:41 fix live", "fix release"),
    ("09:41 hotfix deployed; no more wrong answers", "fix release"),
    ("09:41 harm ended", "fix"),
    ("09:41 switched the assistant off", "fix"),
    ("09:41 customers get the right answers again", "fix"),
    ("09:45 resolved", "resolved"),
    ("09:45 all clear", "resolved"),
    ("09:45 stood down, back to normal", "resolved"),
    ("09:30 Greta asked for one line", "asked"),
    ("09:50 handed in", "handed_in"),
    ("* 2026-11-21T09:04:00Z status_update.posted", "update"),
    ("* 2026-11-21T09:00:00Z attempt.started", "opened"),
]
NOTHING = [
    "09:10 root cause still unknown",
    "09:10 no root cause yet",
    "09:10 looking for the cause in retriever.py",
    "09:10 read the diff of r76",
    "09:10 started on a fix",
    "09:10 working on the hotfix",
    "09:10 the rollback failed",
    "09:10 about to deploy",
    "09:10 waiting for the release",
    "09:10 not resolved",
    "09:10 could not reproduce",
    "09:10 nobody can reproduce it",
    "09:10 trying to reproduce it",
    "09:10 the alert did not fire",
    "09:10 no complaints so far",
    "09:10 next update in 15 minutes",
    "09:10 found the log file",
    "09:10 opened the repository",
    "09:10 planned the rollback",
    "09:10 coffee",
    "09:10 a thought about caches",
    "09:10 suspected cause",
]


@pytest.mark.parametrize(("line", "kinds"), ENTRIES)
def test_an_entry_speaks_of_what_happened(line: str, kinds: str) -> None:
    (entry,) = timeline.entries(line)
    assert speaking.said(entry.words).kinds == set(kinds.split())


@pytest.mark.parametrize("line", NOTHING)
def test_what_is_denied_planned_or_not_yet_done_is_not_told(line: str) -> None:
    (entry,) = timeline.entries(line)
    assert speaking.said(entry.words).kinds == set()


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("the release was deployed, and customers were told wrong fees", ["release", "harm"]),
        ("alert fires; I take over", ["alert", "opened"]),
        ("fix live. First update posted", ["fix release", "update"]),
        ("root cause confirmed: the release that was deployed told wrong fees", ["cause"]),  # the rest explains it
        ("fix live (release r78, told support)", ["fix release"]),
        ("after the alert we reproduced it", ["seen"]),
        ("customers and staff were told wrong fees", ["harm"]),
    ],
)
def test_a_sentence_says_one_thing_and_two_if_it_joins_them(words: str, parts: list[str]) -> None:
    assert [part.kinds for part in speaking.said(words).parts if part.kinds] == [set(part.split()) for part in parts]


@pytest.mark.parametrize(
    "words",
    [
        "deployed first wrong answer complaint alert opened reproduced root cause fix live update resolved",
        "deployed, wrong answers, complaint, alert",
        "deployed and complaint and alert and root cause and update",
        "update; fix live; reproduced; first wrong answer; complaint",
    ],
)
def test_a_list_of_words_is_no_entry(words: str) -> None:
    assert speaking.said(words).listed
