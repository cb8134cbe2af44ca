"""Shapes of what is told of a twin: in the catalogue, and on its whole public page."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from exams.api import causes


class TwinSummarySerializer(serializers.Serializer[Any]):
    """A twin in the catalogue."""

    slug = serializers.SlugField()
    version = serializers.IntegerField()
    kind = serializers.CharField()
    title = serializers.CharField()
    situation = serializers.CharField()
    level = serializers.CharField()
    duration = serializers.CharField()
    language = serializers.CharField()
    pace = serializers.CharField()
    price_credits = serializers.IntegerField(help_text="0 is free.")
    cover = serializers.CharField(allow_null=True)
    taken = serializers.IntegerField(help_text="How many people have started it.")
    skills = serializers.ListField(child=serializers.CharField())
    demo = serializers.BooleanField()


class SlotSerializer(serializers.Serializer[Any]):
    """A presentation with a timer of its own."""

    lasts_seconds = serializers.FloatField()
    questions_seconds = serializers.FloatField(allow_null=True)
    audience = serializers.ListField(child=serializers.CharField())


class TwinStageSerializer(serializers.Serializer[Any]):
    """A stage and how its window hangs on the clock; lengths are unscaled, `mine` scaled by my multiplier."""

    key = serializers.CharField()
    title = serializers.CharField()
    opens_anchor = serializers.CharField()
    opens_after_seconds = serializers.FloatField()
    closes_anchor = serializers.CharField(help_text="`start`, or an edge of another stage such as `live.closes`.")
    closes_after_seconds = serializers.FloatField()
    my_closes_after_seconds = serializers.FloatField(help_text="The same, with the extra time I was granted.")
    status_updates = serializers.BooleanField()
    slot = SlotSerializer(allow_null=True)


class AnswerAskedSerializer(serializers.Serializer[Any]):
    """A structured answer that is asked for."""

    key = serializers.CharField()
    title = serializers.CharField()
    type = serializers.CharField()
    unit = serializers.CharField(allow_blank=True)
    choices = serializers.ListField(child=serializers.CharField())
    tolerance = serializers.FloatField(allow_null=True)
    tolerance_percent = serializers.FloatField(allow_null=True)


class DeliverableSerializer(serializers.Serializer[Any]):
    """Something that is handed in."""

    key = serializers.CharField()
    title = serializers.CharField()
    stage = serializers.CharField()
    kind = serializers.CharField()
    asks = serializers.CharField()
    required = serializers.BooleanField()  # type: ignore[assignment] # a field of that name, not the setting
    modes = serializers.ListField(child=serializers.CharField(), help_text="In order; the first is the default.")
    max_pages = serializers.IntegerField(allow_null=True)
    max_slides = serializers.IntegerField(allow_null=True)
    max_characters = serializers.IntegerField()
    sections = serializers.ListField(child=serializers.CharField())
    items = serializers.IntegerField(allow_null=True)
    each_item_has = serializers.ListField(child=serializers.CharField())
    options = serializers.ListField(child=serializers.CharField())
    answers = AnswerAskedSerializer(many=True)


class SelfCheckSerializer(serializers.Serializer[Any]):
    """A question answered before handing in."""

    key = serializers.CharField()
    stage = serializers.CharField()
    question = serializers.CharField()
    critical = serializers.BooleanField()


class RubricDimensionSerializer(serializers.Serializer[Any]):
    """One thing that is scored."""

    key = serializers.CharField()
    title = serializers.CharField()
    tests = serializers.CharField()
    weight_bp = serializers.IntegerField(help_text="Basis points; all weights sum to 10 000.")
    anchors = serializers.DictField(child=serializers.CharField(), help_text="What a score means, by score.")


class RubricSerializer(serializers.Serializer[Any]):
    """What an attempt is scored by."""

    threshold_bp = serializers.IntegerField()
    dimensions = RubricDimensionSerializer(many=True)


class SkillOfferedSerializer(serializers.Serializer[Any]):
    """A skill a pass may assert."""

    key = serializers.CharField()
    ceiling = serializers.DecimalField(max_digits=3, decimal_places=2)


class CareerSerializer(serializers.Serializer[Any]):
    """A career the twin prepares for."""

    title = serializers.CharField()
    why = serializers.CharField()


class CoworkerSerializer(serializers.Serializer[Any]):
    """Somebody in the room; what they are after beyond what they say stays theirs."""

    key = serializers.CharField()
    name = serializers.CharField()
    role = serializers.CharField()
    manner = serializers.CharField()
    wants = serializers.CharField()


class WorkspaceToolSerializer(serializers.Serializer[Any]):
    """A tool of the workspace."""

    kind = serializers.CharField()
    title = serializers.CharField()


class PacketItemSerializer(serializers.Serializer[Any]):
    """A file of the packet."""

    path = serializers.CharField()
    title = serializers.CharField()


class RatingSerializer(serializers.Serializer[Any]):
    """What those who took it said of it; null until somebody did."""

    average = serializers.FloatField(allow_null=True)
    count = serializers.IntegerField()
    out_of = serializers.IntegerField()


class StartableSerializer(serializers.Serializer[Any]):
    """Whether I may start it now, and why not."""

    possible = serializers.BooleanField()
    reason = serializers.CharField(allow_blank=True)
    attempts_allowed = serializers.IntegerField()
    attempts_used = serializers.IntegerField()
    multiplier_percent = serializers.IntegerField(help_text="My accommodation: every length is multiplied by it.")


class TwinSerializer(TwinSummarySerializer):
    """A twin's whole public brief."""

    server_now = serializers.DateTimeField()
    brief_markdown = serializers.CharField()
    brief_html = serializers.CharField(help_text="The same, rendered and cleaned: safe to insert.")
    receives = serializers.ListField(child=serializers.CharField())
    does = serializers.ListField(child=serializers.CharField())
    earning_criteria = serializers.ListField(child=serializers.CharField())
    stages = TwinStageSerializer(many=True)
    deliverables = DeliverableSerializer(many=True)
    submission_modes = serializers.ListField(child=serializers.CharField())
    self_checks = SelfCheckSerializer(many=True)
    rubric = RubricSerializer()
    skills_on_offer = SkillOfferedSerializer(many=True)
    careers = CareerSerializer(many=True)
    coworkers = CoworkerSerializer(many=True)
    workspace = WorkspaceToolSerializer(many=True)
    packet = PacketItemSerializer(many=True)
    cause_catalogue = causes.CauseCatalogueSerializer(allow_null=True, help_text=causes.HELP)
    limits = serializers.DictField(child=serializers.IntegerField())
    reattempts = serializers.IntegerField()
    review_hours = serializers.FloatField(help_text="From a mentor's claim to sign-off.")
    rating = RatingSerializer()
    start = StartableSerializer()
