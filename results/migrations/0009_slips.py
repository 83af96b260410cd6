"""Slips: what was issued, and who lost theirs.

The functions of 0004_claiming.py now leave entries alone that have no number: an empty digest is nobody's.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


FUNCTIONS = """
CREATE OR REPLACE FUNCTION results_find_entry(of_id_number text, digest text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT id FROM results_entry WHERE id_number = of_id_number AND secret_digest = digest AND digest <> ''
$$;

CREATE OR REPLACE FUNCTION results_claim_entry(entry bigint, digest text, account bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE results_entry SET user_id = account
    WHERE id = entry AND secret_digest = digest AND digest <> '' AND user_id IS NULL;
    RETURN FOUND;
END
$$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('results', '0008_uploads'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='LostSlip',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=160, verbose_name='name')),
                ('date_of_birth', models.DateField(verbose_name='date of birth')),
                ('school', models.CharField(blank=True, max_length=120, verbose_name='school')),
                ('exam', models.CharField(max_length=160, verbose_name='exam and date')),
                ('email', models.EmailField(max_length=254, verbose_name='e-mail address')),
                ('phone', models.CharField(blank=True, max_length=40, verbose_name='phone')),
                ('message', models.CharField(blank=True, max_length=1000, verbose_name='message')),
                ('asked_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='asked')),
                ('state', models.CharField(choices=[('open', 'to be answered'), ('done', 'done'), ('could_not', 'could not help')], db_default='open', max_length=9, verbose_name='state')),
                ('note', models.CharField(blank=True, db_default='', max_length=200, verbose_name='note')),
                ('answered_at', models.DateTimeField(null=True, verbose_name='answered')),
                ('answered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='answered by')),
            ],
            options={
                'verbose_name': 'lost slip',
                'verbose_name_plural': 'lost slips',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='LostSlipEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('state', models.CharField(choices=[('open', 'to be answered'), ('done', 'done'), ('could_not', 'could not help')], db_default='open', max_length=9, verbose_name='state')),
                ('note', models.CharField(blank=True, db_default='', max_length=200, verbose_name='note')),
                ('answered_at', models.DateTimeField(null=True, verbose_name='answered')),
                ('answered_by', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='answered by')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='state_note_answered_at_answered_by_events', to='results.lostslip')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='SlipIssue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('issued_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='issued')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='reason')),
                ('batch', models.UUIDField(db_index=True, verbose_name='file')),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='slip_issues', to='results.entry', verbose_name='entry')),
                ('issued_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='issued by')),
            ],
            options={
                'verbose_name': 'issued slip',
                'verbose_name_plural': 'issued slips',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='SlipIssueEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.BigIntegerField()),
                ('issued_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='issued')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='reason')),
                ('batch', models.UUIDField(verbose_name='file')),
                ('entry', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='results.entry', verbose_name='entry')),
                ('issued_by', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='issued by')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='results.slipissue')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddConstraint(
            model_name='lostslip',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answered_at', None), ('answered_by', None), ('note', ''), ('state', 'open')), models.Q(('answered_at__isnull', False), ('answered_by__isnull', False), ('state__in', ['done', 'could_not']), models.Q(('note', ''), _negated=True)), _connector='OR'), name='lost_slip_answer_whole'),
        ),
        migrations.AddConstraint(
            model_name='lostslip',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('name', ''), _negated=True), models.Q(('exam', ''), _negated=True)), name='lost_slip_has_words'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='lostslip',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "results_lostslipevent" ("answered_at", "answered_by_id", "note", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "state") VALUES (NEW."answered_at", NEW."answered_by_id", NEW."note", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."state"); RETURN NULL;', hash='e11f0d089f10c6e8908e7ee52cfc6e6ddedbe318', operation='INSERT', pgid='pgtrigger_insert_insert_1f04c', table='results_lostslip', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='lostslip',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."answered_at" IS DISTINCT FROM (NEW."answered_at") OR OLD."answered_by_id" IS DISTINCT FROM (NEW."answered_by_id") OR OLD."note" IS DISTINCT FROM (NEW."note") OR OLD."state" IS DISTINCT FROM (NEW."state"))', func='INSERT INTO "results_lostslipevent" ("answered_at", "answered_by_id", "note", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "state") VALUES (NEW."answered_at", NEW."answered_by_id", NEW."note", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."state"); RETURN NULL;', hash='5babea544957de5beac4873b938ae7413c4739e5', operation='UPDATE', pgid='pgtrigger_update_update_039a4', table='results_lostslip', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='lostslip',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "results_lostslipevent" ("answered_at", "answered_by_id", "note", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "state") VALUES (OLD."answered_at", OLD."answered_by_id", OLD."note", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."state"); RETURN NULL;', hash='6b665b15db2787120e4e46a6cf0a990da0e1bf39', operation='DELETE', pgid='pgtrigger_delete_delete_91f80', table='results_lostslip', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='lostslipevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='a29a7e44574a71f79c6ead9176bbe48bb241679e', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_61d51', table='results_lostslipevent', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='slipissue',
            constraint=models.UniqueConstraint(fields=('entry', 'batch'), name='slip_once_a_file'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='slipissue',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='70a4c75ce736b8fcd114e508c9a10903e1f77a0e', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_55801', table='results_slipissue', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='slipissue',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "results_slipissueevent" ("batch", "entry_id", "id", "issued_at", "issued_by_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason") VALUES (NEW."batch", NEW."entry_id", NEW."id", NEW."issued_at", NEW."issued_by_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."reason"); RETURN NULL;', hash='ab86e04e98dc59eab333bd6ea386bba75688845f', operation='INSERT', pgid='pgtrigger_insert_insert_789c2', table='results_slipissue', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='slipissueevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='448bddc17e010b85fed438b69debd83141fea162', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_62b0f', table='results_slipissueevent', when='BEFORE')),
        ),
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
    ]
