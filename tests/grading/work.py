"""Builders of submitted work: right and wrong hotfixes, sound and unsound tests, taken in as ingest would."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from exams.database_clock import database_now
from exams.models import Blob, HandIn, Stage, Submission, SubmissionPurpose, SubmissionState
from exams.packs import Spec
from sandboxes.ingest.tree import Tree
from tests import packs
from tests.attempts import live_attempt

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.models import User
    from exams.models import Attempt

PACK = packs.PACK
SPEC = Spec("T1", 7)
TEST_PATH = "tests/regression/test_fees.py"

SOUND = PACK.author_test(SPEC).files[TEST_PATH].decode()
# Passes whatever the answers are.
VACUOUS = "def test_nothing(ask):\n    ask('What is the late fee of Ridge Gold?')\n"
RAISES = "def test_it(ask, facts):\n    raise RuntimeError('no assertion')\n"
NOT_COLLECTED = "import nothing_of_that_name\n"
LEAVES = "import os\n\ndef test_it(ask):\n    os._exit(0)\n"
SKIPS = "import pytest\n\n@pytest.mark.skip\ndef test_it(ask):\n    assert False\n"
COIN = "import os\n\ndef test_it(ask):\n    assert os.urandom(1)[0] % 2\n"
# Knows one product only: passes on right fixes, and fails on the faulty tree.
NARROW = (
    "def test_one(ask, facts):\n"
    "    gold, silver = facts['products'][:2]\n"
    "    fee = silver['facts']['late_fee']['value']\n"
    "    assert f' {fee} ' in ask(f\"What is the late fee of {silver['name']}?\").text\n"
)
# Lets a fix through that refuses everything.
LENIENT = (
    "def test_no_wrong_figure(ask, facts):\n"
    "    for product in facts['products']:\n"
    "        reply = ask(f\"What is the late fee of {product['name']}?\")\n"
    "        assert reply.refused or f\" {product['facts']['late_fee']['value']} \" in reply.text\n"
)
WELDED = (
    SOUND + "\n\ndef test_version(ask):\n    assert ask('What is the late fee of Ridge Silver?')['version'] == '2'\n"
)


def tree(test: str | None = SOUND, *, hotfix: Tree | None = None, spec: Spec = SPEC) -> Tree:
    """A hotfix (the right one unless said otherwise) with a regression test."""
    fixed = hotfix or PACK.reference(spec)
    return fixed if test is None else fixed.overlay(Tree({TEST_PATH: test.encode()}))


def live(learner: User, *, started_at: datetime | None = None) -> Attempt:
    """A live attempt on the small pack."""
    return live_attempt(learner, started_at=started_at)


def spec_of(attempt: Attempt) -> Spec:
    """The incident of an attempt."""
    return Spec(attempt.incident_class, attempt.incident_seed)


def submit(
    attempt: Attempt, submitted: Tree | None, *, hand_in: bool = False, received_at: datetime | None = None
) -> Submission:
    """A submission that ingest has finished with; without a tree it was refused."""
    at = received_at or database_now()
    number = Submission.objects.filter(attempt=attempt).count() + 1
    handed_in = None
    if hand_in:
        stage = Stage.objects.get(attempt=attempt, key="live")
        handed_in = HandIn.objects.create(
            attempt=attempt,
            stage=stage,
            number=HandIn.objects.filter(stage=stage).count() + 1,
            received_at=min(at, stage.closes_at - timedelta(microseconds=1)),
            deliverables={"diagnosis": "It mixes up tiers.", "hotfix": {"mode": "repo_url"}},
            content_sha256="0" * 64,
        )
    blob = None
    if submitted is not None:
        blob, _ = Blob.objects.get_or_create(
            sha256=submitted.sha256, defaults={"size": len(submitted.to_tar()), "content": submitted.to_tar()}
        )
    return Submission.objects.create(
        attempt=attempt,
        hand_in=handed_in,
        purpose=SubmissionPurpose.HAND_IN if hand_in else SubmissionPurpose.RUN,
        number=number,
        mode="repo_url",
        received_at=at,
        pinned_commit="c" * 40,
        state=SubmissionState.INGESTED if blob else SubmissionState.REJECTED,
        tree=blob,
        tree_sha256=blob.sha256 if blob else "",
        ingested_at=at if blob else None,
        rejected_code="" if blob else "symlink",
        rejected_because="" if blob else "link.txt is a symbolic link. Replace it by a file.",
    )
