"""What the database itself refuses: rewriting what was recorded, gaps in the ledger, moves that do not exist."""

from django.db import migrations

IMMUTABLE = """
CREATE FUNCTION hotseat_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is a record: it is never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- Emptying a table is a deletion too. Only a session that says so may (the test suite, between tests).
CREATE FUNCTION hotseat_not_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('hotseat.allow_truncate', true) IS DISTINCT FROM 'on' THEN
        RAISE EXCEPTION '% is a record: it is never emptied', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
"""
DROP_IMMUTABLE = "DROP FUNCTION hotseat_immutable(); DROP FUNCTION hotseat_not_truncated();"

RECORDS = ["exams_event", "exams_statusupdate", "exams_handin", "exams_selfcheckanswer", "exams_blob", "exams_diagnosis"]

CHAIN = """
-- One text, hashed in the same way by exams.ledger: previous|attempt|seq|at|actor|kind|visible|receipt|payload hash.
CREATE FUNCTION hotseat_event_sha256(e exams_event) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT encode(sha256(convert_to(concat_ws('|',
        e.previous_sha256, e.attempt_id::text, e.seq::text,
        to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        coalesce(e.actor_id::text, 'platform'), e.kind,
        CASE WHEN e.visible_to_learner THEN 'visible' ELSE 'hidden' END,
        CASE WHEN e.is_receipt THEN 'receipt' ELSE 'note' END,
        e.payload_sha256), 'UTF8')), 'hex')
$$;

CREATE FUNCTION hotseat_event_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last_seq integer;
    last_sha text;
BEGIN
    SELECT seq, sha256 INTO last_seq, last_sha FROM exams_event
        WHERE attempt_id = NEW.attempt_id ORDER BY seq DESC LIMIT 1;
    IF NEW.seq <> coalesce(last_seq, 0) + 1 THEN
        RAISE EXCEPTION 'ledger of %: event % does not follow event %', NEW.attempt_id, NEW.seq, coalesce(last_seq, 0)
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.previous_sha256 <> coalesce(last_sha, repeat('0', 64)) THEN
        RAISE EXCEPTION 'ledger of %: event % does not name the hash of the event before it', NEW.attempt_id, NEW.seq
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.sha256 <> hotseat_event_sha256(NEW) THEN
        RAISE EXCEPTION 'ledger of %: the hash of event % is not its own', NEW.attempt_id, NEW.seq
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER event_follows BEFORE INSERT ON exams_event FOR EACH ROW EXECUTE FUNCTION hotseat_event_follows();
"""
DROP_CHAIN = """
DROP TRIGGER event_follows ON exams_event;
DROP FUNCTION hotseat_event_follows();
DROP FUNCTION hotseat_event_sha256(exams_event);
"""

MOVES = """
CREATE FUNCTION hotseat_attempt_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> NEW.state AND NOT (OLD.state || '>' || NEW.state) = ANY (ARRAY[
        'ready>live', 'ready>void', 'live>closed', 'live>void', 'closed>void', 'closed>live']) THEN
        RAISE EXCEPTION 'an attempt cannot go from % to %', OLD.state, NEW.state USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.started_at IS NOT NULL AND NEW.started_at IS DISTINCT FROM OLD.started_at THEN
        RAISE EXCEPTION 'the start of an attempt is never moved' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF ROW(OLD.learner_id, OLD.twin_id, OLD.twin_slug, OLD.number, OLD.incident_class, OLD.incident_seed)
       IS DISTINCT FROM ROW(NEW.learner_id, NEW.twin_id, NEW.twin_slug, NEW.number, NEW.incident_class, NEW.incident_seed) THEN
        RAISE EXCEPTION 'an attempt keeps its learner, its twin version and its incident' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER attempt_moves BEFORE UPDATE ON exams_attempt FOR EACH ROW EXECUTE FUNCTION hotseat_attempt_moves();
CREATE TRIGGER attempt_never_deleted BEFORE DELETE ON exams_attempt FOR EACH ROW EXECUTE FUNCTION hotseat_immutable();

CREATE FUNCTION hotseat_submission_keeps_its_bytes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'received' AND ROW(OLD.state, OLD.tree_id, OLD.tree_sha256, OLD.pinned_commit, OLD.rejected_code)
       IS DISTINCT FROM ROW(NEW.state, NEW.tree_id, NEW.tree_sha256, NEW.pinned_commit, NEW.rejected_code) THEN
        RAISE EXCEPTION 'a submission that was taken in or refused stays as it is' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.pinned_commit <> '' AND NEW.pinned_commit <> OLD.pinned_commit THEN
        RAISE EXCEPTION 'a pinned commit stays pinned' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER submission_keeps_its_bytes BEFORE UPDATE ON exams_submission
    FOR EACH ROW EXECUTE FUNCTION hotseat_submission_keeps_its_bytes();

CREATE FUNCTION hotseat_twin_version_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF ROW(OLD.slug, OLD.version, OLD.content_sha256, OLD.definition) IS DISTINCT FROM ROW(NEW.slug, NEW.version, NEW.content_sha256, NEW.definition) THEN
        RAISE EXCEPTION 'a published twin version is never edited: publish a new one' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER twin_version_is_kept BEFORE UPDATE ON exams_twinversion FOR EACH ROW EXECUTE FUNCTION hotseat_twin_version_is_kept();
CREATE TRIGGER twin_version_never_deleted BEFORE DELETE ON exams_twinversion FOR EACH ROW EXECUTE FUNCTION hotseat_immutable();
"""
DROP_MOVES = """
DROP TRIGGER attempt_moves ON exams_attempt;
DROP TRIGGER attempt_never_deleted ON exams_attempt;
DROP FUNCTION hotseat_attempt_moves();
DROP TRIGGER submission_keeps_its_bytes ON exams_submission;
DROP FUNCTION hotseat_submission_keeps_its_bytes();
DROP TRIGGER twin_version_is_kept ON exams_twinversion;
DROP TRIGGER twin_version_never_deleted ON exams_twinversion;
DROP FUNCTION hotseat_twin_version_is_kept();
"""


def _record(table: str) -> migrations.RunSQL:
    """Triggers that make a table append-only."""
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_immutable BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION hotseat_immutable();"
        f"CREATE TRIGGER {table}_not_truncated BEFORE TRUNCATE ON {table} EXECUTE FUNCTION hotseat_not_truncated();",
        f"DROP TRIGGER {table}_immutable ON {table}; DROP TRIGGER {table}_not_truncated ON {table};",
    )


class Migration(migrations.Migration):
    """Triggers."""

    dependencies = [("exams", "0001_initial")]

    operations = [
        migrations.RunSQL(IMMUTABLE, DROP_IMMUTABLE),
        *[_record(table) for table in RECORDS],
        migrations.RunSQL(CHAIN, DROP_CHAIN),
        migrations.RunSQL(MOVES, DROP_MOVES),
    ]
