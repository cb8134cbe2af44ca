"""A row of each reader of what is costly to answer, unlogged: a crash may empty it, and a reading costs no disk."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """A table."""

    dependencies = [
        ("exams", "0015_few_deployments_by_plan"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ReadingPace",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("what", models.CharField(max_length=20)),
                ("rested_at", models.DateTimeField()),
                (
                    "reader",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("reader", "what"), name="reading_pace_once")],
            },
        ),
        migrations.RunSQL("ALTER TABLE exams_readingpace SET UNLOGGED", "ALTER TABLE exams_readingpace SET LOGGED"),
    ]
