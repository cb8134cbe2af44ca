"""Tells whoever listens that an attempt's ledger grew: a hint with no content, sent when the transaction commits."""

from django.db import migrations

ANNOUNCE = """
CREATE FUNCTION hotseat_announce_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('hotseat_events', NEW.attempt_id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER event_is_announced AFTER INSERT ON exams_event FOR EACH ROW EXECUTE FUNCTION hotseat_announce_event();
"""
UNDO = "DROP TRIGGER event_is_announced ON exams_event; DROP FUNCTION hotseat_announce_event();"


class Migration(migrations.Migration):
    """A trigger."""

    dependencies = [("exams", "0002_append_only")]

    operations = [migrations.RunSQL(ANNOUNCE, UNDO)]
