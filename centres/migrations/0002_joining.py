"""Requests for access, invitations, and what a person is in a preparation centre: manager or member.

Who was there before is a manager, and has joined when the event of it says.
"""

import centres.models.joining
import datetime
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import django.db.models.functions.text
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

JOINED = """
UPDATE centres_membership m SET joined_at = e.at
FROM (SELECT pgh_obj_id, min(pgh_created_at) AS at FROM centres_membershipevent
      WHERE pgh_label = 'insert' GROUP BY pgh_obj_id) e
WHERE e.pgh_obj_id = m.id
"""


class Migration(migrations.Migration):

    dependencies = [
        ('centres', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AccessRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('school', models.CharField(max_length=120, verbose_name='school')),
                ('code', models.CharField(blank=True, max_length=20, verbose_name='code')),
                ('person', models.CharField(max_length=160, verbose_name='person')),
                ('position', models.CharField(max_length=120, verbose_name='role at the school')),
                ('email', models.EmailField(max_length=254, verbose_name='e-mail address')),
                ('message', models.CharField(blank=True, max_length=1000, verbose_name='message')),
                ('language', models.CharField(choices=[('it', 'Italian'), ('en', 'English')], max_length=2, verbose_name='language')),
                ('asked_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='asked')),
                ('state', models.CharField(choices=[('open', 'to be answered'), ('accepted', 'accepted'), ('refused', 'refused')], db_default='open', max_length=8, verbose_name='state')),
                ('reason', models.CharField(blank=True, db_default='', max_length=200, verbose_name='reason')),
                ('answered_at', models.DateTimeField(null=True, verbose_name='answered')),
            ],
            options={
                'verbose_name': 'request for access',
                'verbose_name_plural': 'requests for access',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='AccessRequestEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('state', models.CharField(choices=[('open', 'to be answered'), ('accepted', 'accepted'), ('refused', 'refused')], db_default='open', max_length=8, verbose_name='state')),
                ('reason', models.CharField(blank=True, db_default='', max_length=200, verbose_name='reason')),
                ('answered_at', models.DateTimeField(null=True, verbose_name='answered')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(max_length=254, verbose_name='e-mail address')),
                ('role', models.CharField(choices=[('manager', 'manager'), ('member', 'member')], max_length=7, verbose_name='role')),
                ('language', models.CharField(choices=[('it', 'Italian'), ('en', 'English')], max_length=2, verbose_name='language')),
                ('seed', models.CharField(default=centres.models.joining._new_seed, editable=False, max_length=32, unique=True)),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='sent')),
                ('expires_at', models.DateTimeField(db_default=django.db.models.expressions.CombinedExpression(django.db.models.functions.datetime.Now(), '+', models.Value(datetime.timedelta(days=7))), editable=False, verbose_name='works until')),
                ('accepted_at', models.DateTimeField(editable=False, null=True, verbose_name='accepted')),
                ('withdrawn_at', models.DateTimeField(editable=False, null=True, verbose_name='withdrawn')),
            ],
            options={
                'verbose_name': 'invitation',
                'verbose_name_plural': 'invitations',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='InvitationEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.BigIntegerField()),
                ('email', models.EmailField(max_length=254, verbose_name='e-mail address')),
                ('role', models.CharField(choices=[('manager', 'manager'), ('member', 'member')], max_length=7, verbose_name='role')),
                ('language', models.CharField(choices=[('it', 'Italian'), ('en', 'English')], max_length=2, verbose_name='language')),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='sent')),
                ('expires_at', models.DateTimeField(db_default=django.db.models.expressions.CombinedExpression(django.db.models.functions.datetime.Now(), '+', models.Value(datetime.timedelta(days=7))), editable=False, verbose_name='works until')),
                ('accepted_at', models.DateTimeField(editable=False, null=True, verbose_name='accepted')),
                ('withdrawn_at', models.DateTimeField(editable=False, null=True, verbose_name='withdrawn')),
            ],
            options={
                'abstract': False,
            },
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='membership',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='membership',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='membership',
            name='delete_delete',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='preparationcentre',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='preparationcentre',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='preparationcentre',
            name='delete_delete',
        ),
        migrations.AddField(
            model_name='membership',
            name='joined_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='joined'),
        ),
        migrations.AddField(
            model_name='membership',
            name='role',
            field=models.CharField(choices=[('manager', 'manager'), ('member', 'member')], db_default='manager', default='manager', max_length=7, verbose_name='role'),
        ),
        migrations.AddField(
            model_name='membershipevent',
            name='role',
            field=models.CharField(choices=[('manager', 'manager'), ('member', 'member')], db_default='manager', default='manager', max_length=7, verbose_name='role'),
        ),
        migrations.RunSQL(JOINED, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='membership',
            name='role',
            field=models.CharField(choices=[('manager', 'manager'), ('member', 'member')], db_default='member', default='member', max_length=7, verbose_name='role'),
        ),
        migrations.AlterField(
            model_name='membershipevent',
            name='role',
            field=models.CharField(choices=[('manager', 'manager'), ('member', 'member')], db_default='member', default='member', max_length=7, verbose_name='role'),
        ),
        migrations.AddField(
            model_name='preparationcentre',
            name='needs_second_factor',
            field=models.BooleanField(db_default=False, default=False, verbose_name='the exams office asks the centre’s people for the second step'),
        ),
        migrations.AddField(
            model_name='preparationcentre',
            name='wants_second_factor',
            field=models.BooleanField(db_default=False, default=False, verbose_name='the centre asks its people for the second step'),
        ),
        migrations.AddField(
            model_name='preparationcentreevent',
            name='needs_second_factor',
            field=models.BooleanField(db_default=False, default=False, verbose_name='the exams office asks the centre’s people for the second step'),
        ),
        migrations.AddField(
            model_name='preparationcentreevent',
            name='wants_second_factor',
            field=models.BooleanField(db_default=False, default=False, verbose_name='the centre asks its people for the second step'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='membership',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "centres_membershipevent" ("centre_id", "id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "user_id") VALUES (NEW."centre_id", NEW."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."role", NEW."user_id"); RETURN NULL;', hash='cda8b68b45608fe0a6f9acb36ff18e17586572d9', operation='INSERT', pgid='pgtrigger_insert_insert_16b0e', table='centres_membership', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='membership',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."centre_id" IS DISTINCT FROM (NEW."centre_id") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."role" IS DISTINCT FROM (NEW."role") OR OLD."user_id" IS DISTINCT FROM (NEW."user_id"))', func='INSERT INTO "centres_membershipevent" ("centre_id", "id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "user_id") VALUES (NEW."centre_id", NEW."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."role", NEW."user_id"); RETURN NULL;', hash='8e6197cd3c731021ea81b15c447c969992bcbd2d', operation='UPDATE', pgid='pgtrigger_update_update_d0924', table='centres_membership', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='membership',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "centres_membershipevent" ("centre_id", "id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "user_id") VALUES (OLD."centre_id", OLD."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."role", OLD."user_id"); RETURN NULL;', hash='84e004fc0d6967f3191ef1c9d00237777eb65d3c', operation='DELETE', pgid='pgtrigger_delete_delete_efd98', table='centres_membership', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='preparationcentre',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "centres_preparationcentreevent" ("code", "id", "name", "needs_second_factor", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "wants_second_factor") VALUES (NEW."code", NEW."id", NEW."name", NEW."needs_second_factor", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."wants_second_factor"); RETURN NULL;', hash='673571e07e5d409bc20e79fdbe616bca0b5e6dd0', operation='INSERT', pgid='pgtrigger_insert_insert_40b1b', table='centres_preparationcentre', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='preparationcentre',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "centres_preparationcentreevent" ("code", "id", "name", "needs_second_factor", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "wants_second_factor") VALUES (NEW."code", NEW."id", NEW."name", NEW."needs_second_factor", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."wants_second_factor"); RETURN NULL;', hash='ceea4e1fa53a2ac087ed1af6e50aa64adf949c49', operation='UPDATE', pgid='pgtrigger_update_update_d6e59', table='centres_preparationcentre', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='preparationcentre',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "centres_preparationcentreevent" ("code", "id", "name", "needs_second_factor", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "wants_second_factor") VALUES (OLD."code", OLD."id", OLD."name", OLD."needs_second_factor", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."wants_second_factor"); RETURN NULL;', hash='dab93749b74d28eae9ade21e5fefa24c8b83d369', operation='DELETE', pgid='pgtrigger_delete_delete_66e1c', table='centres_preparationcentre', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.CheckConstraint(condition=models.Q(('role__in', ['manager', 'member'])), name='membership_role_known'),
        ),
        migrations.AddField(
            model_name='accessrequest',
            name='answered_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='answered by'),
        ),
        migrations.AddField(
            model_name='accessrequest',
            name='centre',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='access_requests', to='centres.preparationcentre', verbose_name='preparation centre'),
        ),
        migrations.AddField(
            model_name='accessrequestevent',
            name='answered_by',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='answered by'),
        ),
        migrations.AddField(
            model_name='accessrequestevent',
            name='centre',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='centres.preparationcentre', verbose_name='preparation centre'),
        ),
        migrations.AddField(
            model_name='accessrequestevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='state_reason_centre_answered_at_answered_by_events', to='centres.accessrequest'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='centre',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='centres.preparationcentre', verbose_name='preparation centre'),
        ),
        migrations.AddField(
            model_name='invitation',
            name='invited_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='invited by'),
        ),
        migrations.AddField(
            model_name='invitationevent',
            name='centre',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='centres.preparationcentre', verbose_name='preparation centre'),
        ),
        migrations.AddField(
            model_name='invitationevent',
            name='invited_by',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='invited by'),
        ),
        migrations.AddField(
            model_name='invitationevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='centres.invitation'),
        ),
        migrations.AddConstraint(
            model_name='accessrequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answered_at', None), ('answered_by', None), ('centre', None), ('reason', ''), ('state', 'open')), models.Q(('answered_at__isnull', False), ('answered_by__isnull', False), ('reason', ''), ('state', 'accepted')), models.Q(('answered_at__isnull', False), ('answered_by__isnull', False), ('centre', None), ('state', 'refused'), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='access_request_answer_whole'),
        ),
        migrations.AddConstraint(
            model_name='accessrequest',
            constraint=models.CheckConstraint(condition=models.Q(('language__in', ['it', 'en'])), name='access_request_language_known'),
        ),
        migrations.AddConstraint(
            model_name='accessrequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('school', ''), _negated=True), models.Q(('person', ''), _negated=True), models.Q(('email', ''), _negated=True)), name='access_request_has_words'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='accessrequest',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "centres_accessrequestevent" ("answered_at", "answered_by_id", "centre_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "state") VALUES (NEW."answered_at", NEW."answered_by_id", NEW."centre_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."reason", NEW."state"); RETURN NULL;', hash='34394d67fd75e73d27efcc6a68a3d9d0e0695177', operation='INSERT', pgid='pgtrigger_insert_insert_b5b53', table='centres_accessrequest', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='accessrequest',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."answered_at" IS DISTINCT FROM (NEW."answered_at") OR OLD."answered_by_id" IS DISTINCT FROM (NEW."answered_by_id") OR OLD."centre_id" IS DISTINCT FROM (NEW."centre_id") OR OLD."reason" IS DISTINCT FROM (NEW."reason") OR OLD."state" IS DISTINCT FROM (NEW."state"))', func='INSERT INTO "centres_accessrequestevent" ("answered_at", "answered_by_id", "centre_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "state") VALUES (NEW."answered_at", NEW."answered_by_id", NEW."centre_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."reason", NEW."state"); RETURN NULL;', hash='9e89fb7d4eddb48446268ef649a0a5f7999d8cd7', operation='UPDATE', pgid='pgtrigger_update_update_4254d', table='centres_accessrequest', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='accessrequest',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "centres_accessrequestevent" ("answered_at", "answered_by_id", "centre_id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "state") VALUES (OLD."answered_at", OLD."answered_by_id", OLD."centre_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."reason", OLD."state"); RETURN NULL;', hash='00b74ed02fb6ba8d6caa0f2440dc0458233750f5', operation='DELETE', pgid='pgtrigger_delete_delete_25333', table='centres_accessrequest', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='accessrequestevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='687b51338c69ca93f0f1d3dd91eccd0c55a3825e', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_cda55', table='centres_accessrequestevent', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.UniqueConstraint(models.F('centre'), django.db.models.functions.text.Lower('email'), condition=models.Q(('accepted_at', None), ('withdrawn_at', None)), name='invitation_open_once'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(('email__regex', '^[^@A-Z]+@[^@A-Z]+$')), name='invitation_address_signs_in'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(('role__in', ['manager', 'member'])), name='invitation_role_known'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(('language__in', ['it', 'en'])), name='invitation_language_known'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(('accepted_at', None), ('withdrawn_at', None), _connector='OR'), name='invitation_ends_one_way'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__lte', django.db.models.expressions.CombinedExpression(models.F('made_at'), '+', models.Value(datetime.timedelta(days=7))))), name='invitation_expires'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(('digest__regex', '^[0-9a-f]{64}$')), name='invitation_digest_whole'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='invitation',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "centres_invitationevent" ("accepted_at", "centre_id", "email", "expires_at", "id", "invited_by_id", "language", "made_at", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "withdrawn_at") VALUES (NEW."accepted_at", NEW."centre_id", NEW."email", NEW."expires_at", NEW."id", NEW."invited_by_id", NEW."language", NEW."made_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."role", NEW."withdrawn_at"); RETURN NULL;', hash='8355103d5712774575d04a503b7055ef631aed29', operation='INSERT', pgid='pgtrigger_insert_insert_697c9', table='centres_invitation', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='invitation',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."accepted_at" IS DISTINCT FROM (NEW."accepted_at") OR OLD."centre_id" IS DISTINCT FROM (NEW."centre_id") OR OLD."email" IS DISTINCT FROM (NEW."email") OR OLD."expires_at" IS DISTINCT FROM (NEW."expires_at") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."invited_by_id" IS DISTINCT FROM (NEW."invited_by_id") OR OLD."language" IS DISTINCT FROM (NEW."language") OR OLD."made_at" IS DISTINCT FROM (NEW."made_at") OR OLD."role" IS DISTINCT FROM (NEW."role") OR OLD."withdrawn_at" IS DISTINCT FROM (NEW."withdrawn_at"))', func='INSERT INTO "centres_invitationevent" ("accepted_at", "centre_id", "email", "expires_at", "id", "invited_by_id", "language", "made_at", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "withdrawn_at") VALUES (NEW."accepted_at", NEW."centre_id", NEW."email", NEW."expires_at", NEW."id", NEW."invited_by_id", NEW."language", NEW."made_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."role", NEW."withdrawn_at"); RETURN NULL;', hash='9c22d9bd1b4d6c343be0317007f7901c31b258c6', operation='UPDATE', pgid='pgtrigger_update_update_734d2', table='centres_invitation', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='invitation',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "centres_invitationevent" ("accepted_at", "centre_id", "email", "expires_at", "id", "invited_by_id", "language", "made_at", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "withdrawn_at") VALUES (OLD."accepted_at", OLD."centre_id", OLD."email", OLD."expires_at", OLD."id", OLD."invited_by_id", OLD."language", OLD."made_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."role", OLD."withdrawn_at"); RETURN NULL;', hash='0361fd13f52a414bd9e8086cc82854add8f265e8', operation='DELETE', pgid='pgtrigger_delete_delete_9edad', table='centres_invitation', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='invitationevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='af497b64aab234053c9ff98839cc15ccfd54e9f3', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_e2f7b', table='centres_invitationevent', when='BEFORE')),
        ),
    ]
