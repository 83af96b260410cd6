"""A school's list of students: order, filter, search, pages; all in the address, and no value breaks it."""

import json
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from centres import students
from centres.listing import Asked, Order
from results.models import Entry, Seen
from results_portal.roles import CENTRES
from tests import factories
from tests.centres.test_seeing import (
    HOUR,
    MARKS,
    SKILLS,
    line_of,
    names_in,
    signed_in,
    student,
    text_of,
)
from tests.conftest import database_role
from tests.results.test_gate import nodes


@pytest.fixture
def school(db):
    return factories.centre()


@pytest.fixture
def browser(school):
    return signed_in(factories.member(school))


@pytest.fixture
def session(db):
    return factories.session(code="OPEN")


def found(browser, **query) -> list[str]:
    """The surnames that the list shows, in its order."""
    response = browser.get("/sessions/OPEN/", query)
    assert response.status_code == 200
    return [name.removesuffix(" amended").rsplit(" ", 1)[0] for name in names_in(response.content.decode())]


def scored(score: int, result: str = "B", cefr: str = "B2") -> dict:
    return {"overall": score, "result": result, "cefr": cefr, **dict.fromkeys(SKILLS, score)}


# --- Order --------------------------------------------------------------------------------------------


def test_names_come_as_in_a_class_register(school, session, browser):
    """Accents, apostrophes and case count for nothing; a surname of two words comes after the shorter one."""
    in_order = [
        ("Èrcoli", "Ugo"),
        ("D’Angelo", "Zoë"),
        ("de Luca", "Bo"),
        ("Delfino", "Al"),
        ("dangelo", "Ada"),
        ("Rossi", "Zoe"),
        ("Rossi Bianchi", "Aldo"),
        ("Rossi", "Élise"),
        ("Ernesti", "Al"),
        ("Zanon", "Al"),
    ]
    for family_name, given_names in in_order:
        factories.entry(session, family_name=family_name, given_names=given_names, preparation_centre=school)
    assert names_in(text_of(browser, "/sessions/OPEN/")) == [
        "dangelo Ada",
        "D’Angelo Zoë",
        "de Luca Bo",
        "Delfino Al",
        "Èrcoli Ugo",
        "Ernesti Al",
        "Rossi Élise",
        "Rossi Zoe",
        "Rossi Bianchi Aldo",
        "Zanon Al",
    ]


def test_the_order_may_be_that_of_results_or_candidate_numbers(school, session, browser):
    for name, score, number in (("Bassi", 174, "0300"), ("Alti", 179, "0100"), ("Medi", 176, "0200")):
        entry = factories.entry(session, family_name=name, candidate_number=number, preparation_centre=school)
        factories.statement(entry, **scored(score))
    factories.entry(session, family_name="Zeno", candidate_number="0001", preparation_centre=school)
    assert found(browser) == ["Alti", "Bassi", "Medi", "Zeno"]
    assert found(browser, sort="best") == ["Alti", "Medi", "Bassi", "Zeno"]
    assert found(browser, sort="lowest") == ["Bassi", "Medi", "Alti", "Zeno"]
    assert found(browser, sort="number") == ["Zeno", "Alti", "Medi", "Bassi"]


def test_before_the_instant_the_order_of_results_tells_nothing(school, browser):
    session = factories.session(code="OPEN", opens_in=HOUR)
    for name, score in (("Alti", 174), ("Bassi", 179)):
        student(session, school, name, **scored(score))
    for sort in ("best", "lowest"):
        assert found(browser, sort=sort) == ["Alti", "Bassi"]
    for result in ("B", "result", "missing", "amended"):
        assert found(browser, result=result) == ["Alti", "Bassi"]


def test_shields_have_no_order_and_no_grades_to_choose(school, browser):
    student(factories.session("YLM", code="OPEN"), school, "Piccola")
    page = text_of(browser, "/sessions/OPEN/?sort=best&result=A")
    assert 'value="best"' not in page
    assert 'value="A"' not in page
    assert names_in(page) == ["Piccola Alice"]
    assert found(browser, result="result") == ["Piccola"]
    assert found(browser, result="X") == []


# --- Filter -------------------------------------------------------------------------------------------


def test_each_result_finds_its_own(school, session, browser):
    student(session, school, "Buoni", **scored(176))
    student(session, school, "Livello", **scored(150, "LEVEL", "B1"))
    student(session, school, "Solo", **scored(131, "NONE", ""))
    for code in ("X", "Z", "pending", "withheld"):
        student(session, school, f"Codice{code}", status=code)
    factories.entry(session, family_name="Manca", preparation_centre=school)
    assert found(browser, result="B") == ["Buoni"]
    assert found(browser, result="A") == []
    assert found(browser, result="LEVEL") == ["Livello"]
    assert found(browser, result="NONE") == ["Solo"]
    for code in ("X", "Z", "pending", "withheld"):
        assert found(browser, result=code) == [f"Codice{code}"]
    assert found(browser, result="missing") == ["Manca"]
    assert len(found(browser)) == 8


def test_amended_finds_what_was_shown_otherwise_before(school, browser):
    session = factories.session(code="OPEN", approved=False)
    amended, same, late = (student(session, school, name) for name in ("Amended", "Same", "Late"))
    factories.statement(late, version=2, status="X", reason="Results file")  # before anybody saw the first
    factories.approve_by_two(session.release)
    assert found(browser, result="amended") == []
    factories.statement(amended, version=2, status="withheld", reason="Identity")
    factories.statement(same, version=2, reason="Results file")
    assert found(browser, result="amended") == []
    factories.approve_by_two(session.release)
    assert found(browser, result="amended") == ["Amended"]


def test_each_state_of_registration_finds_its_own(school, session, browser):
    factories.entry(session, family_name="Nessuno", preparation_centre=school)
    factories.candidate(student(session, school, "Registrato"))
    seen = student(session, school, "Visto")
    factories.candidate(seen)
    Seen.objects.create(statement=seen.statements.get(), entry=seen)
    assert found(browser, status="not-registered") == ["Nessuno"]
    assert found(browser, status="registered") == ["Registrato"]
    assert found(browser, status="seen") == ["Visto"]
    assert found(browser, status="seen", result="B", sort="best") == ["Visto"]
    assert found(browser, status="registered", result="missing") == []


def test_what_was_asked_for_stays_in_the_form_and_in_the_links(school, session, browser, monkeypatch):
    monkeypatch.setattr("centres.views.results.STUDENTS_A_PAGE", 1)
    for name in ("Alti", "Bassi"):
        student(session, school, f"{name} è", **MARKS)
    page = text_of(browser, "/sessions/OPEN/?q=%C3%A8&result=B&status=not-registered&sort=best&page=2")
    assert 'name="q" type="search" value="è"' in page
    for value in ("B", "not-registered", "best"):
        assert f'<option value="{value}" selected>' in page
    asked = "q=%C3%A8&amp;result=B&amp;status=not-registered&amp;sort=best"
    assert f'href="?{asked}&amp;page=1"' in page
    for ending in ("xlsx", "csv"):
        assert f'href="/sessions/OPEN/results.{ending}?{asked}"' in page
    assert "2 students of 2" in page


NONSENSE = [
    "q=%00",
    "q=%ff%fe",
    "q=%27%3B--",
    "q=%25%25%25",
    "q=%5C",
    "q=%EF%BC%91%C2%B2%D9%A3",
    "q=" + "a" * 5000,
    "q=" + "9" * 5000,
    "q=%F0%9F%98%80",
    "q=%E2%80%99%E2%80%99",
    "result=%00",
    "result=Z%27",
    "result=none",
    "status=1&status=2",
    "status=seen-before",
    "sort=-overall",
    "sort=secret_digest",
    "page=99999999999999999999",
    "page=-1&sort=%00",
    "page=%D9%A3",
    "entry__secret_digest=x",
]


@pytest.mark.parametrize("query", NONSENSE)
def test_a_value_that_means_nothing_makes_a_page_and_files(school, session, browser, query):
    student(session, school, "Kuvetto")
    for page in ("", "results.csv", "results.xlsx", "not-registered/"):
        assert browser.get(f"/sessions/OPEN/{page}?{query}").status_code == 200, page


# --- Search -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("d'angelo", ["D’Angelo"]),
        ("DANGELO", ["D’Angelo"]),
        ("angelo", ["D’Angelo"]),
        ("  nanì  ", ["Nanì"]),
        ("nani", ["Nanì"]),
        ("alice dalo", ["D’Alò Ćosić"]),
        ("cosic", ["D’Alò Ćosić"]),
        ("cos al", ["D’Alò Ćosić"]),
        ("osic", []),
        ("bruno alice", []),
        ("%", []),
        ("_", []),
        ("’", []),
        ("SIR094701", ["Nanì"]),
        ("sir 094 701", ["Nanì"]),
        ("SIRO947O1", ["Nanì"]),
        ("sir0947", ["Nanì"]),
        ("5003", ["D’Angelo"]),
        ("26FIT0245003", ["D’Angelo"]),
    ],
)
def test_names_are_found_without_accents_and_numbers_as_people_write_them(
    school, session, browser, typed, names
):
    for family_name, numbers in (
        ("D’Angelo", {"id_number": "KOR000001", "candidate_number": "5003"}),
        ("Nanì", {"id_number": "SIR094701", "candidate_number": "6001"}),
        ("D’Alò Ćosić", {"id_number": "KOR000002", "candidate_number": "6002"}),
    ):
        factories.entry(session, family_name=family_name, preparation_centre=school, **numbers)
    assert found(browser, q=typed) == names


def test_a_search_stays_within_the_school_and_the_session(school, session, browser):
    student(session, school, "Kuvetto")
    student(session, factories.centre(), "Kuvetto Loro")
    student(factories.session(), school, "Kuvetto Prima")
    assert found(browser, q="kuvetto") == ["Kuvetto"]


def test_nobody_found_is_said_with_the_way_back(school, session, browser):
    student(session, school, "Kuvetto")
    page = text_of(browser, "/sessions/OPEN/?q=nobody")
    assert "No student of yours in this session is like that." in page
    assert "0 students of 1" in page
    assert '<a href="/sessions/OPEN/">Show all</a>' in page


# --- Pages and what they cost ---------------------------------------------------------------------------


def test_a_page_asks_the_gate_for_its_own_students_alone(school, session, browser, monkeypatch):
    monkeypatch.setattr("centres.views.results.STUDENTS_A_PAGE", 2)
    entries = [student(session, school, f"Kuvetto {number}") for number in range(5)]
    with CaptureQueriesContext(connection) as captured:
        page = text_of(browser, "/sessions/OPEN/?page=2")
    assert names_in(page) == ["Kuvetto 2 Alice", "Kuvetto 3 Alice"]
    [asked] = [query["sql"] for query in captured if 'FROM "results_gate_centres"' in query["sql"]]
    assert f"IN ({entries[2].pk}, {entries[3].pk})" in asked


def test_a_page_is_read_in_the_order_of_an_index(school, session):
    """No sort and no look at the others: the page costs the same however many the school has."""
    factories.entry(session, preparation_centre=school)
    with database_role(CENTRES), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        cursor.execute(
            "EXPLAIN SELECT id, family_name FROM results_entry WHERE session_id = %s"
            " AND preparation_centre_id IN (%s) ORDER BY name_key, id LIMIT 50",
            [session.pk, school.pk],
        )
        plan = "\n".join(line for (line,) in cursor)
    assert "Index Scan using entry_of_centre" in plan
    assert "Sort" not in plan


def test_the_centres_view_reads_the_entries_of_one_school_and_session(school, session):
    """The conditions on both reach the tables behind the gate."""
    student(session, school, "Kuvetto")
    with database_role(CENTRES), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for view in ("results_gate_centres", "results_stops_centres", "results_following_centres"):
            cursor.execute(
                f"EXPLAIN SELECT * FROM {view} WHERE session_id = %s AND preparation_centre_id IN (%s)",
                [session.pk, school.pk],
            )
            plan = "\n".join(line for (line,) in cursor)
            assert re.search(r"Scan using \w+ on results_entry|Bitmap Heap Scan on results_entry", plan), view
            for condition in (f"preparation_centre_id = {school.pk}", f"session_id = {session.pk}"):
                assert condition in plan.partition("results_statement")[0], view


def test_every_line_says_in_words_why_there_is_nothing_yet(school, session, browser):
    student(session, school, "Kuvetto")
    factories.entry(session, family_name="Manca", preparation_centre=school)
    page = text_of(browser, "/sessions/OPEN/")
    assert line_of(page, "Manca")[2] == "not here yet"
    assert "results come in waves" in page
    assert f"students/{Entry.objects.get(family_name='Manca').pk}/" in page  # where one says “not ours”


def test_the_name_key_is_the_databases_own(school, session):
    entry = factories.entry(session, family_name="D’Àngelo  De-Luca", given_names="Zoë")
    entry.refresh_from_db()
    assert entry.name_key == "dangelo de luca\tzoe"
    Entry.objects.filter(pk=entry.pk).update(family_name="Èrcoli")
    entry.refresh_from_db()
    assert entry.name_key == "ercoli\tzoe"


@pytest.mark.parametrize("opens_in", [timedelta(seconds=1), HOUR])
@pytest.mark.parametrize("asked", [Asked(order=Order.BEST), Asked(result="B"), Asked(result="missing")])
def test_before_the_instant_no_statement_is_read_whatever_is_asked(school, opens_in, asked):
    """Row counts in a plan would tell: not even a list by result touches the statements."""
    session = factories.session(opens_in=opens_in)
    student(session, school, "Kuvetto")
    with database_role(CENTRES):
        plan = json.loads(students.listed([school], session, asked).explain(analyze=True, format="json"))
    scans = [node for node in nodes(plan[0]["Plan"]) if node.get("Relation Name") == "results_statement"]
    assert scans
    assert all(scan["Actual Loops"] == 0 for scan in scans)
