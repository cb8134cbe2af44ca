"""Bodies that are sent to us: an unknown field is refused, not dropped, and a wrong choice names the right ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

NAME_SHOWN = 60


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
            refusals = {
                str(name)[:NAME_SHOWN]: [
                    serializers.ErrorDetail(
                        f"There is no such field here; those there are: {', '.join(known)}.", "unknown"
                    )
                ]
                for name in data
                if name not in known
            }
            if refusals:
                raise serializers.ValidationError(refusals)
        return super().to_internal_value(data)


class OneOf(serializers.ChoiceField):
    """A choice whose refusal names the choices."""

    def __init__(self, choices: Any, **options: Any) -> None:
        super().__init__(choices, **options)
        listed = ", ".join(str(choice) for choice in self.choices)
        self.error_messages["invalid_choice"] = f'"{{input}}" is not one of: {listed}.'
