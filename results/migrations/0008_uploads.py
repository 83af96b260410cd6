"""Files that are loaded from the exams office's pages."""

import django.db.models.deletion
import django.db.models.functions.datetime
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('results', '0007_gate'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Upload',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=20, verbose_name='kind of file')),
                ('name', models.CharField(max_length=200, verbose_name='file')),
                ('size', models.PositiveIntegerField(verbose_name='size in bytes')),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('content', models.BinaryField(null=True)),
                ('reason', models.CharField(blank=True, help_text='Why published results are corrected. Candidates and preparation centres read this.', max_length=200, verbose_name='reason')),
                ('state', models.CharField(choices=[('checking', 'is being checked'), ('checked', 'checked, not loaded yet'), ('loading', 'is being loaded'), ('loaded', 'loaded and stored'), ('refused', 'refused: the file has faults'), ('failed', 'failed: nothing was stored'), ('cancelled', 'cancelled')], default='checking', max_length=10, verbose_name='state')),
                ('trouble', models.CharField(blank=True, choices=[('broken_off', 'It was broken off; nothing was stored. Load it again.'), ('error', 'The portal could not load it; nothing was stored. Load it again.'), ('expired', 'Nobody loaded it within a day; the file was erased.')], max_length=10, verbose_name='trouble')),
                ('progress', models.PositiveSmallIntegerField(default=0, verbose_name='progress')),
                ('report', models.JSONField(default=dict, verbose_name='report')),
                ('added', models.PositiveIntegerField(null=True, verbose_name='rows added')),
                ('changed', models.PositiveIntegerField(null=True, verbose_name='rows changed')),
                ('unchanged', models.PositiveIntegerField(null=True, verbose_name='rows unchanged')),
                ('corrected', models.PositiveIntegerField(null=True, verbose_name='published results corrected')),
                ('uploaded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='chosen')),
                ('started_at', models.DateTimeField(null=True, verbose_name='started')),
                ('confirmed_at', models.DateTimeField(null=True, verbose_name='confirmed')),
                ('finished_at', models.DateTimeField(null=True, verbose_name='finished')),
                ('confirmed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='confirmed by')),
                ('session', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='uploads', to='results.examsession', verbose_name='exam session')),
                ('uploaded_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='chosen by')),
            ],
            options={
                'verbose_name': 'loaded file',
                'verbose_name_plural': 'loaded files',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='UploadEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.BigIntegerField()),
                ('kind', models.CharField(max_length=20, verbose_name='kind of file')),
                ('name', models.CharField(max_length=200, verbose_name='file')),
                ('size', models.PositiveIntegerField(verbose_name='size in bytes')),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('reason', models.CharField(blank=True, help_text='Why published results are corrected. Candidates and preparation centres read this.', max_length=200, verbose_name='reason')),
                ('state', models.CharField(choices=[('checking', 'is being checked'), ('checked', 'checked, not loaded yet'), ('loading', 'is being loaded'), ('loaded', 'loaded and stored'), ('refused', 'refused: the file has faults'), ('failed', 'failed: nothing was stored'), ('cancelled', 'cancelled')], default='checking', max_length=10, verbose_name='state')),
                ('trouble', models.CharField(blank=True, choices=[('broken_off', 'It was broken off; nothing was stored. Load it again.'), ('error', 'The portal could not load it; nothing was stored. Load it again.'), ('expired', 'Nobody loaded it within a day; the file was erased.')], max_length=10, verbose_name='trouble')),
                ('added', models.PositiveIntegerField(null=True, verbose_name='rows added')),
                ('changed', models.PositiveIntegerField(null=True, verbose_name='rows changed')),
                ('unchanged', models.PositiveIntegerField(null=True, verbose_name='rows unchanged')),
                ('corrected', models.PositiveIntegerField(null=True, verbose_name='published results corrected')),
                ('uploaded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='chosen')),
                ('confirmed_at', models.DateTimeField(null=True, verbose_name='confirmed')),
                ('finished_at', models.DateTimeField(null=True, verbose_name='finished')),
                ('confirmed_by', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='confirmed by')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='results.upload')),
                ('session', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='results.examsession', verbose_name='exam session')),
                ('uploaded_by', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='chosen by')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(('kind__regex', '^[a-z]+$')), name='upload_kind_plain'),
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['checking', 'checked', 'loading', 'loaded', 'refused', 'failed', 'cancelled'])), name='upload_state_known'),
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(('trouble', ''), models.Q(('state', 'failed'), ('trouble__in', ['broken_off', 'error'])), models.Q(('state', 'cancelled'), ('trouble', 'expired')), _connector='OR'), name='upload_trouble_known'),
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'failed'), _negated=True), models.Q(('trouble', ''), _negated=True), _connector='OR'), name='upload_failure_has_trouble'),
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(('sha256__regex', '^[0-9a-f]{64}$')), name='upload_sha256_form'),
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(('size__lte', 30000000)), name='upload_size_allowed'),
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(('progress__lte', 100)), name='upload_progress_percent'),
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('content__isnull', False), ('state__in', ['checking', 'checked', 'loading'])), models.Q(('content', None), ('state__in', ['loaded', 'refused', 'failed', 'cancelled'])), _connector='OR'), name='upload_content_until_the_end'),
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('finished_at', None), ('state__in', ['checking', 'checked', 'loading'])), models.Q(('finished_at__isnull', False), ('state__in', ['loaded', 'refused', 'failed', 'cancelled'])), _connector='OR'), name='upload_end_has_time'),
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('confirmed_at', None), ('confirmed_by', None)), models.Q(('confirmed_at__isnull', False), ('confirmed_by__isnull', False)), _connector='OR'), name='upload_confirmed_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['loading', 'loaded']), _negated=True), ('confirmed_by__isnull', False), _connector='OR'), name='upload_loads_what_was_confirmed'),
        ),
        migrations.AddConstraint(
            model_name='upload',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'loading')), fields=('session',), name='upload_one_loads'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='upload',
            trigger=pgtrigger.compiler.Trigger(name='content_as_named', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            IF NEW.content IS NOT NULL AND (\n                octet_length(NEW.content) <> NEW.size OR encode(sha256(NEW.content), 'hex') <> NEW.sha256\n            ) THEN\n                RAISE EXCEPTION 'the content is not the file that was named'\n                    USING ERRCODE = 'check_violation', CONSTRAINT = 'upload_content_as_named';\n            END IF;\n            RETURN NEW;\n            ", hash='3e901a702674fa280ab0e89da71e7f9643fda14f', operation='INSERT OR UPDATE OF "content"', pgid='pgtrigger_content_as_named_4266a', table='results_upload', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='upload',
            trigger=pgtrigger.compiler.Trigger(name='ended_stays', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."state" IN (\'refused\', \'loaded\', \'failed\', \'cancelled\'))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='5bf4f1d1adc9b5f668f5059bd96656239b4e10a6', operation='UPDATE', pgid='pgtrigger_ended_stays_a2f53', table='results_upload', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='upload',
            trigger=pgtrigger.compiler.Trigger(name='stays_on_record', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='0e63b2b76d1fb63e1286cbcacdc5169720d834f2', operation='DELETE', pgid='pgtrigger_stays_on_record_62798', table='results_upload', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='upload',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "results_uploadevent" ("added", "changed", "confirmed_at", "confirmed_by_id", "corrected", "finished_at", "id", "kind", "name", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "session_id", "sha256", "size", "state", "trouble", "unchanged", "uploaded_at", "uploaded_by_id") VALUES (NEW."added", NEW."changed", NEW."confirmed_at", NEW."confirmed_by_id", NEW."corrected", NEW."finished_at", NEW."id", NEW."kind", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."reason", NEW."session_id", NEW."sha256", NEW."size", NEW."state", NEW."trouble", NEW."unchanged", NEW."uploaded_at", NEW."uploaded_by_id"); RETURN NULL;', hash='e2b7c7f88b8507123d8e4217df16d1bee1672c24', operation='INSERT', pgid='pgtrigger_insert_insert_79d02', table='results_upload', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='upload',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."added" IS DISTINCT FROM (NEW."added") OR OLD."changed" IS DISTINCT FROM (NEW."changed") OR OLD."confirmed_at" IS DISTINCT FROM (NEW."confirmed_at") OR OLD."confirmed_by_id" IS DISTINCT FROM (NEW."confirmed_by_id") OR OLD."corrected" IS DISTINCT FROM (NEW."corrected") OR OLD."finished_at" IS DISTINCT FROM (NEW."finished_at") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."reason" IS DISTINCT FROM (NEW."reason") OR OLD."session_id" IS DISTINCT FROM (NEW."session_id") OR OLD."sha256" IS DISTINCT FROM (NEW."sha256") OR OLD."size" IS DISTINCT FROM (NEW."size") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."trouble" IS DISTINCT FROM (NEW."trouble") OR OLD."unchanged" IS DISTINCT FROM (NEW."unchanged") OR OLD."uploaded_at" IS DISTINCT FROM (NEW."uploaded_at") OR OLD."uploaded_by_id" IS DISTINCT FROM (NEW."uploaded_by_id"))', func='INSERT INTO "results_uploadevent" ("added", "changed", "confirmed_at", "confirmed_by_id", "corrected", "finished_at", "id", "kind", "name", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "session_id", "sha256", "size", "state", "trouble", "unchanged", "uploaded_at", "uploaded_by_id") VALUES (NEW."added", NEW."changed", NEW."confirmed_at", NEW."confirmed_by_id", NEW."corrected", NEW."finished_at", NEW."id", NEW."kind", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."reason", NEW."session_id", NEW."sha256", NEW."size", NEW."state", NEW."trouble", NEW."unchanged", NEW."uploaded_at", NEW."uploaded_by_id"); RETURN NULL;', hash='1974c03ef57a5d103f9c04b9ce62bc3d047933f7', operation='UPDATE', pgid='pgtrigger_update_update_89c20', table='results_upload', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='upload',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "results_uploadevent" ("added", "changed", "confirmed_at", "confirmed_by_id", "corrected", "finished_at", "id", "kind", "name", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "session_id", "sha256", "size", "state", "trouble", "unchanged", "uploaded_at", "uploaded_by_id") VALUES (OLD."added", OLD."changed", OLD."confirmed_at", OLD."confirmed_by_id", OLD."corrected", OLD."finished_at", OLD."id", OLD."kind", OLD."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."reason", OLD."session_id", OLD."sha256", OLD."size", OLD."state", OLD."trouble", OLD."unchanged", OLD."uploaded_at", OLD."uploaded_by_id"); RETURN NULL;', hash='5990b5e9e55322323bab564fdd7e2c928e27d17e', operation='DELETE', pgid='pgtrigger_delete_delete_af5a7', table='results_upload', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='uploadevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='2857f2dab1f469022ef6cc340df54a7435ceefc1', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_a14a9', table='results_uploadevent', when='BEFORE')),
        ),
    ]
