"""The exam, its clock and the attempt."""

from django.apps import AppConfig


class ExamsConfig(AppConfig):
    """The exam, its clock and the attempt."""

    name = "exams"

    def ready(self) -> None:
        """Tells whoever keeps answers who reaches an attempt."""
        from accounts import idempotency  # noqa: PLC0415 - models are loaded by now, not before
        from exams import access  # noqa: PLC0415

        idempotency.still_reaches["attempt_id"] = access.attempt_for
