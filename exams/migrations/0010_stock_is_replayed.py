"""What customers get from the release of a stocked incident is found out before anybody starts it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Two columns and what holds for them."""

    dependencies = [
        ("exams", "0009_injects"),
    ]

    operations = [
        migrations.AddField(
            model_name="stockedincident",
            name="outcomes",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="stockedincident",
            name="traffic",
            field=models.JSONField(null=True),
        ),
        migrations.AddConstraint(
            model_name="stockedincident",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcomes__isnull", True), ("traffic__isnull", True)),
                    models.Q(
                        ("outcomes__isnull", False), ("state__in", ["ready", "taken"]), ("traffic__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="stocked_incident_replayed_whole",
            ),
        ),
    ]
