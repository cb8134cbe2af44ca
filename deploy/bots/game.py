"""Plays bots on incidents and reads what they are proposed: what `make bots` and the tests do alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from deploy.bots import scoring
from deploy.bots.in_process import TrustedTrees
from deploy.bots.knowing import Case
from deploy.bots.players import BOTS
from deploy.bots.playing import TWIN, play
from exams import start
from exams.twins import Twin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from exams.packs import Pack, Spec
    from sandboxes.sandbox import Sandbox


def played(
    pack: Pack, spec: Spec, bots: Sequence[str], *, sandbox: Callable[[Case], Sandbox] | None = None
) -> Iterator[scoring.Row]:
    """One row for each bot on one incident. Each plays in a transaction that is rolled back, so that nothing is left.

    Raises:
        DidNotPlay, NothingToPlay: something could not be played at all.
    """
    case = Case(pack, spec)
    runs_in = (sandbox or trusted)(case)
    for name in bots:
        game = BOTS[name](case)
        with transaction.atomic():
            twin = Twin.from_json(start.published(TWIN).definition)
            found = play(case, game, sandbox=runs_in)
            transaction.set_rollback(True)
        yield scoring.row(found, game, spec=spec, twin=twin)


def trusted(case: Case) -> TrustedTrees:
    """This process, for the trees of one incident."""
    found = TrustedTrees(case.pack)
    found.trust(case.base, case.reference, *case.pack.alternatives(case.spec).values(), *case.mutants.values())
    found.trust(case.author_test, case.narrow_test, case.refusal_test, case.generic_test)
    return found
