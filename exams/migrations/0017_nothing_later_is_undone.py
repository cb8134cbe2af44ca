"""A rollback that is handled late undoes nothing later: it may take effect later, and what was gone back to stays."""

from django.db import migrations, models
from django.db.models import F, Q

# The rows of rollbacks are there before: whoever calls something off holds the attempt, and so does who goes back.
STAYS = """
CREATE FUNCTION hotseat_deployment_gone_back_to_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM exams_deployment r WHERE r.of_id = NEW.id) THEN
        RAISE EXCEPTION 'what a rollback went back to is not called off'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER deployment_gone_back_to_stays BEFORE UPDATE OF state ON exams_deployment
    FOR EACH ROW WHEN (NEW.state = 'cancelled' AND OLD.state <> 'cancelled')
    EXECUTE FUNCTION hotseat_deployment_gone_back_to_stays();
"""
DROP_STAYS = """
DROP TRIGGER deployment_gone_back_to_stays ON exams_deployment;
DROP FUNCTION hotseat_deployment_gone_back_to_stays();
"""


class Migration(migrations.Migration):
    """A looser constraint in the place of a stricter one, and a trigger. Older code goes on working."""

    dependencies = [("exams", "0016_reading_pace")]

    operations = [
        migrations.RemoveConstraint(model_name="deployment", name="deployment_kind_fits_source"),
        migrations.AddConstraint(
            model_name="deployment",
            constraint=models.CheckConstraint(
                condition=Q(kind="initial", number=0, submission=None, of=None, due_at=F("requested_at"))
                | Q(kind="deploy", number__gt=0, submission__isnull=False, of=None, due_at__gt=F("requested_at"))
                | Q(
                    kind="rollback",
                    number__gt=0,
                    submission=None,
                    of__isnull=False,
                    state="live",
                    due_at__gte=F("requested_at"),
                    outcomes__isnull=True,
                ),
                name="deployment_kind_fits_source",
            ),
        ),
        migrations.RunSQL(STAYS, DROP_STAYS),
    ]
