"""A hand-in by https address, from the request to the graded bytes: real git, a real certificate, no part replaced."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.settings import env
from exams import ledger, sources, submit, tasks
from exams.database_clock import database_now
from exams.models import Attempt, Submission, SubmissionState
from grading.evidence import collect
from sandboxes.ingest.tree import Tree
from tests.attempts import live_attempt
from tests.git_remotes import GitHost, Work, git, git_host, make_work, throwaway_certificate
from tests.people import Cast, client_of
from tests.work import events

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django.fixtures import Settings

pytestmark = pytest.mark.django_db

FILES = {"assistant/guard.py": b"x = 1\n", "tests/regression/test_a.py": b"def test(ask): ...\n"}


@pytest.fixture
def host(tmp_path: Path, settings: Settings) -> Iterator[GitHost]:
    """A git host on this machine over https, which the operator trusts by name and by authority."""
    certificate = throwaway_certificate(tmp_path, name="localhost")
    if certificate is None:
        pytest.skip("openssl is not on this machine")
    with git_host(tmp_path, tls=certificate) as running:
        running.name = "localhost"
        settings.HOTSEAT_ALLOWED_GIT_HOSTS = running.allowed
        settings.HOTSEAT_GIT_CA_FILE = running.ca_file
        yield running


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """A learner's working copy with a fix pushed to that host."""
    made = make_work(tmp_path)
    made.commit(FILES, "Mend the guard")
    made.push()
    return made


@pytest.fixture
def attempt(cast: Cast) -> Attempt:
    """The learner's attempt, live."""
    return live_attempt(cast.learner)


def handed_in(attempt: Attempt, url: str, **source: str) -> Any:
    """What the platform answers to a hand-in from `url`."""
    return client_of(attempt.learner).post(
        f"/api/v1/attempts/{attempt.pk}/stages/live/hand-in/",
        {
            "deliverables": {"diagnosis": "the guard", "hotfix": {"mode": "repo_url", "url": url, **source}},
            "self_checks": {"F1": "yes", "F2": "yes"},
        },
    )


def shown(attempt: Attempt) -> dict[str, Any]:
    """The code of the newest hand-in, as its learner sees it."""
    listed = client_of(attempt.learner).get(f"/api/v1/attempts/{attempt.pk}/stages/live/hand-ins/").json()
    code: dict[str, Any] = listed["results"][0]["submission"]
    return code


def graded_tree(submission: Submission) -> Tree:
    """The bytes that are graded."""
    submission.refresh_from_db()
    assert submission.tree is not None
    return Tree.from_tar(bytes(submission.tree.content))


def rewrite(work: Work) -> None:
    """Replace the branch with another history."""
    git("commit", "-q", "--amend", "-m", "Something else", cwd=work.folder)
    work.commit({"assistant/guard.py": b"x = 'rewritten'\n"})
    work.push("--force", "origin", "HEAD:main")


def close(attempt: Attempt) -> None:
    """Let the live window end."""
    assert submit.close_overdue(database_now() + timedelta(hours=2)) == 1
    assert attempt.stages.get(key="live").closed_at is not None


def test_the_commit_is_pinned_and_exactly_its_files_are_graded(host: GitHost, work: Work, attempt: Attempt) -> None:
    answer = handed_in(attempt, host.url("/served/work.git"))
    assert (answer.status_code, answer.json()["unpinned_because"]) == (201, "")
    assert answer.json()["hand_in"]["submission"]["pinned_commit"] == work.head()
    pinned = work.head()
    work.commit({"assistant/guard.py": b"x = 2\n"})
    work.push()  # what is pushed after the hand-in is no part of it
    tasks.ingest_waiting()
    assert graded_tree(Submission.objects.get()) == Tree(FILES)
    assert shown(attempt) | {"state": "ingested", "pinned_commit": pinned, "force_pushed": False} == shown(attempt)


def test_a_force_push_after_the_hand_in_changes_nothing_and_is_noted(
    host: GitHost, work: Work, attempt: Attempt
) -> None:
    handed_in(attempt, host.url("/served/work.git"), ref="main")
    pinned = work.head()
    rewrite(work)
    tasks.ingest_waiting()
    submission = Submission.objects.get()
    assert graded_tree(submission) == Tree(FILES)
    assert (submission.pinned_commit, submission.force_pushed) == (pinned, True)
    assert shown(attempt)["force_pushed"] is True


def test_a_force_push_between_ingest_and_the_deadline_is_found_once_the_stage_has_closed(
    host: GitHost, work: Work, attempt: Attempt
) -> None:
    handed_in(attempt, host.url("/served/work.git"))
    tasks.ingest_waiting()
    before = graded_tree(Submission.objects.get())
    rewrite(work)
    tasks.ask_again()
    assert shown(attempt)["force_pushed"] is False  # the learner may still hand in again; it is asked when it is over
    close(attempt)
    tasks.ask_again()
    submission = Submission.objects.get()
    assert submission.force_pushed
    assert graded_tree(submission) == before == Tree(FILES)
    (event,) = events(attempt, "submission.asked_again")
    assert event.payload["force_pushed"] is True
    assert [each["run"] for each in collect(attempt, now=database_now())["attention"]["force_pushed"]] == [
        str(submission.pk)
    ]
    asked = len(host.asked)
    tasks.ask_again()
    assert len(host.asked) == asked
    assert len(events(attempt, "submission.asked_again")) == 1
    assert ledger.verify(attempt.pk) is None


def test_work_that_goes_on_is_no_force_push(host: GitHost, work: Work, attempt: Attempt) -> None:
    handed_in(attempt, host.url("/served/work.git"))
    tasks.ingest_waiting()
    work.commit({"later": b"1"})
    work.push()
    close(attempt)
    tasks.ask_again()
    assert events(attempt, "submission.asked_again")[0].payload["force_pushed"] is False
    assert shown(attempt)["force_pushed"] is False


def test_a_host_that_is_gone_by_then_has_told_nothing(host: GitHost, work: Work, attempt: Attempt) -> None:
    handed_in(attempt, host.url("/served/work.git"))
    assert work.head()
    tasks.ingest_waiting()
    host.away = True
    close(attempt)
    tasks.ask_again()
    assert events(attempt, "submission.asked_again")[0].payload["force_pushed"] is None
    assert shown(attempt)["force_pushed"] is False


def test_only_the_last_hand_in_is_asked_about(host: GitHost, work: Work, attempt: Attempt) -> None:
    for number in range(3):
        work.commit({"assistant/guard.py": b"x = %d\n" % number})
        work.push()
        handed_in(attempt, host.url("/served/work.git"))
    tasks.ingest_waiting()
    close(attempt)
    tasks.ask_again()
    (event,) = events(attempt, "submission.asked_again")
    assert event.payload["commit"] == work.head()


def test_two_workers_note_it_once(host: GitHost, work: Work, attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    handed_in(attempt, host.url("/served/work.git"))
    tasks.ingest_waiting()
    rewrite(work)
    close(attempt)
    (waiting,) = submit.to_ask_again(most=5)
    asked = sources.was_rewritten

    def overtaken(submission: Submission) -> bool | None:
        monkeypatch.setattr(sources, "was_rewritten", asked)
        submit.ask_again(submission.pk, database_now())
        return asked(submission)

    monkeypatch.setattr(sources, "was_rewritten", overtaken)
    assert submit.ask_again(waiting, database_now()) is None
    assert len(events(attempt, "submission.asked_again")) == 1


def test_a_host_that_is_away_is_accepted_unpinned_tried_again_and_shown_as_such(
    host: GitHost, work: Work, attempt: Attempt
) -> None:
    host.away = True
    answer = handed_in(attempt, host.url("/served/work.git"))
    assert (answer.status_code, answer.json()["receipt"]["counts"]) == (201, True)
    assert "localhost" in answer.json()["unpinned_because"]
    assert shown(attempt) | {"unpinned": True, "pinned_commit": "", "state": "received"} == shown(attempt)
    tasks.ingest_waiting()
    submission = Submission.objects.get()
    assert (submission.state, submission.tries) == (SubmissionState.RECEIVED, 1)
    assert submission.retry_at is not None
    host.away = False
    assert submit.ingest(submission.pk, submission.retry_at)
    assert graded_tree(submission) == Tree(FILES)
    assert shown(attempt) | {"unpinned": True, "pinned_commit": work.head(), "state": "ingested"} == shown(attempt)
    assert [each["run"] for each in collect(attempt, now=database_now())["attention"]["unpinned"]] == [
        str(submission.pk)
    ]


def test_a_host_whose_certificate_nobody_vouches_for_is_refused(
    host: GitHost, work: Work, attempt: Attempt, settings: Settings
) -> None:
    settings.HOTSEAT_GIT_CA_FILE = None
    answer = handed_in(attempt, host.url("/served/work.git"))
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-certificate")
    assert "certificate" in answer.json()["detail"]
    assert work.head()
    assert not Submission.objects.exists()


def test_a_host_the_operator_does_not_name_is_refused_for_its_private_address(
    host: GitHost, attempt: Attempt, settings: Settings
) -> None:
    settings.HOTSEAT_ALLOWED_GIT_HOSTS = []
    answer = handed_in(attempt, host.url("/served/work.git"))
    assert (answer.status_code, answer.json()["code"]) == (400, "forbidden-address")
    assert host.asked == []


def test_a_file_of_authorities_that_is_not_there_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOTSEAT_GIT_CA_FILE", str(tmp_path / "none.pem"))
    with pytest.raises(ImproperlyConfigured, match=r"HOTSEAT_GIT_CA_FILE.*no such file"):
        env.readable_file("HOTSEAT_GIT_CA_FILE")
    (tmp_path / "none.pem").write_text("")
    assert env.readable_file("HOTSEAT_GIT_CA_FILE") == tmp_path / "none.pem"
