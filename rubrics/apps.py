"""Judgement: rubric, review, sign-off."""

from django.apps import AppConfig


class RubricsConfig(AppConfig):
    """Tells the earlier stages, which cannot look ahead, what they need to know of reviews."""

    name = "rubrics"

    def ready(self) -> None:
        """Registers the five questions that exams asks without knowing who answers."""
        from accounts import idempotency  # noqa: PLC0415 - models are loaded by now, not before
        from exams import access, editions, start, twins  # noqa: PLC0415
        from rubrics import publish, review  # noqa: PLC0415

        access.mentors_may_see.append(review.may_see)
        access.mentors_own_review.append(review.own_review)
        start.previous_is_finished.append(review.is_finished)
        twins.on_published.append(publish.publish)
        editions.how_far_judged.append(publish.how_far_judged)
        idempotency.still_reaches["review_id"] = review.held_by
