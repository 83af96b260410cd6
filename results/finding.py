"""Finding a person in one box: by ID Number, candidate number, reference number, name or e-mail address."""

import unicodedata

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from accounts.models import Face, User
from results.models import Entry
from results.numbers import CANDIDATE_NUMBER, ID_NUMBER, normalise_id_number, read_reference_number

MOST_FOUND = 50


def find_entries(typed: str) -> QuerySet[Entry]:
    """The entries that a help desk may mean by what it typed, by name: take MOST_FOUND of them.

    An ID Number, reference number or candidate number is found as people write it. What has an @ is the
    beginning of an e-mail address, of the account or of the entry. Otherwise every word must begin a word of
    the name: in any order, without accents, apostrophes and case.
    """
    entries = Entry.objects.select_related("session", "preparation_centre").defer("secret_digest")
    entries = entries.order_by(Lower("family_name"), Lower("given_names"), "pk")
    for exact in (_by_id_number(typed), _by_reference_number(typed), _by_candidate_number(typed)):
        if exact is not None and entries.filter(exact).exists():
            return entries.filter(exact)
    if "@" in typed:
        address = typed.strip()
        holders = User.objects.filter(face=Face.CANDIDATES, email__istartswith=address).values("pk")
        return entries.filter(Q(user__in=holders) | Q(email__istartswith=address))
    return entries.filter(pk__in=_by_words(typed))


def find_accounts(typed: str) -> QuerySet[User]:
    """The accounts without an entry that may be meant: of centre members, by address or centre's name."""
    typed = typed.strip()
    meant = Q(email__istartswith=typed) if "@" in typed else Q(memberships__centre__name__icontains=typed)
    accounts = User.objects.filter(meant, face=Face.CENTRES) if typed else User.objects.none()
    return accounts.distinct().order_by("username").prefetch_related("memberships__centre")


def _by_id_number(typed: str) -> Q | None:
    id_number = normalise_id_number(typed)
    return Q(id_number=id_number) if ID_NUMBER.fullmatch(id_number) else None


def _by_reference_number(typed: str) -> Q | None:
    number = read_reference_number(typed)
    if number is None or number.centre != settings.AUTHORISED_CENTRE["number"]:
        return None
    return Q(
        session__exam_date__year=number.year,
        session__letter=number.letter,
        candidate_number=number.candidate_number,
    )


def _by_candidate_number(typed: str) -> Q | None:
    number = typed.strip()
    return Q(candidate_number=number) if CANDIDATE_NUMBER.fullmatch(number) else None


def _by_words(typed: str) -> list[int]:
    """By the index of the names' words (results/migrations/0011_help_desk.py): the first ones."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id FROM results_entry
            WHERE results_name_words(family_name, given_names) @@ results_words_query(%s)
            ORDER BY lower(family_name), lower(given_names), id LIMIT %s
            """,
            [unicodedata.normalize("NFC", typed), MOST_FOUND + 1],
        )
        return [pk for (pk,) in cursor]
