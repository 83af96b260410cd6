"""Made-up candidates for the demo, loaded by the same verbs as real ones.

About 300 over five sessions, in the real distributions (Italy 2012 for B2 First, Germany 2020 for B1
Preliminary), with every status; some are registered. Every start makes other people and numbers; the
slips are written to var/demo/slips.csv.
"""

import csv
import os
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from results_portal.demo import material

ROOT = Path(__file__).resolve().parents[2]
VAR = Path(
    os.environ.get("PORTAL_VAR", ROOT / "var")
)  # the demo's state; the browser tests have one of their own
FOLDER = VAR / "demo"
SLIPS = FOLDER / "slips.csv"
STAFF = FOLDER / "staff.csv"
CENTRES = FOLDER / "centres.csv"

GIVEN_NAMES = (
    "Alessandro Alessia Alice Andrea Anna Arianna Aurora Beatrice Camilla Carlotta Chiara Davide Diego "
    "Edoardo Elena Eleonora Elia Elisa Emma Federica Federico Filippo Francesca Francesco Gabriele "
    "Giada Giorgia Giorgio Giovanni Giulia Giuseppe Greta Ilaria Irene Jacopo Leonardo Lorenzo Luca "
    "Ludovica Marco Margherita Martina Matteo Mattia Michele Nicole Niccolò Noemi Pietro Rebecca "
    "Riccardo Samuele Sara Simone Sofia Sveva Tommaso Valentina Viola Vittoria Amira Chen Dmytro Fatou "
    "Ionuț Łucja"
).split()
FAMILY_NAMES = (
    "Rossi;Ferrari;Russo;Bianchi;Romano;Colombo;Ricci;Marino;Greco;Bruno;Gallo;Conti;De Luca;Costa;"
    "Giordano;Mancini;Rizzo;Lombardi;Moretti;Barbieri;Fontana;Santoro;Mariani;Rinaldi;Caruso;Ferrara;"
    "Galli;Martini;Leone;Longo;Gentile;Martinelli;Vitale;Lombardo;Serra;Coppola;De Santis;D’Angelo;"
    "Marchetti;Parisi;Villa;Conte;Ferraro;Ferri;Fabbri;Bianco;Marini;Grasso;Valentini;Messina;Sala;"
    "De Angelis;Gatti;Pellegrini;Palumbo;Sanna;Farina;Rizzi;Monti;Cattaneo;Morelli;Amato;Silvestri;"
    "Mazza;Testa;Grassi;Pellegrino;Carbone;Giuliani;Benedetti;Barone;Rossetti;Caputo;Montanari;Guerra;"
    "Palmieri;Bernardi;Martino;Fiore;De Rosa;Ferretti;Bellini;Basile;Riva;Donati;Piras;Vitali;"
    "Battaglia;Sartori;Neri;Costantini;Milani;Pagano;Ruggiero;Sorrentino;D’Amico;Orlando;Damico;Negri;"
    "Hu;Popescu;Shevchenko;El Idrissi;Nguyễn"
).split(";")
SCHOOLS = {
    "RMPS01": "Liceo Scientifico Volta",
    "RMIC02": "Istituto Comprensivo Gianni Rodari",
    "RMSL03": "Sirio Language School",
}
# What a school's students do worse or better, in points: there is something to see in its figures.
LEANINGS = {"RMPS01": {"writing": -7, "reading": 4}, "RMSL03": {"speaking": 5, "use_of_english": -4}}

# Result by result, in %; the rest has no result.
B2_FIRST_2012 = {"A": 7.4, "B": 23.1, "C": 45.9, "LEVEL": 21.1, "NONE": 2.5}
B1_PRELIMINARY_2020 = {"A": 32.1, "B": 28.5, "C": 34.6, "LEVEL": 4.7, "NONE": 0.1}
CODES = ("X", "Z", "pending", "withheld")


@dataclass(frozen=True)
class DemoSession:
    """A session of the demo; opens_in counts from the start of the demo, exam_days_ago likewise.

    first_number: of the candidates; each has another in the month, since the reference number holds no exam.
    """

    code: str
    exam: str
    candidates: int
    first_number: int
    opens_in: timedelta
    exam_days_ago: int
    distribution: dict[str, float] = field(default_factory=dict)
    ages: tuple[int, int] = (14, 19)


SESSIONS = (
    DemoSession("B2F-DEMO", "B2F", 110, 5001, timedelta(days=-1), 40, B2_FIRST_2012, (16, 22)),
    DemoSession("A2KS-DEMO", "A2KS", 70, 5201, timedelta(minutes=3), 35, B1_PRELIMINARY_2020, (11, 14)),
    DemoSession("C1A-DEMO", "C1A", 40, 5301, timedelta(days=30), 10, B2_FIRST_2012, (17, 40)),
    DemoSession("B1P-DEMO", "B1P", 50, 5401, timedelta(days=-2), 42, B1_PRELIMINARY_2020),
    DemoSession("YLM-DEMO", "YLM", 34, 5501, timedelta(days=-3), 45, ages=(8, 11)),
)
REGISTERED_A_SESSION = 8


@dataclass
class Slip:
    """One candidate's slip, and what became of it."""

    id_number: str
    secret_number: str
    session: str
    opens_at: datetime
    family_name: str
    given_names: str
    candidate_number: str
    date_of_birth: date
    preparation_centre: str
    password: str = ""


def load() -> None:
    """Load everything, once; a second call finds it there and changes nothing."""
    from django.utils import timezone, translation

    from accounts.models import User
    from accounts.passwords import suggest_password
    from candidates.registering import find_entry, register
    from results import lost_slips
    from results.exams import EXAMS
    from results.importing import import_entries, import_results
    from results.models import ExamSession, Release
    from results.releasing import approve, opens_at_once
    from results.sessions import create_session
    from results_portal.demo import figures, my_data, news, questions, sharing, sittings

    if ExamSession.objects.exists():
        if not SLIPS.exists():
            sys.exit(
                "The demo data is incomplete: its first start broke off. Start over with `make demo-reset`."
            )
        return
    SLIPS.unlink(missing_ok=True)  # the last file written; until then the data is incomplete
    chance = random.SystemRandom()
    now = timezone.now()
    officers = _make_people(suggest_password)
    slips: list[Slip] = []
    people = sum(plan.candidates for plan in SESSIONS) + sittings.CANDIDATES
    numbers = iter(chance.sample(range(100_000, 1_000_000), people))

    def make_slips(plan: DemoSession) -> list[Slip]:
        exam_date = (now - timedelta(days=plan.exam_days_ago)).date()
        return list(slips_of(chance, plan, now + plan.opens_in, exam_date, numbers))

    def load_session(plan: DemoSession, own: list[Slip]) -> None:
        exam_date = (now - timedelta(days=plan.exam_days_ago)).date()
        session = create_session(
            plan.code,
            exam=plan.exam,
            title=f"{exam_date:%B %Y}",
            exam_date=exam_date,
            place="Roma",
            opens_at=now + plan.opens_in,
        )
        import_entries(session, write(f"{plan.code}-entries.csv", entry_rows(own)))
        import_results(
            session, write(f"{plan.code}-results.csv", result_rows(chance, session.exam_facts, plan, own))
        )
        release = Release.objects.get(session=session)
        for officer in officers:
            approve(release, officer, open_now=opens_at_once(release))

    for plan in SESSIONS:
        own = make_slips(plan)
        load_session(plan, own)
        for slip in own[:REGISTERED_A_SESSION]:
            slip.password = suggest_password()
            email = f"{slip.id_number.lower()}@mail.example"
            with translation.override("it"):
                entry = find_entry(slip.id_number, slip.secret_number)
                register(
                    entry,
                    slip.secret_number,
                    email=email,
                    password=slip.password,
                    updates=chance.random() < 0.7,
                )
        slips += own
    slips += sittings.load({plan.code: plan for plan in SESSIONS}, list(slips), make_slips, load_session)
    sharing.load(slips[0].id_number)
    figures.load(chance, now, officers)
    questions.load(officers[0])
    who = slips[REGISTERED_A_SESSION]
    lost_slips.ask(
        name=f"{who.given_names} {who.family_name}",
        date_of_birth=who.date_of_birth,
        school=SCHOOLS.get(who.preparation_centre, ""),
        exam=f"{EXAMS[SESSIONS[0].exam].name}, Roma",
        email="famiglia@mail.example",
        phone="",
        message="Lo statino era nello zaino che mi hanno rubato.",
    )
    news.load(officers[0])
    my_data.load(officers[0])
    _hand_out_certificates(min(SESSIONS, key=lambda plan: plan.opens_in), officers[0])
    material.load(officers[0], User.objects.get(username=_read(CENTRES)[0]["email"]))
    _write_slips(slips)


def _hand_out_certificates(plan: DemoSession, by: "User") -> None:  # noqa: F821
    """Of one session some certificates are expected, some at the centre, and some collected."""
    from django.utils import timezone

    from results import certificates
    from results.models import Entry

    today = timezone.localdate()
    entries = Entry.objects.filter(session__code=plan.code, statements__status="result").order_by("pk")
    arrived = [entry.pk for number, entry in enumerate(entries) if number % 3]
    certificates.arrive(Entry.objects.filter(pk__in=arrived), today - timedelta(days=1), by)
    for entry in Entry.objects.filter(pk__in=arrived[::2]):
        certificates.collect(entry, entry.name, today, by)


def sign_ins() -> Iterator[str]:
    """A few lines for the person who starts the demo: who can sign in where, and a slip to register with."""
    slips = _read(SLIPS)
    for plan in SESSIONS:
        own = [row for row in slips if row["session"] == plan.code]
        registered = next(row for row in own if row["registered"] == "yes")
        free = next(row for row in own if row["registered"] == "no")
        known = f"log in {registered['id_number']} {registered['password']}"
        yield f"{plan.code:<10} {known}   or register {free['id_number']} with {free['secret_number']}"
    for path, who in ((CENTRES, "centre"), (STAFF, "staff")):
        for row in _read(path):
            key = f"   key of the app {row['totp_secret']}" if row.get("totp_secret") else ""
            yield f"{who:<10} log in {row['email']} {row['password']}{key}"


def _make_people(suggest_password) -> list["User"]:  # noqa: F821
    """Staff, with authenticator apps, and the people of the centres; returns two officers."""
    from django.contrib.auth.models import Group

    from accounts import second_factor
    from accounts.models import Face, User
    from centres.models import Membership, PreparationCentre
    from results_portal.demo import joining
    from results_portal.office import APPROVER, OFFICER

    def password() -> str:
        return f"{suggest_password()}-{suggest_password()}"

    staff = []
    for name, superuser in (("giulia.ferri", False), ("paolo.conti", False), ("admin", True)):
        row = {"email": f"{name}@sirio.example", "password": password()}
        user = User.objects.create_staff(row["email"], row["password"], is_superuser=superuser)
        if not superuser:
            user.groups.set(Group.objects.filter(name__in=(OFFICER, APPROVER)))
        app = second_factor.authenticator(user, second_factor.new_seed())
        app.save()
        staff.append(row | {"totp_secret": second_factor.secret(app)})
    _write_rows(STAFF, staff)

    secretaries = []
    for code, name in SCHOOLS.items():
        centre = PreparationCentre.objects.create(code=code, name=name)
        row = {"email": f"segreteria.{code.lower()}@scuola.example", "password": password(), "centre": name}
        user = User.objects.create_user(row["email"], row["password"], email=row["email"], face=Face.CENTRES)
        Membership.objects.create(user=user, centre=centre, role=Membership.Role.MANAGER)
        secretaries.append(row)
    officers = list(User.objects.filter(username__in=[row["email"] for row in staff[:2]]))
    _write_rows(CENTRES, [*secretaries, *joining.load(officers[0], password)])
    return officers


def slips_of(
    chance, plan: DemoSession, opens_at: datetime, exam_date: date, numbers, letters: str = "SIR"
) -> Iterator[Slip]:
    """The slips of a session; numbers: of the ID Numbers, after the letters."""
    schools = [*SCHOOLS, *SCHOOLS, ""]  # every seventh candidate comes without a school
    for number in range(plan.first_number, plan.first_number + plan.candidates):
        age = timedelta(days=chance.randint(plan.ages[0] * 365, plan.ages[1] * 365))
        yield Slip(
            id_number=f"{letters}{next(numbers)}",
            secret_number=f"{chance.randrange(10_000):04d}",
            session=plan.code,
            opens_at=opens_at,
            family_name=chance.choice(FAMILY_NAMES),
            given_names=chance.choice(GIVEN_NAMES),
            candidate_number=f"{number}",
            date_of_birth=exam_date - age,
            preparation_centre=chance.choice(schools),
        )


def entry_rows(slips: list[Slip]) -> list[dict]:
    columns = "id_number secret_number candidate_number family_name given_names date_of_birth".split()
    return [{column: getattr(slip, column) for column in (*columns, "preparation_centre")} for slip in slips]


def result_rows(chance, exam, plan: DemoSession, slips: list[Slip]) -> list[dict]:
    """Results in the session's distribution; the last four registered candidates have one code each."""
    rows = []
    codes = dict(zip(range(REGISTERED_A_SESSION - len(CODES), REGISTERED_A_SESSION), CODES, strict=True))
    for number, slip in enumerate(slips):
        row = {"id_number": slip.id_number, "status": codes.get(number, "result")}
        row |= dict.fromkeys(("overall", "result", "cefr", *exam.skills), "")
        if row["status"] == "result":
            row |= (
                _shields(chance, exam)
                if exam.reports_shields
                else _scores(chance, exam, plan.distribution, LEANINGS.get(slip.preparation_centre, {}))
            )
        rows.append({str(column): value for column, value in row.items()})
    return rows


def _shields(chance, exam) -> dict:
    return {skill: chance.choices((1, 2, 3, 4, 5), (1, 4, 15, 35, 45))[0] for skill in exam.skills}


def _scores(chance, exam, distribution: dict[str, float], leaning: dict[str, int]) -> dict:
    """Skills around an overall score of a band that is drawn; the overall is what the skills come to."""
    band = chance.choices(exam.bands, [distribution[band.result] for band in exam.bands])[0]
    middle = chance.randint(band.low, band.high)
    scores = {
        skill: min(max(round(chance.gauss(middle + leaning.get(skill, 0), 6)), exam.lowest), exam.highest)
        for skill in exam.skills
    }
    overall = exam.overall(scores)
    earned = exam.band(overall)
    return {**scores, "overall": overall, "result": earned.result, "cefr": earned.cefr}


def _write_slips(slips: list[Slip]) -> None:
    _write_rows(
        SLIPS,
        [
            {
                "id_number": slip.id_number,
                "secret_number": slip.secret_number,
                "session": slip.session,
                "opens_at": slip.opens_at.isoformat(timespec="seconds"),
                "family_name": slip.family_name,
                "given_names": slip.given_names,
                "registered": "yes" if slip.password else "no",
                "password": slip.password,
            }
            for slip in slips
        ],
    )


def write(name: str, rows: list[dict]) -> Path:
    path = FOLDER / name
    _write_rows(path, rows)
    return path


def _write_rows(path: Path, rows: list[dict]) -> None:
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def _read(path: Path) -> list[dict]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    import django

    django.setup()
    load()
