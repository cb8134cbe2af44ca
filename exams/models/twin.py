"""A published version of a twin; attempts pin one for ever."""

from django.db import models
from django.db.models.functions import Now


class TwinVersion(models.Model):
    """One immutable edition of a twin's definition, as `twin.toml` and its content said at publication."""

    slug = models.SlugField(max_length=80)
    version = models.PositiveIntegerField()
    content_sha256 = models.CharField(max_length=64)
    definition = models.JSONField()
    published_at = models.DateTimeField(db_default=Now())
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["slug", "version"], name="twin_version_once"),
            models.UniqueConstraint(fields=["slug", "content_sha256"], name="twin_content_once"),
            models.CheckConstraint(condition=models.Q(version__gte=1), name="twin_version_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.slug} v{self.version}"
