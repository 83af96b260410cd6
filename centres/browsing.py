"""What preparation centres find of the material: by exam, skill, kind and words, and what is new to them."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import CharField, Func, Q, QuerySet, Value
from django.db.models.functions import Concat, Lower

from accounts.models import User
from centres.models import Material, PreparationCentre
from results.exams import EXAMS, SKILL_LABELS, Exam, Skill
from results.models import ExamSession

# A visit to the material is over once nobody has looked for this long: a lesson's length.
VISIT_ENDS_AFTER = timedelta(hours=1)
SHOWN_OF_AN_EXAM = 3
LONGEST_SEARCH = 100  # characters

# A paper that tests two skills at once is material for each of them, and the other way round.
_TOGETHER = {Skill.READING_AND_WRITING: (Skill.READING, Skill.WRITING)}


@dataclass(frozen=True)
class Shelf:
    """The newest material of an exam, how much there is, and how much of it is new to the person."""

    exam: Exam
    newest: list[Material]
    total: int
    new: int


def find(
    exam: str = "", skill: str = "", kind: str = "", words: str = "", since: datetime | None = None
) -> QuerySet[Material]:
    """Published material, newest first; exam, skill and kind: known codes, or nothing for any.

    since: only what came after.
    """
    found = Material.objects.published()
    if since:
        found = found.filter(fresh_at__gt=since)
    if exam:
        found = found.filter(exams__contains=[exam])
    if skill:
        found = found.filter(skills__overlap=_meant_by(Skill(skill)))
    if kind:
        found = found.filter(kind=kind)
    if words:
        found = found.alias(text=_plain(_text()))
        for word in words[:LONGEST_SEARCH].split():
            found = found.filter(
                Q(text__contains=_plain(Value(word, CharField())))
                | Q(exams__overlap=_exams_named(word))
                | Q(skills__overlap=_skills_named(word))
            )
    return found


def shelves(since: datetime | None) -> list[Shelf]:
    """The newest material by exam, for the exams that have any; since: what came after is new."""
    with connection.cursor() as cursor:
        # What is not published is not in it: published() asks below, and the database of the centres' role.
        cursor.execute(
            """
            SELECT exam, id, total, new FROM (
                SELECT exam, m.id, count(*) OVER exams AS total,
                       count(*) FILTER (WHERE fresh_at > %s) OVER exams AS new,
                       row_number() OVER (PARTITION BY exam ORDER BY fresh_at DESC, m.id DESC) AS place
                FROM centres_material m, unnest(m.exams) AS exam,
                     greatest(m.published_at, m.uploaded_at) AS fresh_at
                WHERE m.published_at <= now()
                WINDOW exams AS (PARTITION BY exam)
            ) AS ranked
            WHERE place <= %s ORDER BY exam, place
            """,
            [since, SHOWN_OF_AN_EXAM],
        )
        ranked = cursor.fetchall()
    materials = Material.objects.published().in_bulk({pk for _exam, pk, *_counts in ranked})
    newest, counts = defaultdict(list), {}
    for code, pk, *counted in ranked:
        newest[code] += [materials[pk]] if pk in materials else []
        counts[code] = counted
    return [Shelf(exam, newest[code], *counts[code]) for code, exam in EXAMS.items() if newest[code]]


def exams_of(centres: list[PreparationCentre]) -> set[str]:
    """The exams for which the centres have students."""
    sessions = ExamSession.objects.filter(entries__preparation_centre__in=centres)
    return set(sessions.order_by().values_list("exam", flat=True).distinct())


def look(user: User) -> datetime | None:
    """Note that the person looks through the material; returns when the visit before ended, if there was one.

    One statement: it answers the same until the visit is over, however many pages are opened.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO centres_materialvisit AS visit (user_id, latest_at) VALUES (%s, now())
            ON CONFLICT (user_id) DO UPDATE SET
                before_at = CASE WHEN visit.latest_at < now() - %s
                    THEN visit.latest_at ELSE visit.before_at END,
                latest_at = now()
            RETURNING before_at
            """,
            [user.pk, VISIT_ENDS_AFTER],
        )
        return cursor.fetchone()[0]


def count_download(material: Material, user: User) -> None:
    """Count one download for the person's centre (centres/migrations/0006_material.py)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT centres_count_download(%s, %s)", [material.pk, user.pk])


def _meant_by(skill: Skill) -> list[str]:
    meant = {skill, *_TOGETHER.get(skill, ())}
    meant |= {both for both, parts in _TOGETHER.items() if skill in parts}
    return sorted(meant)


def _text() -> Concat:
    """Titles and descriptions in both languages: a teacher may search in either."""
    fields = ("title_it", "title_en", "description_it", "description_en")
    parts = [part for field in fields for part in (field, Value(" "))]
    return Concat(*parts, output_field=CharField())


def _plain(text) -> Lower:
    """Without accents and case."""
    return Lower(Func(text, function="unaccent", output_field=CharField()))


def _exams_named(word: str) -> list[str]:
    return [code for code, exam in EXAMS.items() if _begins_a_word(word, exam.name)]


def _skills_named(word: str) -> list[str]:
    return [skill.value for skill, label in SKILL_LABELS.items() if _begins_a_word(word, str(label))]


def _begins_a_word(typed: str, name: str) -> bool:
    return any(word.startswith(typed.lower()) for word in name.lower().split())
