"""What the database itself refuses: claiming, or signing off, the review of an attempt that does not count."""

from django.db import migrations

CLOSED_ONLY = """
CREATE FUNCTION hotseat_review_of_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> 'open' AND ROW(NEW.state, NEW.mentor_id) IS DISTINCT FROM ROW(OLD.state, OLD.mentor_id)
       AND NOT EXISTS (SELECT 1 FROM exams_attempt WHERE id = NEW.attempt_id AND state = 'closed') THEN
        RAISE EXCEPTION 'an attempt that is live or void is neither claimed nor signed off'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER review_of_closed BEFORE UPDATE ON rubrics_review
    FOR EACH ROW EXECUTE FUNCTION hotseat_review_of_closed();
"""
DROP_CLOSED_ONLY = "DROP TRIGGER review_of_closed ON rubrics_review; DROP FUNCTION hotseat_review_of_closed();"


class Migration(migrations.Migration):
    """A trigger."""

    dependencies = [("rubrics", "0002_judgement_is_kept")]

    operations = [migrations.RunSQL(CLOSED_ONLY, DROP_CLOSED_ONLY)]
