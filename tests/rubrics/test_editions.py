"""Before a twin is published anew, it is known how far the judgement of its attempts has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exams import editions
from exams.editions import Keeps
from exams.twins import publish as publish_twin
from rubrics import appeals
from rubrics import review as verbs
from tests.rubrics.conftest import NOON, definition
from tests.rubrics.test_review import score_all, sign

if TYPE_CHECKING:
    from exams.models import TwinVersion
    from rubrics.models import Review
    from tests.people import Cast

pytestmark = pytest.mark.django_db

APPEALS = {"sla": "48 h", "nudges": ["24 h", "40 h"], "appeal_within": "2 weeks"}


def _keeps() -> Keeps:
    return editions.change(definition(title="Another")).keeps


def test_an_attempt_is_handed_in_then_under_review_then_signed_off(waiting: Review, cast: Cast) -> None:
    assert _keeps() == Keeps(live=0, handed_in=1, under_review=0, signed_off=0)
    verbs.claim(review_id=waiting.pk, mentor=cast.mentor, now=NOON)
    assert _keeps() == Keeps(live=0, handed_in=0, under_review=1, signed_off=0)
    score_all(waiting, cast.mentor, "0.75")
    sign(waiting, cast.mentor)
    assert _keeps() == Keeps(live=0, handed_in=0, under_review=0, signed_off=1)


@pytest.fixture
def twin(db: None) -> TwinVersion:
    """A version that takes appeals for two weeks."""
    return publish_twin(definition(review=APPEALS), now=NOON)[0]


def test_an_appeal_is_judged_by_the_edition_too(waiting: Review, cast: Cast) -> None:
    verbs.claim(review_id=waiting.pk, mentor=cast.mentor, now=NOON)
    score_all(waiting, cast.mentor, "0.75")
    sign(waiting, cast.mentor)
    filed = appeals.file(
        attempt_id=waiting.attempt_id, reason="See entry 12.", confirm=True, learner=cast.learner, now=NOON
    )
    assert _keeps() == Keeps(live=0, handed_in=1, under_review=0, signed_off=0)
    verbs.claim(review_id=filed.appeal.review_id, mentor=cast.other_mentor, now=NOON)
    assert _keeps() == Keeps(live=0, handed_in=0, under_review=1, signed_off=0)
