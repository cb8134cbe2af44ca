"""How fast a person reads what is costly to answer: one row of each, in a table that a crash may empty."""

from django.conf import settings
from django.db import models


class ReadingPace(models.Model):
    """When the reader of one thing will have used up nothing any more, by the database's clock."""

    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    what = models.CharField(max_length=20)
    rested_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reader", "what"], name="reading_pace_once")]

    def __str__(self) -> str:
        return f"{self.what} of {self.reader_id}"
