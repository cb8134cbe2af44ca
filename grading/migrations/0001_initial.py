
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('exams', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='GradingRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('try_number', models.PositiveSmallIntegerField(default=1)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Running'), ('graded', 'Graded'), ('platform_fault', 'Platform Fault')], default='waiting', max_length=16)),
                ('fence', models.PositiveIntegerField(default=0)),
                ('claims', models.PositiveSmallIntegerField(default=0)),
                ('leased_until', models.DateTimeField(null=True)),
                ('retry_at', models.DateTimeField(null=True)),
                ('worker', models.CharField(blank=True, default='', max_length=120)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('verdict', models.CharField(blank=True, default='', max_length=40)),
                ('because', models.TextField(blank=True, default='')),
                ('mutants_killed', models.PositiveSmallIntegerField(null=True)),
                ('mutants_total', models.PositiveSmallIntegerField(null=True)),
                ('alternatives_passed', models.PositiveSmallIntegerField(null=True)),
                ('alternatives_total', models.PositiveSmallIntegerField(null=True)),
                ('probe_counts', models.JSONField(default=dict)),
                ('timings', models.JSONField(default=dict)),
                ('provenance', models.JSONField(default=dict)),
                ('last_fault', models.TextField(blank=True, default='')),
                ('submission', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='exams.submission')),
            ],
        ),
        migrations.CreateModel(
            name='Cell',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=10)),
                ('key', models.CharField(blank=True, default='', max_length=80)),
                ('repeat', models.PositiveSmallIntegerField(default=1)),
                ('visible', models.BooleanField(default=False)),
                ('position', models.PositiveSmallIntegerField()),
                ('ended', models.CharField(max_length=20)),
                ('result', models.CharField(max_length=20)),
                ('nodes', models.JSONField(default=list)),
                ('transcript', models.JSONField(default=list)),
                ('output_tail', models.TextField(blank=True, default='')),
                ('seconds', models.FloatField(default=0.0)),
                ('container', models.CharField(blank=True, default='', max_length=80)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='cells', to='grading.gradingrun')),
            ],
        ),
        migrations.CreateModel(
            name='ReproCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reproduces', models.BooleanField(null=True)),
                ('transcript', models.JSONField(default=list)),
                ('cause_matches', models.BooleanField(null=True)),
                ('claims', models.PositiveSmallIntegerField(default=0)),
                ('leased_until', models.DateTimeField(null=True)),
                ('checked_at', models.DateTimeField(null=True)),
                ('last_fault', models.TextField(blank=True, default='')),
                ('diagnosis', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='check_result', to='exams.diagnosis')),
            ],
        ),
        migrations.AddIndex(
            model_name='gradingrun',
            index=models.Index(condition=models.Q(('state__in', ['waiting', 'running'])), fields=['created_at'], name='grading_run_unfinished'),
        ),
        migrations.AddConstraint(
            model_name='gradingrun',
            constraint=models.UniqueConstraint(fields=('submission', 'try_number'), name='grading_run_once_per_try'),
        ),
        migrations.AddConstraint(
            model_name='gradingrun',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'running', 'graded', 'platform_fault'])), name='grading_run_state_known'),
        ),
        migrations.AddConstraint(
            model_name='gradingrun',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'graded'), _negated=True), models.Q(models.Q(('verdict', ''), _negated=True), ('finished_at__isnull', False)), _connector='OR'), name='grading_run_graded_has_verdict'),
        ),
        migrations.AddConstraint(
            model_name='gradingrun',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'running'), _negated=True), ('leased_until__isnull', False), _connector='OR'), name='grading_run_running_has_lease'),
        ),
        migrations.AddConstraint(
            model_name='cell',
            constraint=models.UniqueConstraint(fields=('run', 'kind', 'key', 'repeat'), name='cell_once'),
        ),
        migrations.AddConstraint(
            model_name='reprocheck',
            constraint=models.CheckConstraint(condition=models.Q(('checked_at', None), ('reproduces__isnull', False), _connector='OR'), name='repro_checked_has_answer'),
        ),
    ]
