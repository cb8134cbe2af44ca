"""Publishes a twin's definition as a version that is never edited; the same content is the same version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from exams.ledger import content_sha256
from exams.models import TwinVersion
from exams.twins.definition import Twin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

# Called with the version and its twin, in the transaction that publishes it and again at every later load of the same
# content, so each must be able to run twice. Rubrics, which exams cannot import, makes its rows here.
on_published: list[Callable[[TwinVersion, Twin], None]] = []

_ONE_AT_A_TIME = "hotseat publishes a twin"


@dataclass(frozen=True)
class Planned:
    """What publishing would do: the edition in force now, the one that has this content already, the number it gets."""

    slug: str
    now: TwinVersion | None
    same: TwinVersion | None
    number: int


def planned(definition: Mapping[str, Any]) -> Planned:
    """What `publish` would do with this definition, as things are.

    Raises:
        pydantic.ValidationError: the definition does not keep the format.
    """
    slug = Twin.from_json(definition).slug
    versions = TwinVersion.objects.filter(slug=slug)
    same = versions.filter(content_sha256=content_sha256(dict(definition))).first()
    last = versions.order_by("-version").first()
    return Planned(slug, current(slug), same, same.version if same else last.version + 1 if last else 1)


def publish(definition: Mapping[str, Any], *, now: datetime) -> tuple[TwinVersion, bool]:
    """The version with this content, and whether it is new. It becomes the one that new attempts pin.

    Raises:
        pydantic.ValidationError: the definition does not keep the format.
    """
    twin = Twin.from_json(definition)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [_ONE_AT_A_TIME])
        plan = planned(definition)
        version, new = plan.same, plan.same is None
        if version is None:
            version = TwinVersion.objects.create(
                slug=twin.slug,
                version=plan.number,
                content_sha256=content_sha256(dict(definition)),
                definition=dict(definition),
                published_at=now,
            )
        elif version.retired_at is not None:
            version.retired_at = None
            version.save(update_fields=["retired_at"])
        in_force = TwinVersion.objects.filter(slug=twin.slug, retired_at=None)
        in_force.exclude(pk=version.pk).update(retired_at=now)
        for hook in on_published:
            hook(version, twin)
    return version, new


def current(slug: str) -> TwinVersion | None:
    """The version that a new attempt pins; None when the twin is not published or was withdrawn."""
    return TwinVersion.objects.filter(slug=slug, retired_at=None).order_by("-version").first()
