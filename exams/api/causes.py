"""The words in which causes are named, as learners are told of them before they start and when they use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import serializers

if TYPE_CHECKING:
    from exams.models import Diagnosis
    from exams.packs import CauseCatalogue

HELP = (
    "What a diagnosis may name as its cause, two of them for an incident of two faults. Every failure class is listed, "
    "also those that this twin does not draw. null: this twin has none."
)


class CauseSerializer(serializers.Serializer[Any]):
    """A failure class: how it is named and what it looks like."""

    key = serializers.CharField()
    title = serializers.CharField()
    looks_like = serializers.CharField()
    components = serializers.ListField(child=serializers.CharField(), help_text="Keys: where it may sit.")


class ComponentSerializer(serializers.Serializer[Any]):
    """A part of what is to be mended."""

    key = serializers.CharField()
    file = serializers.CharField()
    does = serializers.CharField()


class CauseCatalogueSerializer(serializers.Serializer[Any]):
    """The words in which a diagnosis names its cause: the same for every incident and every twin of a pack."""

    causes = CauseSerializer(many=True)
    components = ComponentSerializer(many=True)


class ReadAsSerializer(serializers.Serializer[Any]):
    """Which entries of the twin's `cause_catalogue` the words name; says nothing about what is true."""

    failure_classes = serializers.ListField(child=serializers.CharField(), help_text="Keys; empty: your own words.")
    components = serializers.ListField(child=serializers.CharField(), help_text="Keys; empty: your own words.")


def read_as(diagnosis: Diagnosis, catalogue: CauseCatalogue) -> dict[str, Any]:
    """Which entries the words of a diagnosis name."""
    return {
        "failure_classes": list(catalogue.causes_named(diagnosis.failure_class)),
        "components": list(catalogue.components_named(diagnosis.component)),
    }
