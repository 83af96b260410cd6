"""The lists of the preparation centres: in the order of names, with how far each student has come.

results_name_key sorts names as a class register does: without accents, apostrophes and case, word by word,
the family name first. Entries keep their key, and an index gives a centre's students of a session in its
order, so that a page costs the same with 50 and with 5,000 of them.

results_mark_looked is how the centres' face notes that somebody opened a statement: only what the gate shows
to that centre now, and only for one of its people. It runs with the rights of the tables' owner, on a fixed
search path.
"""

import importlib

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import results.models.entries

APOSTROPHES = importlib.import_module("results.migrations.0011_help_desk").APOSTROPHES
OUTCOME = importlib.import_module("results.migrations.0007_gate").OUTCOME

# Names are qualified: a table is dumped and restored with an empty search path. A tab is lower than a space:
# all of the name Rossi come before Rossi Bianchi.
ORDER = f"""
CREATE FUNCTION results_name_key(family_name text, given_names text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT regexp_replace(lower(public.unaccent('public.unaccent'::regdictionary,
               translate(family_name, '{APOSTROPHES}', ''))), '[[:space:][:punct:]]+', ' ', 'g')
           || E'\\t' ||
           regexp_replace(lower(public.unaccent('public.unaccent'::regdictionary,
               translate(given_names, '{APOSTROPHES}', ''))), '[[:space:][:punct:]]+', ' ', 'g')
$$;

-- What a key must be LIKE, all of it, if results_words_query(typed) finds its name.
CREATE FUNCTION results_key_patterns(typed text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(array_agg('%' || word || '%'), '{{}}')
    FROM unnest(public.results_plain_words(translate(typed, '{APOSTROPHES}', ''))) AS words (word)
$$;
"""

# The gate's view of the centres, with the session beside it: a list asks for one session's statements.
GATE = f"""
CREATE OR REPLACE VIEW results_gate_centres WITH (security_barrier) AS
SELECT preparation_centre_id, entry_id, statement_id, version, issued_at, reason, {OUTCOME}, session_id
FROM results_gate WHERE audience = 'centres' AND preparation_centre_id IS NOT NULL;

-- So with the stops.
CREATE OR REPLACE VIEW results_stops WITH (security_barrier) AS
SELECT e.id AS entry_id, e.user_id, e.preparation_centre_id, s.*, e.session_id
FROM results_entry e
CROSS JOIN LATERAL (
    SELECT CASE WHEN stop.entry_id IS NOT NULL THEN 'candidate'
                WHEN stop.preparation_centre_id IS NOT NULL THEN 'centre' ELSE 'session' END AS scope,
           stop.notice_it, stop.notice_en, stop.started_at
    FROM results_stop stop
    WHERE stop.session_id = e.session_id AND stop.lifted_at IS NULL
      AND (stop.preparation_centre_id IS NULL OR stop.preparation_centre_id = e.preparation_centre_id)
      AND (stop.entry_id IS NULL OR stop.entry_id = e.id)
    ORDER BY stop.entry_id NULLS FIRST, stop.preparation_centre_id NULLS FIRST
    LIMIT 1
) AS s;

CREATE OR REPLACE VIEW results_stops_centres WITH (security_barrier) AS
SELECT preparation_centre_id, entry_id, scope, notice_it, notice_en, started_at, session_id
FROM results_stops WHERE preparation_centre_id IS NOT NULL;
"""

# Whether somebody is registered, and who has seen what: not who, and not when.
FOLLOWING = """
CREATE VIEW results_following_centres WITH (security_barrier) AS
SELECT e.preparation_centre_id, e.session_id, e.id AS entry_id, e.user_id IS NOT NULL AS registered,
       CASE WHEN e.user_id IS NOT NULL AND EXISTS (
           -- That a result was seen says that there is one: not before the centres' own hour.
           SELECT FROM results_release r
           WHERE r.session_id = e.session_id AND coalesce(r.centres_open_at, r.opens_at) <= now()
       ) THEN (
           SELECT max(seen.statement_id) FROM results_seen seen WHERE seen.entry_id = e.id
       ) END AS seen_statement
FROM results_entry e
WHERE e.preparation_centre_id IS NOT NULL;
"""

LOOKED = """
CREATE FUNCTION results_mark_looked(of_entry bigint, for_centre bigint, by_account bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO results_look (entry_id, preparation_centre_id, account_id)
    SELECT g.entry_id, g.preparation_centre_id, m.user_id
    FROM results_gate_centres g
    JOIN centres_membership m ON m.centre_id = g.preparation_centre_id AND m.user_id = by_account
    WHERE g.entry_id = of_entry AND g.preparation_centre_id = for_centre
    ON CONFLICT (entry_id, preparation_centre_id, account_id) DO UPDATE SET last_at = EXCLUDED.last_at
$$;
REVOKE EXECUTE ON FUNCTION results_mark_looked FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [
        ('centres', '0001_initial'),
        ('results', '0011_help_desk'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(ORDER),
        migrations.AddField(
            model_name='entry',
            name='name_key',
            field=models.GeneratedField(db_persist=True, expression=results.models.entries.NameKey('family_name', 'given_names'), output_field=models.TextField(db_collation='C')),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(fields=['preparation_centre', 'session', 'name_key', 'id'], name='entry_of_centre'),
        ),
        migrations.CreateModel(
            name='CentreFollowing',
            fields=[
                ('entry', models.OneToOneField(on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='followed_by_centre', serialize=False, to='results.entry')),
                ('registered', models.BooleanField()),
                ('seen_statement', models.BigIntegerField(null=True)),
            ],
            options={
                'db_table': 'results_following_centres',
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='Look',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='first looked at')),
                ('last_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='last looked at')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='looks', to='results.entry')),
                ('preparation_centre', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='centres.preparationcentre')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('entry', 'preparation_centre', 'account'), name='look_once'), models.CheckConstraint(condition=models.Q(('first_at__lte', models.F('last_at'))), name='look_in_order')],
            },
        ),
        migrations.RunSQL(GATE),
        migrations.RunSQL(FOLLOWING),
        migrations.RunSQL(LOOKED),
    ]
