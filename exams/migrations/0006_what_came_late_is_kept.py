"""What the database itself refuses: altering what came late, and a hand-in that counts though it came too late."""

from django.db import migrations

KEPT = """
CREATE FUNCTION hotseat_late_write_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.granted_at IS NOT NULL AND NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'a late write that was granted stays as it is' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF ROW(OLD.id, OLD.attempt_id, OLD.stage_id, OLD.kind, OLD.payload, OLD.content_sha256,
        OLD.received_at, OLD.late_by)
       IS DISTINCT FROM
       ROW(NEW.id, NEW.attempt_id, NEW.stage_id, NEW.kind, NEW.payload, NEW.content_sha256,
        NEW.received_at, NEW.late_by)
    THEN
        RAISE EXCEPTION 'what came late is kept as it came' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER late_write_is_kept BEFORE UPDATE ON exams_latewrite
    FOR EACH ROW EXECUTE FUNCTION hotseat_late_write_is_kept();
CREATE TRIGGER late_write_never_deleted BEFORE DELETE ON exams_latewrite
    FOR EACH ROW EXECUTE FUNCTION hotseat_immutable();
CREATE TRIGGER late_write_not_truncated BEFORE TRUNCATE ON exams_latewrite EXECUTE FUNCTION hotseat_not_truncated();
"""
DROP_KEPT = """
DROP TRIGGER late_write_is_kept ON exams_latewrite;
DROP TRIGGER late_write_never_deleted ON exams_latewrite;
DROP TRIGGER late_write_not_truncated ON exams_latewrite;
DROP FUNCTION hotseat_late_write_is_kept();
"""

IN_TIME = """
CREATE FUNCTION hotseat_hand_in_came_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM exams_stage s WHERE s.id = NEW.stage_id AND s.attempt_id = NEW.attempt_id
        AND ((NEW.by_deadline AND NEW.received_at = s.closes_at)
             OR (NOT NEW.by_deadline AND NEW.received_at >= s.opens_at AND NEW.received_at < s.closes_at)))
    AND NOT EXISTS (
        SELECT 1 FROM exams_latewrite l WHERE l.stage_id = NEW.stage_id AND l.attempt_id = NEW.attempt_id
        AND l.kind = 'hand_in' AND l.received_at = NEW.received_at AND l.granted_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a hand-in counts when it came in its window, or was granted'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER hand_in_came_in_time BEFORE INSERT ON exams_handin
    FOR EACH ROW EXECUTE FUNCTION hotseat_hand_in_came_in_time();
"""
DROP_IN_TIME = "DROP TRIGGER hand_in_came_in_time ON exams_handin; DROP FUNCTION hotseat_hand_in_came_in_time();"


class Migration(migrations.Migration):
    """Triggers."""

    dependencies = [("exams", "0005_ready_incidents")]

    operations = [migrations.RunSQL(KEPT, DROP_KEPT), migrations.RunSQL(IN_TIME, DROP_IN_TIME)]
