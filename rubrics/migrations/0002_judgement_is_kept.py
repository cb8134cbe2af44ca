"""What the database itself refuses about judgement: wrong weights, own reviews, changing what was signed."""

from django.db import migrations

PUBLISHED = """
CREATE FUNCTION hotseat_rubric_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    total bigint;
BEGIN
    IF OLD.published_at IS NOT NULL AND NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'a published rubric is never edited: publish a new version' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.published_at IS NOT NULL THEN
        SELECT coalesce(sum(weight_bp), 0) INTO total FROM rubrics_dimension WHERE rubric_id = NEW.id;
        IF total <> 10000 THEN
            RAISE EXCEPTION 'the weights of a rubric sum to % basis points, not 10000', total USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER rubric_adds_up BEFORE UPDATE ON rubrics_rubric FOR EACH ROW EXECUTE FUNCTION hotseat_rubric_adds_up();

CREATE FUNCTION hotseat_rubric_begins_as_draft() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.published_at IS NOT NULL THEN
        RAISE EXCEPTION 'a rubric begins as a draft: add its dimensions, then publish' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER rubric_begins_as_draft BEFORE INSERT ON rubrics_rubric FOR EACH ROW EXECUTE FUNCTION hotseat_rubric_begins_as_draft();

CREATE FUNCTION hotseat_dimension_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    which bigint := CASE WHEN TG_OP = 'INSERT' THEN NEW.rubric_id ELSE OLD.rubric_id END;
BEGIN
    IF EXISTS (SELECT 1 FROM rubrics_rubric WHERE id = which AND published_at IS NOT NULL) THEN
        RAISE EXCEPTION 'the dimensions of a published rubric are never edited' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER dimension_is_kept BEFORE INSERT OR UPDATE OR DELETE ON rubrics_dimension
    FOR EACH ROW EXECUTE FUNCTION hotseat_dimension_is_kept();
"""
DROP_PUBLISHED = """
DROP TRIGGER rubric_adds_up ON rubrics_rubric;
DROP TRIGGER rubric_begins_as_draft ON rubrics_rubric;
DROP TRIGGER dimension_is_kept ON rubrics_dimension;
DROP FUNCTION hotseat_rubric_adds_up();
DROP FUNCTION hotseat_rubric_begins_as_draft();
DROP FUNCTION hotseat_dimension_is_kept();
"""

REVIEWED = """
CREATE FUNCTION hotseat_review_moves() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted integer;
    scored integer;
    total bigint;
    threshold integer;
BEGIN
    IF OLD.state = 'signed_off' THEN
        RAISE EXCEPTION 'a signed review is never changed' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.state = 'open' AND NEW.state = 'signed_off' THEN
        RAISE EXCEPTION 'a review is claimed before it is signed off' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.mentor_id IS NOT NULL AND NEW.mentor_id IS DISTINCT FROM OLD.mentor_id AND (
        EXISTS (SELECT 1 FROM exams_attempt WHERE id = NEW.attempt_id AND learner_id = NEW.mentor_id)
        OR EXISTS (SELECT 1 FROM rubrics_conflictofinterest c JOIN exams_attempt a ON a.learner_id = c.learner_id
                   WHERE a.id = NEW.attempt_id AND c.mentor_id = NEW.mentor_id)) THEN
        RAISE EXCEPTION 'nobody reviews their own attempt or one with a conflict of interest' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.state = 'signed_off' THEN
        SELECT count(*) INTO wanted FROM rubrics_dimension WHERE rubric_id = NEW.rubric_id;
        SELECT count(*), coalesce(sum(d.weight_bp * s.twentieths), 0) INTO scored, total
            FROM rubrics_score s JOIN rubrics_dimension d ON d.id = s.dimension_id
            WHERE s.review_id = NEW.id AND d.rubric_id = NEW.rubric_id;
        SELECT threshold_bp INTO threshold FROM rubrics_rubric WHERE id = NEW.rubric_id;
        IF scored <> wanted OR NEW.weighted_sum <> total OR NEW.passed <> (total >= threshold * 20) THEN
            RAISE EXCEPTION 'a sign-off needs every dimension scored (% of %) and the sum and the pass that follow from them', scored, wanted
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        IF NOT NEW.passed AND EXISTS (SELECT 1 FROM rubrics_skillassertion WHERE review_id = NEW.id) THEN
            RAISE EXCEPTION 'skills are asserted on a passing review only' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER review_moves BEFORE UPDATE ON rubrics_review FOR EACH ROW EXECUTE FUNCTION hotseat_review_moves();

CREATE FUNCTION hotseat_review_never_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a review is a record: it is never deleted' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER review_never_deleted BEFORE DELETE ON rubrics_review FOR EACH ROW EXECUTE FUNCTION hotseat_review_never_deleted();

CREATE FUNCTION hotseat_signed_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    which uuid := CASE WHEN TG_OP = 'INSERT' THEN NEW.review_id ELSE OLD.review_id END;
    held text;
BEGIN
    -- The lock makes a score wait for a sign-off in progress, and the sign-off for a score.
    SELECT state INTO held FROM rubrics_review WHERE id = which FOR SHARE;
    IF held = 'signed_off' THEN
        RAISE EXCEPTION 'the review is signed off: its scores and skills are frozen' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER score_is_frozen BEFORE INSERT OR UPDATE OR DELETE ON rubrics_score
    FOR EACH ROW EXECUTE FUNCTION hotseat_signed_is_frozen();
CREATE TRIGGER assertion_is_frozen BEFORE INSERT OR UPDATE OR DELETE ON rubrics_skillassertion
    FOR EACH ROW EXECUTE FUNCTION hotseat_signed_is_frozen();

CREATE FUNCTION hotseat_score_fits_rubric() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM rubrics_review r JOIN rubrics_dimension d ON d.rubric_id = r.rubric_id
                   WHERE r.id = NEW.review_id AND d.id = NEW.dimension_id) THEN
        RAISE EXCEPTION 'that dimension is not in the rubric of this review' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER score_fits_rubric BEFORE INSERT OR UPDATE ON rubrics_score FOR EACH ROW EXECUTE FUNCTION hotseat_score_fits_rubric();

CREATE FUNCTION hotseat_assertion_is_on_offer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM rubrics_review r JOIN exams_attempt a ON a.id = r.attempt_id
                   JOIN rubrics_skillonoffer o ON o.twin_id = a.twin_id
                   WHERE r.id = NEW.review_id AND o.id = NEW.skill_id AND o.ceiling_twentieths = NEW.ceiling_twentieths) THEN
        RAISE EXCEPTION 'that skill with that ceiling is not on offer for this attempt' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER assertion_is_on_offer BEFORE INSERT OR UPDATE ON rubrics_skillassertion
    FOR EACH ROW EXECUTE FUNCTION hotseat_assertion_is_on_offer();
"""
DROP_REVIEWED = """
DROP TRIGGER review_moves ON rubrics_review;
DROP TRIGGER review_never_deleted ON rubrics_review;
DROP TRIGGER score_is_frozen ON rubrics_score;
DROP TRIGGER assertion_is_frozen ON rubrics_skillassertion;
DROP TRIGGER score_fits_rubric ON rubrics_score;
DROP TRIGGER assertion_is_on_offer ON rubrics_skillassertion;
DROP FUNCTION hotseat_review_moves();
DROP FUNCTION hotseat_review_never_deleted();
DROP FUNCTION hotseat_signed_is_frozen();
DROP FUNCTION hotseat_score_fits_rubric();
DROP FUNCTION hotseat_assertion_is_on_offer();
"""


class Migration(migrations.Migration):
    """Triggers."""

    dependencies = [("rubrics", "0001_initial"), ("exams", "0002_append_only")]

    operations = [
        migrations.RunSQL(PUBLISHED, DROP_PUBLISHED),
        migrations.RunSQL(REVIEWED, DROP_REVIEWED),
    ]
