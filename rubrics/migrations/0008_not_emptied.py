"""Triggers on rows see no TRUNCATE: what is never changed or deleted is not emptied either."""

from django.db import migrations

TABLES = ("rubrics_review", "rubrics_score", "rubrics_skillassertion", "rubrics_rubric", "rubrics_dimension")


class Migration(migrations.Migration):
    """Triggers."""

    dependencies = [("rubrics", "0007_basis"), ("exams", "0002_append_only")]

    operations = [
        migrations.RunSQL(
            f"CREATE TRIGGER {table}_not_truncated BEFORE TRUNCATE ON {table} "
            "EXECUTE FUNCTION hotseat_not_truncated();",
            f"DROP TRIGGER {table}_not_truncated ON {table};",
        )
        for table in TABLES
    ]
