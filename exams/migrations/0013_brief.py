"""What a learner is told of their own incident is kept with it, and stays as it was told."""

from django.db import migrations, models

KEPT = """
CREATE FUNCTION hotseat_attempt_keeps_its_brief() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.brief IS NOT NULL AND NEW.brief IS DISTINCT FROM OLD.brief THEN
        RAISE EXCEPTION 'what a learner was told of an incident stays as it is'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER attempt_keeps_its_brief BEFORE UPDATE ON exams_attempt
    FOR EACH ROW EXECUTE FUNCTION hotseat_attempt_keeps_its_brief();
"""
DROP = """
DROP TRIGGER attempt_keeps_its_brief ON exams_attempt;
DROP FUNCTION hotseat_attempt_keeps_its_brief();
"""


class Migration(migrations.Migration):
    """A column of attempts and one of the stock, and a trigger."""

    dependencies = [("exams", "0012_openings")]
    operations = [
        migrations.AddField("attempt", "brief", models.JSONField(null=True)),
        migrations.AddField("stockedincident", "brief", models.JSONField(null=True)),
        migrations.RunSQL(KEPT, DROP),
    ]
