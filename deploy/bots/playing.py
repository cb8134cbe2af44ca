"""Plays a bot's acts through the platform's own services, on a clock that is told, and reads the evidence at the end.

Nothing of the evidence is written here: attempts are begun, acts received, sources taken in, runs graded, deployments
replayed, repros tried, coworkers heard and stages closed by the code that does so in production.
"""

from __future__ import annotations

import hashlib
import itertools
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from accounts.models import User
from deploy.bots.acts import Act, Ask, Deploy, Diagnose, HandIn, Run, Sight, Tell, WriteUp
from exams import incident, live, start, submit
from exams.coworkers.speaking import catch_up
from exams.live import deployments, telemetry
from exams.live.deployments import replays
from exams.live.questions import answer_waiting
from exams.models import Attempt, Deployment, DeploymentKind, StatusUpdate
from exams.submit.ingesting import ingest, waiting
from grading import deploying, evidence, queue, repro, repro_reducing, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deploy.bots.acts import Play, Words
    from deploy.bots.knowing import Case
    from exams.models import Submission
    from sandboxes.ingest.tree import Tree
    from sandboxes.sandbox import JsonObject, Sandbox

TWIN = "jt-incident-4"
STARTED_AT = datetime(2026, 6, 1, 9, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_AFTER_AN_ACT = timedelta(seconds=5)
_EVERY = 5  # minutes: how often everybody looks, whatever the bot does
_MOST_LEFT = 50


class DidNotPlay(Exception):
    """An act of a bot was not taken as it should have been, or a worker of ours did not do its part."""


def play(case: Case, game: Play, *, sandbox: Sandbox) -> JsonObject:
    """Play a whole attempt, from its start to the end of its last window; the evidence as a mentor reads it.

    Raises:
        DidNotPlay: an act was not taken, or something is still undone at the end.
        exams.errors.Refusal: the platform refused an act.
    """
    match_ = _Attempt(case, sandbox)
    closings = [STARTED_AT + timedelta(minutes=minutes) for minutes in (90, 330)]
    moments = {STARTED_AT + _MINUTE * act.minute for act in game.acts}
    moments |= {STARTED_AT + _MINUTE * minute for minute in range(0, 90, _EVERY)}
    for at in sorted({*moments, *closings}):
        for act in game.acts:
            if STARTED_AT + _MINUTE * act.minute == at:
                match_.do(act, at)
        submit.close_overdue(at)
        match_.workers(at + _AFTER_AN_ACT)
    match_.require_done()
    return evidence.collect(match_.read(), now=closings[-1] + _MINUTE)


class _Attempt:
    """A live attempt, what its learner does, and what the platform's workers do meanwhile."""

    def __init__(self, case: Case, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._done: dict[str, datetime] = {}
        self._last_run: Submission | None = None
        self._learner = User.objects.create(email=f"{secrets.token_hex(8)}@bots.hotseat.test", name="A bot")
        version = start.published(TWIN)
        ready = Attempt.objects.create(  # as a crash would leave it, so that the incident is the one that is asked for
            learner=self._learner,
            twin=version,
            twin_slug=version.slug,
            number=1,
            incident_class=case.spec.failure_class,
            incident_seed=case.spec.seed,
        )
        incident.prepare(ready)
        self._id = start.begin(learner=self._learner, attempt_id=ready.pk, now=STARTED_AT).pk

    def read(self) -> Attempt:
        """The attempt as it is now."""
        return Attempt.objects.select_related("twin", "learner").get(pk=self._id)

    # --- What the bot does --------------------------------------------------------------------------------------------

    def do(self, act: Act, at: datetime) -> None:
        """One act, received at its minute."""
        match act:
            case Tell():
                self._tell(act, at)
            case Ask():
                live.ask(
                    attempt=self.read(), question=act.question, session=act.session, actor=self._learner, received_at=at
                )
                self._note("asked", at)
            case Diagnose():
                live.file_diagnosis(
                    attempt=self.read(),
                    component=act.component,
                    failure_class=act.failure_class,
                    explanation=act.explanation[:4_000],
                    repro=list(act.repro),
                    actor=self._learner,
                    received_at=at,
                )
                self._note("diagnosed", at)
            case Run():
                self._last_run = submit.offer_run(
                    attempt=self.read(), source=self._upload(act.tree, at), received_at=at
                )
            case Deploy():
                if self._last_run is None:
                    raise DidNotPlay("There is no run to be deployed.")
                found = deployments.deploy(
                    attempt=self.read(), run=self._last_run.pk, actor=self._learner, received_at=at
                )
                self._note("live", found.deployment.due_at)
            case HandIn():
                contents = {"diagnosis": act.diagnosis, "hotfix": self._upload(act.tree, at)}
                self._hand_in("live", contents, {"F1": "yes", "F2": "yes"}, at)
            case WriteUp():
                self._hand_in("postmortem", {"postmortem": self._words(act.text, at)}, {"F3": "yes"}, at)

    def _tell(self, act: Tell, at: datetime) -> None:
        live.post_update(
            attempt=self.read(),
            audience=StatusUpdate.Audience(act.audience),
            state=StatusUpdate.State(act.state),
            text=self._words(act.text, at),
            impact=self._words(act.impact, at),
            next_update_at=None if act.next_in is None else at + _MINUTE * act.next_in,
            actor=self._learner,
            received_at=at,
        )
        self._note("told", at)
        if act.state == StatusUpdate.State.RESOLVED:
            self._note("resolved", at)

    def _hand_in(self, stage: str, contents: JsonObject, checks: dict[str, str], at: datetime) -> None:
        taken = submit.hand_in(
            attempt=self.read(),
            stage_key=stage,
            deliverables=contents,
            self_checks=checks,
            force_reason=None,
            actor=self._learner,
            received_at=at,
        )
        if taken.hand_in is None:
            raise DidNotPlay(f"The hand-in of stage {stage} came late.")

    def _upload(self, tree: Tree, at: datetime) -> JsonObject:
        content = tree.to_tar()
        kept = live.commit_upload(
            attempt=self.read(),
            name="work.tar",
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            actor=self._learner,
            received_at=at,
        )
        live.receive_bytes(
            attempt=self.read(), upload_id=kept.upload.pk, content=content, actor=self._learner, received_at=at
        )
        return {"mode": "file_upload", "upload": str(kept.upload.pk)}

    def _note(self, what: str, at: datetime) -> None:
        self._done.setdefault(what, at)

    def _words(self, words: Words, at: datetime) -> str:
        return words if isinstance(words, str) else words(self._sight(at))

    def _sight(self, at: datetime) -> Sight:
        told = telemetry.of(self.read(), until=at)
        last = told.stints[-1] if told.stints else None
        return Sight(
            now=at,
            started_at=STARTED_AT,
            asked=told.total.asked,
            wrong=told.total.harmful,
            asked_since_live=last.asked if last else 0,
            wrong_since_live=last.harmful if last else 0,
            live_since=last.begins_at if last and last.deployment else None,
            done=dict(self._done),
        )

    # --- What the platform's workers do -------------------------------------------------------------------------------

    def workers(self, at: datetime) -> None:
        """Everything that waits is done, in the order in which bells would ring."""
        for submission in waiting(now=at, most=_MOST_LEFT):
            ingest(submission, at)
        queue.enlist(now=at)
        queue.release(now=at)
        while (held := queue.claim(worker="bots", now=at)) is not None:
            queue.finish(held, run.find(held, sandbox=self._sandbox), now=at)
        while (claimed := replays.claim(worker="bots", most=_MOST_LEFT, now=at)) is not None:
            deploying.replay(claimed, sandbox=self._sandbox, clock=lambda: at)
        deployments.go_live(at)
        repro.enlist()
        while (check := repro.claim(now=at)) is not None:
            repro.check_one(check, sandbox=self._sandbox, clock=lambda: at)
        repro_reducing.enlist(now=at)
        while (row := repro_reducing.claim(now=at)) is not None:
            repro_reducing.reduce_one(row, sandbox=self._sandbox, clock=lambda: at)
        while answer_waiting(attempt_id=self._id, sandbox=self._sandbox, now=at):
            pass
        catch_up(self._id, at)

    def require_done(self) -> None:
        """Nothing that a figure rests on is left undone.

        Raises:
            DidNotPlay: something is.
        """
        attempt = self.read()
        undone = [
            *(f"run {each.number} is {found.state if found else 'not enlisted'}" for each in attempt.submissions.all()
              if (found := queue.last_run(each)) is None or found.state != "graded"),
            *(f"deployment {each.number} is {each.state}" for each in Deployment.objects.filter(attempt=attempt)
              if each.live_from is None and each.kind != DeploymentKind.INITIAL),
        ]  # fmt: skip
        if undone:
            raise DidNotPlay("; ".join(undone))


def words_written(found: JsonObject) -> int:
    """How many words a learner wrote, as the evidence has them."""
    texts: Sequence[Any] = [
        *(each[part] for each in found["updates"]["posted"] for part in ("text", "impact")),
        *(each["explanation"] for each in found["diagnoses"]),
        *(each["text"] for each in found["documents"]),
    ]
    return sum(1 for _ in itertools.chain.from_iterable(str(text).split() for text in texts))
