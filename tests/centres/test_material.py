"""Preparation material as the centres find and download it."""

import re
from datetime import timedelta
from hashlib import sha256
from urllib.parse import quote
from uuid import uuid4

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.http import http_date

from centres import browsing, sending, shelving, storing
from centres.models import Download, Material, MaterialVisit
from centres.views.material import A_PAGE
from results_portal.office import EDITOR
from tests import factories
from tests.centres import files
from tests.conftest import FaceClient

pytestmark = pytest.mark.django_db

MATERIAL = "/material/"
CONTENT = files.PDF.replace(b"%%EOF", bytes(range(256)) * 40 + b"%%EOF")  # 10 kB and more
SIZE = len(CONTENT)
ETAG = f'"{sha256(CONTENT).hexdigest()}"'
LONG_AGO = timedelta(days=40)


@pytest.fixture
def centre():
    return factories.centre()


@pytest.fixture
def school(centres, centre) -> FaceClient:
    centres.force_login(factories.member(centre))
    return centres


@pytest.fixture
def paper() -> Material:
    return factories.material(CONTENT, "Prova d’ascolto.pdf")


def page_of(face, address: str = MATERIAL, **query) -> str:
    response = face.get(address, query)
    assert response.status_code == 200, response
    return response.content.decode()


def titles(page: str) -> list[str]:
    return re.findall(r'<h3><a href="/material/[0-9a-f-]{36}/">([^<]+)</a>', page)


def found(face, **query) -> set[str]:
    return set(titles(page_of(face, **query)))


def file_of(material: Material) -> str:
    return f"{MATERIAL}{material.public_id}/file/"


def body(response) -> bytes:
    """What came; Django’s test client closes an answer that has been read."""
    return b"".join(response) if response.streaming else response.content


def download(face, material: Material, **headers) -> tuple[int, bytes]:
    """Status and content."""
    response = face.get(file_of(material), headers=headers)
    return response.status_code, body(response)


# --- Who sees it -----------------------------------------------------------------------------------------


def test_who_is_a_member_of_a_centre_sees_published_material_and_downloads_it(school, paper):
    assert paper.title_en in page_of(school)
    assert paper.title_en in page_of(school, f"{MATERIAL}{paper.public_id}/")
    assert body(school.get(file_of(paper))) == CONTENT


def test_material_that_is_not_published_is_nowhere(school):
    hidden = factories.material(published_at=None, title_en="Kuvetto")
    later = factories.material(published_at=factories.database_now() + timedelta(hours=1), title_en="Kuvetto")
    assert "Kuvetto" not in page_of(school)
    assert "Kuvetto" not in page_of(school, q="kuvetto")
    for material in (hidden, later):
        for address in (f"{MATERIAL}{material.public_id}/", file_of(material)):
            assert school.get(address).status_code == 404


def test_hiding_material_takes_it_away_at_once(school, paper):
    assert download(school, paper) == (200, CONTENT)
    shelving.publish([paper], factories.officer(EDITOR), shown=False)
    assert download(school, paper)[0] == 404


def test_a_former_member_and_who_never_was_one_get_nothing(school, centre, paper):
    addresses = (MATERIAL, f"{MATERIAL}{paper.public_id}/", file_of(paper))
    assert download(school, paper) == (200, CONTENT)
    centre.memberships.all().delete()
    assert [school.get(address).status_code for address in addresses] == [404, 404, 404]


def test_who_is_not_signed_in_is_asked_to(centres, paper):
    for address in (MATERIAL, f"{MATERIAL}{paper.public_id}/", file_of(paper)):
        assert centres.get(address).url.startswith("/?next=")


def test_the_two_other_sites_have_no_material(paper, candidates, staff_face):
    candidates.force_login(factories.candidate(factories.entry(factories.session())))
    staff_face.force_login(factories.officer(EDITOR))
    assert candidates.get(file_of(paper)).status_code == 404
    assert staff_face.get(file_of(paper)).status_code == 404


@pytest.mark.parametrize(
    "address", ["x/", "1/", f"{uuid4()}/", f"{uuid4()}/file/", "../", "%00/", f"{uuid4()}%00/"]
)
def test_a_made_up_address_is_not_found(school, paper, address):
    assert school.get(f"{MATERIAL}{address}").status_code == 404


def test_nothing_is_changed_by_sending_to_it(school, paper):
    for address in (MATERIAL, f"{MATERIAL}{paper.public_id}/", file_of(paper)):
        assert school.post(address).status_code == 405


# --- Browsing --------------------------------------------------------------------------------------------


def test_it_is_found_by_exam_skill_and_kind(school):
    factories.material(title_en="One", exams=["B2F", "C1A"], skills=["listening"], kind="audio")
    factories.material(title_en="Two", exams=["B2F"], skills=["writing"], kind="lesson")
    factories.material(title_en="Three", exams=["A2K"], skills=["reading_and_writing"], kind="lesson")
    factories.material(title_en="Four", exams=["A2K"], skills=[], kind="handbook")
    assert found(school, exam="B2F") == {"One", "Two"}
    assert found(school, exam="C1A") == {"One"}
    assert found(school, kind="lesson") == {"Two", "Three"}
    assert found(school, exam="A2K", kind="lesson") == {"Three"}
    assert found(school, exam="A2K", skill="writing") == {"Three"}  # a paper of two skills is for each
    assert found(school, skill="reading_and_writing") == {"Two", "Three"}
    assert found(school, exam="C2P") == set()


def test_the_words_are_found_in_both_languages_without_accents_and_case(school):
    factories.material(title_it="Perché ascoltare", title_en="Why listen", exams=["A2K"], skills=[])
    factories.material(
        title_it="Altro", title_en="Other", description_it="100% l’ESPRESSIONE", description_en="naïve_words",
        exams=["YLS"], skills=["speaking"],
    )  # fmt: skip
    assert found(school, q="PERCHE") == {"Why listen"}
    assert found(school, q="listen ascolt") == {"Why listen"}
    assert found(school, q="espressióne") == {"Other"}
    assert found(school, q="100%") == {"Other"}
    assert found(school, q="naive_w") == {"Other"}
    assert found(school, q="listen speaking") == set()
    assert found(school, q="starters speak") == {"Other"}  # exams and skills are words, too
    assert found(school, q="key") == {"Why listen"}
    for nothing in ("_", "%", "\\", "'", "zzz"):
        assert found(school, q=nothing) <= {"Other"}, nothing
    assert found(school, q="zzz") == set()


@pytest.mark.parametrize(
    "query",
    [
        {"exam": "nothing"},
        {"skill": "x' OR 1=1 --", "kind": "x"},
        {"q": "a\x00b"},
        {"q": "x" * 100_000},
        {"page": "9" * 5000, "exam": "B2F"},
        {"page": "-1", "exam": "B2F"},
        {"new": "on"},
        {"new": "nonsense", "kind": ["audio", "x"]},
    ],
    ids=range(8),
)
def test_an_address_that_makes_no_sense_still_shows_a_page(school, paper, query):
    page_of(school, **query)


def test_the_first_page_shows_the_newest_of_each_exam_and_how_many_there_are(school):
    now = factories.database_now()
    for n in range(5):
        days = timedelta(days=n)
        material = factories.material(title_en=f"Paper {n}", exams=["B2F"], published_at=now - days)
        Material.objects.filter(pk=material.pk).update(uploaded_at=now - LONG_AGO)
    factories.material(title_en="For two", exams=["A2K", "C1A"])
    page = page_of(school)
    assert titles(page) == ["For two", "Paper 0", "Paper 1", "Paper 2", "For two"]
    assert '<a href="?exam=B2F#found">All 5 for B2 First</a>' in page
    assert "for A2 Key</a>" not in page


def test_the_exams_of_the_centres_own_students_are_open_and_the_others_a_list(school, centre):
    factories.material(exams=["A2K"], title_en="Key")
    factories.material(exams=["C1A", "YLM"], title_en="Advanced")
    assert titles(page_of(school)) == ["Key", "Advanced", "Advanced"]  # no students: all are open
    factories.entry(factories.session("C1A"), preparation_centre=centre)
    factories.entry(factories.session("A2K"), preparation_centre=factories.centre())
    page = page_of(school)
    assert titles(page) == ["Advanced"]
    assert '<a href="?exam=A2K#found" lang="en">A2 Key</a> <span class="soft">(1)</span></li>' in page
    assert '<a href="?exam=YLM#found" lang="en">A1 Movers</a>' in page


def test_no_material_and_nothing_found_are_said_in_words(school):
    assert "There is no material yet" in page_of(school)
    assert "No material is like that" in page_of(school, q="zzz")


def test_more_than_a_page_is_in_pages_that_keep_what_was_searched_for(school):
    for n in range(A_PAGE + 1):
        factories.material(title_en=f"Paper {n}")
    first = page_of(school, exam="B2F")
    assert len(titles(first)) == A_PAGE
    assert f"{A_PAGE + 1} found" in first
    assert 'href="?exam=B2F&amp;page=2#found"' in first
    assert len(titles(page_of(school, exam="B2F", page="2"))) == 1


def test_size_kind_and_title_are_said_in_the_visitors_language(school):
    factories.material(CONTENT, title_it="Prova", title_en="Paper", kind="answer_key")
    page = page_of(school)
    assert "PDF, 10.1\xa0KB" in page
    assert "Answer key" in page
    school.cookies["language"] = "it"
    page = page_of(school)
    assert "PDF, 10,1\xa0KB" in page
    assert "Soluzioni" in page
    assert titles(page) == ["Prova"]


def test_what_a_title_holds_is_text(school):
    material = factories.material(title_en="<b>&", description_en="<script>x</script>", description_it="x")
    for address in (MATERIAL, f"{MATERIAL}{material.public_id}/"):
        page = page_of(school, address)
        assert "<b>&" not in page
        assert "<script>x" not in page


def test_the_pages_cost_the_same_queries_with_one_material_and_with_many(school):
    def queries(**query) -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(school, **query)
        return len([each for each in captured if "ROLE" not in each["sql"]])

    factories.material(exams=["B2F"])
    before = queries(), queries(exam="B2F"), queries(q="paper")
    for n in range(5):
        factories.material(exams=["B2F", "C1A", "YLM"], title_en=f"Paper {n}")
    assert (queries(), queries(exam="B2F"), queries(q="paper")) == before


# --- New since the last visit ----------------------------------------------------------------------------


def time_passes(span: timedelta) -> None:
    """As if whatever happened had happened so much earlier."""
    with connection.cursor() as cursor:
        for table, *columns in (
            ("centres_materialvisit", "latest_at", "before_at"),
            ("centres_material", "uploaded_at", "published_at"),
        ):
            earlier = ", ".join(f"{column} = {column} - %(span)s" for column in columns)
            cursor.execute(f"UPDATE {table} SET {earlier}", {"span": span})


def new_in(page: str) -> set[str]:
    return set(re.findall(r'">([^<]+)</a> <span class="tag-new">new</span>', page))


def test_what_came_since_the_visit_before_is_new_until_this_visit_is_over(school):
    factories.material(title_en="Old")
    time_passes(timedelta(seconds=1))
    assert new_in(page_of(school)) == set()  # all is new at first: saying so would say nothing
    time_passes(timedelta(days=7))
    factories.material(title_en="Fresh")
    time_passes(timedelta(seconds=1))
    for _again in range(3):
        page = page_of(school)
        assert new_in(page) == {"Fresh"}
        assert '<a href="?new=on#found">1 new since your last visit</a>' in page
        assert found(school, new="on") == {"Fresh"}
        time_passes(browsing.VISIT_ENDS_AFTER - timedelta(minutes=1))
    time_passes(browsing.VISIT_ENDS_AFTER)
    assert new_in(page_of(school)) == set()


def test_the_other_exams_say_how_much_is_new(school, centre):
    factories.entry(factories.session("C1A"), preparation_centre=centre)
    factories.material(exams=["C1A"])
    factories.material(exams=["A2K"])
    time_passes(timedelta(seconds=1))
    page_of(school)
    time_passes(timedelta(days=1))
    factories.material(exams=["A2K"])
    assert '(2)</span> <span class="tag-new">1 new</span>' in page_of(school)


def test_a_new_version_is_new_and_each_person_has_visits_of_their_own(school, centre):
    paper = factories.material(title_en="Paper")
    page_of(school)
    time_passes(timedelta(days=7))
    with storing.Incoming() as incoming:
        incoming.write(files.PDF)
        shelving.change(paper, [], factories.officer(EDITOR), incoming, "paper.pdf")
    assert new_in(page_of(school)) == {"Paper"}
    assert new_in(page_of(school, f"{MATERIAL}{paper.public_id}/")) == {"Paper"} or "new</span>" in page_of(
        school, f"{MATERIAL}{paper.public_id}/"
    )
    colleague = FaceClient("centres")
    colleague.force_login(factories.member(centre))
    assert new_in(page_of(colleague)) == set()
    assert MaterialVisit.objects.count() == 2


# --- The file: whole, in parts, again --------------------------------------------------------------------


def test_the_whole_file_comes_as_what_it_is_to_be_saved(school, paper):
    response = school.get(file_of(paper))
    assert body(response) == CONTENT
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Length"] == str(SIZE)
    assert response["Content-Disposition"] == f"attachment; filename*=utf-8''{quote('Prova d’ascolto.pdf')}"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["Cache-Control"] == "private, no-cache"
    assert response["Accept-Ranges"] == "bytes"
    assert response["ETag"] == ETAG
    assert response["Last-Modified"] == http_date(paper.uploaded_at.timestamp())


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-99", 0, 99),
        ("bytes=5000-", 5000, SIZE - 1),
        ("bytes=-1", SIZE - 1, SIZE - 1),
        ("bytes=-500", SIZE - 500, SIZE - 1),
        (f"bytes=-{SIZE + 7}", 0, SIZE - 1),
        (f"bytes=100-{10**17}", 100, SIZE - 1),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1),
        ("Bytes = 5 - 9 ", 5, 9),
    ],
)
def test_a_range_is_answered_with_that_part(school, paper, asked, first, last):
    response = school.get(file_of(paper), headers={"range": asked})
    assert response.status_code == 206
    assert body(response) == CONTENT[first : last + 1]
    assert response["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert response["Content-Length"] == str(last - first + 1)
    assert response["ETag"] == ETAG


@pytest.mark.parametrize(
    "asked",
    [
        *("bytes=9-5", "bytes=-", "bytes=a-b", "bytes=0-1,5-6", "lines=0-1", "bytes", "", "bytes=--5"),
        *("bytes=0x1-2", f"bytes=0-{'9' * 5000}", "bytes=٣-٥", "bytes=1-2-3"),
    ],
    ids=range(12),
)
def test_a_range_that_makes_no_sense_or_is_several_gets_the_whole(school, paper, asked):
    response = school.get(file_of(paper), headers={"range": asked})
    assert response.status_code == 200
    assert body(response) == CONTENT


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={10**17}-{10**17 + 5}", "bytes=-0"])
def test_a_range_behind_the_end_cannot_be_satisfied(school, paper, asked):
    response = school.get(file_of(paper), headers={"range": asked})
    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{SIZE}"
    assert not body(response)


def test_a_download_goes_on_only_while_the_file_is_the_same(school, paper):
    """If-Range: the rest if nothing changed, else the whole new file."""
    date = http_date(paper.uploaded_at.timestamp())
    for same in (ETAG, date):
        answer = download(school, paper, **{"range": "bytes=100-", "if-range": same})
        assert answer == (206, CONTENT[100:]), same
    for other in ('"another"', f"W/{ETAG}", "Thu, 01 Jan 2026 00:00:00 GMT", "nonsense"):
        answer = download(school, paper, **{"range": "bytes=100-", "if-range": other})
        assert answer == (200, CONTENT), other


def test_a_file_that_the_browser_has_already_is_not_sent_again(school, paper):
    date = http_date(paper.uploaded_at.timestamp())
    for headers in (
        {"if-none-match": ETAG},
        {"if-none-match": f'"x", W/{ETAG}'},
        {"if-modified-since": date},
    ):
        response = school.get(file_of(paper), headers=headers)
        assert (response.status_code, body(response)) == (304, b""), headers
        assert response["ETag"] == ETAG
    other = {"if-none-match": '"another"', "if-modified-since": date}
    assert download(school, paper, **other) == (200, CONTENT)
    assert download(school, paper, **{"if-match": '"another"'})[0] == 412


def test_head_tells_the_size_and_sends_nothing(school, paper):
    response = school.head(file_of(paper), headers={"range": "bytes=5-9"})
    assert response.status_code == 200
    assert (response["Content-Length"], response["Accept-Ranges"]) == (str(SIZE), "bytes")
    assert not Download.objects.exists()


def test_a_new_version_has_another_etag_and_the_old_file_is_gone(
    school, paper, django_capture_on_commit_callbacks
):
    old = storing.path_of(paper.stored_name)
    with django_capture_on_commit_callbacks(execute=True), storing.Incoming() as incoming:
        incoming.write(files.wav())
        shelving.change(paper, [], factories.officer(EDITOR), incoming, "ascolto.wav")
    response = school.get(file_of(paper), headers={"range": "bytes=100-", "if-range": ETAG})
    assert body(response) == files.wav()
    assert response["Content-Type"] == "audio/wav"
    assert response["ETag"] != ETAG
    assert not old.exists()


def test_a_file_that_is_missing_on_the_disk_is_not_found_and_not_counted(school, paper):
    storing.remove(paper.stored_name)
    assert school.get(file_of(paper)).status_code == 404
    assert not Download.objects.exists()


def test_only_so_many_large_files_are_on_their_way_at_once(school):
    large = factories.material(files.PDF.replace(b"%%EOF", bytes(sending.KEEPS_A_THREAD) + b"%%EOF"))
    small = factories.material()
    under_way = [school.get(file_of(large)) for _each in range(sending.AT_ONCE)]
    assert {response.status_code for response in under_way} == {200}
    busy = school.get(file_of(large))
    assert (busy.status_code, busy["Retry-After"]) == (503, "30")
    assert "try again" in busy.content.decode()
    assert download(school, small)[0] == 200
    assert {len(body(response)) for response in under_way} == {large.size}
    again = [school.get(file_of(large)) for _each in range(sending.AT_ONCE)]
    assert {response.status_code for response in again} == {200}
    assert school.get(file_of(large)).status_code == 503
    for response in again:
        body(response)


# --- Behind a proxy that sends the files -----------------------------------------------------------------


def test_a_proxy_is_told_which_file_to_send(school, paper, settings):
    settings.X_ACCEL_MATERIAL = "/protected-material/"
    response = school.get(file_of(paper), headers={"range": "bytes=5-9", "if-none-match": ETAG})
    assert response.status_code == 200
    assert response["X-Accel-Redirect"] == f"/protected-material/{paper.stored_name}"
    assert response.content == b""
    assert response["Content-Type"] == "application/pdf"
    assert "attachment" in response["Content-Disposition"]
    shelving.publish([paper], factories.officer(EDITOR), shown=False)
    refused = school.get(file_of(paper))
    assert refused.status_code == 404
    assert "X-Accel-Redirect" not in refused


# --- Counting --------------------------------------------------------------------------------------------


def counted() -> list[tuple]:
    return list(Download.objects.values_list("centre", "count"))


@pytest.mark.parametrize("proxy", ["", "/protected-material/"])
def test_a_download_counts_once_however_many_parts_it_comes_in(school, centre, paper, settings, proxy):
    settings.X_ACCEL_MATERIAL = proxy
    for part in ("bytes=0-4999", "bytes=5000-9999", "bytes=10000-", "bytes=-100"):
        download(school, paper, range=part)
    assert counted() == [(centre.pk, 1)]
    download(school, paper)
    download(school, paper, range="bytes=0-")
    assert counted() == [(centre.pk, 3)]


@pytest.mark.parametrize("proxy", ["", "/protected-material/"])
@pytest.mark.parametrize(
    "headers",
    [{"if-none-match": ETAG}, {"range": "bytes=0-0"}, {"range": f"bytes={SIZE}-"}, {"range": "bytes=1-"}],
)
def test_what_is_no_download_does_not_count(school, paper, settings, headers, proxy):
    settings.X_ACCEL_MATERIAL = proxy
    download(school, paper, **headers)
    school.head(file_of(paper))
    assert counted() == []


def test_each_centre_is_counted_apart_and_a_person_of_two_for_the_first_by_name(school, centre, paper):
    other = factories.centre(name="Aaa")
    both = factories.member(other)
    both.memberships.create(centre=centre)
    download(school, paper)
    school.force_login(both)
    download(school, paper)
    assert sorted(counted()) == sorted([(centre.pk, 1), (other.pk, 1)])


# --- The database's guard --------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_centres_login_reads_what_is_published_and_writes_nothing(role_connection, paper):
    hidden = factories.material(published_at=None)
    login = role_connection("centres")
    assert login.execute("SELECT id FROM centres_material").fetchall() == [(paper.pk,)]
    for statement in (
        "SELECT uploaded_by_id FROM centres_material",
        "SELECT * FROM centres_download",
        "SELECT * FROM centres_materialevent",
        "INSERT INTO centres_download (material_id, centre_id, day, count) VALUES (1, 1, current_date, 1)",
        "UPDATE centres_material SET published_at = now()",
        "DELETE FROM centres_material",
        "DELETE FROM centres_materialvisit",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            login.execute(statement)
    member = factories.member(factories.centre())
    login.execute("SELECT centres_count_download(%s, %s)", [hidden.pk, member.pk])
    login.execute("SELECT centres_count_download(%s, %s)", [paper.pk, factories.staff().pk])
    assert not Download.objects.exists()
    login.execute("SELECT centres_count_download(%s, %s)", [paper.pk, member.pk])
    assert counted() == [(member.memberships.get().centre_id, 1)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("login", ["candidates", "worker"])
def test_the_other_logins_have_nothing_of_it(role_connection, paper, login):
    for statement in (
        "SELECT id FROM centres_material",
        "SELECT * FROM centres_materialvisit",
        f"SELECT centres_count_download({paper.pk}, 1)",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            role_connection(login).execute(statement)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("material_titles_in_both", {"title_it": ""}),
        ("material_description_in_both_or_none", {"description_en": "only here"}),
        ("material_exams_known", {"exams": []}),
        ("material_exams_known", {"exams": ["B2F", "XXX"]}),
        ("material_skills_known", {"skills": ["dancing"]}),
        ("material_kind_known", {"kind": "poem"}),
        ("material_stored_name_form", {"stored_name": "../../etc/passwd"}),
        ("material_file_name_plain", {"file_name": "a/b.pdf"}),
        ("material_file_name_plain", {"file_name": "a\nb.pdf"}),
        ("material_file_name_plain", {"file_name": ""}),
        ("material_size_allowed", {"size": 0}),
        ("material_size_allowed", {"size": 200_000_001}),
        ("material_sha256_form", {"sha256": "x" * 64}),
        ("material_media_type_form", {"media_type": "text/html\r\nX: y"}),
    ],
)
def test_the_database_refuses_what_no_material_is(paper, name, changed):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Material.objects.filter(pk=paper.pk).update(**changed)


def test_a_days_downloads_are_one_row_that_counts_up(paper, centre):
    day = factories.database_now().date()
    Download.objects.create(material=paper, centre=centre, day=day, count=1)
    for name, count in (("download_one_row_a_day", 1), ("download_counts_up", 0)):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Download.objects.create(material=paper, centre=centre, day=day, count=count)
