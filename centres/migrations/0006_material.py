"""Preparation material.

The centres' role reads what is published (row-level security) and nothing of the counts of downloads: it
counts by centres_count_download, for the person who downloads and only while that person is a member of a
centre. The function runs with the rights of the tables' owner, on a fixed search path.
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

PUBLISHED = """
ALTER TABLE centres_material ENABLE ROW LEVEL SECURITY;
CREATE POLICY centres_published ON centres_material FOR SELECT TO portal_centres USING (published_at <= now());
CREATE POLICY staff_all ON centres_material TO portal_staff USING (true) WITH CHECK (true);
"""
NOT_PUBLISHED = """
DROP POLICY centres_published ON centres_material;
DROP POLICY staff_all ON centres_material;
ALTER TABLE centres_material DISABLE ROW LEVEL SECURITY;
"""

# Of several centres the first by name counts.
COUNT = """
CREATE FUNCTION centres_count_download(of_material bigint, account bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO centres_download (material_id, centre_id, day, count)
    SELECT m.id, p.id, current_date, 1
    FROM centres_material m, centres_membership s JOIN centres_preparationcentre p ON p.id = s.centre_id
    WHERE m.id = of_material AND m.published_at <= now() AND s.user_id = account
    ORDER BY lower(p.name) LIMIT 1
    ON CONFLICT (material_id, centre_id, day) DO UPDATE SET count = centres_download.count + 1
$$;
REVOKE EXECUTE ON FUNCTION centres_count_download FROM PUBLIC;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_authenticator_app'),
        ('centres', '0005_news'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='MaterialVisit',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('before_at', models.DateTimeField(null=True)),
                ('latest_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Material',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('title_it', models.CharField(max_length=120, verbose_name='title in Italian')),
                ('title_en', models.CharField(max_length=120, verbose_name='title in English')),
                ('description_it', models.TextField(blank=True, max_length=2000, verbose_name='description in Italian')),
                ('description_en', models.TextField(blank=True, max_length=2000, verbose_name='description in English')),
                ('exams', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('A2K', 'A2 Key'), ('A2KS', 'A2 Key for Schools'), ('B1P', 'B1 Preliminary'), ('B1PS', 'B1 Preliminary for Schools'), ('B2F', 'B2 First'), ('B2FS', 'B2 First for Schools'), ('C1A', 'C1 Advanced'), ('C2P', 'C2 Proficiency'), ('YLS', 'Pre A1 Starters'), ('YLM', 'A1 Movers'), ('YLF', 'A2 Flyers')], max_length=10), size=None, verbose_name='exams')),
                ('skills', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('reading', 'Reading'), ('use_of_english', 'Use of English'), ('writing', 'Writing'), ('listening', 'Listening'), ('speaking', 'Speaking'), ('reading_and_writing', 'Reading and Writing')], max_length=20), blank=True, default=list, size=None, verbose_name='skills')),
                ('kind', models.CharField(choices=[('sample_paper', 'Sample paper'), ('answer_key', 'Answer key'), ('audio', 'Audio'), ('video', 'Video'), ('lesson', 'Lesson plan or worksheet'), ('handbook', 'Handbook'), ('other', 'Other')], max_length=12, verbose_name='kind')),
                ('published_at', models.DateTimeField(blank=True, null=True, verbose_name='published')),
                ('stored_name', models.CharField(editable=False, max_length=32, unique=True)),
                ('file_name', models.CharField(editable=False, max_length=150, verbose_name='name of the file')),
                ('size', models.PositiveIntegerField(editable=False, verbose_name='size in bytes')),
                ('sha256', models.CharField(editable=False, max_length=64, verbose_name='SHA-256')),
                ('media_type', models.CharField(editable=False, max_length=100, verbose_name='type')),
                ('uploaded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='uploaded')),
                ('uploaded_by', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='uploaded by')),
            ],
            options={
                'verbose_name': 'preparation material',
                'verbose_name_plural': 'preparation material',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='Download',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='day')),
                ('count', models.PositiveIntegerField(verbose_name='downloads')),
                ('centre', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='centres.preparationcentre', verbose_name='preparation centre')),
                ('material', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='centres.material', verbose_name='material')),
            ],
            options={
                'verbose_name': 'downloads of a day',
                'verbose_name_plural': 'downloads of a day',
            },
        ),
        migrations.CreateModel(
            name='MaterialEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('pgh_context_id', models.UUIDField(null=True)),
                ('id', models.BigIntegerField()),
                ('title_it', models.CharField(max_length=120, verbose_name='title in Italian')),
                ('title_en', models.CharField(max_length=120, verbose_name='title in English')),
                ('description_it', models.TextField(blank=True, max_length=2000, verbose_name='description in Italian')),
                ('description_en', models.TextField(blank=True, max_length=2000, verbose_name='description in English')),
                ('exams', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('A2K', 'A2 Key'), ('A2KS', 'A2 Key for Schools'), ('B1P', 'B1 Preliminary'), ('B1PS', 'B1 Preliminary for Schools'), ('B2F', 'B2 First'), ('B2FS', 'B2 First for Schools'), ('C1A', 'C1 Advanced'), ('C2P', 'C2 Proficiency'), ('YLS', 'Pre A1 Starters'), ('YLM', 'A1 Movers'), ('YLF', 'A2 Flyers')], max_length=10), size=None, verbose_name='exams')),
                ('skills', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('reading', 'Reading'), ('use_of_english', 'Use of English'), ('writing', 'Writing'), ('listening', 'Listening'), ('speaking', 'Speaking'), ('reading_and_writing', 'Reading and Writing')], max_length=20), blank=True, default=list, size=None, verbose_name='skills')),
                ('kind', models.CharField(choices=[('sample_paper', 'Sample paper'), ('answer_key', 'Answer key'), ('audio', 'Audio'), ('video', 'Video'), ('lesson', 'Lesson plan or worksheet'), ('handbook', 'Handbook'), ('other', 'Other')], max_length=12, verbose_name='kind')),
                ('published_at', models.DateTimeField(blank=True, null=True, verbose_name='published')),
                ('file_name', models.CharField(editable=False, max_length=150, verbose_name='name of the file')),
                ('size', models.PositiveIntegerField(editable=False, verbose_name='size in bytes')),
                ('sha256', models.CharField(editable=False, max_length=64, verbose_name='SHA-256')),
                ('media_type', models.CharField(editable=False, max_length=100, verbose_name='type')),
                ('uploaded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='uploaded')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='centres.material')),
                ('uploaded_by', models.ForeignKey(db_constraint=False, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='uploaded by')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddConstraint(
            model_name='material',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('title_it', ''), _negated=True), models.Q(('title_en', ''), _negated=True)), name='material_titles_in_both'),
        ),
        migrations.AddConstraint(
            model_name='material',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('description_en', ''), ('description_it', '')), models.Q(models.Q(('description_it', ''), _negated=True), models.Q(('description_en', ''), _negated=True)), _connector='OR'), name='material_description_in_both_or_none', violation_error_message='Write the description in both languages, or in neither.'),
        ),
        migrations.AddConstraint(
            model_name='material',
            constraint=models.CheckConstraint(condition=models.Q(('exams__contained_by', ['A2K', 'A2KS', 'B1P', 'B1PS', 'B2F', 'B2FS', 'C1A', 'C2P', 'YLS', 'YLM', 'YLF']), ('exams__len__gt', 0)), name='material_exams_known'),
        ),
        migrations.AddConstraint(
            model_name='material',
            constraint=models.CheckConstraint(condition=models.Q(('skills__contained_by', ['reading', 'use_of_english', 'writing', 'listening', 'speaking', 'reading_and_writing'])), name='material_skills_known'),
        ),
        migrations.AddConstraint(
            model_name='material',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['sample_paper', 'answer_key', 'audio', 'video', 'lesson', 'handbook', 'other'])), name='material_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='material',
            constraint=models.CheckConstraint(condition=models.Q(('stored_name__regex', '^[0-9a-f]{32}$')), name='material_stored_name_form'),
        ),
        migrations.AddConstraint(
            model_name='material',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('file_name', ''), _negated=True), models.Q(('file_name__regex', '[/\\\\[:cntrl:]]'), _negated=True)), name='material_file_name_plain'),
        ),
        migrations.AddConstraint(
            model_name='material',
            constraint=models.CheckConstraint(condition=models.Q(('size__gt', 0), ('size__lte', 200000000)), name='material_size_allowed'),
        ),
        migrations.AddConstraint(
            model_name='material',
            constraint=models.CheckConstraint(condition=models.Q(('sha256__regex', '^[0-9a-f]{64}$')), name='material_sha256_form'),
        ),
        migrations.AddConstraint(
            model_name='material',
            constraint=models.CheckConstraint(condition=models.Q(('media_type__regex', '^[a-z]+/[a-z0-9.+-]+$')), name='material_media_type_form'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='material',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "centres_materialevent" ("description_en", "description_it", "exams", "file_name", "id", "kind", "media_type", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "published_at", "sha256", "size", "skills", "title_en", "title_it", "uploaded_at", "uploaded_by_id") VALUES (NEW."description_en", NEW."description_it", NEW."exams", NEW."file_name", NEW."id", NEW."kind", NEW."media_type", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'insert\', NEW."id", NEW."published_at", NEW."sha256", NEW."size", NEW."skills", NEW."title_en", NEW."title_it", NEW."uploaded_at", NEW."uploaded_by_id"); RETURN NULL;', hash='51473e06b0a763cdf604b50972f6bbef70ecac07', operation='INSERT', pgid='pgtrigger_insert_insert_e98b3', table='centres_material', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='material',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."description_en" IS DISTINCT FROM (NEW."description_en") OR OLD."description_it" IS DISTINCT FROM (NEW."description_it") OR OLD."exams" IS DISTINCT FROM (NEW."exams") OR OLD."file_name" IS DISTINCT FROM (NEW."file_name") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."media_type" IS DISTINCT FROM (NEW."media_type") OR OLD."published_at" IS DISTINCT FROM (NEW."published_at") OR OLD."sha256" IS DISTINCT FROM (NEW."sha256") OR OLD."size" IS DISTINCT FROM (NEW."size") OR OLD."skills" IS DISTINCT FROM (NEW."skills") OR OLD."title_en" IS DISTINCT FROM (NEW."title_en") OR OLD."title_it" IS DISTINCT FROM (NEW."title_it") OR OLD."uploaded_at" IS DISTINCT FROM (NEW."uploaded_at") OR OLD."uploaded_by_id" IS DISTINCT FROM (NEW."uploaded_by_id"))', func='INSERT INTO "centres_materialevent" ("description_en", "description_it", "exams", "file_name", "id", "kind", "media_type", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "published_at", "sha256", "size", "skills", "title_en", "title_it", "uploaded_at", "uploaded_by_id") VALUES (NEW."description_en", NEW."description_it", NEW."exams", NEW."file_name", NEW."id", NEW."kind", NEW."media_type", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'update\', NEW."id", NEW."published_at", NEW."sha256", NEW."size", NEW."skills", NEW."title_en", NEW."title_it", NEW."uploaded_at", NEW."uploaded_by_id"); RETURN NULL;', hash='886ea097f9c214f349afb8caf5f6e6d091cf8583', operation='UPDATE', pgid='pgtrigger_update_update_f254f', table='centres_material', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='material',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "centres_materialevent" ("description_en", "description_it", "exams", "file_name", "id", "kind", "media_type", "pgh_context", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "published_at", "sha256", "size", "skills", "title_en", "title_it", "uploaded_at", "uploaded_by_id") VALUES (OLD."description_en", OLD."description_it", OLD."exams", OLD."file_name", OLD."id", OLD."kind", OLD."media_type", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_id\', TRUE), \'\'), NULL)::UUID, NOW(), \'delete\', OLD."id", OLD."published_at", OLD."sha256", OLD."size", OLD."skills", OLD."title_en", OLD."title_it", OLD."uploaded_at", OLD."uploaded_by_id"); RETURN NULL;', hash='b7ac51fffeb9c970abc8db562f099082f621f352', operation='DELETE', pgid='pgtrigger_delete_delete_a3db0', table='centres_material', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='download',
            constraint=models.UniqueConstraint(fields=('material', 'centre', 'day'), name='download_one_row_a_day'),
        ),
        migrations.AddConstraint(
            model_name='download',
            constraint=models.CheckConstraint(condition=models.Q(('count__gt', 0)), name='download_counts_up'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='materialevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='c4cb95deddcf9535c47cca91f39544c5eaccd9da', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_a8bde', table='centres_materialevent', when='BEFORE')),
        ),
        migrations.RunSQL(PUBLISHED, NOT_PUBLISHED),
        migrations.RunSQL(COUNT, "DROP FUNCTION centres_count_download"),
    ]
