"""Questions about students. What a centre may ask, the database checks itself: the face could forget it.

The trigger runs with the rights of who asks. Two questions of a centre at once wait for each other, so that
the number of those that wait is exact.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

MOST_OPEN = 30

CHECK = f"""
CREATE FUNCTION centres_check_question() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM centres_membership m WHERE m.user_id = NEW.asked_by_id AND m.centre_id = NEW.centre_id
    ) THEN
        RAISE EXCEPTION 'a centre''s question is asked by one of its people'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'question_by_member';
    END IF;
    IF NOT EXISTS (
        SELECT FROM results_entry e
        WHERE e.session_id = NEW.session_id AND e.preparation_centre_id = NEW.centre_id
          AND (NEW.kind = 'missing' OR e.id = NEW.entry_id)
    ) THEN
        RAISE EXCEPTION 'a question is about a session, and a student in it, of the centre'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'question_about_own';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('centres_studentquestion'), hashint8(NEW.centre_id));
    IF {MOST_OPEN} <= (
        SELECT count(*) FROM centres_studentquestion q WHERE q.centre_id = NEW.centre_id AND q.state = 'open'
    ) THEN
        RAISE EXCEPTION 'too many questions of this centre wait for an answer'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'question_most_open';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER check_question BEFORE INSERT ON centres_studentquestion
    FOR EACH ROW EXECUTE FUNCTION centres_check_question();
"""
NO_CHECK = """
DROP TRIGGER check_question ON centres_studentquestion;
DROP FUNCTION centres_check_question;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('centres', '0003_packs'),
        ('results', '0013_figures'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='StudentQuestion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('not_ours', 'not our student'), ('missing', 'a student is missing')], max_length=8, verbose_name='question')),
                ('name', models.CharField(max_length=161, verbose_name='student')),
                ('date_of_birth', models.DateField(null=True, verbose_name='date of birth')),
                ('id_number', models.CharField(blank=True, max_length=20, verbose_name='ID Number')),
                ('message', models.CharField(blank=True, max_length=1000, verbose_name='message')),
                ('asked_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='asked')),
                ('state', models.CharField(choices=[('open', 'to be answered'), ('answered', 'closed')], db_default='open', max_length=8, verbose_name='state')),
                ('answer', models.CharField(blank=True, db_default='', max_length=1000, verbose_name='answer')),
                ('answered_at', models.DateTimeField(null=True, verbose_name='answered')),
                ('answered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='answered by')),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked by')),
                ('centre', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='questions', to='centres.preparationcentre', verbose_name='preparation centre')),
                ('entry', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='questions', to='results.entry', verbose_name='entry')),
                ('session', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='results.examsession', verbose_name='exam session')),
            ],
            options={
                'verbose_name': 'question about a student',
                'verbose_name_plural': 'questions about students',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='StudentQuestionEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('kind', models.CharField(choices=[('not_ours', 'not our student'), ('missing', 'a student is missing')], max_length=8, verbose_name='question')),
                ('state', models.CharField(choices=[('open', 'to be answered'), ('answered', 'closed')], db_default='open', max_length=8, verbose_name='state')),
                ('answer', models.CharField(blank=True, db_default='', max_length=1000, verbose_name='answer')),
                ('answered_at', models.DateTimeField(null=True, verbose_name='answered')),
                ('answered_by', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='answered by')),
                ('centre', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='centres.preparationcentre', verbose_name='preparation centre')),
                ('entry', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='results.entry', verbose_name='entry')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='centre_session_kind_entry_state_answer_answered_at_answered_by_events', to='centres.studentquestion')),
                ('session', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='results.examsession', verbose_name='exam session')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddConstraint(
            model_name='studentquestion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('date_of_birth', None), ('id_number', ''), ('kind', 'not_ours')), models.Q(('entry', None), ('kind', 'missing')), _connector='OR'), name='question_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='studentquestion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answer', ''), ('answered_at', None), ('answered_by', None), ('state', 'open')), models.Q(('answered_at__isnull', False), ('answered_by__isnull', False), ('state', 'answered'), models.Q(('answer', ''), _negated=True)), _connector='OR'), name='question_answer_whole'),
        ),
        migrations.AddConstraint(
            model_name='studentquestion',
            constraint=models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='question_has_name'),
        ),
        migrations.AddConstraint(
            model_name='studentquestion',
            constraint=models.UniqueConstraint(condition=models.Q(('entry__isnull', False), ('state', 'open')), fields=('centre', 'entry'), name='question_once_a_student'),
        ),
        migrations.AddConstraint(
            model_name='studentquestion',
            constraint=models.UniqueConstraint(models.F('centre'), models.F('session'), django.db.models.functions.text.Lower('name'), condition=models.Q(('kind', 'missing'), ('state', 'open')), name='question_once_a_name'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='studentquestion',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "centres_studentquestionevent" ("answer", "answered_at", "answered_by_id", "centre_id", "entry_id", "kind", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "session_id", "state") VALUES (NEW."answer", NEW."answered_at", NEW."answered_by_id", NEW."centre_id", NEW."entry_id", NEW."kind", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."session_id", NEW."state"); RETURN NULL;', hash='7bbc9de5479410279ae522d5ccb64f1cd68bb874', operation='INSERT', pgid='pgtrigger_insert_insert_a07f4', table='centres_studentquestion', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='studentquestion',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."answer" IS DISTINCT FROM (NEW."answer") OR OLD."answered_at" IS DISTINCT FROM (NEW."answered_at") OR OLD."answered_by_id" IS DISTINCT FROM (NEW."answered_by_id") OR OLD."centre_id" IS DISTINCT FROM (NEW."centre_id") OR OLD."entry_id" IS DISTINCT FROM (NEW."entry_id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."session_id" IS DISTINCT FROM (NEW."session_id") OR OLD."state" IS DISTINCT FROM (NEW."state"))', func='INSERT INTO "centres_studentquestionevent" ("answer", "answered_at", "answered_by_id", "centre_id", "entry_id", "kind", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "session_id", "state") VALUES (NEW."answer", NEW."answered_at", NEW."answered_by_id", NEW."centre_id", NEW."entry_id", NEW."kind", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."session_id", NEW."state"); RETURN NULL;', hash='4f3dc0189c01cc037ea0c313243f7558a30c5a91', operation='UPDATE', pgid='pgtrigger_update_update_bacc8', table='centres_studentquestion', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='studentquestion',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "centres_studentquestionevent" ("answer", "answered_at", "answered_by_id", "centre_id", "entry_id", "kind", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "session_id", "state") VALUES (OLD."answer", OLD."answered_at", OLD."answered_by_id", OLD."centre_id", OLD."entry_id", OLD."kind", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."session_id", OLD."state"); RETURN NULL;', hash='e6297c87a246194b32fcef41fb11b424f07c7b7d', operation='DELETE', pgid='pgtrigger_delete_delete_2ee08', table='centres_studentquestion', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='studentquestionevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='18f4574716dd3d9ab7976332819e3504c7482ff8', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_f54ac', table='centres_studentquestionevent', when='BEFORE')),
        ),
        migrations.RunSQL(CHECK, NO_CHECK),
    ]
