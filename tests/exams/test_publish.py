"""Publishing twins: the same content is the same version, and what was published is never edited."""

from __future__ import annotations

import shutil
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from pytest_django import Settings

from exams import twins
from exams.database_clock import database_now
from exams.models import TwinVersion
from tests.attempts import NOON, definition, live_attempt, published_twin
from tests.people import Cast

pytestmark = pytest.mark.django_db


def _load(*arguments: str) -> str:
    out = StringIO()
    call_command("load_twins", *arguments, stdout=out)
    return out.getvalue()


def test_loading_twice_publishes_once() -> None:
    assert _load() == "jt-incident-4 v1 published\n"
    assert _load() == "jt-incident-4 v1 unchanged\n"
    assert TwinVersion.objects.count() == 1


def test_demo_twins_are_loaded_only_when_asked_for(settings: Settings) -> None:
    assert "demo-incident" not in _load()
    assert "demo-incident v1 published" in _load("--demo")
    settings.HOTSEAT_DEMO = True
    assert "demo-incident v1 unchanged" in _load()


def test_changed_content_is_a_new_version_and_attempts_keep_theirs(cast: Cast) -> None:
    attempt = live_attempt(cast.learner)
    second, new = twins.publish(definition(title="Changed"), now=NOON)
    assert new
    assert (second.version, attempt.twin.version) == (2, 1)
    assert twins.current("jt-incident-4") == second
    attempt.refresh_from_db()
    assert twins.Twin.from_json(attempt.twin.definition).title == "Live incident response"


def test_going_back_to_earlier_content_brings_back_its_version() -> None:
    first = published_twin()
    twins.publish(definition(title="Changed"), now=NOON)
    again, new = twins.publish(definition(), now=NOON)
    assert (again, new) == (first, False)
    assert twins.current("jt-incident-4") == first
    assert TwinVersion.objects.filter(retired_at=None).count() == 1


def test_the_database_refuses_to_edit_a_published_version() -> None:
    version = published_twin()
    version.definition = version.definition | {"title": "Quietly changed"}
    with pytest.raises(IntegrityError, match="never edited"), transaction.atomic():
        version.save()


def test_what_is_published_with_a_version_is_told_each_time() -> None:
    told: list[tuple[int, str]] = []
    hooks = twins.on_published
    hooks.append(lambda version, twin: told.append((version.version, twin.slug)))
    try:
        published_twin()
        published_twin()
    finally:
        hooks.pop()
    assert told == [(1, "jt-incident-4"), (1, "jt-incident-4")]


def test_a_published_rubric_is_there_for_mentors() -> None:
    version, _ = twins.publish(definition(), now=database_now())
    assert version.rubric.dimensions.count() == 5
    assert version.skills_on_offer.count() == 2


def test_a_twin_that_nobody_could_start_is_not_published(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = Path(__file__).parent / "twins" / "telco-postmortem"
    shutil.copytree(source, tmp_path / source.name)
    monkeypatch.setattr(twins, "CONTENT", tmp_path)
    monkeypatch.setattr(twins, "slugs", lambda: [source.name])
    with pytest.raises(CommandError, match="telco-postmortem: a twin without an incident pack"):
        _load()
    assert twins.current(source.name) is None
