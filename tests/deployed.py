"""Builders of deployments: a run that was taken in, deployed by its learner, and replayed by a worker at a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exams.live import deployments
from exams.live.deployments import replays
from exams.models import Deployment
from grading import deploying
from tests.grading import work
from tests.work import EARLY

if TYPE_CHECKING:
    from datetime import datetime

    from exams.models import Attempt, Submission
    from sandboxes.ingest.tree import Tree
    from sandboxes.sandbox import Sandbox

__all__ = ["broken", "deployed", "fixed", "refusing", "replayed", "roll_back", "run_of"]


def fixed(attempt: Attempt) -> Tree:
    """The right fix."""
    return work.PACK.reference(work.spec_of(attempt))


def refusing(attempt: Attempt) -> Tree:
    """A tree that refuses everything."""
    return work.PACK.mutants(work.spec_of(attempt))["refuses_everything"]


def broken(attempt: Attempt) -> Tree:
    """A tree that cannot be loaded."""
    base = work.PACK.base(work.spec_of(attempt))
    return type(base)({**base.files, "assistant/server.py": b"import nothing_of_that_name\n"})


def run_of(attempt: Attempt, tree: Tree | None = None, *, at: datetime = EARLY) -> Submission:
    """A run of the right fix, or of `tree`, that was taken in."""
    return work.submit(attempt, tree or fixed(attempt), received_at=at)


def deployed(attempt: Attempt, tree: Tree | None = None, *, at: datetime = EARLY) -> Deployment:
    """A deployment of the right fix, or of `tree`, as its learner asked for it."""
    return deployments.deploy(
        attempt=attempt, run=run_of(attempt, tree, at=at).pk, actor=attempt.learner, received_at=at
    ).deployment


def roll_back(attempt: Attempt, *, at: datetime, to: int | None = None) -> Deployment:
    """A rollback, as the learner asked for it."""
    return deployments.roll_back(attempt=attempt, to=to, actor=attempt.learner, received_at=at).deployment


def replayed(sandbox: Sandbox, *, at: datetime) -> list[Deployment]:
    """Everything that waits, replayed by a worker whose clock stands still at `at`."""
    done = []
    while (held := replays.claim(worker="test", most=99, now=at)) is not None:
        deploying.replay(held, sandbox=sandbox, clock=lambda: at)
        done.append(Deployment.objects.get(pk=held.deployment.pk))
    return done
