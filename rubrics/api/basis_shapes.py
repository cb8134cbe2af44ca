"""Where the evidence on a page comes from, as the interface describes it; `rubrics.basis` gives it, key for key."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.api.asking import OneOf
from rubrics.api.evidence_shapes import EvidenceBody
from rubrics.basis.showing import Origin

Shape = serializers.Serializer[Any]

FIGURES = ["kept", "today"]


class ApartOut(Shape):
    """A figure, or the score proposed for a dimension, that is not the same any more."""

    name = serializers.CharField(help_text="Of the figure, or of the dimension.")
    says = serializers.CharField()
    kept = serializers.JSONField(allow_null=True)
    today = serializers.JSONField(allow_null=True)


class DifferencesOut(Shape):
    """How evidence of another moment differs from what was kept."""

    same = serializers.BooleanField(allow_null=True, help_text="Null where it could not be compared.")
    sections = serializers.ListField(child=serializers.CharField(), help_text="Parts of the page that differ.")
    figures = ApartOut(many=True)
    proposals = ApartOut(many=True)


class VersionOut(Shape):
    """The version of the twin whose bands proposed the scores."""

    slug = serializers.CharField()
    version = serializers.IntegerField()
    sha256 = serializers.CharField()


class BasisOut(Shape):
    """Where the evidence on the page comes from: kept with a sign-off, or computed for this look."""

    origin = serializers.ChoiceField(choices=[each.value for each in Origin])
    says = serializers.CharField(help_text="The same in words, with what is to be known of it.")
    shown = serializers.ChoiceField(choices=["kept", "today"])
    computed_at = serializers.DateTimeField(help_text="When what is shown was computed.")
    kept_at = serializers.DateTimeField(allow_null=True)
    sha256 = serializers.CharField(
        allow_blank=True, help_text="Of what was kept, as `evidence_sha256` of the sign-off stands in the ledger."
    )
    code = serializers.CharField(help_text="The hash of the code that computed it.")
    code_today = serializers.CharField()
    twin = VersionOut()
    left_out = serializers.ListField(
        child=serializers.CharField(),
        help_text="Parts that were not kept, since other rows keep them or for their size: they are today's.",
    )
    differs = DifferencesOut(allow_null=True, help_text="Today's from what was kept.")
    differed_at_sign_off = DifferencesOut(
        allow_null=True, help_text="Of a signed appeal: that day's from what was kept with the first review."
    )


class EvidenceAsked(Shape):
    """Which figures: those that were kept, where some were, or today's."""

    figures = OneOf(choices=FIGURES, default="kept")


class EvidenceOut(Shape):
    """Everything the platform observed; figures cite the ledger events and runs they come from."""

    server_now = serializers.DateTimeField()
    basis = BasisOut()
    evidence = EvidenceBody(allow_null=True, help_text="Null only of a signed review of which there is none any more.")
