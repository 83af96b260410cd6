"""What candidates may read of what is held about them, and how they delete their account.

The views add to the gate's what the candidates' face can read nowhere else: who opened a result (no person of
the office or of a school by name; nothing while the gate lets nothing through), which mails about results went
out, when slips were made, and the entry's own columns that are not on the slip.

results_delete_own_account deletes the account whose session it is given, and no other: the face has no right
to delete accounts, and cannot name one. Entries are the exams office's records: they are released and keep
their Secret Number, so that whoever has the slip can register again. The triggers of the audit trail write
what it does. It runs with the rights of the tables' owner, on a fixed search path.
"""

import django.db.models.deletion
from django.db import migrations, models

VIEWS = """
CREATE VIEW results_records_candidates WITH (security_barrier) AS
SELECT e.user_id, e.id AS entry_id, coalesce(c.name, '') AS school, e.email, e.registered_at
FROM results_entry e
LEFT JOIN centres_preparationcentre c ON c.id = e.preparation_centre_id
WHERE e.user_id IS NOT NULL;

CREATE VIEW results_slips_candidates WITH (security_barrier) AS
SELECT slip.id, e.user_id, slip.entry_id, slip.issued_at
FROM results_entry e
JOIN results_slipissue slip ON slip.entry_id = e.id
WHERE e.user_id IS NOT NULL;

CREATE VIEW results_mails_candidates WITH (security_barrier) AS
SELECT m.id, m.user_id, m.entry_id, m.kind, m.sent_at
FROM results_mail m
WHERE m.audience = 'candidates' AND m.user_id IS NOT NULL AND m.state = 'sent';

CREATE VIEW results_looks_candidates WITH (security_barrier) AS
SELECT 'you:' || seen.statement_id AS key, g.user_id, g.entry_id, 'you' AS who, '' AS name,
       seen.first_seen_at AS first_at, NULL::timestamptz AS last_at
FROM results_gate_candidates g
JOIN results_seen seen ON seen.entry_id = g.entry_id
UNION ALL
SELECT 'office:' || note.id, g.user_id, g.entry_id, 'office', '', note.at, NULL
FROM results_gate_candidates g
JOIN results_portal_auditnote note ON note.entry_id = g.entry_id AND note.kind = 'looked'
UNION ALL
SELECT 'school:' || look.entry_id || ':' || look.preparation_centre_id, g.user_id, g.entry_id, 'school',
       c.name, min(look.first_at), max(look.last_at)
FROM results_gate_candidates g
JOIN results_look look ON look.entry_id = g.entry_id
JOIN centres_preparationcentre c ON c.id = look.preparation_centre_id
GROUP BY g.user_id, g.entry_id, look.entry_id, look.preparation_centre_id, c.name;
"""
NO_VIEWS = """
DROP VIEW results_looks_candidates;
DROP VIEW results_mails_candidates;
DROP VIEW results_slips_candidates;
DROP VIEW results_records_candidates;
"""

# What else hangs on a candidate's account goes here; results_mail goes with it (0010_mails.py).
DELETING = """
CREATE FUNCTION results_delete_own_account(of_session text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    own bigint;
BEGIN
    SELECT u.id INTO own
    FROM accounts_session s
    JOIN accounts_user u ON u.id = s.user_id
    WHERE s.session_key = of_session AND s.face = 'candidates' AND s.expire_date > now()
      AND u.face = 'candidates' AND u.is_active
    FOR UPDATE OF u;
    IF own IS NULL THEN
        RETURN false;
    END IF;
    UPDATE results_entry SET user_id = NULL WHERE user_id = own;
    DELETE FROM accounts_choice WHERE user_id = own;
    DELETE FROM results_shareopening o USING results_share link WHERE link.id = o.share_id AND link.user_id = own;
    DELETE FROM results_share WHERE user_id = own;
    DELETE FROM accounts_session WHERE user_id = own;
    DELETE FROM accounts_user WHERE id = own;
    RETURN true;
END
$$;
REVOKE EXECUTE ON FUNCTION results_delete_own_account FROM PUBLIC;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_uncover'),
        ('centres', '0001_initial'),
        ('results', '0016_verification'),
        ('results_portal', '0001_audit_trail'),
    ]

    operations = [
        migrations.CreateModel(
            name='CandidateLook',
            fields=[
                ('key', models.CharField(max_length=50, primary_key=True, serialize=False)),
                ('who', models.CharField(choices=[('you', 'you'), ('office', 'exams office'), ('school', 'preparation centre')], max_length=6)),
                ('name', models.CharField(max_length=200)),
                ('first_at', models.DateTimeField()),
                ('last_at', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'results_looks_candidates',
                'ordering': ['first_at', 'key'],
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='CandidateMail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('results', 'results are available'), ('amended', 'a result was amended'), ('postponed', 'results come later'), ('reminder', 'reminder to register')], max_length=10)),
                ('sent_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'results_mails_candidates',
                'ordering': ['sent_at', 'pk'],
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='CandidateRecord',
            fields=[
                ('entry', models.OneToOneField(on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='+', serialize=False, to='results.entry')),
                ('school', models.CharField(max_length=200)),
                ('email', models.EmailField(max_length=254)),
                ('registered_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'results_records_candidates',
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='CandidateSlip',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('issued_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'results_slips_candidates',
                'ordering': ['issued_at', 'pk'],
                'managed': False,
            },
        ),
        migrations.RunSQL(VIEWS, NO_VIEWS),
        migrations.RunSQL(DELETING, "DROP FUNCTION results_delete_own_account"),
    ]
