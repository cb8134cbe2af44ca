"""Appeals: a second round of review for an attempt, once."""

import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Tables."""

    dependencies = [
        ("exams", "0006_what_came_late_is_kept"),
        ("rubrics", "0004_conflicts_are_kept"),
    ]

    operations = [
        migrations.CreateModel(
            name="Appeal",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("reason", models.TextField()),
                ("filed_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="review",
            name="round",
            field=models.PositiveSmallIntegerField(choices=[(1, "First"), (2, "Appeal")], db_default=1, default=1),
        ),
        migrations.AlterField(
            model_name="review",
            name="attempt",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="reviews", to="exams.attempt"
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.UniqueConstraint(fields=("attempt", "round"), name="review_once_a_round"),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.CheckConstraint(condition=models.Q(("round__in", [1, 2])), name="review_round_known"),
        ),
        migrations.AddField(
            model_name="appeal",
            name="against",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="appealed_by", to="rubrics.review"
            ),
        ),
        migrations.AddField(
            model_name="appeal",
            name="attempt",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="appeal", to="exams.attempt"
            ),
        ),
        migrations.AddField(
            model_name="appeal",
            name="review",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="appeal", to="rubrics.review"
            ),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="appeal_says_why"
            ),
        ),
    ]
