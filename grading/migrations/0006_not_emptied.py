"""Triggers on rows see no TRUNCATE: what is never changed or deleted is not emptied either."""

from django.db import migrations

TABLES = ("grading_gradingrun", "grading_cell", "grading_reproreduction")


class Migration(migrations.Migration):
    """Triggers."""

    dependencies = [("grading", "0005_repro_reduced"), ("exams", "0002_append_only")]

    operations = [
        migrations.RunSQL(
            f"CREATE TRIGGER {table}_not_truncated BEFORE TRUNCATE ON {table} "
            "EXECUTE FUNCTION hotseat_not_truncated();",
            f"DROP TRIGGER {table}_not_truncated ON {table};",
        )
        for table in TABLES
    ]
