"""What the database itself refuses: moving a window, altering what an attempt is about, an update outside its window."""

from django.db import migrations

# An extension or an outage credit moves windows, and nothing else does. It says so, in its own transaction:
#     SELECT set_config('hotseat.window_change', '<reason>', true)
# which is SET LOCAL with a parameter. There is no table of extensions yet; when there is, its rows take this over.
WINDOWS = """
CREATE FUNCTION hotseat_stage_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a stage of an attempt is never deleted' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF ROW(OLD.id, OLD.attempt_id, OLD.key, OLD.position) IS DISTINCT FROM ROW(NEW.id, NEW.attempt_id, NEW.key, NEW.position) THEN
        RAISE EXCEPTION 'a stage keeps its attempt, its name and its place' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF ROW(OLD.opens_at, OLD.closes_at) IS DISTINCT FROM ROW(NEW.opens_at, NEW.closes_at)
       AND coalesce(current_setting('hotseat.window_change', true), '') = '' THEN
        RAISE EXCEPTION 'a window was fixed at the start and is moved only for a reason: set hotseat.window_change'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stage_is_kept BEFORE UPDATE OR DELETE ON exams_stage
    FOR EACH ROW EXECUTE FUNCTION hotseat_stage_is_kept();
"""
DROP_WINDOWS = "DROP TRIGGER stage_is_kept ON exams_stage; DROP FUNCTION hotseat_stage_is_kept();"

# What is about an incident may be made after its attempt was; once it is there, it stays. 0002 keeps the rest.
ABOUT = """
CREATE FUNCTION hotseat_attempt_keeps_what_it_is_about() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.started_at IS NOT NULL AND NEW.multiplier_percent <> OLD.multiplier_percent THEN
        RAISE EXCEPTION 'an attempt that was started keeps its multiplier' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (OLD.handed_out_id IS NOT NULL AND NEW.handed_out_id IS DISTINCT FROM OLD.handed_out_id)
       OR (OLD.approved_facts_id IS NOT NULL AND NEW.approved_facts_id IS DISTINCT FROM OLD.approved_facts_id)
       OR (OLD.truth IS NOT NULL AND NEW.truth IS DISTINCT FROM OLD.truth) THEN
        RAISE EXCEPTION 'what was handed out, the approved facts and the truth of an attempt stay as they are'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER attempt_keeps_what_it_is_about BEFORE UPDATE ON exams_attempt
    FOR EACH ROW EXECUTE FUNCTION hotseat_attempt_keeps_what_it_is_about();
"""
DROP_ABOUT = """
DROP TRIGGER attempt_keeps_what_it_is_about ON exams_attempt;
DROP FUNCTION hotseat_attempt_keeps_what_it_is_about();
"""

# Updates are posted in the first stage whose definition says so, as `exams.definitions.stage_for_updates` has it.
UPDATES = """
CREATE FUNCTION hotseat_status_update_came_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM exams_stage s
        WHERE s.attempt_id = NEW.attempt_id AND NEW.received_at >= s.opens_at AND NEW.received_at < s.closes_at
        AND s.key = (
            SELECT d.stage->>'key' FROM exams_attempt a JOIN exams_twinversion t ON t.id = a.twin_id,
                jsonb_array_elements(t.definition->'stages') WITH ORDINALITY AS d(stage, place)
            WHERE a.id = NEW.attempt_id AND d.stage->'status_updates' = 'true'::jsonb ORDER BY d.place LIMIT 1))
    AND NOT EXISTS (
        SELECT 1 FROM exams_latewrite l WHERE l.attempt_id = NEW.attempt_id
        AND l.kind = 'status_update' AND l.received_at = NEW.received_at AND l.granted_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a status update counts when it came while updates were open, or was granted'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER status_update_came_in_time BEFORE INSERT ON exams_statusupdate
    FOR EACH ROW EXECUTE FUNCTION hotseat_status_update_came_in_time();
"""
DROP_UPDATES = """
DROP TRIGGER status_update_came_in_time ON exams_statusupdate;
DROP FUNCTION hotseat_status_update_came_in_time();
"""


class Migration(migrations.Migration):
    """Triggers."""

    dependencies = [("exams", "0006_what_came_late_is_kept")]

    operations = [
        migrations.RunSQL(WINDOWS, DROP_WINDOWS),
        migrations.RunSQL(ABOUT, DROP_ABOUT),
        migrations.RunSQL(UPDATES, DROP_UPDATES),
    ]
