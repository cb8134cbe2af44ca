"""Which questions of a repro are needed; what was found stays."""

import django.db.models.deletion
from django.db import migrations, models

STAYS = """
CREATE FUNCTION hotseat_repro_reduction_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.done_at IS NOT NULL AND NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'what was found of a repro stays as it is' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.claims < OLD.claims OR NEW.diagnosis_id <> OLD.diagnosis_id THEN
        RAISE EXCEPTION 'a reduction keeps its diagnosis, and its fence only grows'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER repro_reduction_stays BEFORE UPDATE ON grading_reproreduction
    FOR EACH ROW EXECUTE FUNCTION hotseat_repro_reduction_stays();
CREATE TRIGGER repro_reduction_never_deleted BEFORE DELETE ON grading_reproreduction
    FOR EACH ROW EXECUTE FUNCTION hotseat_immutable();
"""
DROP_STAYS = """
DROP TRIGGER repro_reduction_stays ON grading_reproreduction;
DROP TRIGGER repro_reduction_never_deleted ON grading_reproreduction;
DROP FUNCTION hotseat_repro_reduction_stays();
"""


class Migration(migrations.Migration):
    """The table, and its triggers."""

    dependencies = [
        ('exams', '0002_append_only'),
        ('grading', '0003_what_is_graded_stays'),
    ]

    operations = [
        migrations.CreateModel(
            name='ReproReduction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('questions', models.PositiveSmallIntegerField()),
                ('needed', models.JSONField(null=True)),
                ('proven', models.BooleanField(null=True)),
                ('runs', models.PositiveSmallIntegerField(default=0)),
                ('claims', models.PositiveSmallIntegerField(default=0)),
                ('leased_until', models.DateTimeField(null=True)),
                ('done_at', models.DateTimeField(null=True)),
                ('last_fault', models.TextField(blank=True, default='')),
                ('diagnosis', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='reduction', to='exams.diagnosis')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('done_at', None)), fields=['leased_until'], name='repro_reduction_unfinished')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('done_at', None), ('needed__isnull', True), ('proven', None)), models.Q(('done_at__isnull', False), ('leased_until', None), ('needed__isnull', False), ('proven__isnull', False)), _connector='OR'), name='repro_reduction_done_has_answer')],
            },
        ),
        migrations.RunSQL(STAYS, DROP_STAYS),
    ]
