"""A diagnosis may name two causes by their titles."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One column is wider: no row is rewritten for that."""

    dependencies = [
        ("exams", "0010_stock_is_replayed"),
    ]

    operations = [
        migrations.AlterField(
            model_name="diagnosis",
            name="failure_class",
            field=models.CharField(max_length=160),
        ),
    ]
