"""A conflict of interest is a fact: declared, and ended at most once; never edited, never deleted."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

KEPT = """
CREATE FUNCTION hotseat_conflict_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.declared_at := clock_timestamp();
        PERFORM hotseat_record_act(NEW.learner_id, 'conflict.declared',
            jsonb_build_object('mentor', jsonb_build_array(NULL, NEW.mentor_id)), NEW.declared_by_id, NEW.reason);
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL AND NEW.ended_by_id IS NOT NULL
       AND btrim(NEW.end_reason, E' \\t\\r\\n') <> ''
       AND ROW(OLD.id, OLD.mentor_id, OLD.learner_id, OLD.reason, OLD.declared_at, OLD.declared_by_id)
           IS NOT DISTINCT FROM
           ROW(NEW.id, NEW.mentor_id, NEW.learner_id, NEW.reason, NEW.declared_at, NEW.declared_by_id) THEN
        NEW.ended_at := clock_timestamp();
        PERFORM hotseat_record_act(NEW.learner_id, 'conflict.ended',
            jsonb_build_object('mentor', jsonb_build_array(NEW.mentor_id, NULL)), NEW.ended_by_id, NEW.end_reason);
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a conflict of interest is a record: all that may follow is its end, once, with who and why'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER conflict_kept BEFORE INSERT OR UPDATE OR DELETE ON rubrics_conflictofinterest
    FOR EACH ROW EXECUTE FUNCTION hotseat_conflict_kept();
CREATE TRIGGER conflict_not_truncated BEFORE TRUNCATE ON rubrics_conflictofinterest
    EXECUTE FUNCTION hotseat_not_truncated();
"""
DROP_KEPT = """
DROP TRIGGER conflict_not_truncated ON rubrics_conflictofinterest;
DROP TRIGGER conflict_kept ON rubrics_conflictofinterest;
DROP FUNCTION hotseat_conflict_kept();
"""

# The rest of the function stays as it is.
IN_FORCE = """
DO $do$ BEGIN
    EXECUTE replace(pg_get_functiondef('hotseat_review_moves'::regproc), '{before}', '{after}');
    IF position('{after}' IN pg_get_functiondef('hotseat_review_moves'::regproc)) = 0 THEN
        RAISE EXCEPTION 'the rule against conflicts of interest is not where it was';
    END IF;
END $do$;
"""
ANY, OPEN = "c.mentor_id = NEW.mentor_id)", "c.mentor_id = NEW.mentor_id AND c.ended_at IS NULL)"


class Migration(migrations.Migration):
    """Columns and triggers."""

    dependencies = [("rubrics", "0003_what_is_void_is_not_judged"), ("accounts", "0002_acts")]

    operations = [
        *[
            migrations.AlterField(
                "conflictofinterest",
                name,
                models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                ),
            )
            for name in ("mentor", "learner")
        ],
        *[
            migrations.AddField(
                "conflictofinterest",
                name,
                models.ForeignKey(
                    null=True,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="+",
                    to=settings.AUTH_USER_MODEL,
                ),
            )
            for name in ("declared_by", "ended_by")
        ],
        migrations.AddField("conflictofinterest", "ended_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "conflictofinterest", "end_reason", models.TextField(blank=True, db_default="", default="")
        ),
        migrations.RemoveConstraint("conflictofinterest", "conflict_once"),
        migrations.AddConstraint(
            "conflictofinterest",
            models.UniqueConstraint(
                fields=("mentor", "learner"), condition=models.Q(ended_at=None), name="conflict_once"
            ),
        ),
        migrations.RunSQL(KEPT, DROP_KEPT),
        migrations.RunSQL(IN_FORCE.format(before=ANY, after=OPEN), IN_FORCE.format(before=OPEN, after=ANY)),
    ]
