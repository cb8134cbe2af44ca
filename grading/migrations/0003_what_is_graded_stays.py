"""What the database itself refuses: changing a run that has ended, or the cells its verdict rests on."""

from django.db import migrations

STAYS = """
CREATE FUNCTION hotseat_grading_run_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state IN ('graded', 'platform_fault') AND NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'a run that has ended stays as it is' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.state <> NEW.state AND NOT (OLD.state || '>' || NEW.state) = ANY (ARRAY[
        'waiting>running', 'waiting>held', 'running>waiting', 'running>held', 'running>graded',
        'running>platform_fault', 'held>waiting']) THEN
        RAISE EXCEPTION 'a run cannot go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.fence < OLD.fence OR NEW.submission_id <> OLD.submission_id OR NEW.learner_id <> OLD.learner_id THEN
        RAISE EXCEPTION 'a run keeps its submission, and its fence only grows'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER grading_run_moves BEFORE UPDATE ON grading_gradingrun
    FOR EACH ROW EXECUTE FUNCTION hotseat_grading_run_moves();
CREATE TRIGGER grading_run_never_deleted BEFORE DELETE ON grading_gradingrun
    FOR EACH ROW EXECUTE FUNCTION hotseat_immutable();
CREATE TRIGGER grading_cell_is_kept BEFORE UPDATE OR DELETE ON grading_cell
    FOR EACH ROW EXECUTE FUNCTION hotseat_immutable();
"""
DROP_STAYS = """
DROP TRIGGER grading_run_moves ON grading_gradingrun;
DROP TRIGGER grading_run_never_deleted ON grading_gradingrun;
DROP TRIGGER grading_cell_is_kept ON grading_cell;
DROP FUNCTION hotseat_grading_run_moves();
"""


class Migration(migrations.Migration):
    """Triggers."""

    dependencies = [("grading", "0002_hidden_after_closing"), ("exams", "0002_append_only")]

    operations = [migrations.RunSQL(STAYS, DROP_STAYS)]
