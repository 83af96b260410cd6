"""Approvals by two people, stops with notices, corrections with names; what they replace goes."""

import django.db.models.deletion
import django.db.models.functions.datetime
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('centres', '0001_initial'),
        ('results', '0005_claimed_once'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # The gate is made anew by the next migration. Stops and holds had another form: what is stopped or
        # held back now stays hidden, until two people approve it.
        migrations.RunSQL("""
            DROP VIEW results_gate_centres;
            DROP VIEW results_gate_candidates;
            DROP VIEW results_gate;
            UPDATE results_release r SET approved_through = NULL, approved_at = NULL, approved_by_id = NULL
            WHERE approved_through IS NOT NULL AND (stopped_at IS NOT NULL OR EXISTS (
                SELECT FROM results_entry e WHERE e.session_id = r.session_id AND e.held_back
            ));
        """),
        migrations.CreateModel(
            name='CandidateStop',
            fields=[
                ('scope', models.CharField(choices=[('session', 'Session'), ('centre', 'Centre'), ('candidate', 'Candidate')], max_length=10)),
                ('notice_it', models.TextField()),
                ('notice_en', models.TextField()),
                ('started_at', models.DateTimeField()),
                ('entry', models.OneToOneField(on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='stop_for_candidate', serialize=False, to='results.entry')),
            ],
            options={
                'db_table': 'results_stops_candidates',
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='CandidateVersion',
            fields=[
                ('status', models.CharField(choices=[('result', 'Result'), ('X', 'X – absent from part of the exam'), ('Z', 'Z – absent from all parts of the exam'), ('pending', 'Pending'), ('withheld', 'Withheld')], max_length=8, verbose_name='status')),
                ('overall', models.PositiveSmallIntegerField(null=True, verbose_name='overall score')),
                ('result', models.CharField(blank=True, choices=[('A', 'Pass at Grade A'), ('B', 'Pass at Grade B'), ('C', 'Pass at Grade C'), ('LEVEL', 'Level below'), ('NONE', 'No result')], max_length=5, verbose_name='result')),
                ('cefr', models.CharField(blank=True, max_length=2, verbose_name='CEFR level')),
                ('reading', models.PositiveSmallIntegerField(null=True, verbose_name='Reading')),
                ('use_of_english', models.PositiveSmallIntegerField(null=True, verbose_name='Use of English')),
                ('writing', models.PositiveSmallIntegerField(null=True, verbose_name='Writing')),
                ('listening', models.PositiveSmallIntegerField(null=True, verbose_name='Listening')),
                ('speaking', models.PositiveSmallIntegerField(null=True, verbose_name='Speaking')),
                ('reading_and_writing', models.PositiveSmallIntegerField(null=True, verbose_name='Reading and Writing')),
                ('version', models.PositiveSmallIntegerField()),
                ('issued_at', models.DateTimeField()),
                ('reason', models.CharField(max_length=200)),
                ('statement_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('shown_from', models.DateTimeField()),
            ],
            options={
                'db_table': 'results_gate_versions_candidates',
                'ordering': ['version'],
                'abstract': False,
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='VersionShown',
            fields=[
                ('status', models.CharField(choices=[('result', 'Result'), ('X', 'X – absent from part of the exam'), ('Z', 'Z – absent from all parts of the exam'), ('pending', 'Pending'), ('withheld', 'Withheld')], max_length=8, verbose_name='status')),
                ('overall', models.PositiveSmallIntegerField(null=True, verbose_name='overall score')),
                ('result', models.CharField(blank=True, choices=[('A', 'Pass at Grade A'), ('B', 'Pass at Grade B'), ('C', 'Pass at Grade C'), ('LEVEL', 'Level below'), ('NONE', 'No result')], max_length=5, verbose_name='result')),
                ('cefr', models.CharField(blank=True, max_length=2, verbose_name='CEFR level')),
                ('reading', models.PositiveSmallIntegerField(null=True, verbose_name='Reading')),
                ('use_of_english', models.PositiveSmallIntegerField(null=True, verbose_name='Use of English')),
                ('writing', models.PositiveSmallIntegerField(null=True, verbose_name='Writing')),
                ('listening', models.PositiveSmallIntegerField(null=True, verbose_name='Listening')),
                ('speaking', models.PositiveSmallIntegerField(null=True, verbose_name='Speaking')),
                ('reading_and_writing', models.PositiveSmallIntegerField(null=True, verbose_name='Reading and Writing')),
                ('version', models.PositiveSmallIntegerField()),
                ('issued_at', models.DateTimeField()),
                ('reason', models.CharField(max_length=200)),
                ('statement_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('shown_from', models.DateTimeField()),
                ('audience', models.CharField(max_length=10)),
                ('was_shown', models.BooleanField()),
            ],
            options={
                'db_table': 'results_shown',
                'ordering': ['version'],
                'abstract': False,
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='CentreStop',
            fields=[
                ('scope', models.CharField(choices=[('session', 'Session'), ('centre', 'Centre'), ('candidate', 'Candidate')], max_length=10)),
                ('notice_it', models.TextField()),
                ('notice_en', models.TextField()),
                ('started_at', models.DateTimeField()),
                ('entry', models.OneToOneField(on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='stop_for_centre', serialize=False, to='results.entry')),
            ],
            options={
                'db_table': 'results_stops_centres',
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='CentreVersion',
            fields=[
                ('status', models.CharField(choices=[('result', 'Result'), ('X', 'X – absent from part of the exam'), ('Z', 'Z – absent from all parts of the exam'), ('pending', 'Pending'), ('withheld', 'Withheld')], max_length=8, verbose_name='status')),
                ('overall', models.PositiveSmallIntegerField(null=True, verbose_name='overall score')),
                ('result', models.CharField(blank=True, choices=[('A', 'Pass at Grade A'), ('B', 'Pass at Grade B'), ('C', 'Pass at Grade C'), ('LEVEL', 'Level below'), ('NONE', 'No result')], max_length=5, verbose_name='result')),
                ('cefr', models.CharField(blank=True, max_length=2, verbose_name='CEFR level')),
                ('reading', models.PositiveSmallIntegerField(null=True, verbose_name='Reading')),
                ('use_of_english', models.PositiveSmallIntegerField(null=True, verbose_name='Use of English')),
                ('writing', models.PositiveSmallIntegerField(null=True, verbose_name='Writing')),
                ('listening', models.PositiveSmallIntegerField(null=True, verbose_name='Listening')),
                ('speaking', models.PositiveSmallIntegerField(null=True, verbose_name='Speaking')),
                ('reading_and_writing', models.PositiveSmallIntegerField(null=True, verbose_name='Reading and Writing')),
                ('version', models.PositiveSmallIntegerField()),
                ('issued_at', models.DateTimeField()),
                ('reason', models.CharField(max_length=200)),
                ('statement_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('shown_from', models.DateTimeField()),
            ],
            options={
                'db_table': 'results_gate_versions_centres',
                'ordering': ['version'],
                'abstract': False,
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='Visible',
            fields=[
                ('statement_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('audience', models.CharField(max_length=10)),
                ('version', models.PositiveSmallIntegerField()),
                ('corrects', models.BooleanField()),
            ],
            options={
                'db_table': 'results_visible',
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='Approval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('through', models.BigIntegerField(editable=False)),
                ('open_now', models.BooleanField(editable=False, verbose_name='open now')),
                ('opens_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='opens for candidates')),
                ('centres_open_at', models.DateTimeField(editable=False, null=True, verbose_name='opens for preparation centres')),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='approved')),
                ('took_effect_at', models.DateTimeField(editable=False, null=True, verbose_name='took effect')),
                ('voided_at', models.DateTimeField(editable=False, null=True, verbose_name='voided')),
                ('voided_because', models.CharField(blank=True, choices=[('statements', 'results were loaded or corrected after it'), ('time', 'the opening time was changed after it'), ('audience', 'candidates were moved to another preparation centre after it'), ('late', 'the opening time came before the second approval'), ('withdrawn', 'it was withdrawn')], editable=False, max_length=10, verbose_name='voided because')),
            ],
            options={
                'verbose_name': 'approval',
                'verbose_name_plural': 'approvals',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='ApprovalEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.BigIntegerField()),
                ('through', models.BigIntegerField(editable=False)),
                ('open_now', models.BooleanField(editable=False, verbose_name='open now')),
                ('opens_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='opens for candidates')),
                ('centres_open_at', models.DateTimeField(editable=False, null=True, verbose_name='opens for preparation centres')),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='approved')),
                ('took_effect_at', models.DateTimeField(editable=False, null=True, verbose_name='took effect')),
                ('voided_at', models.DateTimeField(editable=False, null=True, verbose_name='voided')),
                ('voided_because', models.CharField(blank=True, choices=[('statements', 'results were loaded or corrected after it'), ('time', 'the opening time was changed after it'), ('audience', 'candidates were moved to another preparation centre after it'), ('late', 'the opening time came before the second approval'), ('withdrawn', 'it was withdrawn')], editable=False, max_length=10, verbose_name='voided because')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Stop',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
                ('notice_it', models.CharField(max_length=500, verbose_name='notice in Italian')),
                ('notice_en', models.CharField(max_length=500, verbose_name='notice in English')),
                ('started_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='stopped since')),
                ('lifted_at', models.DateTimeField(editable=False, null=True, verbose_name='lifted')),
            ],
            options={
                'verbose_name': 'stop',
                'verbose_name_plural': 'stops',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='StopEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.BigIntegerField()),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
                ('notice_it', models.CharField(max_length=500, verbose_name='notice in Italian')),
                ('notice_en', models.CharField(max_length=500, verbose_name='notice in English')),
                ('started_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='stopped since')),
                ('lifted_at', models.DateTimeField(editable=False, null=True, verbose_name='lifted')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AlterModelOptions(
            name='entry',
            options={'permissions': [('issue_slips', 'Can issue Secret Numbers and print slips')], 'verbose_name': 'entry', 'verbose_name_plural': 'entries'},
        ),
        migrations.AlterModelOptions(
            name='release',
            options={'permissions': [('approve_release', 'Can approve releases'), ('stop_release', 'Can stop releases')], 'verbose_name': 'release', 'verbose_name_plural': 'releases'},
        ),
        migrations.AlterModelOptions(
            name='statement',
            options={'permissions': [('correct_statement', 'Can correct statements'), ('see_result', "Can look at a candidate's result")], 'verbose_name': 'statement', 'verbose_name_plural': 'statements'},
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='entry',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='entry',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='entry',
            name='delete_delete',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='release',
            name='new_time_voids_approval',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='release',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='release',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='release',
            name='delete_delete',
        ),
        migrations.RemoveConstraint(
            model_name='entry',
            name='entry_secret_is_digest',
        ),
        migrations.RemoveConstraint(
            model_name='entry',
            name='entry_hold_has_reason',
        ),
        migrations.RemoveConstraint(
            model_name='release',
            name='release_approval_whole',
        ),
        migrations.RemoveConstraint(
            model_name='release',
            name='release_stop_has_reason',
        ),
        migrations.RemoveField(
            model_name='entry',
            name='held_back',
        ),
        migrations.RemoveField(
            model_name='entry',
            name='hold_reason',
        ),
        migrations.RemoveField(
            model_name='entryevent',
            name='held_back',
        ),
        migrations.RemoveField(
            model_name='entryevent',
            name='hold_reason',
        ),
        migrations.RemoveField(
            model_name='release',
            name='approved_at',
        ),
        migrations.RemoveField(
            model_name='release',
            name='approved_by',
        ),
        migrations.RemoveField(
            model_name='release',
            name='stop_reason',
        ),
        migrations.RemoveField(
            model_name='release',
            name='stopped_at',
        ),
        migrations.RemoveField(
            model_name='releaseevent',
            name='approved_at',
        ),
        migrations.RemoveField(
            model_name='releaseevent',
            name='approved_by',
        ),
        migrations.RemoveField(
            model_name='releaseevent',
            name='stop_reason',
        ),
        migrations.RemoveField(
            model_name='releaseevent',
            name='stopped_at',
        ),
        migrations.AddField(
            model_name='entry',
            name='email',
            field=models.EmailField(blank=True, help_text='For reminders until the candidate has registered with an address of their own.', max_length=254, verbose_name='e-mail address of the entry'),
        ),
        migrations.AddField(
            model_name='entryevent',
            name='email',
            field=models.EmailField(blank=True, help_text='For reminders until the candidate has registered with an address of their own.', max_length=254, verbose_name='e-mail address of the entry'),
        ),
        migrations.AddField(
            model_name='statement',
            name='made_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='loaded by'),
        ),
        migrations.AlterField(
            model_name='entry',
            name='secret_digest',
            field=models.CharField(blank=True, editable=False, max_length=64),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='entry',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "results_entryevent" ("candidate_number", "date_of_birth", "email", "family_name", "given_names", "id", "id_number", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "preparation_centre_id", "session_id", "user_id") VALUES (NEW."candidate_number", NEW."date_of_birth", NEW."email", NEW."family_name", NEW."given_names", NEW."id", NEW."id_number", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."preparation_centre_id", NEW."session_id", NEW."user_id"); RETURN NULL;', hash='8071a01cec193575a870e8477060b99a438ed446', operation='INSERT', pgid='pgtrigger_insert_insert_4d6f1', table='results_entry', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='entry',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."candidate_number" IS DISTINCT FROM (NEW."candidate_number") OR OLD."date_of_birth" IS DISTINCT FROM (NEW."date_of_birth") OR OLD."email" IS DISTINCT FROM (NEW."email") OR OLD."family_name" IS DISTINCT FROM (NEW."family_name") OR OLD."given_names" IS DISTINCT FROM (NEW."given_names") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."id_number" IS DISTINCT FROM (NEW."id_number") OR OLD."preparation_centre_id" IS DISTINCT FROM (NEW."preparation_centre_id") OR OLD."session_id" IS DISTINCT FROM (NEW."session_id") OR OLD."user_id" IS DISTINCT FROM (NEW."user_id"))', func='INSERT INTO "results_entryevent" ("candidate_number", "date_of_birth", "email", "family_name", "given_names", "id", "id_number", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "preparation_centre_id", "session_id", "user_id") VALUES (NEW."candidate_number", NEW."date_of_birth", NEW."email", NEW."family_name", NEW."given_names", NEW."id", NEW."id_number", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."preparation_centre_id", NEW."session_id", NEW."user_id"); RETURN NULL;', hash='6ff39e894c4cb82b26284977a53f2878fdfa7f55', operation='UPDATE', pgid='pgtrigger_update_update_2d183', table='results_entry', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='entry',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "results_entryevent" ("candidate_number", "date_of_birth", "email", "family_name", "given_names", "id", "id_number", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "preparation_centre_id", "session_id", "user_id") VALUES (OLD."candidate_number", OLD."date_of_birth", OLD."email", OLD."family_name", OLD."given_names", OLD."id", OLD."id_number", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."preparation_centre_id", OLD."session_id", OLD."user_id"); RETURN NULL;', hash='2eb15f8f4a61b38e918441361d9279aec8042415', operation='DELETE', pgid='pgtrigger_delete_delete_c4c1f', table='results_entry', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='release',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "results_releaseevent" ("approved_through", "centres_open_at", "id", "opens_at", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "session_id") VALUES (NEW."approved_through", NEW."centres_open_at", NEW."id", NEW."opens_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."session_id"); RETURN NULL;', hash='31ebfd928ec1a33d2dcfab0f91640f6c1894ca17', operation='INSERT', pgid='pgtrigger_insert_insert_3c0a7', table='results_release', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='release',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "results_releaseevent" ("approved_through", "centres_open_at", "id", "opens_at", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "session_id") VALUES (NEW."approved_through", NEW."centres_open_at", NEW."id", NEW."opens_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."session_id"); RETURN NULL;', hash='6f46d9b0d168eb1700af82079127cfe84d879c2b', operation='UPDATE', pgid='pgtrigger_update_update_55b2f', table='results_release', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='release',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "results_releaseevent" ("approved_through", "centres_open_at", "id", "opens_at", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "session_id") VALUES (OLD."approved_through", OLD."centres_open_at", OLD."id", OLD."opens_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."session_id"); RETURN NULL;', hash='f5f9e38e692bcf0a536b64f271fe4af1f83686b5', operation='DELETE', pgid='pgtrigger_delete_delete_7bffc', table='results_release', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='entry',
            constraint=models.CheckConstraint(condition=models.Q(('secret_digest', ''), ('secret_digest__regex', '^[0-9a-f]{64}$'), _connector='OR'), name='entry_secret_is_digest'),
        ),
        migrations.AddField(
            model_name='approval',
            name='person',
            field=models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person'),
        ),
        migrations.AddField(
            model_name='approval',
            name='release',
            field=models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='approvals', to='results.release', verbose_name='release'),
        ),
        migrations.AddField(
            model_name='approvalevent',
            name='person',
            field=models.ForeignKey(db_constraint=False, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person'),
        ),
        migrations.AddField(
            model_name='approvalevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='results.approval'),
        ),
        migrations.AddField(
            model_name='approvalevent',
            name='release',
            field=models.ForeignKey(db_constraint=False, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='results.release', verbose_name='release'),
        ),
        migrations.AddField(
            model_name='stop',
            name='entry',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='stops', to='results.entry', verbose_name='entry'),
        ),
        migrations.AddField(
            model_name='stop',
            name='lifted_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='lifted by'),
        ),
        migrations.AddField(
            model_name='stop',
            name='preparation_centre',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='stops', to='centres.preparationcentre', verbose_name='preparation centre'),
        ),
        migrations.AddField(
            model_name='stop',
            name='session',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stops', to='results.examsession', verbose_name='exam session'),
        ),
        migrations.AddField(
            model_name='stop',
            name='started_by',
            field=models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='stopped by'),
        ),
        migrations.AddField(
            model_name='stopevent',
            name='entry',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='results.entry', verbose_name='entry'),
        ),
        migrations.AddField(
            model_name='stopevent',
            name='lifted_by',
            field=models.ForeignKey(db_constraint=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='lifted by'),
        ),
        migrations.AddField(
            model_name='stopevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='results.stop'),
        ),
        migrations.AddField(
            model_name='stopevent',
            name='preparation_centre',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='centres.preparationcentre', verbose_name='preparation centre'),
        ),
        migrations.AddField(
            model_name='stopevent',
            name='session',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='results.examsession', verbose_name='exam session'),
        ),
        migrations.AddField(
            model_name='stopevent',
            name='started_by',
            field=models.ForeignKey(db_constraint=False, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='stopped by'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.UniqueConstraint(condition=models.Q(('took_effect_at', None), ('voided_at', None)), fields=('release', 'person'), name='approval_once_a_person'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('voided_at', None), ('voided_because', '')), models.Q(('voided_at__isnull', False), models.Q(('voided_because', ''), _negated=True)), _connector='OR'), name='approval_void_has_reason'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.CheckConstraint(condition=models.Q(('voided_because__in', ['', 'statements', 'time', 'audience', 'late', 'withdrawn'])), name='approval_void_known'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='approval',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "results_approvalevent" ("centres_open_at", "id", "made_at", "open_now", "opens_at", "person_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "release_id", "through", "took_effect_at", "voided_at", "voided_because") VALUES (NEW."centres_open_at", NEW."id", NEW."made_at", NEW."open_now", NEW."opens_at", NEW."person_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."release_id", NEW."through", NEW."took_effect_at", NEW."voided_at", NEW."voided_because"); RETURN NULL;', hash='f6f12a67ecbd83489f31d71875941907d5b80fea', operation='INSERT', pgid='pgtrigger_insert_insert_90a1b', table='results_approval', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='approval',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "results_approvalevent" ("centres_open_at", "id", "made_at", "open_now", "opens_at", "person_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "release_id", "through", "took_effect_at", "voided_at", "voided_because") VALUES (NEW."centres_open_at", NEW."id", NEW."made_at", NEW."open_now", NEW."opens_at", NEW."person_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."release_id", NEW."through", NEW."took_effect_at", NEW."voided_at", NEW."voided_because"); RETURN NULL;', hash='f2c180884e228ed2bedd1da2b3d0757e099641ad', operation='UPDATE', pgid='pgtrigger_update_update_89d59', table='results_approval', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='approval',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "results_approvalevent" ("centres_open_at", "id", "made_at", "open_now", "opens_at", "person_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "release_id", "through", "took_effect_at", "voided_at", "voided_because") VALUES (OLD."centres_open_at", OLD."id", OLD."made_at", OLD."open_now", OLD."opens_at", OLD."person_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."release_id", OLD."through", OLD."took_effect_at", OLD."voided_at", OLD."voided_because"); RETURN NULL;', hash='2b1e5398aa1b65fba9f83b4d0665d95c9109814d', operation='DELETE', pgid='pgtrigger_delete_delete_c3e01', table='results_approval', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='approvalevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='0e482d4b9821fe71aa25d123230ab1d5f9a396de', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_816c8', table='results_approvalevent', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='stop',
            constraint=models.UniqueConstraint(condition=models.Q(('lifted_at', None)), fields=('session', 'preparation_centre', 'entry'), name='stop_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='stop',
            constraint=models.CheckConstraint(condition=models.Q(('preparation_centre', None), ('entry', None), _connector='OR'), name='stop_has_one_scope'),
        ),
        migrations.AddConstraint(
            model_name='stop',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('reason', ''), _negated=True), models.Q(('notice_it', ''), _negated=True), models.Q(('notice_en', ''), _negated=True)), name='stop_has_words'),
        ),
        migrations.AddConstraint(
            model_name='stop',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('lifted_at', None), ('lifted_by', None)), models.Q(('lifted_at__isnull', False), ('lifted_by__isnull', False)), _connector='OR'), name='stop_lift_whole'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='stop',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "results_stopevent" ("entry_id", "id", "lifted_at", "lifted_by_id", "notice_en", "notice_it", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "preparation_centre_id", "reason", "session_id", "started_at", "started_by_id") VALUES (NEW."entry_id", NEW."id", NEW."lifted_at", NEW."lifted_by_id", NEW."notice_en", NEW."notice_it", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."preparation_centre_id", NEW."reason", NEW."session_id", NEW."started_at", NEW."started_by_id"); RETURN NULL;', hash='c77567562dc6c3426efb4899f5a2b7746afc8898', operation='INSERT', pgid='pgtrigger_insert_insert_bb172', table='results_stop', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='stop',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "results_stopevent" ("entry_id", "id", "lifted_at", "lifted_by_id", "notice_en", "notice_it", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "preparation_centre_id", "reason", "session_id", "started_at", "started_by_id") VALUES (NEW."entry_id", NEW."id", NEW."lifted_at", NEW."lifted_by_id", NEW."notice_en", NEW."notice_it", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."preparation_centre_id", NEW."reason", NEW."session_id", NEW."started_at", NEW."started_by_id"); RETURN NULL;', hash='3e44ffe6804fee6a8f0ea297fb2cd31a0cec6c45', operation='UPDATE', pgid='pgtrigger_update_update_f02be', table='results_stop', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='stop',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "results_stopevent" ("entry_id", "id", "lifted_at", "lifted_by_id", "notice_en", "notice_it", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "preparation_centre_id", "reason", "session_id", "started_at", "started_by_id") VALUES (OLD."entry_id", OLD."id", OLD."lifted_at", OLD."lifted_by_id", OLD."notice_en", OLD."notice_it", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."preparation_centre_id", OLD."reason", OLD."session_id", OLD."started_at", OLD."started_by_id"); RETURN NULL;', hash='c122bcaf8b0c3373ba199cce844c2c5af181defb', operation='DELETE', pgid='pgtrigger_delete_delete_f25a1', table='results_stop', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='stopevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='b234c6b9bb6ec184f80c5c0b0fd8d34894877811', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_ec946', table='results_stopevent', when='BEFORE')),
        ),
    ]
