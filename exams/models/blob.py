"""Bytes we accepted, kept under their own hash in the database so that a receipt always has its contents."""

from django.db import models
from django.db.models.functions import Now


class Blob(models.Model):
    """Immutable bytes; the key is their SHA-256 in hex."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    size = models.PositiveBigIntegerField()
    content = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(sha256__regex=r"^[0-9a-f]{64}$"), name="blob_key_is_sha256")
        ]

    def __str__(self) -> str:
        return f"{self.sha256[:12]} ({self.size} bytes)"
