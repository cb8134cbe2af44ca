"""Which sources of an incident were handed to its learner: rows that only grow."""

import django.db.models.deletion
from django.db import migrations, models

ONLY_GROWS = """
CREATE FUNCTION hotseat_opening_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF ROW(OLD.id, OLD.attempt_id, OLD.what, OLD.first_at)
       IS DISTINCT FROM ROW(NEW.id, NEW.attempt_id, NEW.what, NEW.first_at)
       OR NEW.times <> OLD.times + 1 OR NEW.last_at <= OLD.last_at THEN
        RAISE EXCEPTION 'an opening keeps what it says; one more may be counted'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER opening_only_grows BEFORE UPDATE ON exams_opening
    FOR EACH ROW EXECUTE FUNCTION hotseat_opening_only_grows();
CREATE TRIGGER exams_opening_never_deleted BEFORE DELETE ON exams_opening
    FOR EACH ROW EXECUTE FUNCTION hotseat_immutable();
CREATE TRIGGER exams_opening_not_truncated BEFORE TRUNCATE ON exams_opening EXECUTE FUNCTION hotseat_not_truncated();
"""
DROP = """
DROP TRIGGER opening_only_grows ON exams_opening;
DROP FUNCTION hotseat_opening_only_grows();
DROP TRIGGER exams_opening_never_deleted ON exams_opening;
DROP TRIGGER exams_opening_not_truncated ON exams_opening;
"""


class Migration(migrations.Migration):
    """A table, and triggers."""

    dependencies = [
        ("exams", "0011_two_causes_fit"),
    ]
    operations = [
        migrations.CreateModel(
            name="Opening",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("brief", "Brief"),
                            ("repository", "Repository"),
                            ("telemetry", "Telemetry"),
                            ("alerts", "Alerts"),
                            ("complaints", "Complaints"),
                            ("messages", "Messages"),
                            ("deployments", "Deployments"),
                            ("answers", "Answers"),
                            ("export", "Export"),
                        ],
                        max_length=12,
                    ),
                ),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("times", models.PositiveIntegerField(default=1)),
                (
                    "attempt",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="openings",
                        to="exams.attempt",
                    ),
                ),
            ],
            options={
                "ordering": ["attempt_id", "first_at", "id"],
                "constraints": [
                    models.UniqueConstraint(fields=("attempt", "what"), name="opening_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "what__in",
                                [
                                    "brief",
                                    "repository",
                                    "telemetry",
                                    "alerts",
                                    "complaints",
                                    "messages",
                                    "deployments",
                                    "answers",
                                    "export",
                                ],
                            )
                        ),
                        name="opening_of_a_known_source",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("last_at", models.F("first_at")), ("times", 1)),
                            models.Q(("last_at__gt", models.F("first_at")), ("times__gt", 1)),
                            _connector="OR",
                        ),
                        name="opening_last_after_first",
                    ),
                ],
            },
        ),
        migrations.RunSQL(ONLY_GROWS, DROP),
    ]
