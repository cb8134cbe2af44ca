"""People: who they are, what they may do, what time they were granted, and which of their requests we answered."""

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower


class Role(models.TextChoices):
    """What a person comes to Hotseat to do; one role a person."""

    LEARNER = "learner"
    MENTOR = "mentor"
    ADMIN = "admin"


class UserManager(BaseUserManager["User"]):
    """Creates people by e-mail address."""

    def create_user(
        self, email: str, password: str | None = None, *, role: str = Role.LEARNER, name: str = ""
    ) -> "User":
        """A person with one role; an admin may also enter the operators' pages."""
        user = self.model(
            email=self.normalize_email(email).lower(), name=name or email.split("@", maxsplit=1)[0], role=role
        )
        user.is_staff = role == Role.ADMIN
        user.is_superuser = role == Role.ADMIN
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **_: object) -> "User":
        """An admin, for Django's own `createsuperuser`."""
        return self.create_user(email, password, role=Role.ADMIN)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Addresses are compared without case."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person, known by e-mail address."""

    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.LEARNER)
    time_zone = models.CharField(max_length=64, default="UTC")
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="user_role_known"),
        ]

    def __str__(self) -> str:
        return self.email


class Accommodation(models.Model):
    """More time for one learner: every window is multiplied by `multiplier_percent` / 100.

    A fact that the database neither changes nor deletes. The newest of a learner counts; one of 100 % ends what was
    granted before. An attempt keeps the multiplier with which it began.
    """

    learner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="accommodations")
    multiplier_percent = models.PositiveSmallIntegerField()
    reason = models.TextField()
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    granted_at = models.DateTimeField(db_default=models.functions.Now())  # set by the database, whatever is given

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(multiplier_percent__range=(100, 400)), name="accommodation_between_1_and_4"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.learner} ×{self.multiplier_percent / 100:g}"

    @classmethod
    def percent_of(cls, learner: User) -> int:
        """How much time this learner has, in per cent of everybody's: what was granted last, or 100."""
        granted = cls.objects.filter(learner=learner).order_by("-pk").first()
        return granted.multiplier_percent if granted else 100


class Act(models.Model):
    """Something that was done to a person: made, changed, given or taken a token, granted time.

    Triggers write these with the change itself, whichever way it came, and number and chain them per person by the
    database's clock; `accounts.acts` says who it was. The database refuses to change or delete one.
    """

    whom = models.ForeignKey(User, on_delete=models.PROTECT, related_name="acts")
    seq = models.PositiveIntegerField()
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")  # null: nobody was signed in
    via = models.CharField(max_length=120)  # which doorway; for one that did not say, the database's own role
    kind = models.CharField(max_length=60)
    changes = models.JSONField(default=dict)  # what changed: [before, after]; never a password or a token
    reason = models.TextField(blank=True, default="")
    previous_sha256 = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["whom", "seq"], name="act_seq_once")]

    def __str__(self) -> str:
        return f"{self.whom_id}#{self.seq} {self.kind}"


class AnsweredRequest(models.Model):
    """What a write with an `Idempotency-Key` was answered, so that sending it again changes nothing."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    request_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="answered_once_per_key")]
        indexes = [models.Index(fields=["created_at"], name="answered_by_age")]

    def __str__(self) -> str:
        return f"{self.user_id}:{self.key}"
