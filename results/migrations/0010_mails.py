"""The outbox of mails about results, postponed sessions and reminders."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

# A row goes with what it is about, whoever deletes that: no role needs a right of its own for it.
GOES_WITH = """
ALTER TABLE results_mail
    ADD CONSTRAINT mail_of_session FOREIGN KEY (session_id) REFERENCES results_examsession ON DELETE CASCADE,
    ADD CONSTRAINT mail_of_entry FOREIGN KEY (entry_id) REFERENCES results_entry ON DELETE CASCADE,
    ADD CONSTRAINT mail_of_centre FOREIGN KEY (preparation_centre_id)
        REFERENCES centres_preparationcentre ON DELETE CASCADE,
    ADD CONSTRAINT mail_of_user FOREIGN KEY (user_id) REFERENCES accounts_user ON DELETE CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("centres", "0001_initial"),
        ("results", "0009_slips"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Mail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('results', 'results are available'), ('amended', 'a result was amended'), ('postponed', 'results come later'), ('reminder', 'reminder to register')], max_length=10, verbose_name='about')),
                ('audience', models.CharField(choices=[('candidates', 'candidates'), ('centres', 'preparation centres')], max_length=10, verbose_name='to')),
                ('address', models.EmailField(blank=True, db_default='', max_length=254, verbose_name='e-mail address of the entry')),
                ('cause', models.PositiveBigIntegerField(db_default=0, default=0)),
                ('state', models.CharField(choices=[('due', 'waiting'), ('sending', 'being sent'), ('sent', 'sent'), ('given_up', 'given up'), ('dropped', 'not sent: no longer true')], db_default='due', default='due', max_length=10, verbose_name='state')),
                ('turn', models.GeneratedField(db_persist=True, expression=models.Case(models.When(kind='reminder', then=2), models.When(audience='centres', then=1), default=0), output_field=models.PositiveSmallIntegerField())),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='queued')),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='next try')),
                ('sent_at', models.DateTimeField(null=True, verbose_name='sent')),
                ('attempts', models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name='tries')),
                ('last_error', models.CharField(blank=True, db_default='', max_length=200, verbose_name='last error')),
                ('message_id', models.CharField(blank=True, db_default='', max_length=120)),
                ('entry', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='mails', to='results.entry', verbose_name='entry')),
                ('preparation_centre', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='mails', to='centres.preparationcentre', verbose_name='preparation centre')),
                ('session', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='mails', to='results.examsession', verbose_name='exam session')),
                ('user', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='mails', to=settings.AUTH_USER_MODEL, verbose_name='account')),
            ],
            options={
                'verbose_name': 'mail',
                'verbose_name_plural': 'mails',
                'indexes': [models.Index(condition=models.Q(('state', 'due')), fields=['turn', 'due_at', 'id'], name='mail_due'), models.Index(condition=models.Q(('state', 'sending')), fields=['id'], name='mail_sending')],
                'constraints': [models.UniqueConstraint(fields=('session', 'kind', 'entry', 'preparation_centre', 'user', 'cause'), name='mail_once', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('kind__in', ['results', 'amended', 'postponed', 'reminder'])), name='mail_kind_known'), models.CheckConstraint(condition=models.Q(('state__in', ['due', 'sending', 'sent', 'given_up', 'dropped'])), name='mail_state_known'), models.CheckConstraint(condition=models.Q(models.Q(('address', ''), ('audience', 'candidates'), ('entry__isnull', False), ('preparation_centre', None), ('user__isnull', False)), models.Q(('audience', 'candidates'), ('entry__isnull', False), ('kind', 'reminder'), ('user', None), ('preparation_centre', None), models.Q(('address', ''), _negated=True)), models.Q(('address', ''), ('audience', 'centres'), ('entry', None), ('preparation_centre__isnull', False), ('user__isnull', False)), _connector='OR'), name='mail_has_one_addressee'), models.CheckConstraint(condition=models.Q(models.Q(('sent_at__isnull', False), ('state', 'sent')), models.Q(models.Q(('state', 'sent'), _negated=True), ('sent_at', None)), _connector='OR'), name='mail_sent_has_time')],
            },
        ),
        migrations.RunSQL(GOES_WITH, migrations.RunSQL.noop),
    ]
