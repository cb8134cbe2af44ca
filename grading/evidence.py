"""Gathers what a mentor judges an attempt by; every figure cites the ledger rows and runs it comes from."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from exams import incident
from exams.definitions import twin_of
from exams.models import (
    Answer,
    Diagnosis,
    Event,
    HandIn,
    LateWrite,
    Question,
    QuestionState,
    SelfCheckAnswer,
    Stage,
    StatusUpdate,
    Submission,
)
from exams.queries import counting_hand_in, counting_submission
from grading import changes, oracle, plan, queue, repro, shown, silences
from grading.followups import follow_ups
from grading.models import GradingRun, ReproCheck
from grading.verdicts import Verdict
from sandboxes.ingest.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from exams.models import Attempt
    from exams.twins.definition import SelfCheck, Twin
    from sandboxes.sandbox import JsonObject

# Verdicts that say: fails by assertion before, and passes after.
_FAILS_THEN_PASSES = frozenset(
    {Verdict.overfit, Verdict.weak, Verdict.hotfix_incomplete, Verdict.hotfix_regresses, Verdict.verified}
)


def collect(attempt: Attempt, *, now: datetime) -> JsonObject:
    """Everything a mentor sees of an attempt; what needs attention first.

    1. Whether anything was forced, and why.
    2. What arrived late, could not be pinned, was pushed over, or was edited where no fix belongs.
    3. The clock: start, first repro, confirmed diagnosis, first fix, hand-in.
    4. Diagnoses beside the truth; runs; updates with their silences and promises; self-checks beside what we saw.
    5. The verdict on the work that counts, with its numbers; the hotfix; the post-mortem.
    """
    return _Gathering(attempt, now).everything()


@dataclass(frozen=True)
class _Moment:
    """When something happened, and what says so."""

    at: datetime
    cites: list[JsonObject]


class _Gathering:
    """One attempt's rows, read once."""

    def __init__(self, attempt: Attempt, now: datetime) -> None:
        self.attempt = attempt
        self.now = now
        self.twin: Twin = twin_of(attempt)
        self.truth = incident.truth(attempt)
        self.events = list(Event.objects.filter(attempt=attempt).order_by("seq"))
        self.stages = list(Stage.objects.filter(attempt=attempt).order_by("position"))
        self.submissions = list(Submission.objects.filter(attempt=attempt).order_by("number"))
        self.runs: dict[Any, GradingRun | None] = {each.pk: queue.last_run(each) for each in self.submissions}
        self.counting = counting_submission(attempt)
        self.counting_run = self.runs.get(self.counting.pk) if self.counting else None
        self.diagnoses = list(Diagnosis.objects.filter(attempt=attempt).order_by("number"))
        self.confirmed = repro.confirmed(attempt)
        self.updates = list(StatusUpdate.objects.filter(attempt=attempt).order_by("number"))
        self.hand_ins = {
            stage.key: found for stage in self.stages if (found := counting_hand_in(attempt, stage.key)) is not None
        }

    def everything(self) -> JsonObject:
        """The whole page, in its order."""
        return {
            "forced": self._forced(),
            "attention": self._attention(),
            "clock": self._clock(),
            "times": self._times(),
            "verdict": self._verdict(),
            "self_checks": self._self_checks(),
            "diagnoses": self._diagnoses(),
            "truth": self.truth,
            "updates": self._updates(),
            "runs": [self._run(submission) for submission in self.submissions],
            "hotfix": self._hotfix(),
            "documents": self._documents(),
        }

    # --- citing ---

    def _event(self, kind: str, **payload: Any) -> list[JsonObject]:
        """Citations of the events of a kind whose payload holds these values."""
        return [
            {"kind": "event", "ref": str(event.seq)}
            for event in self.events
            if event.kind == kind and all(event.payload.get(key) == value for key, value in payload.items())
        ]

    @staticmethod
    def _cite_run(submission: Submission) -> list[JsonObject]:
        return [{"kind": "run", "ref": str(submission.pk)}]

    # --- what needs attention ---

    def _forced(self) -> list[JsonObject]:
        questions = {check.key: check.question for check in self.twin.self_checks}
        return [
            {
                "stage": hand_in.stage.key,
                "reason": hand_in.force_reason,
                "checks": [{"key": key, "question": questions.get(key, "")} for key in hand_in.blocked_checks],
                "at": hand_in.received_at,
                "counts": self.hand_ins.get(hand_in.stage.key) == hand_in,
                "cites": self._event("stage.handed_in", hand_in=str(hand_in.pk)),
            }
            for hand_in in HandIn.objects.filter(attempt=self.attempt)
            .exclude(force_reason="")
            .select_related("stage")
            .order_by("-received_at")
        ]

    def _attention(self) -> JsonObject:
        late = LateWrite.objects.filter(attempt=self.attempt).select_related("stage").order_by("received_at")
        handed_in = [each for each in self.submissions if each.hand_in_id is not None]
        edited = self.counting_run.provenance.get("edited", {}) if self.counting_run else {}
        return {
            "late": [
                {
                    "kind": write.kind,
                    "stage": write.stage.key,
                    "received_at": write.received_at,
                    "late_by_seconds": write.late_by.total_seconds(),
                    "content": write.payload,
                    "granted": write.granted_at is not None,
                    "grant_reason": write.grant_reason,
                    "cites": self._event("late_write.received", late_write=str(write.pk)),
                }
                for write in late
            ],
            "handed_in_by_deadline": [key for key, hand_in in self.hand_ins.items() if hand_in.by_deadline],
            "not_handed_in": [stage.key for stage in self.stages if stage.key not in self.hand_ins],
            "unpinned": [self._named(each) for each in handed_in if each.unpinned],
            "force_pushed": [self._named(each) for each in handed_in if each.force_pushed],
            "edited_protected": edited.get("protected", []),
            "edited_knowledge": edited.get("data", []),
            "extra_time_percent": self.attempt.multiplier_percent,
        }

    def _named(self, submission: Submission) -> JsonObject:
        return {
            "run": str(submission.pk),
            "url": submission.url,
            "commit": submission.pinned_commit,
            "cites": self._cite_run(submission),
        }

    # --- the clock ---

    def _clock(self) -> JsonObject:
        return {
            "started_at": self.attempt.started_at,
            "cites": self._event("attempt.started"),
            "stages": [
                {
                    "key": stage.key,
                    "opens_at": stage.opens_at,
                    "closes_at": stage.closes_at,
                    "state": stage.state,
                    "closed_at": stage.closed_at,
                }
                for stage in self.stages
            ],
        }

    def _times(self) -> JsonObject:
        """Moments of the incident, each with its distance from the start in seconds; None when it never came."""
        moments: dict[str, _Moment | None] = {
            "first_question": self._first_question(),
            "first_repro": self._first_repro(),
            "first_update": self._first_update(),
            "confirmed_diagnosis": self._confirmed(),
            "first_reproducing_test": self._first_run(_FAILS_THEN_PASSES | {Verdict.fails_on_own_fix}),
            "first_fix": self._first_run(_FAILS_THEN_PASSES),
        }
        moments |= {f"hand_in_{key}": self._hand_in(hand_in) for key, hand_in in self.hand_ins.items()}
        return {name: self._distance(moment) for name, moment in moments.items()}

    def _distance(self, moment: _Moment | None) -> JsonObject | None:
        if moment is None or self.attempt.started_at is None:
            return None
        return {
            "at": moment.at,
            "seconds_after_start": (moment.at - self.attempt.started_at).total_seconds(),
            "cites": moment.cites,
        }

    def _first_question(self) -> _Moment | None:
        first = Question.objects.filter(attempt=self.attempt).order_by("number").first()
        return None if first is None else _Moment(first.received_at, self._event("question.asked", number=first.number))

    def _first_repro(self) -> _Moment | None:
        """The first question to the running model, or repro, whose answer is harmful by the approved facts."""
        found = [
            _Moment(diagnosis.received_at, self._event("diagnosis.filed", number=diagnosis.number))
            for diagnosis in ([self.confirmed] if self.confirmed else [])
        ]
        conversations = oracle.Conversations(oracle.read_facts(incident.facts(self.attempt)))
        asked = Question.objects.filter(attempt=self.attempt, state=QuestionState.ANSWERED).order_by("number")
        for question in asked:
            reply = (question.reply or {}).get("reply")
            if oracle.harmful(conversations.judge(question.text, question.session, reply).verdict):
                found.append(_Moment(question.received_at, self._event("question.answered", number=question.number)))
                break
        return min(found, key=lambda moment: moment.at) if found else None

    def _first_update(self) -> _Moment | None:
        if not self.updates:
            return None
        first = self.updates[0]
        return _Moment(first.received_at, self._event("status_update.posted", number=first.number))

    def _confirmed(self) -> _Moment | None:
        """The moment is when it was filed: how long we took to try its repro is not the learner's time."""
        if self.confirmed is None:
            return None
        number = self.confirmed.number
        cites = self._event("diagnosis.filed", number=number) + self._event("diagnosis.checked", number=number)
        return _Moment(self.confirmed.received_at, cites)

    def _first_run(self, verdicts: Iterable[Verdict]) -> _Moment | None:
        wanted = set(verdicts)
        for submission in self.submissions:
            run = self.runs[submission.pk]
            if run is not None and (run.verdict or run.visible_verdict) in wanted:
                return _Moment(submission.received_at, self._cite_run(submission))
        return None

    def _hand_in(self, hand_in: HandIn) -> _Moment:
        cites = self._event("stage.handed_in", hand_in=str(hand_in.pk))
        return _Moment(hand_in.received_at, cites or self._event("stage.closed", hand_in=str(hand_in.pk)))

    # --- the verdict ---

    def _run(self, submission: Submission) -> JsonObject:
        run = self.runs[submission.pk]
        return {
            "run": str(submission.pk),
            "number": submission.number,
            "purpose": submission.purpose,
            "counts": submission == self.counting,
            "received_at": submission.received_at,
            "commit": submission.pinned_commit,
            "state": run.state if run else "waiting",
            "verdict": (run.verdict or run.visible_verdict) if run else "",
            "because": (run.because or run.visible_because) if run else submission.rejected_because,
            "cites": self._cite_run(submission) + self._event("run.graded", run=str(submission.pk)),
        }

    def _verdict(self) -> JsonObject | None:
        """The verdict on the work that counts, its two numbers, both rates before and after, and every cell."""
        submission, run = self.counting, self.counting_run
        if submission is None or run is None:
            return None
        return {
            "run": str(submission.pk),
            "state": run.state,
            "name": run.verdict,
            "because": run.because,
            "mutants": {"killed": run.mutants_killed, "total": run.mutants_total},
            "alternatives": {"passed": run.alternatives_passed, "total": run.alternatives_total},
            "answers": {
                name: counts
                | {
                    "harmful_rate": _rate(counts["harmful"], counts["total"]),
                    "answer_rate": _rate(counts["answered"], counts["answerable"]),
                }
                for name, counts in _rows(run.probe_counts)
            },
            "cells": [
                {
                    "cell": cell.pk,
                    "kind": cell.kind,
                    "key": cell.key,
                    "repeat": cell.repeat,
                    "got": shown.got(cell),
                    "result": cell.result,
                    "seconds": round(cell.seconds, 3),
                }
                for cell in run.cells.order_by("kind", "key", "repeat")
            ],
            "provenance": run.provenance,
            "cites": self._cite_run(submission) + self._event("run.graded", run=str(submission.pk)),
        }

    # --- claimed and observed ---

    def _self_checks(self) -> list[JsonObject]:
        answers = {
            (answer.hand_in_id, answer.check_key): answer.answer
            for answer in SelfCheckAnswer.objects.filter(hand_in__in=self.hand_ins.values())
        }
        rows = []
        for check in self.twin.self_checks:
            hand_in = self.hand_ins.get(check.stage)
            claimed = answers.get((hand_in.pk, check.key), Answer.NOT_ANSWERED) if hand_in else Answer.NOT_ANSWERED
            observed, detail, cites = self._observe(check)
            rows.append(
                {
                    "key": check.key,
                    "question": check.question,
                    "critical": check.critical,
                    "claimed": claimed,
                    "observed": observed,
                    "agrees": None if observed is None else (claimed == Answer.YES) is observed,
                    "detail": detail,
                    "cites": cites,
                }
            )
        return rows

    def _observe(self, check: SelfCheck) -> tuple[bool | None, str, list[JsonObject]]:
        """What we saw ourselves: yes, no, or None when there is nothing to see."""
        match check.observed:
            case "regression_test_present":
                return self._observe_test()
            case "status_updates_posted":
                cites = self._event("status_update.posted")
                return bool(self.updates), f"{len(self.updates)} posted in the live window", cites
            case "follow_ups_have_owners":
                return self._observe_owners(check.stage)
            case _:
                return None, "the platform does not observe this", []

    def _observe_test(self) -> tuple[bool | None, str, list[JsonObject]]:
        submission = self.counting
        if submission is None:
            return False, "no code was handed in", []
        if submission.tree is None:
            return None, f"the files are not there: {submission.rejected_because or 'not read yet'}", []
        test = _tree(submission).under(plan.REGRESSION_TESTS)
        paths = [path for path in test.files if path.endswith(".py")]
        detail = ", ".join(paths) or f"nothing in {plan.REGRESSION_TESTS}"
        return bool(paths), detail, self._cite_run(submission)

    def _observe_owners(self, stage_key: str) -> tuple[bool | None, str, list[JsonObject]]:
        hand_in = self.hand_ins.get(stage_key)
        text = "\n\n".join(text for _, text in self._texts(stage_key))
        found = follow_ups(text)
        owned = [each for each in found if each.owner]
        cites = self._event("stage.handed_in", hand_in=str(hand_in.pk)) if hand_in else []
        if not found:
            return False, "no list of follow-ups was found", cites
        unowned = [each.text[:80] for each in found if not each.owner]
        detail = f"{len(owned)} of {len(found)} follow-ups name an owner"
        return not unowned, detail + (f"; without: {'; '.join(unowned)}" if unowned else ""), cites

    # --- diagnoses ---

    def _diagnoses(self) -> list[JsonObject]:
        checks = {check.diagnosis_id: check for check in ReproCheck.objects.filter(diagnosis__in=self.diagnoses)}
        return [self._diagnosis(diagnosis, checks.get(diagnosis.pk)) for diagnosis in self.diagnoses]

    def _diagnosis(self, diagnosis: Diagnosis, check: ReproCheck | None) -> JsonObject:
        causes = repro.compare(diagnosis, self.truth)
        return {
            "number": diagnosis.number,
            "received_at": diagnosis.received_at,
            "component": diagnosis.component,
            "failure_class": diagnosis.failure_class,
            "explanation": diagnosis.explanation,
            "repro": diagnosis.repro,
            "reproduces": check.reproduces if check else None,
            "confirmed": diagnosis == self.confirmed,
            "transcript": check.transcript if check else [],
            "matches_truth": {"component": causes.component, "failure_class": causes.failure_class},
            "cites": self._event("diagnosis.filed", number=diagnosis.number)
            + self._event("diagnosis.checked", number=diagnosis.number),
        }

    # --- updates ---

    def _updates(self) -> JsonObject:
        window = next((stage for stage in self.stages if self.twin.stage(stage.key).status_updates), None)
        if window is None or self.attempt.started_at is None:
            return {"posted": [], "silences": [], "longest_silence": None, "promises": [], "promises_kept": None}
        told = [
            silences.Update(update.number, update.received_at, update.state, update.next_update_at)
            for update in self.updates
        ]
        closed = min(window.closes_at, self.now)
        gaps = silences.silences(told, opened=window.opens_at, closed=closed)
        made = silences.promises(told, closed=closed)
        longest = max(gaps, key=lambda gap: gap.seconds, default=None)
        due = [promise for promise in made if promise.kept is not None]
        return {
            "posted": [self._update(update) for update in self.updates],
            "silences": [self._silence(gap) for gap in gaps],
            "longest_silence": self._silence(longest) if longest else None,
            "promises": [
                {
                    "update": promise.update,
                    "due": promise.due,
                    "kept": promise.kept,
                    "kept_by": promise.kept_by,
                    "cites": self._event("status_update.posted", number=promise.update),
                }
                for promise in made
            ],
            "promises_kept": {"kept": sum(bool(promise.kept) for promise in due), "due": len(due)},
        }

    def _update(self, update: StatusUpdate) -> JsonObject:
        return {
            "number": update.number,
            "at": update.received_at,
            "seconds_after_start": (update.received_at - (self.attempt.started_at or self.now)).total_seconds(),
            "audience": update.audience,
            "state": update.state,
            "text": update.text,
            "impact": update.impact,
            "next_update_at": update.next_update_at,
            "cites": self._event("status_update.posted", number=update.number),
        }

    def _silence(self, gap: silences.Silence) -> JsonObject:
        numbers = [number for number in (gap.after, gap.before) if number]
        return {
            "since": gap.since,
            "until": gap.until,
            "seconds": gap.seconds,
            "cites": [cite for number in numbers for cite in self._event("status_update.posted", number=number)],
        }

    # --- what was handed in ---

    def _hotfix(self) -> JsonObject | None:
        """What the counting work changes; tests apart from the rest."""
        submission = self.counting
        if submission is None or submission.tree is None:
            return None
        found = changes.between(incident.base_tree(self.attempt), _tree(submission))
        tests = [each for each in found.files if each.path.startswith(f"{plan.TESTS}/")]
        rest = [each for each in found.files if each not in tests]
        at_fault = {str(path) for path in self.truth.get("files", [])}
        return {
            "run": str(submission.pk),
            "commit": submission.pinned_commit,
            "source_facts": submission.source_facts,
            "files": [dataclasses.asdict(each) for each in rest],
            "tests": [dataclasses.asdict(each) for each in tests],
            "lines_added": sum(each.added or 0 for each in rest),
            "lines_removed": sum(each.removed or 0 for each in rest),
            "touches_module_at_fault": bool(at_fault & {each.path for each in rest}) if at_fault else None,
            "diff": found.diff,
            "diff_cut": found.cut,
            "cites": self._cite_run(submission),
        }

    def _documents(self) -> list[JsonObject]:
        return [
            {
                "stage": stage.key,
                "deliverable": key,
                "text": text,
                "characters": len(text),
                "received_at": hand_in.received_at,
                "by_deadline": hand_in.by_deadline,
                "follow_ups": [dataclasses.asdict(each) for each in follow_ups(text)],
                "cites": self._hand_in(hand_in).cites,
            }
            for stage in self.stages
            if (hand_in := self.hand_ins.get(stage.key)) is not None
            for key, text in self._texts(stage.key)
        ]

    def _texts(self, stage_key: str) -> list[tuple[str, str]]:
        """The documents of a stage's counting hand-in, by deliverable."""
        hand_in = self.hand_ins.get(stage_key)
        if hand_in is None:
            return []
        wanted = [each.key for each in self.twin.deliverables_of(stage_key) if each.kind == "document"]
        return [(key, document_text(hand_in.deliverables[key])) for key in wanted if key in hand_in.deliverables]


def document_text(content: Any) -> str:
    """A document as one text: as it is, its `text`, or its sections under their names."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        if isinstance(content.get("text"), str):
            return str(content["text"])
        return "\n\n".join(f"## {name}\n\n{document_text(part)}" for name, part in content.items())
    if isinstance(content, list):
        return "\n".join(f"- {document_text(part)}" for part in content)
    return "" if content is None else str(content)


def _tree(submission: Submission) -> Tree:
    if submission.tree is None:
        raise ValueError(f"submission {submission.pk} has no tree")
    return Tree.from_tar(bytes(submission.tree.content))


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _rows(counts: JsonObject) -> list[tuple[str, JsonObject]]:
    """Sets of answers, as they came before, after, and from the platform's own fix."""
    order = ("before", "after", "reference", "worked_before")
    return [(name, counts[name]) for name in order if name in counts]
