"""Deployments, what the database itself refuses of them, and which one a question was put to."""

import django.db.models.deletion
from django.db import migrations, models

MOVES = """
CREATE FUNCTION hotseat_deployment_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state IN ('live', 'failed', 'platform_fault', 'cancelled') AND NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'a deployment that was decided stays as it is' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.state <> NEW.state AND NOT (OLD.state || '>' || NEW.state) = ANY (ARRAY[
        'waiting>replaying', 'waiting>cancelled', 'replaying>waiting', 'replaying>ready', 'replaying>live',
        'replaying>failed', 'replaying>platform_fault', 'replaying>cancelled', 'ready>live', 'ready>cancelled']) THEN
        RAISE EXCEPTION 'a deployment cannot go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF ROW(OLD.attempt_id, OLD.number, OLD.kind, OLD.submission_id, OLD.of_id, OLD.tree_sha256, OLD.requested_at,
        OLD.due_at)
       IS DISTINCT FROM
       ROW(NEW.attempt_id, NEW.number, NEW.kind, NEW.submission_id, NEW.of_id, NEW.tree_sha256, NEW.requested_at,
        NEW.due_at)
       OR NEW.fence < OLD.fence
       OR (OLD.traffic IS NOT NULL AND NEW.traffic IS DISTINCT FROM OLD.traffic)
       OR (OLD.outcomes IS NOT NULL AND NEW.outcomes IS DISTINCT FROM OLD.outcomes) THEN
        RAISE EXCEPTION 'a deployment keeps what it is, and what was found of it'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER deployment_moves BEFORE UPDATE ON exams_deployment
    FOR EACH ROW EXECUTE FUNCTION hotseat_deployment_moves();
CREATE TRIGGER deployment_never_deleted BEFORE DELETE ON exams_deployment
    FOR EACH ROW EXECUTE FUNCTION hotseat_immutable();
CREATE TRIGGER deployment_not_truncated BEFORE TRUNCATE ON exams_deployment EXECUTE FUNCTION hotseat_not_truncated();
"""
DROP_MOVES = """
DROP TRIGGER deployment_moves ON exams_deployment;
DROP TRIGGER deployment_never_deleted ON exams_deployment;
DROP TRIGGER deployment_not_truncated ON exams_deployment;
DROP FUNCTION hotseat_deployment_moves();
"""

# Deploying and rolling back are for the stage in which customers ask, as `exams.definitions.stage_for_questions` has
# it; what is deployed, and what is gone back to, is of the same attempt.
REQUESTED = """
CREATE FUNCTION hotseat_deployment_was_requested() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind <> 'initial' AND NOT EXISTS (
        SELECT 1 FROM exams_stage s
        WHERE s.attempt_id = NEW.attempt_id AND NEW.requested_at >= s.opens_at AND NEW.requested_at < s.closes_at
        AND s.key = (
            SELECT d.stage->>'key' FROM exams_attempt a JOIN exams_twinversion t ON t.id = a.twin_id,
                jsonb_array_elements(t.definition->'stages') WITH ORDINALITY AS d(stage, place)
            WHERE a.id = NEW.attempt_id AND d.stage->'questions' = 'true'::jsonb ORDER BY d.place LIMIT 1)) THEN
        RAISE EXCEPTION 'a deployment is requested while customers ask'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.submission_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM exams_submission s
        WHERE s.id = NEW.submission_id AND s.attempt_id = NEW.attempt_id AND s.state = 'ingested'
        AND s.tree_sha256 = NEW.tree_sha256) THEN
        RAISE EXCEPTION 'what is deployed was taken in for the same attempt'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.of_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM exams_deployment d
        WHERE d.id = NEW.of_id AND d.attempt_id = NEW.attempt_id AND d.kind <> 'rollback'
        AND (d.kind = 'initial' OR (d.state = 'live' AND d.live_from <= NEW.requested_at))) THEN
        RAISE EXCEPTION 'what is gone back to was live in the same attempt'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER deployment_was_requested BEFORE INSERT ON exams_deployment
    FOR EACH ROW EXECUTE FUNCTION hotseat_deployment_was_requested();
"""
DROP_REQUESTED = """
DROP TRIGGER deployment_was_requested ON exams_deployment;
DROP FUNCTION hotseat_deployment_was_requested();
"""


class Migration(migrations.Migration):
    """A table, its triggers, and a column of questions."""

    dependencies = [
        ("exams", "0007_windows_are_kept"),
    ]

    operations = [
        migrations.CreateModel(
            name="Deployment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("initial", "Initial"), ("deploy", "Deploy"), ("rollback", "Rollback")], max_length=8
                    ),
                ),
                ("tree_sha256", models.CharField(blank=True, default="", max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("replaying", "Replaying"),
                            ("ready", "Ready"),
                            ("live", "Live"),
                            ("failed", "Failed"),
                            ("platform_fault", "Platform Fault"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="waiting",
                        max_length=14,
                    ),
                ),
                ("requested_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("live_from", models.DateTimeField(null=True)),
                ("fence", models.PositiveIntegerField(default=0)),
                ("claims", models.PositiveSmallIntegerField(default=0)),
                ("leased_until", models.DateTimeField(null=True)),
                ("retry_at", models.DateTimeField(null=True)),
                ("worker", models.CharField(blank=True, default="", max_length=120)),
                ("started_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("failed_because", models.TextField(blank=True, default="")),
                ("last_fault", models.TextField(blank=True, default="")),
                ("traffic", models.JSONField(null=True)),
                ("outcomes", models.JSONField(null=True)),
                ("timings", models.JSONField(default=dict)),
                (
                    "attempt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="deployments", to="exams.attempt"
                    ),
                ),
                (
                    "of",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rollbacks",
                        to="exams.deployment",
                    ),
                ),
                (
                    "submission",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deployments",
                        to="exams.submission",
                    ),
                ),
            ],
            options={
                "ordering": ["attempt_id", "number"],
            },
        ),
        migrations.AddField(
            model_name="question",
            name="deployment",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="questions", to="exams.deployment"
            ),
        ),
        migrations.AddIndex(
            model_name="deployment",
            index=models.Index(
                condition=models.Q(("state__in", ["waiting", "replaying", "ready"])),
                fields=["requested_at"],
                name="deployment_unfinished",
            ),
        ),
        migrations.AddConstraint(
            model_name="deployment",
            constraint=models.UniqueConstraint(fields=("attempt", "number"), name="deployment_number_once"),
        ),
        migrations.AddConstraint(
            model_name="deployment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "deploy"), ("state__in", ["waiting", "replaying", "ready"])),
                fields=("attempt",),
                name="deployment_one_in_flight",
            ),
        ),
        migrations.AddConstraint(
            model_name="deployment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["waiting", "replaying", "ready", "live", "failed", "platform_fault", "cancelled"])
                ),
                name="deployment_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="deployment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("due_at", models.F("requested_at")),
                        ("kind", "initial"),
                        ("number", 0),
                        ("of", None),
                        ("submission", None),
                    ),
                    models.Q(
                        ("due_at__gt", models.F("requested_at")),
                        ("kind", "deploy"),
                        ("number__gt", 0),
                        ("of", None),
                        ("submission__isnull", False),
                    ),
                    models.Q(
                        ("due_at", models.F("requested_at")),
                        ("kind", "rollback"),
                        ("number__gt", 0),
                        ("of__isnull", False),
                        ("outcomes__isnull", True),
                        ("state", "live"),
                        ("submission", None),
                    ),
                    _connector="OR",
                ),
                name="deployment_kind_fits_source",
            ),
        ),
        migrations.AddConstraint(
            model_name="deployment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("live_from", models.F("due_at")), ("state__in", ["ready", "live"])),
                    models.Q(models.Q(("state__in", ["ready", "live"]), _negated=True), ("live_from", None)),
                    _connector="OR",
                ),
                name="deployment_live_from_when_replayed",
            ),
        ),
        migrations.AddConstraint(
            model_name="deployment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "initial"), _negated=True),
                    ("state__in", ["waiting", "replaying", "live"]),
                    _connector="OR",
                ),
                name="deployment_initial_never_fails",
            ),
        ),
        migrations.AddConstraint(
            model_name="deployment",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind", "initial"), ("traffic__isnull", True), _connector="OR"),
                name="deployment_traffic_kept_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="deployment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind", "rollback"),
                    models.Q(
                        ("ended_at__isnull", False), ("outcomes__isnull", False), ("state__in", ["ready", "live"])
                    ),
                    models.Q(("ended_at__isnull", False), ("state", "cancelled")),
                    models.Q(
                        models.Q(("state__in", ["ready", "live", "cancelled"]), _negated=True),
                        ("outcomes__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="deployment_outcomes_when_replayed",
            ),
        ),
        migrations.AddConstraint(
            model_name="deployment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("leased_until__isnull", False), ("state", "replaying")),
                    models.Q(models.Q(("state", "replaying"), _negated=True), ("leased_until", None)),
                    _connector="OR",
                ),
                name="deployment_lease_while_replaying",
            ),
        ),
        migrations.AddConstraint(
            model_name="deployment",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "failed"), ("failed_because", ""), _connector="XOR"),
                name="deployment_failed_has_reason",
            ),
        ),
        migrations.RunSQL(MOVES, DROP_MOVES),
        migrations.RunSQL(REQUESTED, DROP_REQUESTED),
    ]
