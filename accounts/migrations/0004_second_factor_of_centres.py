"""The second factor of preparation centres: their face finds and makes the devices of its own accounts only.

The staff face sees all devices, since it resets a centre member's second step; it makes none but for its own
accounts, so that nobody there plants an app on a school's account.
"""

from django.db import migrations

OF_FACE = "EXISTS (SELECT 1 FROM accounts_user u WHERE u.id = user_id AND u.face = '{face}')"
TOKEN_OF_FACE = (
    "EXISTS (SELECT 1 FROM otp_static_staticdevice d JOIN accounts_user u ON u.id = d.user_id"
    " WHERE d.id = device_id AND u.face = '{face}')"
)
POLICIES = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY centres_own ON {table} TO portal_centres USING ({centres}) WITH CHECK ({centres});
CREATE POLICY staff_all ON {table} TO portal_staff USING (true) WITH CHECK ({staff});
"""
BACK = """
DROP POLICY centres_own ON {table};
DROP POLICY staff_all ON {table};
ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_authenticator_app"),
        ("otp_static", "0003_add_timestamps"),
        ("otp_totp", "0003_add_timestamps"),
    ]

    operations = [
        migrations.RunSQL(
            POLICIES.format(table=table, centres=own.format(face="centres"), staff=own.format(face="staff")),
            BACK.format(table=table),
        )
        for table, own in (
            ("otp_totp_totpdevice", OF_FACE),
            ("otp_static_staticdevice", OF_FACE),
            ("otp_static_statictoken", TOKEN_OF_FACE),
        )
    ]
