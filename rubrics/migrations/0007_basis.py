"""What a review was judged by is kept with its sign-off, and the database lets neither be without the other."""

import django.db.models.deletion
from django.db import migrations, models

KEPT = """
CREATE FUNCTION hotseat_basis_fits() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    held text;
BEGIN
    SELECT state INTO held FROM rubrics_review WHERE id = NEW.review_id FOR SHARE;
    IF held IS DISTINCT FROM 'claimed' THEN
        RAISE EXCEPTION 'what a review was judged by is kept when it is signed, not before and not after'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF octet_length(NEW.content) > 2097152 THEN
        RAISE EXCEPTION 'what a review was judged by is kept in at most 2 MiB' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.sha256 <> encode(sha256(convert_to(NEW.content, 'UTF8')), 'hex') THEN
        RAISE EXCEPTION 'that is not the hash of what a review was judged by' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER basis_fits BEFORE INSERT ON rubrics_basis FOR EACH ROW EXECUTE FUNCTION hotseat_basis_fits();
CREATE TRIGGER basis_immutable BEFORE UPDATE OR DELETE ON rubrics_basis
    FOR EACH ROW EXECUTE FUNCTION hotseat_immutable();
CREATE TRIGGER basis_not_truncated BEFORE TRUNCATE ON rubrics_basis EXECUTE FUNCTION hotseat_not_truncated();

CREATE FUNCTION hotseat_signed_with_basis() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'signed_off' AND NOT EXISTS (SELECT 1 FROM rubrics_basis WHERE review_id = NEW.id) THEN
        RAISE EXCEPTION 'a sign-off keeps what it judged by' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
-- After the other triggers, by its name: what they refuse says more.
CREATE TRIGGER review_signed_with_basis BEFORE UPDATE ON rubrics_review
    FOR EACH ROW EXECUTE FUNCTION hotseat_signed_with_basis();
"""
DROP_KEPT = """
DROP TRIGGER review_signed_with_basis ON rubrics_review;
DROP FUNCTION hotseat_signed_with_basis();
DROP TRIGGER basis_not_truncated ON rubrics_basis;
DROP TRIGGER basis_immutable ON rubrics_basis;
DROP TRIGGER basis_fits ON rubrics_basis;
DROP FUNCTION hotseat_basis_fits();
"""


class Migration(migrations.Migration):
    """A table and its triggers; reviews that were signed before have no row, which their page says."""

    dependencies = [("rubrics", "0006_appeals_are_kept"), ("exams", "0002_append_only")]

    operations = [
        migrations.CreateModel(
            name="Basis",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kept_at", models.DateTimeField()),
                ("content", models.TextField()),
                ("sha256", models.CharField(max_length=64)),
                (
                    "review",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="basis", to="rubrics.review"
                    ),
                ),
            ],
            options={"verbose_name_plural": "bases"},
        ),
        migrations.RunSQL(KEPT, DROP_KEPT),
    ]
