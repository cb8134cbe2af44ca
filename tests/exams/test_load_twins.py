"""Publishing twins from the terminal: what changes, and for whom, is said before it is done."""

from __future__ import annotations

import re
import shutil
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command

from exams import editions, twins
from exams.database_clock import database_now
from exams.models import Attempt, AttemptState, StockedIncident, StockState, TwinVersion, WaitingStart
from exams.packs import proof
from tests.attempts import NOON

if TYPE_CHECKING:
    from accounts.models import User
    from tests.people import Cast

pytestmark = pytest.mark.django_db

MOTHER, CHILD = "jt-incident-4", "demo-incident"
BAND = 'when = ["hotfix.handed_in"]'


@pytest.fixture
def content(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy of our own twins to edit; whether their pack is proved at present is another test's."""
    for slug in (MOTHER, CHILD):
        shutil.copytree(twins.CONTENT / slug, tmp_path / slug)
    monkeypatch.setattr(twins, "CONTENT", tmp_path)
    monkeypatch.setattr(twins, "slugs", lambda: [CHILD, MOTHER])
    monkeypatch.setattr(proof, "unproved", lambda *_: False)
    return tmp_path


class _Terminal(StringIO):
    """A place to print that somebody looks at."""

    def isatty(self) -> bool:
        return True


def _load(*arguments: str, out: StringIO | None = None, **options: Any) -> str:
    printed = out or StringIO()
    call_command("load_twins", "--demo", *arguments, stdout=printed, **options)
    return printed.getvalue()


def _edit_a_band(content: Path) -> None:
    """What the guide tells to do: change a figure of one band."""
    toml = content / MOTHER / "twin.toml"
    said = toml.read_text(encoding="utf-8")
    edited = re.sub(r"hotfix\.f >= 0\.95", "hotfix.f >= 0.93", said, count=1)
    assert edited != said
    toml.write_text(edited, encoding="utf-8")


def _attempt(learner: User, slug: str, state: AttemptState, number: int = 1) -> Attempt:
    version = twins.current(slug)
    assert version
    began = None if state == AttemptState.READY else NOON
    return Attempt.objects.create(
        learner=learner,
        twin=version,
        twin_slug=slug,
        number=number,
        state=state,
        incident_class="H1",
        incident_seed=number,
        started_at=began,
        closed_at=NOON + timedelta(hours=6) if state == AttemptState.CLOSED else None,
    )


def _editions() -> list[str]:
    return sorted(map(str, TwinVersion.objects.filter(retired_at=None)))


def test_a_band_that_is_edited_is_said_of_every_twin_that_has_it(content: Path) -> None:
    _load()
    _edit_a_band(content)
    said = _load("--preview").splitlines()
    (line,) = {each.strip() for each in said if "bands" in each}
    assert re.fullmatch(r"rubric.dimensions.hotfix_correctness.bands\[\d+\].when: (.*)", line)
    assert line.endswith('"hotfix.f >= 0.95" → "hotfix.f >= 0.93"')
    assert f"{CHILD}, which extends {MOTHER}: v1 → v2" in said
    assert f"{MOTHER}: v1 → v2" in said


def test_a_preview_publishes_nothing(content: Path) -> None:
    assert "v1, the first that is published" in _load("--preview")
    assert _editions() == []
    _load()
    _edit_a_band(content)
    assert _load("--preview").endswith("This was a preview: nothing was published.\n")
    assert _editions() == [f"{CHILD} v1", f"{MOTHER} v1"]


@pytest.mark.usefixtures("content")
def test_a_preview_of_what_is_published_says_that_nothing_would_change() -> None:
    _load()
    assert _load("--preview") == "Nothing would change.\n"


def test_with_nobody_at_the_terminal_it_says_what_changes_and_goes_on(content: Path) -> None:
    _load()
    _edit_a_band(content)
    said = _load()
    assert f"{MOTHER}: v1 → v2" in said
    assert said.index("v1 → v2") < said.index(f"{MOTHER} v2 published")
    assert _editions() == [f"{CHILD} v2", f"{MOTHER} v2"]


@pytest.mark.parametrize(("typed", "version"), [("yes", "v2"), ("no", "v1"), ("", "v1")])
def test_somebody_at_the_terminal_is_asked(
    content: Path, monkeypatch: pytest.MonkeyPatch, typed: str, version: str
) -> None:
    _load()
    _edit_a_band(content)
    monkeypatch.setattr(sys, "stdin", _Terminal())
    monkeypatch.setattr("builtins.input", lambda _: typed)
    if typed == "yes":
        _load(out=_Terminal())
    else:
        with pytest.raises(CommandError, match="Nothing was published"):
            _load(out=_Terminal())
    assert _editions() == [f"{CHILD} {version}", f"{MOTHER} {version}"]


def test_nobody_is_asked_who_says_so_or_who_changes_nothing(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", _Terminal())
    monkeypatch.setattr("builtins.input", lambda _: pytest.fail("asked"))
    _load(out=_Terminal())  # the first edition concerns nobody
    _load(out=_Terminal())
    _edit_a_band(content)
    _load("--noinput", out=_Terminal())
    assert _editions() == [f"{CHILD} v2", f"{MOTHER} v2"]


def test_what_make_up_calls_tells_only_what_changes(content: Path) -> None:
    assert _load("--noinput", verbosity=0) == f"{CHILD} v1 published\n{MOTHER} v1 published\n"
    assert _load("--noinput", verbosity=0) == ""
    _edit_a_band(content)
    assert "whoever starts" in _load("--noinput", verbosity=0)


def test_it_is_said_how_many_keep_their_edition_and_how_many_get_the_new_one(content: Path, cast: Cast) -> None:
    _load()
    _attempt(cast.learner, MOTHER, AttemptState.CLOSED)
    _attempt(cast.learner, MOTHER, AttemptState.LIVE, 2)
    _attempt(cast.other_learner, MOTHER, AttemptState.CLOSED)
    _attempt(cast.other_learner, MOTHER, AttemptState.READY, 2)
    version = twins.current(MOTHER)
    assert version
    WaitingStart.objects.create(learner=cast.learner, twin=version, since=NOON, asked_at=NOON)
    StockedIncident.objects.create(
        twin=version,
        pack_sha256="",
        incident_class="H1",
        incident_seed=9,
        state=StockState.READY,
        **dict.fromkeys(("claimed_at", "leased_until", "ready_at"), NOON),
        handed_out=b"",
        approved_facts=b"",
        truth={},
        repository=b"",
    )
    _edit_a_band(content)
    mothers = _load("--preview").split(f"\n{MOTHER}: ")[1]
    assert mothers.splitlines()[2:5] == [
        "  attempts that keep their edition: 1 live, 2 handed in",
        "  v2 is for whoever starts from now on: 1 prepared and not begun, 1 waiting to start, 1 who may sit it again",
        "  incidents in the stock that are drawn anew: 1",
    ]


def test_of_a_twin_that_nobody_sat_no_attempts_are_told(content: Path, cast: Cast) -> None:
    _load()
    _attempt(cast.learner, MOTHER, AttemptState.LIVE)
    _edit_a_band(content)
    assert "keep their edition" not in _load("--preview").split(f"\n{MOTHER}: ")[0]


def test_going_back_to_an_earlier_edition_is_said_so(content: Path, cast: Cast) -> None:
    before = (content / MOTHER / "twin.toml").read_text(encoding="utf-8")
    _load()
    _attempt(cast.learner, MOTHER, AttemptState.LIVE)
    _edit_a_band(content)
    _load()
    (content / MOTHER / "twin.toml").write_text(before, encoding="utf-8")
    said = _load()
    assert f"{MOTHER}: v2 → v1, published before" in said
    assert f"{MOTHER} v1 back in force" in said
    assert "keep their edition" not in said  # the attempt has the very edition that comes back


def test_of_many_differences_the_first_are_shown_and_all_when_asked(content: Path) -> None:
    _load()
    toml = content / MOTHER / "twin.toml"
    said = toml.read_text(encoding="utf-8")
    toml.write_text(re.sub(r"(?m)^tests = \"", 'tests = "Now: ', said).replace('title = "', 'title = "New '), "utf-8")
    assert "more differences (all with --verbosity 2)" in _load("--preview")
    assert "more differences" not in _load("--preview", verbosity=2)


def test_the_change_is_counted_by_what_was_read_not_by_what_is_published(content: Path) -> None:
    _load()
    change = editions.change(twins.read(content / MOTHER) | {"title": "Another"})
    assert (change.before, change.after, change.differs) == (1, 2, ('title: "Live incident response" → "Another"',))
    version, new = twins.publish(twins.read(content / MOTHER) | {"title": "Another"}, now=database_now())
    assert (version.version, new) == (change.after, True)
