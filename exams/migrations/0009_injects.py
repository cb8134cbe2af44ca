"""What the people in the room said: records, each inside a window of an attempt that is live."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

KEPT = """
CREATE TRIGGER exams_inject_immutable BEFORE UPDATE OR DELETE ON exams_inject
    FOR EACH ROW EXECUTE FUNCTION hotseat_immutable();
CREATE TRIGGER exams_inject_not_truncated BEFORE TRUNCATE ON exams_inject EXECUTE FUNCTION hotseat_not_truncated();

CREATE FUNCTION hotseat_inject_is_in_a_window() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM exams_attempt a JOIN exams_stage s ON s.attempt_id = a.id
        WHERE a.id = NEW.attempt_id AND a.state = 'live' AND NEW.due_at >= s.opens_at AND NEW.due_at < s.closes_at) THEN
        RAISE EXCEPTION 'an inject is for a live attempt, and due inside one of its windows'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER inject_is_in_a_window BEFORE INSERT ON exams_inject
    FOR EACH ROW EXECUTE FUNCTION hotseat_inject_is_in_a_window();
"""
DROP_KEPT = """
DROP TRIGGER inject_is_in_a_window ON exams_inject;
DROP FUNCTION hotseat_inject_is_in_a_window();
DROP TRIGGER exams_inject_immutable ON exams_inject;
DROP TRIGGER exams_inject_not_truncated ON exams_inject;
"""


class Migration(migrations.Migration):
    """Two tables, and triggers."""

    dependencies = [("exams", "0008_deployments")]

    operations = [
        migrations.CreateModel(
            name="Watch",
            fields=[
                (
                    "stage",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="watch",
                        serialize=False,
                        to="exams.stage",
                    ),
                ),
                ("look_at", models.DateTimeField(null=True)),
                ("seen_seq", models.PositiveIntegerField(default=0)),
            ],
            options={"verbose_name_plural": "watches"},
        ),
        migrations.CreateModel(
            name="Inject",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rule", models.CharField(max_length=60)),
                ("occurrence", models.PositiveSmallIntegerField()),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("alert", "Alert"),
                            ("customer", "Customer"),
                            ("support", "Support"),
                            ("executive", "Executive"),
                            ("compliance", "Compliance"),
                            ("on_call", "On Call"),
                        ],
                        max_length=12,
                    ),
                ),
                ("text", models.TextField()),
                ("payload", models.JSONField()),
                ("due_at", models.DateTimeField()),
                ("written_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "attempt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="injects", to="exams.attempt"
                    ),
                ),
            ],
            options={
                "ordering": ["attempt_id", "due_at", "id"],
                "constraints": [
                    models.UniqueConstraint(fields=("attempt", "rule", "occurrence"), name="inject_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("role__in", ["alert", "customer", "support", "executive", "compliance", "on_call"])
                        ),
                        name="inject_role_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("occurrence__gte", 1)), name="inject_occurrence_from_one"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("text", ""), _negated=True), name="inject_says_something"
                    ),
                ],
            },
        ),
        migrations.RunSQL(KEPT, DROP_KEPT),
    ]
