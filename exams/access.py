"""Who reaches which attempt: one function per way of reaching, and one answer, `NothingHere`, for all who do not."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import OperationalError, connection, transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts import acts
from accounts.models import Role, User
from exams import ledger
from exams.database_clock import database_now
from exams.errors import Refusal
from exams.models import Attempt, Event

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable
    from datetime import datetime

    from django.contrib.auth.models import AnonymousUser

log = logging.getLogger(__name__)

READ_BY_ADMIN = "attempt.read_by_admin"
NOTED_FOR = timedelta(hours=1)
_WAIT_FOR_THE_ATTEMPT = "500ms"

# Whether a mentor has claimed an attempt is known to rubrics, which exams cannot import: it adds its rule here.
mentors_may_see: list[Callable[[User, Attempt], bool]] = []
# So is which review of an attempt is a mentor's own; of the events that hold a judgement they read that one's only.
mentors_own_review: list[Callable[[User, Attempt], uuid.UUID | None]] = []


class NothingHere(Refusal):
    """Either there is no such thing or it is not yours to see; the answer does not tell which."""


class AdminsOnly(Refusal):
    """This act belongs to admins."""


def attempt_for(user: User | AnonymousUser, attempt_id: uuid.UUID) -> Attempt:
    """An attempt this person is about to read: a learner's own, any for an admin, a claimed one for a mentor.

    That an admin reads it is noted.

    Raises:
        NothingHere: there is none such for this person.
    """
    attempt = _find(attempt_id)
    if not reads(user, attempt):
        raise _nothing()
    return attempt


def reads(user: User | AnonymousUser, attempt: Attempt) -> bool:
    """Whether this person may read this attempt, which they are about to; that an admin does is noted."""
    if not may_read(user, attempt):
        return False
    note_admin(user, attempt)
    return True


def note_admin(user: User | AnonymousUser, attempt: Attempt) -> None:
    """When this person is an admin, make sure that the ledger says so to the learner; for others do nothing.

    It says so once in an hour for each admin. It is the one rule that reads the clock itself: every doorway that shows
    an attempt comes through here, most of them before they need a time. A reader never waits long for whoever is
    writing into the attempt: then the reading is noted among the acts on the learner instead, and the next one in the
    ledger.
    """
    if not isinstance(user, User) or user.role != Role.ADMIN or attempt.learner_id == user.pk:
        return
    now = database_now()
    if _noted(user, attempt, now):
        return
    try:
        _note(user, attempt, now)
    except OperationalError:  # the attempt is locked
        log.warning("attempt %s is locked: that admin %s reads it is noted with the learner", attempt.pk, user.pk)
        changes: dict[str, object] = {"attempt": [None, str(attempt.pk)]}
        with acts.done_by(user, via="API"):
            acts.note(whom=attempt.learner, kind=READ_BY_ADMIN, changes=changes, by=user)


def _noted(admin: User, attempt: Attempt, now: datetime) -> bool:
    since = now - NOTED_FOR
    return Event.objects.filter(attempt=attempt, kind=READ_BY_ADMIN, actor=admin, at__gt=since).exists()


@transaction.atomic
def _note(admin: User, attempt: Attempt, now: datetime) -> None:
    """Hold the attempt, look again, append.

    Raises:
        OperationalError: somebody else held the attempt for too long.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [_WAIT_FOR_THE_ATTEMPT])
        held = ledger.hold(attempt.pk)
        cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
    if not _noted(admin, held, now):
        ledger.append(attempt=held, kind=READ_BY_ADMIN, payload={}, actor=admin, at=now)


def may_read(user: User | AnonymousUser, attempt: Attempt) -> bool:
    """Whether this person may read this attempt; who then shows it to them calls `reads`."""
    if not isinstance(user, User) or not user.is_active:
        return False
    if user.role == Role.ADMIN:
        return True
    if user.role == Role.LEARNER:
        return attempt.learner_id == user.pk
    return attempt.learner_id != user.pk and any(rule(user, attempt) for rule in mentors_may_see)


def still_reads(user_id: int, attempt_id: uuid.UUID, *, hidden: bool) -> bool:
    """Whether a person who was let in to read goes on to be: active, of the same sort, and reaching the attempt."""
    user = User.objects.filter(pk=user_id).first()
    return user is not None and sees_hidden(user) == hidden and may_read(user, _find(attempt_id))


def own_attempt(user: User | AnonymousUser, attempt_id: uuid.UUID) -> Attempt:
    """The learner's own attempt, for writing; nobody writes into another person's attempt.

    Raises:
        NothingHere: it is somebody else's, or there is none.
    """
    attempt = _find(attempt_id)
    if not isinstance(user, User) or not user.is_active or attempt.learner_id != user.pk:
        raise _nothing()
    return attempt


def sees_hidden(user: User | AnonymousUser) -> bool:
    """Whether events kept from learners are shown: to mentors (of attempts they reach) and admins."""
    return isinstance(user, User) and user.is_active and user.role in {Role.MENTOR, Role.ADMIN}


def only_judgements_of(user: User | AnonymousUser, attempt: Attempt) -> str | None:
    """The one review whose judgements this person is shown; None for all that they may read at all.

    A mentor is shown their own review's, so that whoever hears an appeal cannot read the first scores in the ledger.
    A mentor without one is shown none: the answer is then the empty text.
    """
    if not isinstance(user, User) or user.role != Role.MENTOR:
        return None
    own = next((found for rule in mentors_own_review if (found := rule(user, attempt)) is not None), None)
    return str(own or "")


def require_admin(user: User | AnonymousUser) -> User:
    """This person, when an admin.

    Raises:
        AdminsOnly: they are not.
    """
    if not isinstance(user, User) or not user.is_active or user.role != Role.ADMIN:
        raise AdminsOnly("Only an admin may do this. Ask one, and say why it is needed.")
    return user


def repository_token(attempt: Attempt) -> str:
    """The password of an attempt's own repository: nothing is stored; a new `token_generation` makes a new one."""
    return salted_hmac(
        "exams.access.repository", f"{attempt.pk}:{attempt.token_generation}", algorithm="sha256"
    ).hexdigest()[:40]


def attempt_by_repository_token(attempt_id: uuid.UUID, token: str) -> Attempt:
    """The attempt whose repository this token opens, for git, which brings a token and no session.

    Raises:
        NothingHere: the token opens nothing, or its learner may not sign in any more.
    """
    attempt = _find(attempt_id)
    if not constant_time_compare(repository_token(attempt), token) or not attempt.learner.is_active:
        raise _nothing()
    return attempt


def _find(attempt_id: uuid.UUID) -> Attempt:
    attempt = Attempt.objects.select_related("twin", "learner").filter(pk=attempt_id).first()
    if attempt is None:
        raise _nothing()
    return attempt


def _nothing() -> NothingHere:
    return NothingHere("There is no such attempt among those you may see. Check the address and who is signed in.")
