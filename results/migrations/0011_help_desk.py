"""Finding people by name, who has seen a statement, where a certificate is.

The words of a name are found without accents, apostrophes and case, in any order, each from its beginning.
unaccent() is STABLE, since its rules could be exchanged; here they are named, and the index may rely on them.

results_mark_seen is how the candidates' face writes what it cannot read: only what the gate shows to this
account now. It runs with the rights of the tables' owner, on a fixed search path.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

# In a name an apostrophe is nothing, or a space: D’Angelo is found as “dangelo”, “d angelo” and “angelo”.
APOSTROPHES = "''’‘ʼ`´′"
SPACES = " " * (len(APOSTROPHES) - 1)

# Names are qualified: an index is made, dumped and restored with an empty search path.
WORDS = f"""
CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA public;

CREATE FUNCTION results_plain_words(text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT array_remove(
        regexp_split_to_array(lower(public.unaccent('public.unaccent'::regdictionary, $1)), '[^[:alnum:]]+'), ''
    )
$$;

CREATE FUNCTION results_name_words(family_name text, given_names text) RETURNS tsvector
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT array_to_tsvector(
        public.results_plain_words(translate(name, '{APOSTROPHES}', ''))
        || CASE WHEN name ~ '[{APOSTROPHES}]' THEN
            public.results_plain_words(translate(name, '{APOSTROPHES}', '{SPACES}')) ELSE '{{}}' END
    )
    FROM (SELECT family_name || ' ' || given_names) AS entry (name)
$$;

-- NULL where nothing is left to search for.
CREATE FUNCTION results_words_query(typed text) RETURNS tsquery
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT string_agg(quote_literal(word) || ':*', ' & ')::tsquery
    FROM unnest(public.results_plain_words(translate(typed, '{APOSTROPHES}', ''))) AS words (word)
$$;

CREATE INDEX results_entry_name_words ON results_entry USING gin (results_name_words(family_name, given_names));
"""
NO_WORDS = """
DROP INDEX results_entry_name_words;
DROP FUNCTION results_words_query;
DROP FUNCTION results_name_words;
DROP FUNCTION results_plain_words;
"""

SEEN = """
CREATE FUNCTION results_mark_seen(of_statement bigint, account bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO results_seen (statement_id, entry_id)
    SELECT statement_id, entry_id FROM results_gate_candidates
    WHERE user_id = account AND statement_id = of_statement
    ON CONFLICT DO NOTHING
$$;
REVOKE EXECUTE ON FUNCTION results_mark_seen FROM PUBLIC;
"""

# Who has no result, or a code in its place, gets no certificate.
CERTIFICATES = """
CREATE VIEW results_certificates_candidates WITH (security_barrier) AS
SELECT g.user_id, g.entry_id, coalesce(c.state, 'expected') AS state, c.arrived_on, c.collected_on,
       coalesce(c.collected_by, '') AS collected_by
FROM results_gate_candidates g
LEFT JOIN results_certificate c ON c.entry_id = g.entry_id
WHERE c.state <> 'expected' OR g.status = 'result' AND g.result <> 'NONE';
"""


class Migration(migrations.Migration):
    dependencies = [("results", "0010_mails")]

    operations = [
        migrations.CreateModel(
            name='CandidateCertificate',
            fields=[
                ('entry', models.OneToOneField(on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='certificate_for_candidate', serialize=False, to='results.entry')),
                ('state', models.CharField(choices=[('expected', 'expected'), ('at_centre', 'at the exams office'), ('collected', 'collected')], max_length=9)),
                ('arrived_on', models.DateField(null=True)),
                ('collected_on', models.DateField(null=True)),
                ('collected_by', models.CharField(max_length=120)),
            ],
            options={
                'db_table': 'results_certificates_candidates',
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='CertificateEntry',
            fields=[
            ],
            options={
                'verbose_name': 'certificate',
                'verbose_name_plural': 'certificates',
                'proxy': True,
                'default_permissions': (),
                'indexes': [],
                'constraints': [],
            },
            bases=('results.entry',),
        ),
        migrations.CreateModel(
            name='Certificate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('expected', 'expected'), ('at_centre', 'at the exams office'), ('collected', 'collected')], default='expected', max_length=9, verbose_name='state')),
                ('arrived_on', models.DateField(blank=True, null=True, verbose_name='arrived on')),
                ('collected_on', models.DateField(blank=True, null=True, verbose_name='collected on')),
                ('collected_by', models.CharField(blank=True, max_length=120, verbose_name='collected by')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='note')),
                ('entry', models.OneToOneField(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='certificate', to='results.entry', verbose_name='entry')),
            ],
            options={
                'verbose_name': 'certificate',
                'verbose_name_plural': 'certificates',
            },
        ),
        migrations.CreateModel(
            name='CertificateEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.BigIntegerField()),
                ('state', models.CharField(choices=[('expected', 'expected'), ('at_centre', 'at the exams office'), ('collected', 'collected')], default='expected', max_length=9, verbose_name='state')),
                ('arrived_on', models.DateField(blank=True, null=True, verbose_name='arrived on')),
                ('collected_on', models.DateField(blank=True, null=True, verbose_name='collected on')),
                ('collected_by', models.CharField(blank=True, max_length=120, verbose_name='collected by')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='note')),
                ('entry', models.ForeignKey(db_constraint=False, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='results.entry', verbose_name='entry')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='results.certificate')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Seen',
            fields=[
                ('statement', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='seen', serialize=False, to='results.statement')),
                ('first_seen_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='first seen')),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='seen', to='results.entry')),
            ],
        ),
        migrations.AddConstraint(
            model_name='certificate',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('arrived_on', None), ('collected_by', ''), ('collected_on', None), ('state', 'expected')), models.Q(('arrived_on__isnull', False), ('collected_by', ''), ('collected_on', None), ('state', 'at_centre')), models.Q(('collected_on__isnull', False), ('state', 'collected'), models.Q(('collected_by', ''), _negated=True)), _connector='OR'), name='certificate_state_whole'),
        ),
        migrations.AddConstraint(
            model_name='certificate',
            constraint=models.CheckConstraint(condition=models.Q(('arrived_on', None), ('collected_on', None), ('arrived_on__lte', models.F('collected_on')), _connector='OR'), name='certificate_arrives_first'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='certificate',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "results_certificateevent" ("arrived_on", "collected_by", "collected_on", "entry_id", "id", "note", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "state") VALUES (NEW."arrived_on", NEW."collected_by", NEW."collected_on", NEW."entry_id", NEW."id", NEW."note", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."state"); RETURN NULL;', hash='a4bc88cb76d526f4a88d8f438e6cfa2632faa284', operation='INSERT', pgid='pgtrigger_insert_insert_c56f0', table='results_certificate', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='certificate',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "results_certificateevent" ("arrived_on", "collected_by", "collected_on", "entry_id", "id", "note", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "state") VALUES (NEW."arrived_on", NEW."collected_by", NEW."collected_on", NEW."entry_id", NEW."id", NEW."note", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."state"); RETURN NULL;', hash='e835220850e7720c869d17070d8e14e2034e183c', operation='UPDATE', pgid='pgtrigger_update_update_7ca2b', table='results_certificate', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='certificate',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "results_certificateevent" ("arrived_on", "collected_by", "collected_on", "entry_id", "id", "note", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "state") VALUES (OLD."arrived_on", OLD."collected_by", OLD."collected_on", OLD."entry_id", OLD."id", OLD."note", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."state"); RETURN NULL;', hash='6f11b09614bde773ed7312aa7fba81a3c940d651', operation='DELETE', pgid='pgtrigger_delete_delete_e12ad', table='results_certificate', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='certificateevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='b769a398d07711bc579e7a25319ea774c7f52ec6', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_f83fd', table='results_certificateevent', when='BEFORE')),
        ),
        migrations.RunSQL(WORDS, NO_WORDS),
        migrations.RunSQL(SEEN, "DROP FUNCTION results_mark_seen"),
        migrations.RunSQL(CERTIFICATES, "DROP VIEW results_certificates_candidates"),
    ]
