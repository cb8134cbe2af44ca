"""Bodies that are sent to us: an unknown field is refused, not dropped, and a wrong choice names the right ones."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from rest_framework import serializers

NAME_SHOWN = 60
MOST_NAMED = 20  # of the fields that we do not know; a body may hold a hundred thousand


class Body(serializers.Serializer[Any]):
    """A body that says which of its fields we do not know.

    What is sent often cannot be changed afterwards: a misspelt `impact` would be lost from a status update for good.
    """

    def to_internal_value(self, data: Any) -> Any:
        """The values by field.

        Raises:
            ValidationError: a field is not known here, or one that is known cannot be used.
        """
        if isinstance(data, Mapping):
            known = [name for name, field in self.fields.items() if not field.read_only]
            why = serializers.ErrorDetail(
                f"There is no such field here; those there are: {', '.join(known)}.", "unknown"
            )
            unknown = (name for name in data if name not in known)
            refusals = {str(name)[:NAME_SHOWN]: [why] for name in islice(unknown, MOST_NAMED)}
            if refusals:
                raise serializers.ValidationError(refusals)
        return super().to_internal_value(data)


class Few(serializers.ListField):
    """A list whose length is looked at before what is in it: each thing in it costs more to refuse than to send."""

    def to_internal_value(self, data: Any) -> Any:
        """The values.

        Raises:
            ValidationError: there are too many, or one cannot be used.
        """
        if isinstance(data, list):
            self.run_validators(data)
        return super().to_internal_value(data)


class FewByName(serializers.DictField):
    """The same of values by name; at most `most` of them."""

    default_error_messages = {"too_many": "It has too many entries. Send at most {most}."}

    def __init__(self, *, most: int, **options: Any) -> None:
        super().__init__(**options)
        self.most = most

    def to_internal_value(self, data: Any) -> Any:
        """The values by name.

        Raises:
            ValidationError: there are too many, or one cannot be used.
        """
        if isinstance(data, Mapping) and len(data) > self.most:
            self.fail("too_many", most=self.most)
        return super().to_internal_value(data)


class OneOf(serializers.ChoiceField):
    """A choice whose refusal names the choices."""

    def __init__(self, choices: Any, **options: Any) -> None:
        super().__init__(choices, **options)
        listed = ", ".join(str(choice) for choice in self.choices)
        self.error_messages["invalid_choice"] = f'"{{input}}" is not one of: {listed}.'
