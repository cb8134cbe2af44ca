"""What the database itself refuses about appeals: without a signed review, by the mentor who signed it, changed later."""

from django.db import migrations

ROUNDS = """
CREATE FUNCTION hotseat_review_round() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    first_mentor bigint;
    first_state text;
BEGIN
    IF TG_OP = 'UPDATE' AND ROW(NEW.attempt_id, NEW.round, NEW.rubric_id)
       IS DISTINCT FROM ROW(OLD.attempt_id, OLD.round, OLD.rubric_id) THEN
        RAISE EXCEPTION 'a review keeps its attempt, its round and its rubric' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.round = 1 THEN
        RETURN NEW;
    END IF;
    SELECT mentor_id, state INTO first_mentor, first_state
        FROM rubrics_review WHERE attempt_id = NEW.attempt_id AND round = 1;
    IF first_state IS DISTINCT FROM 'signed_off' THEN
        RAISE EXCEPTION 'only a signed review is appealed' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.mentor_id IS NOT NULL AND NEW.mentor_id = first_mentor THEN
        RAISE EXCEPTION 'an appeal is heard by another mentor' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.state <> 'open' AND NOT EXISTS (SELECT 1 FROM rubrics_appeal WHERE review_id = NEW.id) THEN
        RAISE EXCEPTION 'nobody appealed: there is nothing to judge afresh' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER review_round BEFORE INSERT OR UPDATE ON rubrics_review
    FOR EACH ROW EXECUTE FUNCTION hotseat_review_round();

CREATE FUNCTION hotseat_appeal_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM rubrics_review signed
                   JOIN rubrics_review fresh ON fresh.attempt_id = signed.attempt_id
                   JOIN exams_attempt a ON a.id = signed.attempt_id
                   WHERE a.id = NEW.attempt_id AND a.state = 'closed'
                     AND signed.id = NEW.against_id AND signed.round = 1 AND signed.state = 'signed_off'
                     AND fresh.id = NEW.review_id AND fresh.round = 2 AND fresh.state = 'open'
                     AND NEW.filed_at >= signed.signed_off_at) THEN
        RAISE EXCEPTION 'an appeal is of a signed review, and opens another of the same attempt'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER appeal_fits BEFORE INSERT ON rubrics_appeal FOR EACH ROW EXECUTE FUNCTION hotseat_appeal_fits();

CREATE FUNCTION hotseat_appeal_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an appeal is a record: it is neither changed nor deleted' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER appeal_is_kept BEFORE UPDATE OR DELETE ON rubrics_appeal
    FOR EACH ROW EXECUTE FUNCTION hotseat_appeal_is_kept();
CREATE TRIGGER appeal_not_truncated BEFORE TRUNCATE ON rubrics_appeal EXECUTE FUNCTION hotseat_not_truncated();
"""
DROP_ROUNDS = """
DROP TRIGGER review_round ON rubrics_review;
DROP TRIGGER appeal_fits ON rubrics_appeal;
DROP TRIGGER appeal_not_truncated ON rubrics_appeal;
DROP TRIGGER appeal_is_kept ON rubrics_appeal;
DROP FUNCTION hotseat_review_round();
DROP FUNCTION hotseat_appeal_fits();
DROP FUNCTION hotseat_appeal_is_kept();
"""


class Migration(migrations.Migration):
    """Triggers."""

    dependencies = [("rubrics", "0005_appeals"), ("exams", "0002_append_only")]

    operations = [migrations.RunSQL(ROUNDS, DROP_ROUNDS)]
