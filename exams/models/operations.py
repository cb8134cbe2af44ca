"""Signs of life that the readiness page reads."""

from django.db import models


class Heartbeat(models.Model):
    """When a part of the platform last said it was there, by the database's clock."""

    part = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()
    detail = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.part} at {self.at:%H:%M:%S}"
