"""What the database holds of deployments: so many of an attempt, one roll-out at a time, whatever workers do."""

from django.db import migrations

# What is not counted ended by our fault, as in `exams.live.deployments`. A definition without a number has the default.
FEW = """
CREATE FUNCTION hotseat_deployment_is_one_of_few() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    most integer;
BEGIN
    IF NEW.kind = 'initial' THEN
        RETURN NEW;
    END IF;
    -- Whoever deploys in the same attempt waits here, so that all are counted.
    SELECT coalesce((t.definition #>> '{limits,deployments}')::integer, 20) INTO most
        FROM exams_attempt a JOIN exams_twinversion t ON t.id = a.twin_id WHERE a.id = NEW.attempt_id
        FOR UPDATE OF a;
    IF NEW.state <> 'platform_fault' AND (
        SELECT count(*) FROM exams_deployment d
        WHERE d.attempt_id = NEW.attempt_id AND d.kind = NEW.kind AND d.state <> 'platform_fault') >= most THEN
        RAISE EXCEPTION 'an attempt has at most % of the kind %', most, NEW.kind
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.kind = 'deploy' AND NEW.state IN ('waiting', 'replaying', 'ready', 'live') AND EXISTS (
        SELECT 1 FROM exams_deployment d
        WHERE d.attempt_id = NEW.attempt_id AND d.kind = 'deploy'
        AND d.state IN ('waiting', 'replaying', 'ready', 'live')
        AND d.due_at > NEW.requested_at AND NEW.due_at > d.requested_at) THEN
        RAISE EXCEPTION 'one deployment at a time is rolled out' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER deployment_is_one_of_few BEFORE INSERT ON exams_deployment
    FOR EACH ROW EXECUTE FUNCTION hotseat_deployment_is_one_of_few();
"""
DROP_FEW = """
DROP TRIGGER deployment_is_one_of_few ON exams_deployment;
DROP FUNCTION hotseat_deployment_is_one_of_few();
"""

# A version that was announced is called off only by a rollback that had been received before it was live.
MOVES = """
CREATE OR REPLACE FUNCTION hotseat_deployment_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state IN ('live', 'failed', 'platform_fault', 'cancelled') AND NEW IS DISTINCT FROM OLD
       AND NOT (OLD.kind = 'deploy' AND OLD.state = 'live' AND NEW.state = 'cancelled' AND EXISTS (
            SELECT 1 FROM exams_deployment r WHERE r.attempt_id = OLD.attempt_id AND r.kind = 'rollback'
            AND r.requested_at >= OLD.requested_at AND r.requested_at < OLD.due_at)) THEN
        RAISE EXCEPTION 'a deployment that was decided stays as it is' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.state <> NEW.state AND NOT (OLD.state || '>' || NEW.state) = ANY (ARRAY[
        'waiting>replaying', 'waiting>cancelled', 'replaying>waiting', 'replaying>ready', 'replaying>live',
        'replaying>failed', 'replaying>platform_fault', 'replaying>cancelled', 'ready>live', 'ready>cancelled',
        'live>cancelled']) THEN
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
"""
MOVES_BEFORE = """
CREATE OR REPLACE FUNCTION hotseat_deployment_moves() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""

# What is gone back to was due, also if its replay is late.
REQUESTED = """
CREATE OR REPLACE FUNCTION hotseat_deployment_was_requested() RETURNS trigger LANGUAGE plpgsql AS $$
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
        AND (d.kind = 'initial'
             OR (d.state IN ('waiting', 'replaying', 'live') AND d.due_at <= NEW.requested_at))) THEN
        RAISE EXCEPTION 'what is gone back to was live in the same attempt'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""
REQUESTED_BEFORE = """
CREATE OR REPLACE FUNCTION hotseat_deployment_was_requested() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""


class Migration(migrations.Migration):
    """Triggers in the place of a constraint."""

    dependencies = [("exams", "0014_waiting_start")]

    operations = [
        migrations.RunSQL(FEW, DROP_FEW),
        migrations.RemoveConstraint(model_name="deployment", name="deployment_one_in_flight"),
        migrations.RunSQL(MOVES, MOVES_BEFORE),
        migrations.RunSQL(REQUESTED, REQUESTED_BEFORE),
    ]
