"""THE GATE: the one rule of which statement is visible, to whom, from when.

results_gate holds the rule for every audience; each public face may read only its own view on it. A
statement passes when its release was approved after it was stored, the release is not stopped, the entry
is not held back, no newer approved version replaces it, and its audience's instant has come by the
database's clock. Nothing else in the portal decides this, and nothing repeats it.

The views belong to the tables' owner, who is no superuser (results_portal/roles.py sees to it), and are
security barriers: a function in a query never sees a row that the gate keeps back. The subquery with its
LIMIT is a barrier for operators too: without it, PostgreSQL would try `overall = 176` on the statements
first, and EXPLAIN ANALYZE would tell how many rows matched. Before the instant no statement is even read.
"""

from django.db import migrations

GATE = """
CREATE VIEW results_gate WITH (security_barrier) AS
SELECT a.audience, e.id AS entry_id, e.user_id, e.preparation_centre_id,
       s.id AS statement_id, s.version, s.created_at AS issued_at, s.status, s.overall, s.result, s.cefr,
       s.reading, s.use_of_english, s.writing, s.listening, s.speaking, s.reading_and_writing
FROM results_entry e
JOIN results_release r ON r.session_id = e.session_id
CROSS JOIN LATERAL (
    VALUES ('candidates', r.opens_at), ('centres', coalesce(r.centres_open_at, r.opens_at))
) AS a (audience, opens_at)
CROSS JOIN LATERAL (
    SELECT * FROM results_statement version
    WHERE version.entry_id = e.id
      AND version.id <= r.approved_through
      AND r.stopped_at IS NULL
      AND NOT e.held_back
      AND a.opens_at <= now()
    ORDER BY version.version DESC
    LIMIT 1
) AS s;

CREATE VIEW results_gate_candidates WITH (security_barrier) AS
SELECT user_id, entry_id, statement_id, version, issued_at, status, overall, result, cefr,
       reading, use_of_english, writing, listening, speaking, reading_and_writing
FROM results_gate WHERE audience = 'candidates' AND user_id IS NOT NULL;

CREATE VIEW results_gate_centres WITH (security_barrier) AS
SELECT preparation_centre_id, entry_id, statement_id, version, issued_at, status, overall, result, cefr,
       reading, use_of_english, writing, listening, speaking, reading_and_writing
FROM results_gate WHERE audience = 'centres' AND preparation_centre_id IS NOT NULL;
"""

BACK = """
DROP VIEW results_gate_centres;
DROP VIEW results_gate_candidates;
DROP VIEW results_gate;
"""


class Migration(migrations.Migration):
    dependencies = [("results", "0001_initial")]

    operations = [migrations.RunSQL(GATE, BACK)]
