"""Links with which candidates show a result to others.

results_gate_shared is what the reader of a link gets: through the candidates' gate and nothing else, only
while the link is neither revoked nor over by the database's clock, the entry still belongs to the account that
made it, and that account may sign in. Skills come only through a link that shows them. Like the gate, it is a
security barrier; the subquery with its LIMIT lets PostgreSQL ask the gate for one entry, not for all.

amended_at: since when what the link shows is another than at some time since it was made; by what the link
shows, so that a link to the overall result says nothing of a corrected skill.

results_make_share is how a link is made: only of a result that the gate shows to this account now, and no more
than 20 that work at a time; two at once are counted one after the other. results_mark_opened counts an opening:
only of what the gate shows. An entry that leaves its account takes its links with it, for good: whoever gets
it next, the same person too, begins without any. The functions run with the rights of the tables' owner, on a
fixed search path.
"""

import datetime
import django.db.models.deletion
import django.db.models.manager
import django.db.models.expressions
import django.db.models.functions.datetime
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


MOST_OPEN = 20

OUTCOME = "status, overall, result, cefr"
SKILLS = "reading, use_of_english, writing, listening, speaking, reading_and_writing"


def _of(table: str, columns: str) -> str:
    return ", ".join(f"{table}.{name}" for name in columns.split(", "))


GATE = f"""
CREATE VIEW results_gate_shared WITH (security_barrier) AS
SELECT link.id AS share_id, link.digest, link.user_id, link.entry_id, link.shows, g.statement_id, g.version,
       g.issued_at, {_of("g", OUTCOME)},
       {", ".join(f"CASE WHEN link.shows = 'skills' THEN g.{name} END AS {name}" for name in SKILLS.split(", "))},
       CASE WHEN g.version > made.version THEN (
           SELECT min(after.shown_from) FROM results_shown after
           WHERE after.audience = 'candidates' AND after.entry_id = g.entry_id
             AND (after.was_shown OR after.statement_id = g.statement_id)
             AND after.version > (
                 SELECT max(before.version) FROM results_shown before
                 WHERE before.audience = 'candidates' AND before.entry_id = g.entry_id AND before.was_shown
                   AND before.version >= made.version AND before.version < g.version
                   AND (({_of("before", OUTCOME)}) IS DISTINCT FROM ({_of("g", OUTCOME)})
                        OR link.shows = 'skills'
                           AND ({_of("before", SKILLS)}) IS DISTINCT FROM ({_of("g", SKILLS)}))
             )
       ) END AS amended_at
FROM results_share link
JOIN results_statement made ON made.id = link.statement_id
JOIN accounts_user account ON account.id = link.user_id AND account.is_active
CROSS JOIN LATERAL (
    SELECT * FROM results_gate_candidates open
    WHERE open.entry_id = link.entry_id AND open.user_id = link.user_id
    LIMIT 1
) AS g
WHERE link.revoked_at IS NULL AND link.ends_at > now();
"""

# outcome: made; too_many (20 links work already); not_open (the gate shows this account no result of the entry).
MAKING = f"""
CREATE FUNCTION results_make_share(
    account bigint, of_entry bigint, words text, what text, until timestamptz, of_seed text, of_digest text,
    OUT outcome text, OUT share bigint
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM accounts_user u WHERE u.id = account FOR NO KEY UPDATE;
    IF {MOST_OPEN} <= (
        SELECT count(*) FROM results_share link
        WHERE link.user_id = account AND link.revoked_at IS NULL AND link.ends_at > now()
    ) THEN
        outcome := 'too_many';
        RETURN;
    END IF;
    INSERT INTO results_share (entry_id, user_id, statement_id, for_whom, shows, ends_at, seed, digest)
    SELECT g.entry_id, g.user_id, g.statement_id, words, what, until, of_seed, of_digest
    FROM results_gate_candidates g
    WHERE g.user_id = account AND g.entry_id = of_entry AND g.status = 'result'
    RETURNING id INTO share;
    outcome := CASE WHEN share IS NULL THEN 'not_open' ELSE 'made' END;
END
$$;
REVOKE EXECUTE ON FUNCTION results_make_share FROM PUBLIC;
"""

OPENING = """
CREATE FUNCTION results_mark_opened(of_digest text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO results_shareopening AS opening (share_id, times, first_at, last_at)
    SELECT share_id, 1, date_trunc('minute', now()), date_trunc('minute', now())
    FROM results_gate_shared WHERE digest = of_digest
    ON CONFLICT (share_id) DO UPDATE SET times = opening.times + 1, last_at = excluded.last_at
    WHERE opening.last_at < excluded.last_at
$$;
REVOKE EXECUTE ON FUNCTION results_mark_opened FROM PUBLIC;
"""

LEAVING = """
CREATE FUNCTION results_revoke_shares() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE results_share SET revoked_at = now() WHERE entry_id = OLD.id AND revoked_at IS NULL;
    RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION results_revoke_shares FROM PUBLIC;
CREATE TRIGGER leaving_revokes_shares AFTER UPDATE ON results_entry
    FOR EACH ROW WHEN (OLD.user_id IS NOT NULL AND OLD.user_id IS DISTINCT FROM NEW.user_id)
    EXECUTE FUNCTION results_revoke_shares();
"""
NO_LEAVING = "DROP TRIGGER leaving_revokes_shares ON results_entry; DROP FUNCTION results_revoke_shares"


class Migration(migrations.Migration):

    dependencies = [
        ('results', '0014_sittings'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Share',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('for_whom', models.CharField(max_length=80, verbose_name='for whom')),
                ('shows', models.CharField(choices=[('overall', 'the overall result only'), ('skills', 'the overall result and every skill')], max_length=7, verbose_name='what it shows')),
                ('seed', models.CharField(editable=False, max_length=32, unique=True)),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='made')),
                ('ends_at', models.DateTimeField(verbose_name='works until')),
                ('revoked_at', models.DateTimeField(null=True, verbose_name='revoked')),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='shares', to='results.entry', verbose_name='entry')),
                ('statement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='results.statement', verbose_name='statement when it was made')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='shares', to=settings.AUTH_USER_MODEL, verbose_name='account')),
            ],
            options={
                'base_manager_name': 'without_token',
                'verbose_name': 'link to a result',
                'verbose_name_plural': 'links to results',
                'default_permissions': (),
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('without_token', django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name='SharedStatement',
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
                ('share', models.OneToOneField(on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='+', serialize=False, to='results.share')),
                ('digest', models.CharField(max_length=64)),
                ('shows', models.CharField(choices=[('overall', 'the overall result only'), ('skills', 'the overall result and every skill')], max_length=7)),
                ('statement_id', models.BigIntegerField()),
                ('version', models.PositiveSmallIntegerField()),
                ('issued_at', models.DateTimeField()),
                ('amended_at', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'results_gate_shared',
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='ShareEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.BigIntegerField()),
                ('for_whom', models.CharField(max_length=80, verbose_name='for whom')),
                ('shows', models.CharField(choices=[('overall', 'the overall result only'), ('skills', 'the overall result and every skill')], max_length=7, verbose_name='what it shows')),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='made')),
                ('ends_at', models.DateTimeField(verbose_name='works until')),
                ('revoked_at', models.DateTimeField(null=True, verbose_name='revoked')),
                ('entry', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='results.entry', verbose_name='entry')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='results.share')),
                ('statement', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='results.statement', verbose_name='statement when it was made')),
                ('user', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='account')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='ShareOpening',
            fields=[
                ('share', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='opening', serialize=False, to='results.share')),
                ('times', models.PositiveIntegerField(verbose_name='opened so often')),
                ('first_at', models.DateTimeField(verbose_name='first opened')),
                ('last_at', models.DateTimeField(verbose_name='last opened')),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('first_at__lte', models.F('last_at')), ('times__gte', 1)), name='share_opening_in_order')],
            },
        ),
        migrations.AddConstraint(
            model_name='share',
            constraint=models.CheckConstraint(condition=models.Q(('shows__in', ['overall', 'skills'])), name='share_shows_known'),
        ),
        migrations.AddConstraint(
            model_name='share',
            constraint=models.CheckConstraint(condition=models.Q(('for_whom', ''), _negated=True), name='share_has_words'),
        ),
        migrations.AddConstraint(
            model_name='share',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('made_at')), ('ends_at__lte', django.db.models.expressions.CombinedExpression(models.F('made_at'), '+', models.Value(datetime.timedelta(days=367))))), name='share_ends_within_a_year'),
        ),
        migrations.AddConstraint(
            model_name='share',
            constraint=models.CheckConstraint(condition=models.Q(('digest__regex', '^[0-9a-f]{64}$')), name='share_digest_whole'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='share',
            trigger=pgtrigger.compiler.Trigger(name='revoked_stays', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."revoked_at" IS NOT NULL)', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='8689b1c97cb4edb55e2123713b8cc4d04c67748e', operation='UPDATE', pgid='pgtrigger_revoked_stays_08a38', table='results_share', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='share',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "results_shareevent" ("ends_at", "entry_id", "for_whom", "id", "made_at", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "revoked_at", "shows", "statement_id", "user_id") VALUES (NEW."ends_at", NEW."entry_id", NEW."for_whom", NEW."id", NEW."made_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."revoked_at", NEW."shows", NEW."statement_id", NEW."user_id"); RETURN NULL;', hash='d47849d30ed25a3b8a4a93e19d5ae581187ab915', operation='INSERT', pgid='pgtrigger_insert_insert_ffcde', table='results_share', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='share',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."ends_at" IS DISTINCT FROM (NEW."ends_at") OR OLD."entry_id" IS DISTINCT FROM (NEW."entry_id") OR OLD."for_whom" IS DISTINCT FROM (NEW."for_whom") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."made_at" IS DISTINCT FROM (NEW."made_at") OR OLD."revoked_at" IS DISTINCT FROM (NEW."revoked_at") OR OLD."shows" IS DISTINCT FROM (NEW."shows") OR OLD."statement_id" IS DISTINCT FROM (NEW."statement_id") OR OLD."user_id" IS DISTINCT FROM (NEW."user_id"))', func='INSERT INTO "results_shareevent" ("ends_at", "entry_id", "for_whom", "id", "made_at", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "revoked_at", "shows", "statement_id", "user_id") VALUES (NEW."ends_at", NEW."entry_id", NEW."for_whom", NEW."id", NEW."made_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."revoked_at", NEW."shows", NEW."statement_id", NEW."user_id"); RETURN NULL;', hash='06e6e2a5577d04d708a78aa991d46281a0d34515', operation='UPDATE', pgid='pgtrigger_update_update_89b16', table='results_share', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='share',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "results_shareevent" ("ends_at", "entry_id", "for_whom", "id", "made_at", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "revoked_at", "shows", "statement_id", "user_id") VALUES (OLD."ends_at", OLD."entry_id", OLD."for_whom", OLD."id", OLD."made_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."revoked_at", OLD."shows", OLD."statement_id", OLD."user_id"); RETURN NULL;', hash='79804a4c585343ca4fa4b88055c58de20f202942', operation='DELETE', pgid='pgtrigger_delete_delete_c8245', table='results_share', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='shareevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='4dbda04dcf7043427309b4c33971926a89b4818a', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_5b2cf', table='results_shareevent', when='BEFORE')),
        ),
        migrations.RunSQL(GATE, "DROP VIEW results_gate_shared"),
        migrations.RunSQL(MAKING, "DROP FUNCTION results_make_share"),
        migrations.RunSQL(OPENING, "DROP FUNCTION results_mark_opened"),
        migrations.RunSQL(LEAVING, NO_LEAVING),
    ]
