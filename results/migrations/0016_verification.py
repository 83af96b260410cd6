"""Documents that anybody may check: what the gate says of one version, and how often it was asked.

results_verify is how the candidates' face asks about a document whose code it has opened
(results/verification_codes.py). What it answers, by the gate for either audience, since a document may have
been given to the candidate or to the school:

- current: the gate shows this version to candidates now. Only then come the values of the result.
- early: it shows the version to preparation centres, and the candidates' instant has not come.
- superseded: it was shown, and the gate shows a newer version of the entry now.
- not_valid: it was shown, and now the gate shows nothing of the entry: stopped, or its approval withdrawn.
- No row for a version that was never shown to anybody, and for a number that no statement has.

Of a newer version nothing is told but that it is there. The function counts what it answers in the same
transaction, to the minute, in results_verification, which nobody else writes; it runs with the rights of the
tables' owner, on a fixed search path.
"""

import django.db.models.deletion
from django.db import migrations, models

VERIFY = """
CREATE FUNCTION results_verify(of_statement bigint, by_means text)
RETURNS TABLE (
    outcome text, entry_id bigint, statement_id bigint, version smallint, issued_at timestamptz, status text,
    overall smallint, result text, cefr text, reading smallint, use_of_english smallint, writing smallint,
    listening smallint, speaking smallint, reading_and_writing smallint
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    asked results_statement;
    to_candidates boolean;
    to_centres boolean;
    newest_shown smallint;
    verdict text;
BEGIN
    SELECT * INTO asked FROM results_statement s WHERE s.id = of_statement;
    SELECT bool_or(g.statement_id = asked.id AND g.audience = 'candidates'),
           bool_or(g.statement_id = asked.id AND g.audience = 'centres'),
           max(g.version)
    INTO to_candidates, to_centres, newest_shown
    FROM results_gate g WHERE g.entry_id = asked.entry_id;
    IF to_candidates THEN
        verdict := 'current';
    ELSIF to_centres THEN
        verdict := 'early';
    ELSIF EXISTS (
        SELECT FROM results_shown shown
        WHERE shown.entry_id = asked.entry_id AND shown.statement_id = asked.id AND shown.was_shown
    ) THEN
        verdict := CASE WHEN newest_shown > asked.version THEN 'superseded' ELSE 'not_valid' END;
    ELSE
        RETURN;
    END IF;
    INSERT INTO results_verification AS counted (statement_id, checked_at, means, outcome, times)
    VALUES (asked.id, date_trunc('minute', now()), by_means, verdict, 1)
    ON CONFLICT ON CONSTRAINT verification_once_a_minute DO UPDATE SET times = counted.times + 1;
    RETURN QUERY
    SELECT verdict, asked.entry_id, asked.id, asked.version, asked.created_at, g.status::text, g.overall,
           g.result::text, g.cefr::text, g.reading, g.use_of_english, g.writing, g.listening, g.speaking,
           g.reading_and_writing
    FROM (SELECT) AS always
    LEFT JOIN results_gate g
      ON g.statement_id = asked.id AND g.entry_id = asked.entry_id AND g.audience = 'candidates';
END
$$;
REVOKE EXECUTE ON FUNCTION results_verify FROM PUBLIC;
"""

CHECKS = """
CREATE VIEW results_verifications_candidates WITH (security_barrier) AS
SELECT v.id, e.user_id, e.id AS entry_id, s.version, v.checked_at, v.means, v.outcome, v.times
FROM results_verification v
JOIN results_statement s ON s.id = v.statement_id
JOIN results_entry e ON e.id = s.entry_id
JOIN results_release r ON r.session_id = e.session_id
WHERE e.user_id IS NOT NULL AND r.opens_at <= now();
"""

BACK = """
DROP VIEW results_verifications_candidates;
DROP FUNCTION results_verify;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('results', '0015_sharing'),
    ]

    operations = [
        migrations.CreateModel(
            name='CandidateVerification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('checked_at', models.DateTimeField(verbose_name='checked')),
                ('means', models.CharField(choices=[('code', 'by its code'), ('file', 'by the file')], max_length=4, verbose_name='how')),
                ('outcome', models.CharField(choices=[('current', 'genuine and current'), ('early', 'genuine, before the results were out'), ('superseded', 'replaced by a newer version'), ('not_valid', 'not valid at the time')], max_length=10, verbose_name='answer')),
                ('times', models.PositiveIntegerField(verbose_name='times')),
                ('version', models.PositiveSmallIntegerField()),
            ],
            options={
                'db_table': 'results_verifications_candidates',
                'ordering': ['-checked_at', '-id'],
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='Verification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('checked_at', models.DateTimeField(verbose_name='checked')),
                ('means', models.CharField(choices=[('code', 'by its code'), ('file', 'by the file')], max_length=4, verbose_name='how')),
                ('outcome', models.CharField(choices=[('current', 'genuine and current'), ('early', 'genuine, before the results were out'), ('superseded', 'replaced by a newer version'), ('not_valid', 'not valid at the time')], max_length=10, verbose_name='answer')),
                ('times', models.PositiveIntegerField(verbose_name='times')),
                ('statement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='verifications', to='results.statement')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('statement', 'checked_at', 'means', 'outcome'), name='verification_once_a_minute'), models.CheckConstraint(condition=models.Q(('means__in', ['code', 'file'])), name='verification_means_known'), models.CheckConstraint(condition=models.Q(('outcome__in', ['current', 'early', 'superseded', 'not_valid'])), name='verification_outcome_known'), models.CheckConstraint(condition=models.Q(('times__gte', 1)), name='verification_counts')],
            },
        ),
        migrations.RunSQL([VERIFY, CHECKS], BACK),
    ]
