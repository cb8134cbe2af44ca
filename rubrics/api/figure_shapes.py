"""What figures are made of, as the interface describes them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

Shape = serializers.Serializer[Any]


class Cite(Shape):
    """What a figure rests on: an event of the ledger by its number, or a run by its id."""

    kind = serializers.CharField(help_text="event or run")
    ref = serializers.CharField()


class Number(Shape):
    """An exact number, and as a decimal."""

    exact = serializers.CharField(help_text="A whole number or a fraction, such as 57/80.")
    decimal = serializers.FloatField()


class Of(Shape):
    """So many of so many; the share is null of nothing."""

    part = serializers.IntegerField()
    of = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
