"""What a review was judged by is kept when it is signed, for good; what is computed later stands beside it."""

from __future__ import annotations

import copy
import json
import logging
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, connection, transaction

from exams import incident, ledger
from exams.models import Attempt, TwinVersion
from exams.twins import publish as publish_twin
from grading import evidence
from grading.evidence import code
from rubrics import appeals, basis
from rubrics import review as verbs
from rubrics.api import views as review_views
from rubrics.basis import gathering
from rubrics.basis.comparing import differences
from rubrics.models import Basis, Review
from tests import packs
from tests.people import Cast, client_of
from tests.rubrics.conftest import NOON, definition, kinds
from tests.rubrics.test_review import score_all, sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.models import User

LATER = NOON + timedelta(days=3)
BANDS = [{"score": 0, "when": ["communication.updates < 1"]}, {"score": 1, "when": ["communication.updates >= 1"]}]


@pytest.fixture
def twin(db: None) -> TwinVersion:
    """A version whose incidents can be drawn, so that its evidence can be computed."""
    said = definition(pack=packs.NAME, review={"sla": "48 h", "nudges": ["24 h", "40 h"], "appeal_within": "2 weeks"})
    said["rubric"]["dimensions"][-1]["bands"] = BANDS
    version, _ = publish_twin(said, now=NOON - timedelta(days=30))
    return version


@pytest.fixture
def claimed(twin: TwinVersion, cast: Cast) -> Review:
    """Ada's attempt on a class of the small pack, claimed by Mona and scored."""
    attempt = Attempt.objects.create(
        learner=cast.learner,
        twin=twin,
        twin_slug=twin.slug,
        number=1,
        state="closed",
        incident_class="T1",
        incident_seed=1,
        started_at=NOON - timedelta(hours=7),
        closed_at=NOON - timedelta(hours=1),
    )
    incident.prepare(attempt)
    assert verbs.open_waiting(now=NOON) == 1
    review = Review.objects.get(attempt=attempt)
    verbs.claim(review_id=review.pk, mentor=cast.mentor, now=NOON)
    score_all(review, cast.mentor)
    return review


def page(review: Review, who: User, **asked: str) -> dict[str, Any]:
    answer = client_of(who).get(f"/api/v1/reviews/{review.pk}/evidence/", asked)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def other_figures(monkeypatch: pytest.MonkeyPatch, *, updates: str = "7") -> None:
    """From now on the code computes one figure, and with it one proposal, otherwise."""
    collect = evidence.collect

    def otherwise(attempt: Attempt, *, now: Any) -> dict[str, Any]:
        found = copy.deepcopy(collect(attempt, now=now))
        row = found["proposals"][-1]
        row["proposed"] = "1.00"
        for band in row["bands"]:
            band["conditions"][0]["value"] = {"exact": updates, "decimal": float(updates)}
        return found

    monkeypatch.setattr(evidence, "collect", otherwise)
    monkeypatch.setattr(code, "version", lambda: "f" * 64)


def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    monkeypatch.setattr(evidence, "collect", fails)


# --- kept, and shown as kept -----------------------------------------------------------------------------------------


def test_before_the_sign_off_evidence_is_todays_and_after_it_what_was_kept(claimed: Review, cast: Cast) -> None:
    before = page(claimed, cast.mentor)
    assert (before["basis"]["origin"], before["basis"]["differs"]) == ("today", None)
    signed = sign(claimed, cast.mentor)
    row = Basis.objects.get(review=signed)
    event = signed.attempt.events.get(kind="review.signed_off")
    assert event.payload["evidence_sha256"] == row.sha256 == ledger.content_sha256(row.content)
    assert verbs.frozen(signed, signed.weighted_sum or 0)["evidence_sha256"] == row.sha256
    assert signed.sha256 == ledger.content_sha256(verbs.frozen(signed, signed.weighted_sum or 0))
    after = page(signed, cast.mentor)
    assert after["evidence"] == before["evidence"]
    assert (after["basis"]["origin"], after["basis"]["shown"]) == ("kept", "kept")
    assert after["basis"]["kept_at"] == "2026-11-20T12:00:00.000000Z"
    assert (after["basis"]["sha256"], after["basis"]["code"]) == (row.sha256, code.version())
    assert after["basis"]["twin"]["sha256"] == signed.attempt.twin.content_sha256
    assert after["basis"]["differs"] == {"same": True, "sections": [], "figures": [], "proposals": []}


def test_a_later_code_shows_what_was_kept_and_says_what_it_would_say(
    claimed: Review, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = sign(claimed, cast.mentor)
    kept = page(signed, cast.mentor)["evidence"]
    other_figures(monkeypatch)
    found = page(signed, cast.mentor)
    assert found["evidence"] == kept
    assert "Recomputed today it is not the same" in found["basis"]["says"]
    assert found["basis"]["code_today"] == "f" * 64 != found["basis"]["code"]
    differs = found["basis"]["differs"]
    assert (differs["same"], differs["sections"]) == (False, ["proposals"])
    assert [(each["name"], each["kept"]["exact"], each["today"]["exact"]) for each in differs["figures"]] == [
        ("communication.updates", "0", "7")
    ]
    assert [(each["name"], each["kept"], each["today"]) for each in differs["proposals"]] == [
        ("communication", "0.00", "1.00")
    ]
    today = page(signed, cast.mentor, figures="today")
    assert today["basis"]["shown"] == "today"
    assert found["basis"]["computed_at"] < today["basis"]["computed_at"] <= today["server_now"]
    assert today["evidence"]["proposals"][-1]["proposed"] == "1.00"
    assert today["basis"]["differs"] == differs


def test_an_appeal_is_judged_by_what_the_first_review_was_judged_by(
    claimed: Review, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = sign(claimed, cast.mentor)
    kept = page(first, cast.mentor)["evidence"]
    other_figures(monkeypatch)
    filed = appeals.file(attempt_id=first.attempt_id, reason="Look.", confirm=True, learner=cast.learner, now=NOON)
    second = verbs.claim(review_id=filed.appeal.review_id, mentor=cast.other_mentor, now=NOON)
    heard = page(second, cast.other_mentor)
    assert heard["evidence"] == kept
    assert (heard["basis"]["origin"], heard["basis"]["differs"]["same"]) == ("kept_with_first", False)
    assert "because" not in json.dumps(heard["basis"]), "nothing that the first mentor wrote"
    score_all(second, cast.other_mentor, "0.70")
    decided = sign(second, cast.other_mentor)
    rows = {each.review_id: gathering.content(each) for each in Basis.objects.all()}
    assert rows[decided.pk]["evidence"] == rows[first.pk]["evidence"]
    assert rows[decided.pk]["first"] == Basis.objects.get(review=first).sha256
    told = page(decided, cast.other_mentor)
    assert (told["basis"]["origin"], told["evidence"]) == ("kept", kept)
    assert told["basis"]["differed_at_sign_off"]["sections"] == ["proposals"]
    assert ledger.verify(first.attempt_id) is None


def test_who_may_not_see_a_review_sees_no_basis_of_it(claimed: Review, cast: Cast) -> None:
    signed = sign(claimed, cast.mentor)
    for who in (cast.learner, cast.other_mentor):
        assert client_of(who).get(f"/api/v1/reviews/{signed.pk}/evidence/").status_code == 404
    assert client_of(cast.mentor).get(f"/api/v1/reviews/{signed.pk}/evidence/?figures=best").status_code == 400
    told = client_of(cast.learner).get(f"/api/v1/attempts/{signed.attempt_id}/result/").json()
    assert "proposals" not in json.dumps(told)


def test_a_review_that_was_signed_before_evidence_was_kept_says_so(claimed: Review, cast: Cast) -> None:
    signed = sign(claimed, cast.mentor)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE rubrics_basis DISABLE TRIGGER basis_immutable")
        cursor.execute("DELETE FROM rubrics_basis")
        cursor.execute("ALTER TABLE rubrics_basis ENABLE TRIGGER basis_immutable")
    found = page(signed, cast.mentor)
    assert found["basis"]["origin"] == "not_kept"
    assert "signed before such evidence was kept" in found["basis"]["says"]
    assert found["evidence"]["proposals"]


# --- what cannot be computed, what came meanwhile, what is too large -------------------------------------------------


def test_evidence_that_cannot_be_computed_holds_up_no_sign_off_and_says_why(
    claimed: Review, cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as fault:
        broken(fault)
        signed = sign(claimed, cast.mentor)
        assert "ALERT: the evidence of attempt" in caplog.text
        assert kinds(signed)[-1] == "review.signed_off"
        nothing = page(signed, cast.mentor)
        assert (nothing["basis"]["origin"], nothing["evidence"]) == ("not_kept", None)
        assert "it rests on what its mentor wrote" in nothing["basis"]["says"]
        assert "Today it could not be recomputed (DataError" in nothing["basis"]["says"]
    mended = page(signed, cast.mentor)
    assert "could not be computed (DataError: division by zero" in mended["basis"]["says"]
    assert mended["evidence"]["proposals"]


def test_what_was_kept_is_shown_also_when_it_cannot_be_computed_any_more(
    claimed: Review, cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    signed = sign(claimed, cast.mentor)
    kept = page(signed, cast.mentor)["evidence"]
    broken(monkeypatch)
    caplog.set_level(logging.CRITICAL)
    found = page(signed, cast.mentor, figures="today")
    assert (found["basis"]["shown"], found["basis"]["differs"]["same"]) == ("kept", None)
    assert found["evidence"] == kept | {"documents": None}  # those are with the hand-ins, and read with the rest


@pytest.mark.parametrize(("kind", "again"), [("status_update.posted", 1), ("attempt.read_by_admin", 0)])
def test_work_that_was_recorded_while_it_was_computed_is_not_missed(
    claimed: Review, cast: Cast, monkeypatch: pytest.MonkeyPatch, kind: str, again: int
) -> None:
    collect = evidence.collect
    calls: list[Any] = []

    def counted(attempt: Attempt, *, now: Any) -> dict[str, Any]:
        found = collect(attempt, now=now)
        if not calls:
            with transaction.atomic():
                ledger.append(attempt=ledger.hold(attempt.pk), kind=kind, payload={}, actor=None, at=now)
        calls.append(now)
        return found

    monkeypatch.setattr(evidence, "collect", counted)
    sign(claimed, cast.mentor)
    assert len(calls) == 1 + again


def test_what_would_be_too_large_leaves_out_the_largest_parts_and_keeps_their_hash(
    claimed: Review, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    collect = evidence.collect

    def larger(attempt: Attempt, *, now: Any) -> dict[str, Any]:
        return collect(attempt, now=now) | {"diagnoses": ["x\x00\ud800" * 200_000], "runs": ["y" * 1_000_000]}

    monkeypatch.setattr(evidence, "collect", larger)
    signed = sign(claimed, cast.mentor)
    row = Basis.objects.get(review=signed)
    assert len(row.content) <= basis.MOST_BYTES
    stored = gathering.content(row)
    assert set(stored["left_out"]) == {"documents", "diagnoses"}
    assert stored["left_out"]["diagnoses"]["bytes"] > basis.MOST_BYTES
    found = basis.show(signed, today=False, now=LATER)
    assert found.evidence is not None
    assert found.basis["left_out"] == ["diagnoses", "documents"]
    assert list(found.evidence) == list(collect(signed.attempt, now=LATER))
    monkeypatch.setattr(gathering, "MOST_BYTES", 2_000)
    assert json.loads(basis.gather(signed, now=NOON).text)["why_not"].startswith("what the bands propose comes to")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "one-and-only"}])
def test_it_is_computed_while_the_attempt_is_free_for_others(
    claimed: Review, cast: Cast, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    collect = evidence.collect
    free: list[bool] = []

    def try_to_hold() -> None:
        try:
            with transaction.atomic():
                free.append(Attempt.objects.select_for_update(skip_locked=True).exists())
        finally:
            connection.close()

    def meanwhile(attempt: Attempt, *, now: Any) -> dict[str, Any]:
        other = threading.Thread(target=try_to_hold)
        other.start()
        other.join(timeout=30)
        return collect(attempt, now=now)

    monkeypatch.setattr(evidence, "collect", meanwhile)
    monkeypatch.setattr(review_views, "database_now", lambda: NOON)
    at = f"/api/v1/reviews/{claimed.pk}/sign-off/"
    assert client_of(cast.mentor).post(at, {"confirm": False}).status_code == 409
    assert free == [], "nothing is computed of what is not signed"
    answer = client_of(cast.mentor).post(at, {"confirm": True}, headers=headers)
    assert (answer.status_code, free) == (200, [True]), answer.content


# --- what the database refuses on its own ----------------------------------------------------------------------------


def test_the_database_neither_changes_nor_deletes_what_was_kept(claimed: Review, cast: Cast) -> None:
    signed = sign(claimed, cast.mentor)
    row = Basis.objects.get(review=signed)
    refused: dict[str, Callable[[], object]] = {
        "another content": lambda: Basis.objects.filter(pk=row.pk).update(content="{}"),
        "another hash": lambda: Basis.objects.filter(pk=row.pk).update(sha256="0" * 64),
        "no row": lambda: Basis.objects.filter(pk=row.pk).delete(),
        "an empty table": lambda: connection.cursor().execute(
            "SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL hotseat.allow_truncate = 'off'; TRUNCATE rubrics_basis"
        ),
        "another after the sign-off": lambda: made(signed),
    }
    for name, act in refused.items():
        with pytest.raises(IntegrityError), transaction.atomic():
            act()
            pytest.fail(f"the database took {name}")
    row.refresh_from_db()
    assert row.sha256 == ledger.content_sha256(row.content)


def test_what_was_changed_behind_the_database_s_back_is_told_by_the_ledger(claimed: Review, cast: Cast) -> None:
    signed = sign(claimed, cast.mentor)
    row = Basis.objects.get(review=signed)
    assert "another hash" not in page(signed, cast.mentor)["basis"]["says"]
    forged = row.content.replace('"0.00"', '"1.00"')
    assert forged != row.content
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE rubrics_basis DISABLE TRIGGER basis_immutable")
        cursor.execute("UPDATE rubrics_basis SET content = %s, sha256 = %s", [forged, ledger.content_sha256(forged)])
        cursor.execute("ALTER TABLE rubrics_basis ENABLE TRIGGER basis_immutable")
    assert "the ledger has another hash of it" in page(signed, cast.mentor)["basis"]["says"]


def made(review: Review, content: str = "{}", **changes: str) -> Basis:
    return Basis.objects.create(
        review=review, kept_at=NOON, content=content, **{"sha256": ledger.content_sha256(content), **changes}
    )


def test_the_database_keeps_only_what_fits_and_signs_nothing_without(claimed: Review, cast: Cast) -> None:
    refused: dict[str, tuple[str, Callable[[], object]]] = {
        "a hash of something else": ("not the hash", lambda: made(claimed, sha256="0" * 64)),
        "more than 2 MiB": ("at most 2 MiB", lambda: made(claimed, "x" * (basis.MOST_BYTES + 1))),
        "a sign-off without it": (
            "keeps what it judged by",
            lambda: Review.objects.filter(pk=claimed.pk).update(
                state="signed_off", signed_off_at=NOON, weighted_sum=130_000, passed=True, sha256="0" * 64
            ),
        ),
    }
    for name, (why, act) in refused.items():
        with pytest.raises(IntegrityError, match=why), transaction.atomic():
            act()
            pytest.fail(f"the database took {name}")
    verbs.release(review_id=claimed.pk, mentor=cast.mentor, reason="ill", now=NOON)
    with pytest.raises(IntegrityError, match="when it is signed"), transaction.atomic():
        made(claimed)


# --- comparing -------------------------------------------------------------------------------------------------------


def test_what_cannot_be_compared_is_neither_the_same_nor_another() -> None:
    assert differences(None, {"proposals": []}).same is None
    assert differences({"proposals": []}, None).same is None
    assert differences({"proposals": []}, {"proposals": [], "new": 1}).same is True
    assert differences({"proposals": [], "gone": 1}, {"proposals": []}).sections == ["gone"]
