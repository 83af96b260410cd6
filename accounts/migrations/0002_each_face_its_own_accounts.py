"""Row-level security: a public face finds, changes and makes accounts and sessions of its own only.

The staff face and the worker see all rows; what they may do with them, the grants say
(results_portal/roles.py). The tables' owner, who migrates, is not subject to the policies.
"""

from django.db import migrations

OWN_FACE = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY candidates_own ON {table} TO portal_candidates
    USING (face = 'candidates') WITH CHECK (face = 'candidates');
CREATE POLICY centres_own ON {table} TO portal_centres
    USING (face = 'centres') WITH CHECK (face = 'centres');
CREATE POLICY staff_all ON {table} TO portal_staff USING (true) WITH CHECK (true);
CREATE POLICY worker_all ON {table} TO portal_worker USING (true);
"""
BACK = """
DROP POLICY candidates_own ON {table};
DROP POLICY centres_own ON {table};
DROP POLICY staff_all ON {table};
DROP POLICY worker_all ON {table};
ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.RunSQL(OWN_FACE.format(table=table), BACK.format(table=table))
        for table in ("accounts_user", "accounts_session")
    ]
