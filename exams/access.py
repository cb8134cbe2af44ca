"""Who reaches which attempt: one function per way of reaching, and one answer, `NothingHere`, for all who do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import Role, User
from exams.errors import Refusal
from exams.models import Attempt

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable

    from django.contrib.auth.models import AnonymousUser

# Whether a mentor has claimed an attempt is known to rubrics, which exams cannot import: it adds its rule here.
mentors_may_see: list[Callable[[User, Attempt], bool]] = []


class NothingHere(Refusal):
    """Either there is no such thing or it is not yours to see; the answer does not tell which."""


class AdminsOnly(Refusal):
    """This act belongs to admins."""


def attempt_for(user: User | AnonymousUser, attempt_id: uuid.UUID) -> Attempt:
    """An attempt this person may read: a learner's own, any for an admin, a claimed one for a mentor.

    Raises:
        NothingHere: there is none such for this person.
    """
    attempt = _find(attempt_id)
    if not may_read(user, attempt):
        raise _nothing()
    return attempt


def may_read(user: User | AnonymousUser, attempt: Attempt) -> bool:
    """Whether this person may read this attempt."""
    if not isinstance(user, User) or not user.is_active:
        return False
    if user.role == Role.ADMIN:
        return True
    if user.role == Role.LEARNER:
        return attempt.learner_id == user.pk
    return attempt.learner_id != user.pk and any(rule(user, attempt) for rule in mentors_may_see)


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
