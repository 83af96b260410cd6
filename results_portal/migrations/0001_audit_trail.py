"""Notes of acts that change nothing, and the functions that stamp who acts on every event.

portal_acting() is the application's word (pghistory.context: account, address, page, command, task) with the
login of the database session, which the application cannot choose. The view audit_trail, the indexes and
the events' triggers are made after each migrate (results_portal/trail.py), since they depend on which models
are tracked.
"""

import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


ACTING = """
CREATE FUNCTION portal_acting() RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN jsonb_typeof(said) = 'object' THEN said ELSE '{}' END
        || jsonb_build_object('login', session_user)
    FROM (SELECT NULLIF(current_setting('pghistory.context_metadata', true), '')::jsonb) AS context (said)
$$;

CREATE FUNCTION portal_stamp_event() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    NEW.pgh_context = portal_acting();
    RETURN NEW;
END
$$;
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.RunSQL(ACTING, "DROP FUNCTION portal_stamp_event CASCADE; DROP FUNCTION portal_acting"),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('key', models.CharField(max_length=80, primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('id', models.IntegerField()),
                ('source', models.CharField(max_length=64)),
                ('kind', models.CharField(max_length=10)),
                ('model', models.CharField(max_length=64)),
                ('object_id', models.BigIntegerField(null=True)),
                ('entry_id', models.BigIntegerField(null=True)),
                ('account_id', models.BigIntegerField(null=True)),
                ('user_id', models.CharField(max_length=20, null=True)),
                ('address', models.CharField(max_length=45, null=True)),
                ('context', models.JSONField()),
                ('data', models.JSONField()),
                ('old', models.JSONField(null=True)),
            ],
            options={
                'verbose_name': 'act',
                'verbose_name_plural': 'audit trail',
                'db_table': 'audit_trail',
                'permissions': [('view_audit', 'Can see the audit trail')],
                'managed': False,
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='AuditNote',
            fields=[
                ('id', models.AutoField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('kind', models.CharField(choices=[('looked', 'looked at a result'), ('exported', 'exported a list'), ('printed', 'printed slips'), ('signed_in', 'signed in'), ('signed_out', 'signed out'), ('refused', 'was refused'), ('other', 'other')], max_length=10)),
                ('model', models.CharField(blank=True, max_length=64)),
                ('object_id', models.BigIntegerField(null=True)),
                ('object_words', models.CharField(blank=True, max_length=200)),
                ('words', models.TextField(blank=True)),
                ('entry_id', models.BigIntegerField(null=True)),
                ('account_id', models.BigIntegerField(null=True)),
                ('context', models.JSONField(null=True)),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['looked', 'exported', 'printed', 'signed_in', 'signed_out', 'refused', 'other'])), name='audit_note_kind_known')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='auditnote',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='3d74ab8ed3526ebeb889fd2af83e8dd8c0ea012a', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_2bffe', table='results_portal_auditnote', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='auditnote',
            trigger=pgtrigger.compiler.Trigger(name='filled_by_database', sql=pgtrigger.compiler.UpsertTriggerSql(func='NEW.at = now(); NEW.context = portal_acting(); RETURN NEW;', hash='92607478e7657861cef12e1b3a129321637f1670', operation='INSERT', pgid='pgtrigger_filled_by_database_6aded', table='results_portal_auditnote', when='BEFORE')),
        ),
    ]
