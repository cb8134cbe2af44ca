"""A stock of incidents made ahead; the database keeps each of them for one attempt, for ever."""

import django.db.models.deletion
import uuid
from django.db import migrations, models

MOVES = """
CREATE FUNCTION hotseat_stocked_incident_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state = 'taken' THEN
            RAISE EXCEPTION 'an incident that was taken stays taken' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF OLD.state <> NEW.state AND NOT (OLD.state || '>' || NEW.state) = ANY (ARRAY[
        'making>ready', 'making>failed', 'ready>taken']) THEN
        RAISE EXCEPTION 'a stocked incident cannot go from % to %', OLD.state, NEW.state USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF ROW(OLD.twin_id, OLD.incident_class, OLD.incident_seed) IS DISTINCT FROM ROW(NEW.twin_id, NEW.incident_class, NEW.incident_seed)
       OR (OLD.taken_by_id IS NOT NULL AND NEW.taken_by_id IS DISTINCT FROM OLD.taken_by_id) THEN
        RAISE EXCEPTION 'a stocked incident keeps what it is and who took it' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.state <> 'taken' AND NEW.state = 'taken' AND NOT EXISTS (
        SELECT 1 FROM exams_attempt a WHERE a.id = NEW.taken_by_id AND a.twin_id = NEW.twin_id
        AND a.incident_class = NEW.incident_class AND a.incident_seed = NEW.incident_seed) THEN
        RAISE EXCEPTION 'the attempt that takes an incident is about that very incident' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stocked_incident_moves BEFORE UPDATE OR DELETE ON exams_stockedincident
    FOR EACH ROW EXECUTE FUNCTION hotseat_stocked_incident_moves();
"""
UNDO = "DROP TRIGGER stocked_incident_moves ON exams_stockedincident; DROP FUNCTION hotseat_stocked_incident_moves();"


class Migration(migrations.Migration):
    """A table and its trigger."""

    dependencies = [
        ('exams', '0004_keep_the_incident'),
    ]

    operations = [
        migrations.CreateModel(
            name='StockedIncident',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('pack_sha256', models.CharField(max_length=64)),
                ('incident_class', models.CharField(max_length=40)),
                ('incident_seed', models.BigIntegerField()),
                ('state', models.CharField(choices=[('making', 'Making'), ('ready', 'Ready'), ('taken', 'Taken'), ('failed', 'Failed')], default='making', max_length=8)),
                ('claimed_at', models.DateTimeField()),
                ('leased_until', models.DateTimeField()),
                ('ready_at', models.DateTimeField(null=True)),
                ('failed_because', models.TextField(blank=True, default='')),
                ('handed_out', models.BinaryField(null=True)),
                ('handed_out_sha256', models.CharField(blank=True, default='', max_length=64)),
                ('approved_facts', models.BinaryField(null=True)),
                ('approved_facts_sha256', models.CharField(blank=True, default='', max_length=64)),
                ('truth', models.JSONField(null=True)),
                ('repository', models.BinaryField(null=True)),
                ('taken_by', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='from_stock', to='exams.attempt')),
                ('twin', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stock', to='exams.twinversion')),
            ],
            options={
                'indexes': [models.Index(fields=['twin', 'state'], name='stocked_incident_by_twin')],
                'constraints': [models.UniqueConstraint(fields=('twin', 'incident_class', 'incident_seed'), name='stocked_incident_drawn_once'), models.CheckConstraint(condition=models.Q(('state__in', ['making', 'ready', 'taken', 'failed'])), name='stocked_incident_state_known'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'ready'), _negated=True), models.Q(('approved_facts__isnull', False), ('handed_out__isnull', False), ('ready_at__isnull', False), ('repository__isnull', False), ('truth__isnull', False)), _connector='OR'), name='stocked_incident_ready_is_whole'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'taken'), ('taken_by__isnull', False)), models.Q(models.Q(('state', 'taken'), _negated=True), ('taken_by', None)), _connector='OR'), name='stocked_incident_taken_by_one'), models.CheckConstraint(condition=models.Q(('state', 'failed'), ('failed_because', ''), _connector='XOR'), name='stocked_incident_failed_has_reason')],
            },
        ),
        migrations.RunSQL(MOVES, UNDO),
    ]
