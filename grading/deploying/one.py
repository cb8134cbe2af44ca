"""One claimed deployment, from its tree to what is kept of it, or put back when the platform failed."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from exams import incident
from exams.live.deployments import replays
from exams.live.deployments.traffic import kept_traffic
from exams.live.deployments.trees import tree_of
from exams.models import DeploymentKind
from exams.one_by_one import UNUSABLE
from grading import transcripts
from grading.deploying.putting import CannotStart, put_all
from grading.deploying.weighing import Scales
from grading.run import OurTreeFailed
from sandboxes.ingest import IngestRefused
from sandboxes.sandbox import SandboxFault

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sandboxes.sandbox import Sandbox

log = logging.getLogger(__name__)

MOST_BECAUSE = 2_000


def replay(held: replays.Claim, *, sandbox: Sandbox, clock: Callable[[], datetime]) -> None:
    """Replay the customers' questions on a claimed deployment, outside any transaction, and keep what was found.

    1. Compose its tree: a learner's with our model and without its tests, or what the learner was handed.
    2. Put the attempt's whole traffic to it, in order, in a container of its own.
    3. Judge each answer, and keep all of it; or that it cannot be started, which is its own fault; or put the
       deployment back when the platform failed.

    `clock` reads the database's clock.

    Raises:
        LeaseLost: the claim was taken over, or the deployment was called off; nothing was kept.
    """
    row = held.deployment
    began = time.perf_counter()
    try:
        traffic = kept_traffic(row.attempt)
        scales = Scales(incident.facts(row.attempt), seed=row.attempt.incident_seed)
        put = put_all(
            tree_of(row),
            traffic,
            sandbox=sandbox,
            take=scales.take,
            beat=lambda: replays.keep(held, now=clock()),
        )
        if put.starts > 1 and row.kind == DeploymentKind.INITIAL:
            raise OurTreeFailed("the release handed out died while it was asked")
    except (CannotStart, IngestRefused) as refused:
        _cannot_start(held, refused, now=clock())
        return
    except SandboxFault as fault:
        replays.give_back(held, f"{type(fault).__name__}: {fault}", now=clock())
        return
    except UNUSABLE as broken:
        log.critical(
            "ALERT: deployment %s cannot be replayed; it is tried again. Read the cause", row.pk, exc_info=True
        )
        replays.give_back(held, f"{type(broken).__name__}: {broken}", now=clock())
        return
    timings = {
        "questions": len(traffic),
        "starts": put.starts,
        "start_seconds": round(put.start_seconds, 3),
        "asking_seconds": round(put.seconds - put.start_seconds - scales.seconds, 3),
        "judging_seconds": round(scales.seconds, 3),
        "total_seconds": round(time.perf_counter() - began, 3),
    }
    replays.finish(held, scales.found(), timings=timings, now=clock())


def _cannot_start(held: replays.Claim, refused: CannotStart | IngestRefused, *, now: datetime) -> None:
    said = transcripts.storable(str(refused), most=MOST_BECAUSE)
    if held.deployment.kind == DeploymentKind.INITIAL:
        replays.give_back(held, f"{OurTreeFailed.__name__}: the release handed out cannot be started: {said}", now=now)
        return
    because = f"It could not be started, so the version that was live stays live: {said}"
    replays.fail(held, because, now=now)
