"""The catalogue, the start and the attempt over HTTP."""

from __future__ import annotations

import sys
from base64 import b64encode
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from django.utils.dateparse import parse_datetime

from accounts.models import Accommodation
from exams import incident, ledger, markdown, receipts, start, twins
from exams.database_clock import database_now
from exams.models import Attempt, AttemptState
from exams.packs import Spec
from tests import packs
from tests.attempts import NOON, SLUG, definition, drawn_for, live_attempt, published_twin, ready_attempt
from tests.people import Cast, client_of

if TYPE_CHECKING:
    from pytest_django import Settings

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_repositories")]

TWINS = "/api/v1/twins/"
START = f"/api/v1/twins/{SLUG}/start/"
ATTEMPTS = "/api/v1/attempts/"


# --- The catalogue ---------------------------------------------------------------------------------------------------


def test_a_visitor_sees_the_catalogue_and_the_whole_brief() -> None:
    published_twin()
    (row,) = client_of().get(TWINS).json()["results"]
    assert (row["slug"], row["taken"], row["price_credits"]) == (SLUG, 0, 0)
    twin = client_of().get(f"{TWINS}{SLUG}/").json()
    assert twin["brief_markdown"].startswith("# Live incident response")
    assert "<h1>Live incident response</h1>" in twin["brief_html"]
    assert "<table>" in twin["brief_html"]
    assert [each["weight_bp"] for each in twin["rubric"]["dimensions"]] == [2000, 2500, 2000, 2000, 1500]
    assert twin["submission_modes"] == ["repo_url", "file_upload"]
    assert twin["limits"]["upload_bytes"] == 16777216
    assert (twin["limits"]["deployments"], twin["limits"]["rollbacks"]) == (20, 20)
    assert [each["ceiling"] for each in twin["skills_on_offer"]] == ["1.00", "1.00"]
    assert twin["rating"] == {"average": None, "count": 0, "out_of": 5}
    assert twin["start"]["possible"] is False
    assert "Sign in" in twin["start"]["reason"]
    closes = {stage["key"]: (stage["closes_anchor"], stage["closes_after_seconds"]) for stage in twin["stages"]}
    assert closes == {"live": ("start", 5400), "postmortem": ("live.closes", 14400)}


def test_the_words_for_causes_are_told_whole_to_everybody_whichever_classes_are_drawn(cast: Cast) -> None:
    published_twin()
    before = client_of().get(f"{TWINS}{SLUG}/").json()["cause_catalogue"]
    assert [(each["key"], each["title"]) for each in before["causes"]] == [
        ("T1", "Tiers mixed up"),
        ("T2", "Brands mixed up"),
    ]
    assert before["causes"][1]["components"] == ["server", "kb"]
    assert before["components"][0] == {"key": "server", "file": "assistant/server.py", "does": "answers"}
    published_twin(failure_classes=["T2"])
    assert client_of(cast.learner).get(f"{TWINS}{SLUG}/").json()["cause_catalogue"] == before
    live_attempt(cast.learner)
    assert client_of(cast.learner).get(f"{TWINS}{SLUG}/").json()["cause_catalogue"] == before


def test_a_twin_whose_pack_is_not_here_tells_no_words_for_causes(monkeypatch: pytest.MonkeyPatch) -> None:
    published_twin()
    monkeypatch.delitem(sys.modules, packs.NAME)
    assert client_of().get(f"{TWINS}{SLUG}/").json()["cause_catalogue"] is None


def test_a_learner_sees_their_own_extra_time_before_they_start(cast: Cast) -> None:
    published_twin()
    Accommodation.objects.create(learner=cast.learner, multiplier_percent=150, reason="r", granted_by=cast.admin)
    twin = client_of(cast.learner).get(f"{TWINS}{SLUG}/").json()
    assert twin["start"] == {
        "possible": True,
        "reason": "",
        "attempts_allowed": 2,
        "attempts_used": 0,
        "multiplier_percent": 150,
    }
    assert [stage["my_closes_after_seconds"] for stage in twin["stages"]] == [8100, 21600]


def test_the_page_says_why_one_cannot_start(cast: Cast) -> None:
    live_attempt(cast.learner)
    asked = client_of(cast.learner).get(f"{TWINS}{SLUG}/").json()["start"]
    assert (asked["possible"], asked["attempts_used"]) == (False, 1)
    assert "is live" in asked["reason"]
    assert "learners" in client_of(cast.mentor).get(f"{TWINS}{SLUG}/").json()["start"]["reason"]


def test_people_who_took_it_are_counted_once(cast: Cast) -> None:
    live_attempt(cast.learner)
    live_attempt(cast.other_learner)
    assert client_of().get(TWINS).json()["results"][0]["taken"] == 2


def test_demo_twins_are_shown_only_where_demonstrations_are_on(settings: Settings) -> None:
    settings.HOTSEAT_DEMO = False
    twins.publish(twins.read(twins.CONTENT / "demo-incident"), now=NOON)
    assert client_of().get(TWINS).json()["results"] == []
    assert client_of().get(f"{TWINS}demo-incident/").status_code == 404
    settings.HOTSEAT_DEMO = True
    assert client_of().get(TWINS).json()["results"][0]["demo"] is True
    assert client_of().get(f"{TWINS}demo-incident/").status_code == 200


def test_the_brief_is_rendered_so_that_it_can_be_inserted() -> None:
    html = markdown.render(
        "# A\n\n<script>x()</script>\n\n[go](javascript:x) ![i](http://x/y.png) [ok](https://x.example)\n"
    )
    assert "<script" not in html
    assert 'href="javascript' not in html
    assert "<img" not in html
    assert 'href="https://x.example"' in html


def test_no_such_twin_is_a_problem() -> None:
    answer = client_of().get(f"{TWINS}nowhere/")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/no-such-twin"


# --- The start -------------------------------------------------------------------------------------------------------


def test_start_answers_with_the_clock_and_the_repository(cast: Cast) -> None:
    published_twin()
    drawn_for(cast.learner)
    answer = client_of(cast.learner).post(START)
    assert answer.status_code == 201
    body = answer.json()
    live, postmortem = body["stages"]
    started = parse_datetime(body["started_at"])
    assert started is not None
    assert parse_datetime(live["closes_at"]) == started + timedelta(minutes=90)
    assert parse_datetime(postmortem["closes_at"]) == started + timedelta(minutes=330)
    assert (body["state"], live["state"]) == ("live", "open")
    assert live["time_left_seconds"] == pytest.approx(5400, abs=5)
    assert body["repository"]["clone_url"].endswith(f"/git/{body['id']}.git")
    assert abs((database_now() - parse_datetime(body["server_now"])).total_seconds()) < 5  # type: ignore[operator]


def test_what_is_told_of_the_incident_is_told_when_the_clock_runs(cast: Cast) -> None:
    attempt = ready_attempt(cast.learner, with_repository=True)
    client = client_of(cast.learner)
    assert client.get(f"/api/v1/attempts/{attempt.pk}/").json()["brief"] is None
    before = client.get(f"/api/v1/twins/{SLUG}/").json()
    told = client.post(f"/api/v1/twins/{SLUG}/start/").json()["brief"]
    spec = Spec(attempt.incident_class, attempt.incident_seed)
    brief = packs.PACK.brief(spec)
    assert told["company"] == brief.company
    assert told["opened_because"] == brief.opened_because
    assert parse_datetime(told["opened_at"]) == brief.opened_at
    assert told["taken_over_from"] == brief.taken_over_from
    assert client.get(f"/api/v1/attempts/{attempt.pk}/").json()["brief"] == told
    assert brief.company not in str(before), "nothing of the incident is told before"


def test_an_attempt_begun_before_briefs_were_kept_is_told_the_same(cast: Cast) -> None:
    attempt = live_attempt(cast.learner)
    spec = Spec(attempt.incident_class, attempt.incident_seed)
    assert attempt.brief is None
    assert incident.brief(attempt) == packs.PACK.brief(spec).to_json()


def test_a_second_start_names_the_first(cast: Cast) -> None:
    published_twin()
    drawn_for(cast.learner)
    client = client_of(cast.learner)
    first = client.post(START).json()
    second = client.post(START)
    assert second.status_code == 409
    assert second.json()["type"] == "/problems/already-live"
    assert second.json()["attempt"] == first["id"]


def test_a_start_sent_again_under_its_key_gives_the_same_attempt_and_keeps_no_token(cast: Cast) -> None:
    published_twin()
    drawn_for(cast.learner)
    client = client_of(cast.learner)
    first = client.post(START, headers={"Idempotency-Key": "k"})
    again = client.post(START, headers={"Idempotency-Key": "k"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    assert first.json()["repository"] == again.json()["repository"]
    assert first.json()["stages"][0]["closes_at"] == again.json()["stages"][0]["closes_at"]
    assert Attempt.objects.count() == 1


@pytest.mark.parametrize(
    ("who", "status", "slug"),
    [(None, 401, "sign-in-first"), ("mentor", 403, "learners-only"), ("admin", 403, "learners-only")],
)
def test_who_may_not_start(cast: Cast, who: str | None, status: int, slug: str) -> None:
    published_twin()
    answer = client_of(getattr(cast, who) if who else None).post(START)
    assert answer.status_code == status
    assert answer.json()["type"] == f"/problems/{slug}"


def test_each_reason_not_to_start_has_a_name(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "previous_is_finished", [])
    attempt = live_attempt(cast.learner)
    Attempt.objects.filter(pk=attempt.pk).update(state=AttemptState.CLOSED, closed_at=NOON)
    client = client_of(cast.learner)
    assert client.post(START).json()["type"] == "/problems/previous-not-signed-off"
    monkeypatch.setattr(start, "previous_is_finished", [lambda _: True])
    again = live_attempt(cast.learner)
    Attempt.objects.filter(pk=again.pk).update(state=AttemptState.CLOSED, closed_at=NOON)
    assert client.post(START).json()["type"] == "/problems/no-attempts-left"
    assert client.post("/api/v1/twins/nowhere/start/").json()["type"] == "/problems/no-such-twin"


# --- The attempt -----------------------------------------------------------------------------------------------------


def _may(body: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {(each["stage"], each["act"]): each["reason"] for each in body["may"]}


def test_an_attempt_tells_what_may_be_done_now(cast: Cast) -> None:
    attempt = live_attempt(cast.learner)
    body = client_of(cast.learner).get(f"{ATTEMPTS}{attempt.pk}/").json()
    may = _may(body)
    assert set(may) == {
        *(("live", act) for act in ("save_draft", "upload", "hand_in", "post_status_update", "ask", "deploy", "run")),
        ("live", "roll_back"),
        ("live", "file_diagnosis"),
        *(("postmortem", act) for act in ("save_draft", "upload", "hand_in")),
    }
    assert set(may.values()) == {""}
    assert all(count == 0 for count in body["counts"].values())


def test_after_the_live_window_each_act_says_why_not_in_my_zone(cast: Cast) -> None:
    cast.learner.time_zone = "Asia/Kolkata"
    cast.learner.save()
    attempt = live_attempt(cast.learner, started_at=database_now() - timedelta(minutes=91))
    body = client_of(cast.learner).get(f"{ATTEMPTS}{attempt.pk}/").json()
    may = _may(body)
    assert may["live", "run"].startswith("Live window closed at ")
    assert "Asia/Kolkata" in may["live", "run"]
    assert may["postmortem", "hand_in"] == ""
    assert body["stages"][0]["time_left_seconds"] == 0


def test_a_void_attempt_says_why_nothing_may_be_done(cast: Cast) -> None:
    attempt = live_attempt(cast.learner)
    admin = client_of(cast.admin)
    assert admin.post(f"{ATTEMPTS}{attempt.pk}/void/", {"reason": "  "}).status_code == 400
    answer = admin.post(f"{ATTEMPTS}{attempt.pk}/void/", {"reason": "Power cut."})
    assert (answer.status_code, answer.json()["state"]) == (200, "void")
    again = admin.post(f"{ATTEMPTS}{attempt.pk}/void/", {"reason": "Again."})
    assert (again.status_code, again.json()["type"]) == (409, "/problems/already-void")
    body = client_of(cast.learner).get(f"{ATTEMPTS}{attempt.pk}/").json()
    assert body["void_reason"] == "Power cut."
    assert set(_may(body).values()) == {"This attempt was voided: Power cut."}
    assert {(each["state"], each["time_left_seconds"]) for each in body["stages"]} == {("void", 0.0)}


@pytest.mark.parametrize("who", ["learner", "mentor", "other_learner"])
def test_only_admins_void(cast: Cast, who: str) -> None:
    attempt = live_attempt(cast.learner)
    answer = client_of(getattr(cast, who)).post(f"{ATTEMPTS}{attempt.pk}/void/", {"reason": "no"})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/admins-only")


def test_an_attempt_that_waits_to_begin_shows_no_repository(cast: Cast) -> None:
    attempt = ready_attempt(cast.learner)
    body = client_of(cast.learner).get(f"{ATTEMPTS}{attempt.pk}/").json()
    assert (body["state"], body["repository"], body["stages"], body["started_at"]) == ("ready", None, [], None)


def test_a_list_holds_mine_and_for_admins_all(cast: Cast) -> None:
    mine, other = live_attempt(cast.learner), live_attempt(cast.other_learner)

    def ids(user: Any) -> set[str]:
        return {row["id"] for row in client_of(user).get(ATTEMPTS).json()["results"]}

    assert ids(cast.learner) == {str(mine.pk)}
    assert ids(cast.admin) == {str(mine.pk), str(other.pk)}
    for person, learner in (
        (cast.admin, {"name": cast.learner.name, "email": cast.learner.email}),
        (cast.learner, None),
    ):
        rows = client_of(person).get(ATTEMPTS).json()["results"]
        assert [row["learner"] for row in rows if row["id"] == str(mine.pk)] == [learner]
    assert ids(cast.mentor) == set()


def test_lists_come_in_pages(cast: Cast) -> None:
    for slug in ("one", "two", "three"):
        twins.publish(definition(slug=f"{slug}-incident"), now=NOON)
    page = client_of().get(f"{TWINS}?page_size=2").json()
    assert [row["slug"] for row in page["results"]] == ["one-incident", "three-incident"]
    rest = client_of().get(page["next"]).json()
    assert [row["slug"] for row in rest["results"]] == ["two-incident"]
    assert rest["next"] is None


@pytest.mark.parametrize("position", ["p=abc", "p=2026-13-01", "p=%00", "p=" + "9" * 500, "p="])
@pytest.mark.parametrize(
    "of", ["attempts/", "twins/", "reviews/", "{attempt}questions/", "{attempt}runs/", "{attempt}late-writes/"]
)
def test_an_invented_cursor_is_nothing_we_gave(cast: Cast, of: str, position: str) -> None:
    attempt = live_attempt(cast.learner)
    cursor = quote(b64encode(position.encode()))
    client = client_of(cast.mentor if of == "reviews/" else cast.learner)
    answer = client.get(f"/api/v1/{of.format(attempt=f'attempts/{attempt.pk}/')}?cursor={cursor}")
    # Any short text can be the place of a slug; the other lists are ordered by times and numbers.
    assert answer.status_code == 404 or (of == "twins/" and answer.status_code == 200)
    if answer.status_code == 404:
        assert answer.json()["type"] == "/problems/not-found"


def test_only_its_learner_gets_the_token(cast: Cast) -> None:
    attempt = live_attempt(cast.learner)
    assert client_of(cast.learner).get(f"{ATTEMPTS}{attempt.pk}/").json()["repository"]["token"]
    assert client_of(cast.admin).get(f"{ATTEMPTS}{attempt.pk}/").json()["repository"] is None


# --- Receipts and the feed -------------------------------------------------------------------------------------------


def test_the_start_is_the_first_receipt(cast: Cast) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    (receipt,) = client_of(cast.learner).get(f"{ATTEMPTS}{attempt.pk}/receipts/").json()["receipts"]
    assert receipt["kind"] == "attempt.started"
    assert receipt["number"] == 2
    assert receipt["time_left_seconds"] == 5400
    assert receipt["counts"] is True
    assert "12:00:00 UTC on 1 June 2026" in receipt["message"]


@pytest.mark.parametrize(
    ("offset", "counts", "late", "says"),
    [
        (timedelta(minutes=90, microseconds=-1), True, None, "It counts"),
        (timedelta(minutes=90), False, 0.0, "0 s after the live stage closed"),
        (timedelta(minutes=90, microseconds=1), False, 1e-06, "0.000001 s after the live stage closed"),
        (timedelta(hours=3), False, 5400.0, "1 h 30 min 00 s after the live stage closed"),
    ],
)
def test_a_receipt_tells_on_which_side_of_the_line_it_arrived(
    cast: Cast,
    offset: timedelta,
    counts: bool,
    late: float | None,
    says: str,
) -> None:
    attempt = live_attempt(cast.learner, started_at=NOON)
    stage = attempt.stages.get(key="live")
    event = ledger.append(
        attempt=attempt,
        kind="test.write",
        payload=receipts.facts(stage, "a" * 64),
        actor=cast.learner,
        at=NOON + offset,
        receipt=True,
    )
    given = receipts.give(event, stage, now=NOON)
    assert (given.counts, given.late_by_seconds, given.stage) == (counts, late, "live")
    assert given.content_sha256 == "a" * 64
    assert says in given.message
    assert receipts.of(attempt)[-1] == given, "it reads the same for ever"


def test_the_feed_comes_in_pages_without_what_is_hidden(cast: Cast) -> None:
    attempt = live_attempt(cast.learner)
    for number in range(3):
        ledger.append(attempt=attempt, kind="test.note", payload={"n": number}, actor=None, at=NOON)
    learner = client_of(cast.learner)
    page = learner.get(f"{ATTEMPTS}{attempt.pk}/events/?limit=2").json()
    assert [event["seq"] for event in page["events"]] == [2, 3]
    assert (page["after"], page["more"]) == (3, True)
    assert [event["actor"] for event in page["events"]] == ["you", "platform"]
    rest = learner.get(f"{ATTEMPTS}{attempt.pk}/events/?after=3").json()
    assert [event["payload"] for event in rest["events"]] == [{"n": 1}, {"n": 2}]
    assert rest["more"] is False
    everything = client_of(cast.admin).get(f"{ATTEMPTS}{attempt.pk}/events/").json()["events"]
    assert everything[0]["kind"] == "attempt.prepared"
    assert everything[0]["actor"] == "learner"


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=0", "limit=501", "after=99999999999"])
def test_pages_are_asked_for_in_bounds(cast: Cast, query: str) -> None:
    attempt = live_attempt(cast.learner)
    answer = client_of(cast.learner).get(f"{ATTEMPTS}{attempt.pk}/events/?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] in {"after", "limit"}
