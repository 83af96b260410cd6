"""Makes the things tests need, with sensible values; every factory stores one row and returns it."""

from datetime import date, datetime, timedelta
from itertools import count

from django.contrib.auth.models import Group
from django.db import connection

from accounts.models import AuthenticatorApp, Face, User
from centres import links, shelving
from centres.models import Invitation, Material, Membership, Post, PreparationCentre
from centres.storing import Incoming
from results import releasing
from results.exams import EXAMS
from results.models import Entry, ExamSession, Release, Statement
from results.numbers import digest_secret_number
from results_portal.office import APPROVER, EDITOR, OFFICER

PASSWORD = "kutoVe84"
SECRET_NUMBER = "8482"
LONG_PASSWORD = "un treno per Ancona 7"

_numbers = count(1)


def database_now() -> datetime:
    """The database's clock: within a test's transaction the time it began."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        return cursor.fetchone()[0]


def session(
    exam: str = "B2F", opens_in: timedelta = timedelta(hours=-1), *, approved: bool = True, **fields
) -> ExamSession:
    """A session with its release; opens_in counts from the database's now."""
    n = next(_numbers)
    fields = {
        "code": f"{exam}-{n}",
        "title": "June 2026",
        "exam_date": date(2026, 6, 13),
        "place": "Roma",
        "letter": "F",
    } | fields
    made = ExamSession.objects.create(exam=exam, **fields)
    release = Release.objects.create(session=made, opens_at=database_now() + opens_in)
    if approved:
        approve(release)
    return made


def approve(release: Release) -> None:
    """Let through whatever statements the session has or will get in this test, as only the owner can."""
    Release.objects.filter(pk=release.pk).update(approved_through=2**62)


def approve_by_two(release: Release) -> None:
    """The way of the exams office: what the session has now, approved by two people."""
    for _person in range(2):
        releasing.approve(release, officer(), open_now=releasing.opens_at_once(release))


def entry(in_session: ExamSession, **fields) -> Entry:
    n = next(_numbers)
    id_number = fields.pop("id_number", f"SIR{n:06d}")
    secret = fields.pop("secret_number", SECRET_NUMBER)
    fields = {
        "candidate_number": f"{n % 10000:04d}",
        "family_name": "Bianchi",
        "given_names": "Alice",
        "date_of_birth": date(2010, 3, 14),
    } | fields
    return Entry.objects.create(
        session=in_session,
        id_number=id_number,
        secret_digest=digest_secret_number(id_number, secret),
        **fields,
    )


def statement(of: Entry, version: int = 1, **fields) -> Statement:
    """A statement with the middle of grade B (or four shields) in every skill, or what fields say."""
    if fields.get("status", "result") == "result" and not fields.keys() & {"speaking", "overall"}:
        exam = EXAMS[of.session.exam]
        if exam.reports_shields:
            fields |= {skill.value: 4 for skill in exam.skills}
        else:
            band = exam.bands[1]
            score = (band.low + band.high) // 2
            fields |= {skill.value: score for skill in exam.skills}
            fields |= {"overall": score, "result": band.result, "cefr": band.cefr}
    reason = "" if version == 1 else "Enquiry on results"
    return Statement.objects.create(
        entry=of, version=version, **{"status": "result", "reason": reason} | fields
    )


def candidate(of: Entry | None = None, **fields) -> User:
    """A registered candidate; of: the entry registered with."""
    username = of.id_number if of else f"SIR{next(_numbers):06d}"
    user = User.objects.create_user(
        username,
        fields.pop("password", PASSWORD),
        face=Face.CANDIDATES,
        **{"email": "alice@example.org", "language": "en"} | fields,
    )
    if of:
        of.user = user
        of.save(update_fields=["user"])
    return user


def staff(**fields) -> User:
    n = next(_numbers)
    return User.objects.create_staff(
        f"officer{n}@sirio.example.org", fields.pop("password", LONG_PASSWORD), **fields
    )


def officer(*groups: str, **fields) -> User:
    """A person of the exams office in these groups; without any, one who prepares and approves."""
    person = staff(**fields)
    person.groups.set(Group.objects.filter(name__in=groups or (OFFICER, APPROVER)))
    return person


def centre(**fields) -> PreparationCentre:
    n = next(_numbers)
    return PreparationCentre.objects.create(**{"code": f"C{n}", "name": f"Liceo Volta {n}"} | fields)


def member(of: PreparationCentre, role: str = Membership.Role.MEMBER, **fields) -> User:
    n = next(_numbers)
    email = fields.pop("email", f"secretary{n}@liceo.example.org")
    user = User.objects.create_user(
        email, LONG_PASSWORD, face=Face.CENTRES, email=email, language="en", **fields
    )
    Membership.objects.create(user=user, centre=of, role=role)
    return user


def stranger(**fields) -> User:
    """An account of the centres' face that belongs to no centre."""
    person = member(centre(), **fields)
    person.memberships.all().delete()
    return person


def manager(of: PreparationCentre, **fields) -> User:
    return member(of, Membership.Role.MANAGER, **fields)


def invitation(to: PreparationCentre, **fields) -> tuple[Invitation, str]:
    """An open invitation, and the token of its link."""
    fields = {"email": "nuova@liceo.example.org", "role": "member", "language": "en"} | fields
    made = Invitation(centre=to, **fields)
    token = links.token_of(made.seed)
    made.digest = links.digest_of(token)
    made.save()
    return made, token


def app(of: User) -> AuthenticatorApp:
    """The authenticator app of somebody's second step."""
    return AuthenticatorApp.objects.create(user=of, name="app")


def post(*only: PreparationCentre, published_in: timedelta | None = timedelta(hours=-1), **fields) -> Post:
    """A post of the news for all preparation centres, or for these only.

    published_in counts from the database's now; None makes a draft.
    """
    fields = {
        "title_it": "Giornata degli orali",
        "title_en": "Oral exam days",
        "body_it": "Gli orali si tengono **qui**.",
        "body_en": "The oral exams take place **here**.",
        "published_at": None if published_in is None else database_now() + published_in,
        "to_all": not only,
    } | fields
    made = Post.objects.create(**fields)
    made.centres.set(only)
    return made


def material(content: bytes = b"%PDF-1.7\n%%EOF\n", file_name: str = "paper.pdf", **fields) -> Material:
    """Published preparation material for B2 First, with its file in the store."""
    n = next(_numbers)
    made = Material(
        **{
            "title_it": f"Prova {n}",
            "title_en": f"Paper {n}",
            "exams": ["B2F"],
            "skills": ["reading"],
            "kind": "sample_paper",
            "published_at": database_now(),
        }
        | fields
    )
    with Incoming() as incoming:
        incoming.write(content)
        shelving.add(made, incoming, file_name, officer(EDITOR))
    made.refresh_from_db()
    return made
