"""News and initiatives: what a post is, and the one rule of which account may see it, from when to when.

centres_visible_posts is the rule: a row for each post that an account may see now. The list, the page, the
feed and the digest start from it, and the roles of the preparation centres' face and of the worker read posts
through it alone: drafts, planned and expired posts, and what is for others, are not in it. It belongs to the
tables' owner and is a security barrier, like the gate (results/migrations/0007_gate.py). Which state a post is
in, centres_post_state says for the view and for the exams office's list, by the database's clock.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.db import migrations, models

STATE = """
CREATE FUNCTION centres_post_state(published_at timestamptz, expires_at timestamptz) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN published_at IS NULL THEN 'draft'
        WHEN published_at > now() THEN 'planned'
        WHEN expires_at <= now() THEN 'expired'
        ELSE 'published'
    END
$$;
"""
VISIBLE = """
CREATE VIEW centres_visible_posts WITH (security_barrier) AS
SELECT p.id, u.id AS user_id, p.key, p.kind, p.title_it, p.title_en, p.summary_it, p.summary_en, p.body_it,
       p.body_en, p.held_on, p.place, p.sign_up_by, p.is_pinned, p.published_at,
       greatest(p.published_at, p.revised_at) AS updated_at
FROM centres_post p
CROSS JOIN accounts_user u
WHERE centres_post_state(p.published_at, p.expires_at) = 'published'
  AND u.face = 'centres' AND u.is_active
  AND EXISTS (
      SELECT FROM centres_membership m
      WHERE m.user_id = u.id AND (p.to_all OR EXISTS (
          SELECT FROM centres_postaudience a WHERE a.post_id = p.id AND a.centre_id = m.centre_id
      ))
  );
"""
# A feed and a page say when a post was changed: in its words, not in whom it is for or how long it stays.
REVISED = """
CREATE FUNCTION centres_post_revised() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.revised_at := least(now(), NEW.published_at);  -- of an older notice, when it was given
    ELSIF
       (OLD.kind, OLD.title_it, OLD.title_en, OLD.summary_it, OLD.summary_en, OLD.body_it, OLD.body_en,
        OLD.held_on, OLD.place, OLD.sign_up_by) IS NOT DISTINCT FROM
       (NEW.kind, NEW.title_it, NEW.title_en, NEW.summary_it, NEW.summary_en, NEW.body_it, NEW.body_en,
        NEW.held_on, NEW.place, NEW.sign_up_by) THEN
        NEW.revised_at := OLD.revised_at;
    ELSE
        NEW.revised_at := now();
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER post_revised BEFORE INSERT OR UPDATE ON centres_post
    FOR EACH ROW EXECUTE FUNCTION centres_post_revised();
"""
# A row goes with its account, whoever deletes that: no role needs a right of its own for it.
GOES_WITH = """
ALTER TABLE centres_newsreader ADD CONSTRAINT news_reader_of_user
    FOREIGN KEY (user_id) REFERENCES accounts_user ON DELETE CASCADE;
ALTER TABLE centres_newsdigest ADD CONSTRAINT news_digest_of_user
    FOREIGN KEY (user_id) REFERENCES accounts_user ON DELETE CASCADE;
"""
BACK = """
DROP VIEW centres_visible_posts;
DROP TRIGGER post_revised ON centres_post;
DROP FUNCTION centres_post_revised;
DROP FUNCTION centres_post_state;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('centres', '0004_questions'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='VisiblePost',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name='key')),
                ('kind', models.CharField(choices=[('news', 'news'), ('initiative', 'initiative')], default='news', max_length=10, verbose_name='kind')),
                ('title_it', models.CharField(max_length=150, verbose_name='title')),
                ('title_en', models.CharField(max_length=150, verbose_name='title')),
                ('summary_it', models.CharField(blank=True, max_length=300, verbose_name='summary')),
                ('summary_en', models.CharField(blank=True, max_length=300, verbose_name='summary')),
                ('body_it', models.TextField(blank=True, max_length=20000, verbose_name='text')),
                ('body_en', models.TextField(blank=True, max_length=20000, verbose_name='text')),
                ('held_on', models.DateField(blank=True, null=True, verbose_name='day')),
                ('place', models.CharField(blank=True, max_length=150, verbose_name='place')),
                ('sign_up_by', models.DateField(blank=True, null=True, verbose_name='sign up by')),
                ('is_pinned', models.BooleanField(default=False, help_text='Stands above the others, in the list and after signing in.', verbose_name='pinned')),
                ('published_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'centres_visible_posts',
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='NewsReader',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('feed_number', models.CharField(max_length=22, unique=True)),
                ('wants_digest', models.BooleanField(db_default=False, default=False, verbose_name='weekly digest by email')),
                ('wants_digest_since', models.DateTimeField(null=True, verbose_name='since')),
                ('visited_at', models.DateTimeField(null=True)),
                ('new_from', models.DateTimeField(null=True)),
                ('user', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='news_reader', to=settings.AUTH_USER_MODEL, verbose_name='account')),
            ],
            options={
                'verbose_name': 'reader of the news',
                'verbose_name_plural': 'readers of the news',
            },
        ),
        migrations.CreateModel(
            name='NewsReaderEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.BigIntegerField()),
                ('wants_digest', models.BooleanField(db_default=False, default=False, verbose_name='weekly digest by email')),
                ('wants_digest_since', models.DateTimeField(null=True, verbose_name='since')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='centres.newsreader')),
                ('user', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='account')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Post',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name='key')),
                ('kind', models.CharField(choices=[('news', 'news'), ('initiative', 'initiative')], default='news', max_length=10, verbose_name='kind')),
                ('title_it', models.CharField(max_length=150, verbose_name='title')),
                ('title_en', models.CharField(max_length=150, verbose_name='title')),
                ('summary_it', models.CharField(blank=True, max_length=300, verbose_name='summary')),
                ('summary_en', models.CharField(blank=True, max_length=300, verbose_name='summary')),
                ('body_it', models.TextField(blank=True, max_length=20000, verbose_name='text')),
                ('body_en', models.TextField(blank=True, max_length=20000, verbose_name='text')),
                ('held_on', models.DateField(blank=True, null=True, verbose_name='day')),
                ('place', models.CharField(blank=True, max_length=150, verbose_name='place')),
                ('sign_up_by', models.DateField(blank=True, null=True, verbose_name='sign up by')),
                ('is_pinned', models.BooleanField(default=False, help_text='Stands above the others, in the list and after signing in.', verbose_name='pinned')),
                ('published_at', models.DateTimeField(blank=True, null=True, verbose_name='published from')),
                ('expires_at', models.DateTimeField(blank=True, null=True, verbose_name='until')),
                ('to_all', models.BooleanField(default=True, verbose_name='for all preparation centres')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='created')),
                ('revised_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='changed')),
                ('author', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='written by')),
            ],
            options={
                'verbose_name': 'post',
                'verbose_name_plural': 'news and initiatives',
            },
        ),
        migrations.CreateModel(
            name='PostAudience',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('centre', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='centres.preparationcentre', verbose_name='preparation centre')),
                ('post', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='audience', to='centres.post', verbose_name='post')),
            ],
            options={
                'verbose_name': 'audience of a post',
                'verbose_name_plural': 'audiences of posts',
            },
        ),
        migrations.AddField(
            model_name='post',
            name='centres',
            field=models.ManyToManyField(blank=True, through='centres.PostAudience', to='centres.preparationcentre', verbose_name='preparation centres'),
        ),
        migrations.CreateModel(
            name='PostAudienceEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.BigIntegerField()),
                ('centre', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='centres.preparationcentre', verbose_name='preparation centre')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='centres.postaudience')),
                ('post', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='centres.post', verbose_name='post')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='PostEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.BigIntegerField()),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, verbose_name='key')),
                ('kind', models.CharField(choices=[('news', 'news'), ('initiative', 'initiative')], default='news', max_length=10, verbose_name='kind')),
                ('title_it', models.CharField(max_length=150, verbose_name='title')),
                ('title_en', models.CharField(max_length=150, verbose_name='title')),
                ('summary_it', models.CharField(blank=True, max_length=300, verbose_name='summary')),
                ('summary_en', models.CharField(blank=True, max_length=300, verbose_name='summary')),
                ('body_it', models.TextField(blank=True, max_length=20000, verbose_name='text')),
                ('body_en', models.TextField(blank=True, max_length=20000, verbose_name='text')),
                ('held_on', models.DateField(blank=True, null=True, verbose_name='day')),
                ('place', models.CharField(blank=True, max_length=150, verbose_name='place')),
                ('sign_up_by', models.DateField(blank=True, null=True, verbose_name='sign up by')),
                ('is_pinned', models.BooleanField(default=False, help_text='Stands above the others, in the list and after signing in.', verbose_name='pinned')),
                ('published_at', models.DateTimeField(blank=True, null=True, verbose_name='published from')),
                ('expires_at', models.DateTimeField(blank=True, null=True, verbose_name='until')),
                ('to_all', models.BooleanField(default=True, verbose_name='for all preparation centres')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='created')),
                ('revised_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='changed')),
                ('author', models.ForeignKey(db_constraint=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='written by')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='centres.post')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='NewsDigest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('issue', models.DateField()),
                ('posts', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ('state', models.CharField(choices=[('due', 'waiting'), ('sending', 'being sent'), ('sent', 'sent'), ('given_up', 'given up'), ('dropped', 'not sent: no longer true')], db_default='due', default='due', max_length=10)),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('sent_at', models.DateTimeField(null=True)),
                ('attempts', models.PositiveSmallIntegerField(db_default=0, default=0)),
                ('last_error', models.CharField(blank=True, db_default='', max_length=200)),
                ('user', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='news_digests', to=settings.AUTH_USER_MODEL, verbose_name='account')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state__in', ['due', 'sending'])), fields=['due_at', 'id'], name='digest_open')],
                'constraints': [models.UniqueConstraint(fields=('user', 'issue'), name='digest_once_a_week'), models.CheckConstraint(condition=models.Q(('state__in', ['due', 'sending', 'sent', 'given_up', 'dropped'])), name='digest_state_known'), models.CheckConstraint(condition=models.Q(models.Q(('sent_at__isnull', False), ('state', 'sent')), models.Q(models.Q(('state', 'sent'), _negated=True), ('sent_at', None)), _connector='OR'), name='digest_sent_has_time')],
            },
        ),
        migrations.AddConstraint(
            model_name='newsreader',
            constraint=models.CheckConstraint(condition=models.Q(('feed_number__regex', '^[A-Za-z0-9_-]{22}$')), name='reader_feed_number_form'),
        ),
        migrations.AddConstraint(
            model_name='newsreader',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('wants_digest', True), ('wants_digest_since__isnull', False)), models.Q(('wants_digest', False), ('wants_digest_since', None)), _connector='OR'), name='reader_wants_digest_since'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='newsreader',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "centres_newsreaderevent" ("id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id", "wants_digest", "wants_digest_since") VALUES (NEW."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."user_id", NEW."wants_digest", NEW."wants_digest_since"); RETURN NULL;', hash='0ed1a2179f2297e0e4cfbb589945f60b530e96e4', operation='INSERT', pgid='pgtrigger_insert_insert_444ce', table='centres_newsreader', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='newsreader',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."user_id" IS DISTINCT FROM (NEW."user_id") OR OLD."wants_digest" IS DISTINCT FROM (NEW."wants_digest") OR OLD."wants_digest_since" IS DISTINCT FROM (NEW."wants_digest_since"))', func='INSERT INTO "centres_newsreaderevent" ("id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id", "wants_digest", "wants_digest_since") VALUES (NEW."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."user_id", NEW."wants_digest", NEW."wants_digest_since"); RETURN NULL;', hash='76f58bf1b0c9d2a3c7860fa8e6bd164014a89950', operation='UPDATE', pgid='pgtrigger_update_update_83a36', table='centres_newsreader', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='newsreader',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "centres_newsreaderevent" ("id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id", "wants_digest", "wants_digest_since") VALUES (OLD."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."user_id", OLD."wants_digest", OLD."wants_digest_since"); RETURN NULL;', hash='3b5b6f148025fb9a0333afa3991981bc5ff9d433', operation='DELETE', pgid='pgtrigger_delete_delete_eeae2', table='centres_newsreader', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='newsreaderevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='17f555efea50eb2b9da7fa9b44d019e1d6f63b97', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_cd54b', table='centres_newsreaderevent', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='postaudience',
            constraint=models.UniqueConstraint(fields=('post', 'centre'), name='post_audience_once'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='postaudience',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "centres_postaudienceevent" ("centre_id", "id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "post_id") VALUES (NEW."centre_id", NEW."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."post_id"); RETURN NULL;', hash='ebd9641e788aa46f89c4a61f6e2fb581386b57b3', operation='INSERT', pgid='pgtrigger_insert_insert_73bd0', table='centres_postaudience', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='postaudience',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "centres_postaudienceevent" ("centre_id", "id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "post_id") VALUES (NEW."centre_id", NEW."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."post_id"); RETURN NULL;', hash='f2bca41bf47d7585941d0627c612738904e315d3', operation='UPDATE', pgid='pgtrigger_update_update_93af4', table='centres_postaudience', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='postaudience',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "centres_postaudienceevent" ("centre_id", "id", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "post_id") VALUES (OLD."centre_id", OLD."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."post_id"); RETURN NULL;', hash='499694361cabe8f4cc8f42e6967e574a821726c9', operation='DELETE', pgid='pgtrigger_delete_delete_bf3d5', table='centres_postaudience', when='AFTER')),
        ),
        migrations.AddIndex(
            model_name='post',
            index=models.Index(fields=['published_at'], name='post_published_at'),
        ),
        migrations.AddConstraint(
            model_name='post',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['news', 'initiative'])), name='post_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='post',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('title_it', ''), _negated=True), models.Q(('title_en', ''), _negated=True)), name='post_has_titles', violation_error_message='Give the title in both languages.'),
        ),
        migrations.AddConstraint(
            model_name='post',
            constraint=models.CheckConstraint(condition=models.Q(('published_at', None), models.Q(models.Q(('body_it', ''), _negated=True), models.Q(('body_en', ''), _negated=True)), _connector='OR'), name='post_published_in_both_languages', violation_error_message='Write the text in both languages before it is published.'),
        ),
        migrations.AddConstraint(
            model_name='post',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at', None), ('published_at', None), ('expires_at__gt', models.F('published_at')), _connector='OR'), name='post_expires_after_publication', violation_error_message='A post ends after it is published.'),
        ),
        migrations.AddConstraint(
            model_name='post',
            constraint=models.CheckConstraint(condition=models.Q(('kind', 'initiative'), models.Q(('held_on', None), ('place', ''), ('sign_up_by', None)), _connector='OR'), name='post_dates_of_initiatives_only', violation_error_message='Only an initiative has a day, a place and a last day to sign up.'),
        ),
        migrations.AddConstraint(
            model_name='post',
            constraint=models.CheckConstraint(condition=models.Q(('sign_up_by', None), ('held_on', None), ('sign_up_by__lte', models.F('held_on')), _connector='OR'), name='post_sign_up_before_the_day', violation_error_message='The last day to sign up is not after the day itself.'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='post',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "centres_postevent" ("author_id", "body_en", "body_it", "created_at", "expires_at", "held_on", "id", "is_pinned", "key", "kind", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "place", "published_at", "revised_at", "sign_up_by", "summary_en", "summary_it", "title_en", "title_it", "to_all") VALUES (NEW."author_id", NEW."body_en", NEW."body_it", NEW."created_at", NEW."expires_at", NEW."held_on", NEW."id", NEW."is_pinned", NEW."key", NEW."kind", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."place", NEW."published_at", NEW."revised_at", NEW."sign_up_by", NEW."summary_en", NEW."summary_it", NEW."title_en", NEW."title_it", NEW."to_all"); RETURN NULL;', hash='d0a826312c9c725b65f2bc9ff25894984c4f9873', operation='INSERT', pgid='pgtrigger_insert_insert_6a4a9', table='centres_post', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='post',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "centres_postevent" ("author_id", "body_en", "body_it", "created_at", "expires_at", "held_on", "id", "is_pinned", "key", "kind", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "place", "published_at", "revised_at", "sign_up_by", "summary_en", "summary_it", "title_en", "title_it", "to_all") VALUES (NEW."author_id", NEW."body_en", NEW."body_it", NEW."created_at", NEW."expires_at", NEW."held_on", NEW."id", NEW."is_pinned", NEW."key", NEW."kind", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."place", NEW."published_at", NEW."revised_at", NEW."sign_up_by", NEW."summary_en", NEW."summary_it", NEW."title_en", NEW."title_it", NEW."to_all"); RETURN NULL;', hash='6d5b1bf73f33406aed1258e186160d58e45ba78d', operation='UPDATE', pgid='pgtrigger_update_update_1e953', table='centres_post', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='post',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "centres_postevent" ("author_id", "body_en", "body_it", "created_at", "expires_at", "held_on", "id", "is_pinned", "key", "kind", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "place", "published_at", "revised_at", "sign_up_by", "summary_en", "summary_it", "title_en", "title_it", "to_all") VALUES (OLD."author_id", OLD."body_en", OLD."body_it", OLD."created_at", OLD."expires_at", OLD."held_on", OLD."id", OLD."is_pinned", OLD."key", OLD."kind", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."place", OLD."published_at", OLD."revised_at", OLD."sign_up_by", OLD."summary_en", OLD."summary_it", OLD."title_en", OLD."title_it", OLD."to_all"); RETURN NULL;', hash='8ddde5365972f410050a681137b677bfbfc18a51', operation='DELETE', pgid='pgtrigger_delete_delete_78005', table='centres_post', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='postaudienceevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='c49070a4a961ca94ce2e381dcc9be002f9e68e9e', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_3bbfb', table='centres_postaudienceevent', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='postevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='a1b8295974b925e4d692e29ac92d902d17005fc8', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_bacaf', table='centres_postevent', when='BEFORE')),
        ),
        migrations.RunSQL(STATE + VISIBLE + REVISED, BACK),
        migrations.RunSQL(GOES_WITH, migrations.RunSQL.noop),
    ]
