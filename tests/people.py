"""The standing cast: the same people in every test, and clients that speak for them."""

from __future__ import annotations

from dataclasses import dataclass

from rest_framework.test import APIClient

from accounts.models import Role, User

PASSWORD = "correct-horse-battery"


@dataclass(frozen=True)
class Cast:
    """Ada learns, Ben learns too, Mona and Milo mentor, Ana administers."""

    learner: User
    other_learner: User
    mentor: User
    other_mentor: User
    admin: User

    @property
    def everyone(self) -> tuple[User, ...]:
        """All five."""
        return (self.learner, self.other_learner, self.mentor, self.other_mentor, self.admin)


def standing_cast() -> Cast:
    """The five people, made in the database; call once a test (or use the fixture `cast`)."""

    def make(email: str, name: str, role: Role) -> User:
        return User.objects.create_user(email, PASSWORD, role=role, name=name)

    return Cast(
        learner=make("ada@learn.example", "Ada", Role.LEARNER),
        other_learner=make("ben@learn.example", "Ben", Role.LEARNER),
        mentor=make("mona@mentor.example", "Mona", Role.MENTOR),
        other_mentor=make("milo@mentor.example", "Milo", Role.MENTOR),
        admin=make("ana@admin.example", "Ana", Role.ADMIN),
    )


def client_of(user: User | None = None) -> APIClient:
    """An API client signed in as `user`; a visitor's when there is none."""
    client = APIClient()
    if user is not None:
        client.force_authenticate(user)
    return client
