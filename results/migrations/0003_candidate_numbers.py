"""Candidate numbers of more than four digits, for a session of more than 10,000 candidates.

The board's form is four digits within centre and session; it stays the usual one. The numbers are checked
when a statement ends, so that one file may exchange those of two candidates.
"""

import django.db.models.constraints
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('centres', '0001_initial'),
        ('results', '0002_gate'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='entry',
            name='entry_candidate_number_once',
        ),
        migrations.RemoveConstraint(
            model_name='entry',
            name='entry_candidate_number_form',
        ),
        migrations.AlterField(
            model_name='entry',
            name='candidate_number',
            field=models.CharField(max_length=6, verbose_name='candidate number'),
        ),
        migrations.AlterField(
            model_name='entryevent',
            name='candidate_number',
            field=models.CharField(max_length=6, verbose_name='candidate number'),
        ),
        migrations.AddConstraint(
            model_name='entry',
            constraint=models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['IMMEDIATE'], fields=('session', 'candidate_number'), name='entry_candidate_number_once'),
        ),
        migrations.AddConstraint(
            model_name='entry',
            constraint=models.CheckConstraint(condition=models.Q(('candidate_number__regex', '^[0-9]{4,6}$')), name='entry_candidate_number_form'),
        ),
    ]
