"""News for preparation centres: who sees which post, from when to when, and what is new."""

import re
from datetime import date, timedelta

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from centres import publishing
from centres.models import NewsDigest, NewsReader, Post, PostAudience, VisiblePost
from tests import factories
from tests.conftest import FaceClient

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


def signed_in(user: User) -> FaceClient:
    browser = FaceClient("centres")
    browser.force_login(user)
    return browser


def list_of(user: User) -> str:
    response = signed_in(user).get("/news/")
    assert response.status_code == 200
    return response.content.decode()


def titles(page: str) -> list[str]:
    return re.findall(r'<h2 id="post-\d+"><a href="[^"]+">(.*?)</a></h2>', page)


@pytest.fixture
def centre(db):
    return factories.centre()


@pytest.fixture
def member(centre) -> User:
    return factories.member(centre)


# --- Which posts ---------------------------------------------------------------------------------------


def sees(user: User, post: Post) -> bool:
    """Whether a post shows: on the list, on its own page and after signing in, all three alike."""
    browser = signed_in(user)
    shown = {
        post.title_en in browser.get("/news/").content.decode(),
        browser.get(f"/news/{post.key}/").status_code == 200,
        post.title_en in browser.get("/sessions/").content.decode(),
    }
    assert len(shown) == 1
    return shown.pop()


@pytest.mark.parametrize(
    ("published_in", "shown"),
    [(SECOND, False), (timedelta(0), True), (-SECOND, True)],
    ids=["T-1s", "T", "T+1s"],
)
def test_a_planned_post_appears_at_its_time(member, published_in, shown):
    assert sees(member, factories.post(published_in=published_in)) is shown


@pytest.mark.parametrize(
    ("expires_in", "shown"),
    [(SECOND, True), (timedelta(0), False), (-SECOND, False)],
    ids=["T-1s", "T", "T+1s"],
)
def test_a_post_is_gone_at_its_end(member, expires_in, shown):
    assert sees(member, factories.post(expires_at=factories.database_now() + expires_in)) is shown


def test_a_draft_shows_to_nobody(member):
    assert not sees(member, factories.post(published_in=None))


def test_a_post_for_one_centre_shows_to_its_people_and_no_others(centre, member):
    post = factories.post(centre)
    assert sees(member, post)
    assert not sees(factories.member(factories.centre()), post)


def test_a_post_for_some_shows_once_to_who_belongs_to_several_of_them(centre, member):
    second = factories.centre()
    member.memberships.create(centre=second)
    factories.post(centre, second)
    assert titles(list_of(member)) == ["Oral exam days"]


def test_a_post_whose_only_centre_is_gone_shows_to_nobody(member):
    other = factories.centre()
    post = factories.post(other)
    other.delete()
    assert not sees(member, post)


def test_who_leaves_the_centre_sees_no_news_any_more(centre, member):
    posts = [factories.post(centre), factories.post()]
    assert all(sees(member, post) for post in posts)
    member.memberships.all().delete()
    assert not any(sees(member, post) for post in posts)


def test_what_does_not_show_is_not_found_rather_than_forbidden(member):
    other = factories.post(factories.centre())
    for key in (other.key, "00000000-0000-4000-8000-000000000000", "x", "%00"):
        assert signed_in(member).get(f"/news/{key}/").status_code == 404, key


def test_news_needs_a_sign_in(centres):
    post = factories.post()
    for address in ("/news/", f"/news/{post.key}/", "/news/follow/"):
        response = centres.get(address)
        assert response.status_code == 302
        assert response.url.startswith("/?next=")


# --- The database is the last guard ----------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_logins_of_face_and_worker_read_what_shows_and_nothing_else(role_connection):
    ours, theirs = factories.centre(), factories.centre()
    member, stranger = factories.member(ours), factories.member(theirs)
    shown = factories.post(ours)
    factories.post(published_in=HOUR)
    factories.post(published_in=None)
    factories.post(expires_at=factories.database_now() - SECOND)
    away = factories.member(ours)
    User.objects.filter(pk=away.pk).update(is_active=False)
    for login in ("centres", "worker"):
        database = role_connection(login)
        rows = database.execute("SELECT user_id, id FROM centres_visible_posts").fetchall()
        assert rows == [(member.pk, shown.pk)]
        asked = "SELECT id FROM centres_visible_posts WHERE user_id = %s"
        assert database.execute(asked, [stranger.pk]).fetchall() == []
        for table in ("centres_post", "centres_postaudience", "centres_postevent"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                database.execute(f"SELECT id FROM {table}")


@pytest.mark.django_db(transaction=True)
def test_a_condition_in_a_query_is_never_tried_on_a_post_that_is_kept_back(role_connection):
    factories.member(factories.centre())
    factories.post(published_in=HOUR, title_en="Not yet")
    tried = "SELECT id FROM centres_visible_posts WHERE title_en::int > 0"  # an error would tell the title
    assert role_connection("centres").execute(tried).fetchall() == []
    Post.objects.update(published_at=factories.database_now() - HOUR)
    with pytest.raises(psycopg.errors.InvalidTextRepresentation, match="Not yet"):
        role_connection("centres").execute(tried)


@pytest.mark.parametrize("login", ["candidates", "worker"])
@pytest.mark.django_db
def test_no_other_login_reads_the_numbers_of_the_feeds(role_connection, login):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        role_connection(login).execute("SELECT feed_number FROM centres_newsreader")


WRONG = {
    "post_kind_known": {"kind": "rumour"},
    "post_has_titles": {"title_en": ""},
    "post_published_in_both_languages": {"body_it": ""},
    "post_expires_after_publication": {
        "published_at": "2026-11-25T10:00Z",
        "expires_at": "2026-11-25T10:00Z",
    },
    "post_dates_of_initiatives_only": {"place": "Roma"},
    "post_sign_up_before_the_day": {
        "kind": "initiative",
        "held_on": date(2026, 12, 1),
        "sign_up_by": date(2026, 12, 2),
    },
}


@pytest.mark.django_db
@pytest.mark.parametrize(("constraint", "fields"), WRONG.items(), ids=WRONG)
def test_the_database_refuses_a_post_that_makes_no_sense(constraint, fields):
    with pytest.raises(IntegrityError, match=constraint):
        factories.post(**fields)


def test_the_database_refuses_what_makes_no_sense_about_readers(centre, member):
    post = factories.post(centre)
    with pytest.raises(IntegrityError, match="post_audience_once"), transaction.atomic():
        PostAudience.objects.create(post=post, centre=centre)
    for constraint, fields in {
        "reader_feed_number_form": {"feed_number": "short"},
        "reader_wants_digest_since": {"feed_number": "a" * 22, "wants_digest": True},
    }.items():
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            NewsReader.objects.create(user=member, **fields)
    monday = date(2026, 11, 23)
    NewsDigest.objects.create(user=member, issue=monday, posts=[post.pk])
    for constraint, fields in {
        "digest_once_a_week": {"issue": monday},
        "digest_state_known": {"issue": monday + DAY, "state": "lost"},
        "digest_sent_has_time": {"issue": monday + DAY, "state": "sent"},
    }.items():
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            NewsDigest.objects.create(user=member, posts=[], **fields)


def test_a_readers_rows_go_with_the_account(member):
    list_of(member)
    NewsDigest.objects.create(user=member, issue=date(2026, 11, 23), posts=[])
    member.delete()
    assert not NewsReader.objects.exists()
    assert not NewsDigest.objects.exists()


# --- The list ------------------------------------------------------------------------------------------


def test_pinned_posts_come_first_then_the_newest(member):
    for title, hours, pinned in (("Old", 3, False), ("Pinned", 4, True), ("New", 1, False)):
        factories.post(title_en=title, published_in=-hours * HOUR, is_pinned=pinned)
    assert titles(list_of(member)) == ["Pinned", "New", "Old"]
    box = signed_in(member).get("/sessions/").content.decode()
    assert re.findall(r'<li><a href="/news/[^"]+">(.*?)</a>', box) == ["Pinned", "New", "Old"]


def test_the_list_is_narrowed_by_kind_and_an_unknown_kind_narrows_nothing(member):
    factories.post(title_en="Closed on Friday")
    factories.post(title_en="A seminar", kind="initiative", held_on=date(2026, 12, 11), place="Roma")
    browser = signed_in(member)
    assert titles(browser.get("/news/?kind=initiative").content.decode()) == ["A seminar"]
    assert titles(browser.get("/news/?kind=news").content.decode()) == ["Closed on Friday"]
    for odd in ("rumour", "%00", "news&kind=x"):
        assert len(titles(browser.get(f"/news/?kind={odd}").content.decode())) == 2


def test_the_pages_of_the_list_keep_the_kind(member):
    for number in range(21):
        factories.post(title_en=f"Post {number}", published_in=-number * HOUR)
    browser = signed_in(member)
    page = browser.get("/news/?kind=news").content.decode()
    assert len(titles(page)) == 20
    assert 'href="?kind=news&amp;page=2"' in page
    assert titles(browser.get("/news/?kind=news&page=2").content.decode()) == ["Post 20"]
    for odd in ("0", "x", "-1", "9" * 400, "%00"):
        assert titles(browser.get(f"/news/?page={odd}").content.decode()), odd


def test_the_list_and_the_box_cost_the_same_queries_with_one_post_and_with_many(centre, member):
    browser = signed_in(member)
    factories.post()
    browser.get("/news/")

    def queries(page: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(page).status_code == 200
        return len([query for query in captured if "ROLE" not in query["sql"]])

    before = queries("/news/"), queries("/sessions/")
    for _number in range(5):
        factories.post(centre)
    assert (queries("/news/"), queries("/sessions/")) == before


def test_each_language_shows_its_own_words(member):
    post = factories.post(summary_it="Tutte le date", summary_en="All dates")
    browser = signed_in(member)
    for language, there, absent in (
        ("it", ("Giornata degli orali", "Tutte le date", "<strong>qui</strong>"), "All dates"),
        ("en", ("Oral exam days", "All dates", "<strong>here</strong>"), "Tutte le date"),
    ):
        browser.cookies["language"] = language
        page = browser.get(f"/news/{post.key}/").content.decode()
        assert all(words in page for words in there)
        assert absent not in page
        assert there[0] in browser.get("/news/").content.decode()


def test_a_post_without_a_summary_shows_its_beginning_in_the_list_without_markup(member):
    factories.post(body_en="## Dates\n\nThe *oral* exams & <b>more</b>\n\n" + "word " * 100)
    page = list_of(member)
    assert "<p>Dates The oral exams &amp; &lt;b&gt;more&lt;/b&gt; word" in page
    assert "…</p>" in page


def test_an_initiative_shows_day_place_and_last_day_to_sign_up(member):
    post = factories.post(
        kind="initiative", held_on=date(2026, 12, 11), place="Aula Magna", sign_up_by=date(2026, 12, 4)
    )
    page = signed_in(member).get(f"/news/{post.key}/").content.decode()
    for words in ("11 December 2026", "Aula Magna", "4 December 2026"):
        assert f"<dd>{words}</dd>" in page


# --- New since the last visit ----------------------------------------------------------------------------


def new(page: str) -> int:
    return page.count("news-tag-new")


def later(user: User, by: timedelta) -> None:
    """As if the account had looked so long ago."""
    NewsReader.objects.filter(user=user).update(visited_at=factories.database_now() - by)


def test_what_came_since_the_last_visit_is_new_and_stays_so_while_the_visit_lasts(member):
    factories.post(title_en="Old", published_in=-3 * DAY)
    assert new(list_of(member)) == 0  # a first visit has no last one
    later(member, DAY)
    factories.post(title_en="Fresh", published_in=-HOUR)
    for _reload in range(2):
        page = list_of(member)
        assert new(page) == 1
        assert re.search(r"news-tag-new.*?Fresh", page, re.DOTALL)
    later(member, 31 * timedelta(minutes=1))
    assert new(list_of(member)) == 0


def test_a_visit_of_one_account_leaves_the_others_as_they_are(centre, member):
    colleague = factories.member(centre)
    for user in (member, colleague):
        list_of(user)
        later(user, DAY)
    factories.post()
    assert new(list_of(member)) == 1
    assert new(list_of(colleague)) == 1


# --- What the exams office changes ---------------------------------------------------------------------


def test_a_change_of_the_words_counts_as_an_update_and_pinning_does_not(member):
    now = factories.database_now()
    post = factories.post(published_in=-2 * DAY)
    Post.objects.filter(pk=post.pk).update(is_pinned=True, expires_at=now + DAY)
    assert not VisiblePost.objects.of(member).get().was_updated
    Post.objects.filter(pk=post.pk).update(body_it="Cambio di aula.")
    assert VisiblePost.objects.of(member).get().updated_at == now
    assert "updated" in signed_in(member).get(f"/news/{post.key}/").content.decode()


@pytest.mark.django_db(transaction=True)  # within a transaction the database's clock stands still
def test_publishing_and_taking_offline_take_effect_at_once():
    member = factories.member(factories.centre())
    post, officer = factories.post(published_in=HOUR), factories.officer()
    publishing.publish_now(post, officer)
    assert sees(member, post)
    publishing.take_offline(post, officer)
    assert not sees(member, post)
