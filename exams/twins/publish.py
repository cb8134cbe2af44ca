"""Publishes a twin's definition as a version that is never edited; the same content is the same version."""

from __future__ import annotations

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


def publish(definition: Mapping[str, Any], *, now: datetime) -> tuple[TwinVersion, bool]:
    """The version with this content, and whether it is new. It becomes the one that new attempts pin.

    Raises:
        pydantic.ValidationError: the definition does not keep the format.
    """
    twin = Twin.from_json(definition)
    digest = content_sha256(dict(definition))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [_ONE_AT_A_TIME])
        versions = TwinVersion.objects.filter(slug=twin.slug)
        version = versions.filter(content_sha256=digest).first()
        new = version is None
        if version is None:
            last = versions.order_by("-version").first()
            version = TwinVersion.objects.create(
                slug=twin.slug,
                version=last.version + 1 if last else 1,
                content_sha256=digest,
                definition=dict(definition),
                published_at=now,
            )
        elif version.retired_at is not None:
            version.retired_at = None
            version.save(update_fields=["retired_at"])
        versions.exclude(pk=version.pk).filter(retired_at=None).update(retired_at=now)
        for hook in on_published:
            hook(version, twin)
    return version, new


def current(slug: str) -> TwinVersion | None:
    """The version that a new attempt pins; None when the twin is not published or was withdrawn."""
    return TwinVersion.objects.filter(slug=slug, retired_at=None).order_by("-version").first()
