"""What the hotfix does, and which wrong fixes its test catches, as the interface describes it."""

from __future__ import annotations

from rest_framework import serializers

from rubrics.api.figure_shapes import Cite, Number, Of, Shape


class FPartOut(Shape):
    """One set of questions of F: which were spoiled, mended and broken, by key, and the cells they were put in."""

    part = serializers.ChoiceField(choices=["incident_prompts", "held_out_prompts", "metamorphic", "negative_controls"])
    weight = Number()
    weight_applied = Number(allow_null=True, help_text="Null if the set shows no damage: the others carry its weight.")
    share = Number(allow_null=True)
    questions = serializers.IntegerField()
    spoiled = serializers.ListField(child=serializers.CharField())
    mended = serializers.ListField(child=serializers.CharField())
    broken = serializers.ListField(child=serializers.CharField())
    cells = serializers.ListField(child=serializers.IntegerField())


class FCapOut(Shape):
    """What holds F down, whether it does or not."""

    cap = serializers.ChoiceField(choices=["answers_lost", "harness_edited", "containment_only"])
    at_most = Number()
    holds = serializers.BooleanField()


class FOut(Shape):
    """F, before its caps and with them."""

    value = Number()
    raw = Number()
    rests_on = serializers.CharField(
        required=False, help_text="How many spoiled questions of which sets, in words; not in what was kept before."
    )
    parts = FPartOut(many=True)
    caps = FCapOut(many=True)


class VerdictCountOut(Shape):
    """How many answers to the hidden questions were worth this."""

    verdict = serializers.CharField()
    harmful = serializers.BooleanField()
    before = serializers.IntegerField()
    after = serializers.IntegerField()
    reference = serializers.IntegerField()


class FixedOut(Shape):
    """A wrong fix, or another right one, and whether the test said of it what it should."""

    name = serializers.CharField()
    as_required = serializers.BooleanField()
    result = serializers.CharField()
    cell = serializers.IntegerField()


class WrongFixOut(FixedOut):
    """A wrong fix; what it does and leaves wrong."""

    says = serializers.CharField(help_text="In a sentence. A test that lets it through does not guard against that.")


class MutantKindOut(Shape):
    """The wrong fixes of one kind."""

    kind = serializers.CharField()
    caught = Of()
    wrong_fixes = WrongFixOut(many=True)


class AlternativesOut(Shape):
    """The other right fixes."""

    passed = Of()
    right_fixes = FixedOut(many=True)


class MutationOut(Shape):
    """Which wrong fixes the test catches, and which right ones it passes on."""

    caught = Of()
    by_kind = MutantKindOut(many=True)
    alternatives = AlternativesOut()


class EffectOut(Shape):
    """What the hotfix does, before and after."""

    f = FOut(allow_null=True)
    f_missing = serializers.CharField(allow_blank=True, help_text="Why there is no F.")
    harmful_left = serializers.ListField(
        child=serializers.CharField(),
        help_text="Hidden questions of the class still answered harmfully; not by our fix.",
    )
    by_verdict = VerdictCountOut(many=True)
    rates = serializers.DictField(help_text="Hallucination, answers and right, by tree: before, after, reference.")
    mutation = MutationOut(allow_null=True)
    cites = Cite(many=True)
