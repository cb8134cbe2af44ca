"""Replays the releases of incidents that wait in the stock, so that a start finds its chart already known.

These are trees of our own, which need no container: the pack opens them in this process.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from celery.exceptions import SoftTimeLimitExceeded

from exams import ahead, incident
from exams.models import StockedIncident
from exams.trees import served
from exams.twins import Twin
from grading.deploying.weighing import Scales
from sandboxes.ingest.tree import Tree
from sandboxes.sandbox import Exchange

if TYPE_CHECKING:
    import uuid

    from exams.packs import Ask, Question

log = logging.getLogger(__name__)


def replay_next() -> bool:
    """Replay one stocked incident that lacks it; whether that worked. One that fails is left to its start.

    When the task's time runs out the machine is too busy: nothing of it is kept, and the timetable comes back.
    """
    for stocked_id in ahead.lacking():
        try:
            if _replay(stocked_id):
                return True
        except SoftTimeLimitExceeded:
            log.warning("Replaying a stocked incident ran out of time: this machine is too busy. It is tried again.")
            return False
        except Exception:
            log.exception("The release of a stocked incident could not be replayed; its start will have it replayed")
    return False


def _replay(stocked_id: uuid.UUID) -> bool:
    row = StockedIncident.objects.select_related("twin").filter(pk=stocked_id).first()
    if row is None or row.handed_out is None or row.approved_facts is None:  # taken or swept meanwhile
        return False
    pack = incident.pack_of(Twin.from_json(row.twin.definition))
    traffic = pack.traffic(row.spec)
    scales = Scales(bytes(row.approved_facts), seed=row.incident_seed)
    with pack.opened(served(pack, Tree.from_tar(bytes(row.handed_out)))) as ask:
        for each in traffic:
            scales.take(_put(ask, each))
    kept = [[each.second, each.question, each.session] for each in traffic]
    return ahead.keep(row.pk, traffic=kept, replayed=scales.found())


def _put(ask: Ask, asked: Question) -> Exchange:
    began = time.monotonic()
    try:
        reply = ask(asked.question, asked.session)
    except SoftTimeLimitExceeded:
        raise  # our time ran out: no answer of the tree's
    except Exception as raised:  # noqa: BLE001 - what a tree raises is its answer, as it is in a container
        return Exchange(asked.question, asked.session, None, str(raised), time.monotonic() - began)
    return Exchange(asked.question, asked.session, reply, None, time.monotonic() - began)
