"""The stock: drawn ahead by workers, taken once, never stale, never told to a learner."""

from __future__ import annotations

import inspect
import json
import secrets
import threading
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connections, transaction

import exams.api.urls
import grading.api.urls
import rubrics.api.urls
from accounts.models import Role, User
from exams import incident, ledger, packs, queries, start, stock, tasks, twins, wanted
from exams.database_clock import database_now
from exams.models import Attempt, AttemptState, StockedIncident, StockState, TwinVersion
from exams.packs import Spec, hashing
from exams.void import void
from sandboxes import repository
from sandboxes.ingest.tree import Tree
from tests.attempts import NOON, SLUG, definition, published_twin
from tests.packs import PACK, SmallPack
from tests.people import Cast, client_of, standing_cast

if TYPE_CHECKING:
    from pytest_django import Settings

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_repositories")]

START = f"/api/v1/twins/{SLUG}/start/"


@pytest.fixture
def draws(monkeypatch: pytest.MonkeyPatch) -> list[Spec]:
    """Every incident whose history is drawn from here on: the slow part, whoever does it."""
    drawn: list[Spec] = []
    history = SmallPack.history

    def counted(pack: SmallPack, spec: Spec) -> Any:
        drawn.append(spec)
        return history(pack, spec)

    monkeypatch.setattr(SmallPack, "history", counted)
    return drawn


def fill(number: int, *, now: datetime = NOON) -> list[StockedIncident]:
    """A stock of that many of every published twin."""
    while stock.draw_next(at_least=number, now=now) == stock.Outcome.DRAWN:
        pass
    return list(ready())


def ready() -> Any:
    return StockedIncident.objects.filter(state=StockState.READY)


def press(learner: User) -> Attempt:
    waiting = start.prepare(learner=learner, slug=SLUG, now=database_now())
    return start.begin(learner=learner, attempt_id=waiting.pk, now=database_now())


def together(number: int, act: Callable[[int], object]) -> list[object]:
    """What `number` threads answered or raised who all do it at the same instant."""
    barrier, answers = threading.Barrier(number), []

    def one(which: int) -> None:
        barrier.wait()
        try:
            answers.append(act(which))
        except Exception as refused:  # noqa: BLE001 - the test looks at what it was
            answers.append(refused)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=(which,)) for which in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


# --- Taking ----------------------------------------------------------------------------------------------------------


def test_a_start_takes_what_was_drawn_ahead_and_draws_nothing(cast: Cast, draws: list[Spec]) -> None:
    published_twin()
    there = {row.spec for row in fill(2)}
    draws.clear()
    attempt = press(cast.learner)
    assert draws == []
    drawn = Spec(attempt.incident_class, attempt.incident_seed)
    assert drawn in there
    row = StockedIncident.objects.get(taken_by=attempt)
    assert (row.state, row.spec) == (StockState.TAKEN, drawn)
    assert incident.base_tree(attempt) == PACK.base(drawn)
    assert incident.facts(attempt) == PACK.facts(drawn)
    assert incident.truth(attempt) == PACK.truth(drawn)
    assert incident.brief(attempt) == attempt.brief == PACK.brief(drawn).to_json()
    assert attempt.state == AttemptState.LIVE
    assert ledger.verify(attempt.pk) is None
    prepared = attempt.events.get(kind="attempt.prepared")
    assert prepared.payload.items() >= drawn.to_json().items()
    assert not prepared.visible_to_learner


def test_the_repository_from_the_stock_is_the_one_that_would_be_made(cast: Cast, tmp_path: Path) -> None:
    published_twin()
    fill(2)
    attempt = press(cast.learner)
    path = queries.repository_path(attempt)
    commits = PACK.history(Spec(attempt.incident_class, attempt.incident_seed))
    assert repository.head(path) == repository.create(tmp_path / "made.git", commits=commits)
    assert repository.read_tree(path, repository.head(path)) == incident.base_tree(attempt)


@pytest.mark.django_db(transaction=True)
def test_twenty_who_start_at_once_get_twenty_incidents_and_nothing_is_drawn(draws: list[Spec]) -> None:
    published_twin()
    fill(20)
    learners = [User.objects.create_user(f"l{n}@learn.example", role=Role.LEARNER) for n in range(20)]
    draws.clear()
    answers = together(20, lambda which: press(learners[which]))
    assert [each for each in answers if not isinstance(each, Attempt)] == []
    assert draws == []
    taken = StockedIncident.objects.filter(state=StockState.TAKEN)
    assert taken.values("taken_by").distinct().count() == taken.count() == 20
    assert not ready().exists()
    assert Attempt.objects.values("incident_seed").distinct().count() == 20
    assert all(ledger.verify(attempt.pk) is None for attempt in Attempt.objects.all())


@pytest.mark.django_db(transaction=True)
def test_ten_tabs_take_one_incident(draws: list[Spec]) -> None:
    learner = standing_cast().learner
    published_twin()
    fill(4)
    draws.clear()
    answers = together(10, lambda _: press(learner))
    assert Counter(type(each) for each in answers) == {Attempt: 1, start.AlreadyLive: 9}
    assert draws == []
    attempt = Attempt.objects.get()
    assert attempt.handed_out_id is not None
    assert repository.head(queries.repository_path(attempt))
    assert ready().count() == 3


def test_a_crash_after_taking_is_taken_up_by_the_next_start(
    cast: Cast, draws: list[Spec], monkeypatch: pytest.MonkeyPatch
) -> None:
    published_twin()
    fill(2)
    draws.clear()
    with monkeypatch.context() as crashing:
        crashing.setattr(repository, "unpack", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            start.prepare(learner=cast.learner, slug=SLUG, now=NOON)
    stock.sweep(now=database_now())
    attempt = press(cast.learner)
    assert draws == []
    assert StockedIncident.objects.filter(state=StockState.TAKEN).get().taken_by == attempt
    assert repository.head(queries.repository_path(attempt))


def test_a_start_that_fails_takes_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    published_twin()
    fill(2)
    with monkeypatch.context() as broken:
        broken.setattr(ledger, "append", lambda **_: (_ for _ in ()).throw(MemoryError))
        with pytest.raises(MemoryError):
            start.prepare(learner=cast.learner, slug=SLUG, now=NOON)
    assert ready().count() == 2


def test_the_class_is_drawn_by_lot_among_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    version = published_twin()
    fill(6)
    offered: list[list[str]] = []

    def lot(which: int) -> Callable[[list[str]], str]:
        def drawn(classes: list[str]) -> str:
            offered.append(classes)
            return classes[which]

        return drawn

    for which, expected in ((0, "T1"), (-1, "T2")):
        monkeypatch.setattr(secrets, "choice", lot(which))
        with transaction.atomic():
            taken = stock.take(version=version, avoid=())
        assert taken is not None
        assert taken.incident_class == expected
    assert offered == [["T1", "T2"], ["T1", "T2"]]


# --- A second attempt ------------------------------------------------------------------------------------------------


def test_a_re_attempt_takes_another_class_and_never_the_same_incident(cast: Cast, draws: list[Spec]) -> None:
    published_twin()
    fill(4)
    draws.clear()
    seen = []
    for _ in range(4):
        attempt = press(cast.learner)
        seen.append((attempt.incident_class, attempt.incident_seed))
        void(attempt_id=attempt.pk, actor=cast.admin, reason="Again.", now=NOON)
    assert draws == []
    assert len(set(seen)) == 4
    assert {seen[0][0], seen[1][0]} == {"T1", "T2"}, "another class while there is one"


def test_a_re_attempt_that_nothing_fits_waits_for_its_own_and_leaves_the_stock(cast: Cast, draws: list[Spec]) -> None:
    published_twin()
    fill(4)
    first = press(cast.learner)
    void(attempt_id=first.pk, actor=cast.admin, reason="Again.", now=NOON)
    StockedIncident.objects.filter(state=StockState.READY).exclude(incident_class=first.incident_class).delete()
    assert ready().count() == 1, "one is left, of the class that was seen"
    draws.clear()
    with pytest.raises(start.IncidentBeingPrepared):
        press(cast.learner)
    assert draws == []
    tasks.fill_stock()
    assert len(draws) == 1
    second = press(cast.learner)
    assert second.incident_class != first.incident_class
    assert ready().count() == 1


@pytest.mark.parametrize("dotted", ["exams.packs.small", "exams.packs.hallucination"])
def test_what_fits_is_what_the_pack_itself_would_draw(dotted: str) -> None:
    pack = packs.load(dotted)
    for seed in range(40):
        own = pack.draw(seed=seed, avoid=())
        for other_seed in range(100, 140, 7):
            seen = pack.draw(seed=other_seed, avoid=())
            avoid = {seen.key}
            fitting = wanted.fits(pack, own, avoid)
            assert not (fitting and own.failure_class == seen.failure_class)
            if fitting:
                others = set(pack.classes) - {own.failure_class}
                assert pack.draw(seed=own.seed, avoid=avoid | others) == own
        assert wanted.fits(pack, own, ())
        assert not wanted.fits(pack, own, set(pack.classes))


def test_two_of_a_class_always_hold_one_for_whoever_has_seen_one_trade() -> None:
    """The stock keeps those of one class apart, so a re-attempt is served although its names must be new as well."""
    pack = packs.load("exams.packs.hallucination")
    version = published_twin(pack="exams.packs.hallucination")
    for _ in range(2 * len(pack.classes)):
        claimed = stock._claim(version, at_least=2 * len(pack.classes), now=NOON)
        assert claimed is not None
    specs = [row.spec for row in StockedIncident.objects.all()]
    assert Counter(spec.failure_class for spec in specs) == dict.fromkeys(pack.classes, 2)
    for seed in range(60):
        seen = pack.draw(seed=seed, avoid=())
        assert any(wanted.fits(pack, spec, {seen.key}) for spec in specs)


# --- Once, ever ------------------------------------------------------------------------------------------------------


def test_the_database_gives_an_incident_to_one_attempt_for_ever(cast: Cast) -> None:
    published_twin()
    fill(2)
    mine, other = press(cast.learner), press(cast.other_learner)
    taken = StockedIncident.objects.filter(taken_by=mine)
    for change in ({"taken_by": other}, {"taken_by": None, "state": StockState.READY}, {"incident_seed": 1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            taken.update(**change)
    with pytest.raises(IntegrityError, match="stays taken"), transaction.atomic():
        StockedIncident.objects.filter(taken_by=mine)._raw_delete("default")


def test_the_database_refuses_an_attempt_about_something_else(cast: Cast) -> None:
    published_twin()
    fill(4)
    attempt = press(cast.learner)
    with pytest.raises(IntegrityError, match="that very incident"), transaction.atomic():
        ready().filter(pk=ready().first().pk).update(state=StockState.TAKEN, taken_by=attempt)


def test_the_database_keeps_half_an_incident_from_being_ready() -> None:
    version = published_twin()
    stock._claim(version, at_least=2, now=NOON)
    with pytest.raises(IntegrityError, match="ready_is_whole"), transaction.atomic():
        StockedIncident.objects.update(state=StockState.READY, ready_at=NOON)


# --- Filling ---------------------------------------------------------------------------------------------------------


def test_each_class_is_kept_in_stock_and_full_is_full() -> None:
    published_twin()
    assert Counter(row.incident_class for row in fill(5)) == {"T1": 3, "T2": 3}
    assert stock.draw_next(at_least=5, now=NOON) == stock.Outcome.FULL
    assert stock.draw_next(at_least=0, now=NOON) == stock.Outcome.FULL


@pytest.mark.django_db(transaction=True)
def test_workers_who_fill_at_once_draw_no_more_than_is_missing(draws: list[Spec]) -> None:
    published_twin()
    outcomes = together(6, lambda _: stock.draw_next(at_least=4, now=NOON))
    assert Counter(outcomes) == {stock.Outcome.DRAWN: 4, stock.Outcome.FULL: 2}
    assert Counter(row.incident_class for row in ready()) == {"T1": 2, "T2": 2}
    assert len(draws) == 4


def test_a_crash_between_claim_and_fill_is_done_again_when_its_lease_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    version = published_twin()
    with monkeypatch.context() as crashing:
        crashing.setattr(incident, "make", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            stock.draw_next(at_least=2, now=NOON)
    assert len(fill(2)) == 1, "the claim counts while its worker may still be drawing"
    with transaction.atomic():
        taken = stock.take(version=version, avoid=())
    assert taken is not None
    assert taken.state == StockState.READY
    assert stock.sweep(now=NOON + stock.LEASE - timedelta(microseconds=1)) == 0
    assert stock.sweep(now=NOON + stock.LEASE) == 1
    assert len(fill(2)) == 2


def test_who_comes_back_after_the_lease_fills_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    published_twin()
    make = incident.make

    def slow(pack: packs.Pack, spec: Spec) -> incident.Material:
        stock.sweep(now=NOON + stock.LEASE)
        return make(pack, spec)

    monkeypatch.setattr(incident, "make", slow)
    stock.draw_next(at_least=2, now=NOON)
    assert not StockedIncident.objects.exists()


def test_a_fault_of_the_pack_is_shown_before_a_learner_meets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    published_twin()
    base = SmallPack.base

    def broken(pack: SmallPack, spec: Spec) -> Tree:
        if spec.failure_class == "T2":
            raise ArithmeticError("the world has no products")
        return base(pack, spec)

    monkeypatch.setattr(SmallPack, "base", broken)
    now = database_now()
    outcomes = [stock.draw_next(at_least=4, now=now) for _ in range(8)]
    assert Counter(outcomes) == {stock.Outcome.DRAWN: 2, stock.Outcome.FAILED: 3, stock.Outcome.FULL: 3}
    said = StringIO()
    with pytest.raises(CommandError, match="Fewer than 4 are ready for jt-incident-4"):
        call_command("stock", "--fill", "4", stdout=said)
    assert said.getvalue().splitlines() == [
        "jt-incident-4 T1: 2 ready, 0 being drawn",
        "jt-incident-4 T2: 0 ready, 0 being drawn, 3 failed; the last one: ArithmeticError: the world has no products",
    ]
    assert stock.draw_next(at_least=4, now=now + wanted.COOLING) == stock.Outcome.FAILED, "tried again later"
    stock.sweep(now=now + wanted.COOLING + stock.FAILURES_KEPT)
    assert not StockedIncident.objects.filter(state=StockState.FAILED).exists()


def test_a_pack_that_cannot_be_loaded_keeps_no_other_twin_from_its_stock(caplog: pytest.LogCaptureFixture) -> None:
    published_twin()
    twins.publish(definition(slug="another-incident", pack="exams.packs.nowhere"), now=NOON)
    said = StringIO()
    with pytest.raises(CommandError, match="ready for another-incident:"):
        call_command("stock", "--fill", "2", stdout=said)
    assert "another-incident (its pack cannot be loaded): 0 ready" in said.getvalue()
    assert "NoSuchPack: 'exams.packs.nowhere' cannot be imported" in said.getvalue()
    assert stock.ready_by_twin() == {SLUG: 2, "another-incident": 0}
    assert "nothing can be drawn for it" in caplog.text


def test_a_pack_without_a_specification_claims_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    published_twin()

    def nothing(*_: object, **__: object) -> Spec:
        raise ArithmeticError("no trade is left")

    monkeypatch.setattr(SmallPack, "draw", nothing)
    assert stock.draw_next(at_least=2, now=NOON) == stock.Outcome.FULL
    assert "has no specification for a class" in caplog.text
    assert not StockedIncident.objects.exists()


# --- Stale -----------------------------------------------------------------------------------------------------------


def test_what_other_code_drew_is_neither_served_nor_kept(
    cast: Cast, draws: list[Spec], monkeypatch: pytest.MonkeyPatch
) -> None:
    published_twin()
    fill(2)
    monkeypatch.setattr(packs, "fingerprint", lambda _: "f" * 64)
    draws.clear()
    with pytest.raises(start.IncidentBeingPrepared):
        press(cast.learner)
    assert draws == []
    assert stock.ready_by_twin() == {SLUG: 0}
    assert stock.sweep(now=NOON) == 2
    assert len(fill(2)) == 2


def test_an_older_version_and_a_retired_twin_keep_no_stock(cast: Cast, draws: list[Spec]) -> None:
    published_twin()
    fill(2)
    twins.publish(definition(title="Changed"), now=NOON)
    draws.clear()
    with pytest.raises(start.IncidentBeingPrepared):
        press(cast.learner)
    assert draws == []
    assert stock.sweep(now=NOON) == 2
    assert len(fill(2)) == 2
    TwinVersion.objects.update(retired_at=NOON)
    assert stock.draw_next(at_least=2, now=NOON) == stock.Outcome.FULL
    stock.sweep(now=NOON)
    assert not StockedIncident.objects.exists()


def test_what_was_taken_is_swept_of_its_bytes_and_the_attempt_keeps_its_own(cast: Cast) -> None:
    published_twin()
    fill(2)
    waiting = start.prepare(learner=cast.learner, slug=SLUG, now=NOON)
    stock.sweep(now=NOON)
    assert stock.repository_of(waiting) is not None, "it may still be needed"
    attempt = start.begin(learner=cast.learner, attempt_id=waiting.pk, now=NOON)
    stock.sweep(now=NOON)
    row = StockedIncident.objects.get(taken_by=attempt)
    assert (row.handed_out, row.approved_facts, row.repository, row.truth, row.brief) == (None,) * 5
    assert incident.brief(attempt) == PACK.brief(row.spec).to_json()
    assert incident.truth(attempt)["failure_class"] == attempt.incident_class
    assert incident.base_tree(attempt) == PACK.base(row.spec)


def test_a_fingerprint_follows_the_code_wherever_the_pack_lies() -> None:
    small, large = packs.fingerprint("exams.packs.small"), packs.fingerprint("exams.packs.hallucination")
    assert small != large
    packs.fingerprint.cache_clear()
    assert packs.fingerprint("exams.packs.small") == small
    with pytest.raises(packs.NoSuchPack):
        packs.fingerprint("exams.packs.nowhere")


def test_a_fingerprint_changes_with_a_line_of_the_pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "a_pack_elsewhere.py"
    monkeypatch.syspath_prepend(tmp_path)
    found = []
    for line in ("PACK = 1\n", "PACK = 2\n"):
        module.write_text(line)
        packs.fingerprint.cache_clear()
        found.append(packs.fingerprint("a_pack_elsewhere"))
    packs.fingerprint.cache_clear()
    assert found[0] != found[1]


def test_a_fingerprint_changes_with_every_line_that_writes_trees_and_repositories(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[bytes] = []

    def covered(contents: dict[str, bytes]) -> str:
        seen.extend(contents.values())
        return ""

    monkeypatch.setattr(hashing, "sha256_of", covered)
    packs.fingerprint.cache_clear()
    packs.fingerprint("exams.packs.small")
    packs.fingerprint.cache_clear()
    for writes in (repository.create, repository.packed, repository.environment, Tree.to_tar):
        assert Path(inspect.getfile(writes)).read_bytes() in seen, writes


def test_a_recorded_proof_makes_no_stock_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a_pack_with_a_proof"
    folder.mkdir()
    (folder / "__init__.py").write_text("PACK = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = []
    for name in ("__init__.py", "proof.json", "names.txt"):
        (folder / name).write_text("PACK = 1\n")
        packs.fingerprint.cache_clear()
        found.append(packs.fingerprint(folder.name))
    packs.fingerprint.cache_clear()
    assert found[0] == found[1] != found[2]


# --- Doorways --------------------------------------------------------------------------------------------------------


def test_the_task_draws_one_and_rings_for_the_next_until_it_is_full(rung: list[str], settings: Settings) -> None:
    published_twin()
    settings.HOTSEAT_STOCK = 2
    for drawn in (1, 2):
        tasks.fill_stock()
        assert (ready().count(), len(rung)) == (drawn, drawn)
    tasks.fill_stock()
    assert (ready().count(), len(rung)) == (2, 2)
    assert set(rung) == {"exams.tasks.fill_stock"}


def test_the_command_fills_one_twin_and_shows_the_stock() -> None:
    published_twin()
    twins.publish(definition(slug="another-incident"), now=NOON)
    said = StringIO()
    call_command("stock", "--twin", SLUG, "--fill", "4", stdout=said)
    assert stock.ready_by_twin() == {SLUG: 4, "another-incident": 0}
    assert said.getvalue().splitlines()[-2:] == [
        "jt-incident-4 T1: 2 ready, 0 being drawn",
        "jt-incident-4 T2: 2 ready, 0 being drawn",
    ]
    with pytest.raises(CommandError, match="no twin 'nowhere'"):
        call_command("stock", "--twin", "nowhere")


def test_publishing_and_looking_draw_nothing(draws: list[Spec]) -> None:
    published_twin()
    call_command("load_twins", stdout=StringIO())
    call_command("stock", stdout=StringIO())
    assert draws == []
    assert not StockedIncident.objects.exists()


def _told_about(attempt: Attempt) -> Iterator[str]:
    """Every answer that a learner can get at an address of their attempt, unpacked."""
    client = client_of(attempt.learner)
    for pattern in [*exams.api.urls.urlpatterns, *grading.api.urls.urlpatterns, *rubrics.api.urls.urlpatterns]:
        route = str(pattern.pattern)
        if "<" not in route.replace("<uuid:attempt_id>", ""):
            answer = client.get("/api/v1/" + route.replace("<uuid:attempt_id>", str(attempt.pk)))
            content = b"".join(answer) if answer.streaming else answer.content
            yield content.decode("utf-8", "replace")
            if content.startswith(b"PK"):
                with zipfile.ZipFile(BytesIO(content)) as archive:
                    yield from (archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


def test_nothing_of_the_stock_is_told_to_a_learner_or_a_visitor(cast: Cast) -> None:
    published_twin()
    fill(4)
    started = client_of(cast.learner).post(START)
    assert started.status_code == 201, started.content
    attempt = Attempt.objects.get()
    told = [started.content.decode(), *_told_about(attempt)]
    told += [client_of().get(each).content.decode() for each in ("/readyz", "/metrics")]
    page = client_of().get(f"/api/v1/twins/{SLUG}/").json()
    del page["cause_catalogue"]  # every class there is, whichever of them are drawn
    told.append(json.dumps(page))
    assert len(told) > 20
    for row in StockedIncident.objects.all():
        for secret in (str(row.incident_seed), str(row.pk), row.handed_out_sha256, row.approved_facts_sha256):
            assert not any(secret in text for text in told)
        assert not any(f'"{row.incident_class}"' in text or f" {row.incident_class}" in text for text in told)
    assert client_of().get("/readyz").json()["parts"]["stock"] == {
        "ok": True,
        "detail": f"incidents ready: {SLUG}: 3; what customers get is not known yet of 3",
    }
