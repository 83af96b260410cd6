"""The Atom feed of an account under its private address: what it is, what it holds, when it dies."""

import re
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from django.core import signing
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from centres import feeds, following
from centres.models import NewsReader, Post
from tests import factories
from tests.conftest import FaceClient

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
ATOM = "{http://www.w3.org/2005/Atom}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@pytest.fixture
def member(db) -> User:
    return factories.member(factories.centre())


def address_of(user: User) -> str:
    """The address that the page “Follow the news” shows, as a path."""
    browser = FaceClient("centres")
    browser.force_login(user)
    shown = re.search(
        r"<code>(http://centres\.example\.org/[^<]+)</code>", browser.get("/news/follow/").content.decode()
    )
    return urlsplit(shown[1]).path


def fetch(address: str, **headers):
    """As a feed reader asks: without a cookie."""
    return FaceClient("centres").get(address, headers=headers)


def feed_of(user: User) -> ElementTree.Element:
    response = fetch(address_of(user))
    assert response.status_code == 200
    return ElementTree.fromstring(response.content)  # noqa: S314


def titles(feed: ElementTree.Element) -> list[str]:
    return [entry.findtext(f"{ATOM}title") for entry in feed.findall(f"{ATOM}entry")]


def one(element: ElementTree.Element, name: str) -> str:
    (found,) = element.findall(f"{ATOM}{name}")
    return found.text


def link(element: ElementTree.Element, rel: str) -> ElementTree.Element:
    (found,) = [each for each in element.findall(f"{ATOM}link") if each.get("rel") == rel]
    return found


def moment(text: str) -> datetime:
    """RFC 3339, with seconds and a zone, as RFC 4287 asks (section 3.3)."""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", text)
    return datetime.fromisoformat(text)


def check_atom(feed: ElementTree.Element) -> None:
    """What RFC 4287 asks of a feed and its entries (sections 4.1.1 and 4.1.2)."""
    assert feed.tag == f"{ATOM}feed"
    ids = [one(feed, "id"), *(one(entry, "id") for entry in feed.findall(f"{ATOM}entry"))]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", each) for each in ids)
    assert one(feed, "title")
    moment(one(feed, "updated"))
    (author,) = feed.findall(f"{ATOM}author")
    assert one(author, "name") == "Centro Esami Sirio"
    assert link(feed, "self").get("type") == "application/atom+xml"
    assert link(feed, "alternate").get("href") == "http://centres.example.org/news/"
    for entry in feed.findall(f"{ATOM}entry"):
        assert one(entry, "title")
        assert (
            moment(one(entry, "published")) <= moment(one(entry, "updated")) <= moment(one(feed, "updated"))
        )
        assert link(entry, "alternate").get("href").startswith("http://centres.example.org/news/")
        (content,) = entry.findall(f"{ATOM}content")
        assert content.get("type") == "html"
        (category,) = entry.findall(f"{ATOM}category")
        assert category.get("term") in {"news", "initiative"}
        one(entry, "summary")


# --- What it is ----------------------------------------------------------------------------------------


def test_the_feed_is_valid_atom_with_and_without_posts(member):
    check_atom(feed_of(member))
    factories.post(title_en="A & B <i>", body_en="Line\n\n<b>not bold</b> **bold** & [x](/news/)")
    factories.post(kind="initiative", title_en="Second", published_in=-2 * HOUR)
    feed = feed_of(member)
    check_atom(feed)
    assert titles(feed) == ["A & B <i>", "Second"]
    content = feed.find(f"{ATOM}entry/{ATOM}content").text
    assert "<strong>bold</strong>" in content
    assert "&lt;b&gt;not bold" in content
    assert 'href="http://centres.example.org/news/"' in content


def test_words_that_xml_cannot_hold_are_left_out(member):
    factories.post(title_en="A\x0bB\ufffe", summary_en="C\x01D", body_en="E\x1fF ]]> \U0001f600")
    feed = feed_of(member)
    check_atom(feed)
    assert titles(feed) == ["AB"]
    assert feed.find(f"{ATOM}entry/{ATOM}summary").text == "CD"
    assert "EF ]]&gt; \U0001f600" in feed.find(f"{ATOM}entry/{ATOM}content").text


def test_the_feed_speaks_the_accounts_language_whatever_the_program_asks(member):
    factories.post()
    assert titles(feed_of(member)) == ["Oral exam days"]
    User.objects.filter(pk=member.pk).update(language="it")
    feed = feed_of(member)
    assert feed.get(XML_LANG) == "it"
    assert titles(feed) == ["Giornata degli orali"]


def test_ids_stay_when_posts_change_and_when_the_address_does(member):
    post = factories.post()
    before = feed_of(member)
    Post.objects.filter(pk=post.pk).update(title_en="Another title")
    following.new_feed_address(member)
    after = feed_of(member)
    assert [each.text for each in after.iter(f"{ATOM}id")] == [each.text for each in before.iter(f"{ATOM}id")]
    assert titles(after) == ["Another title"]
    assert one(after.find(f"{ATOM}entry"), "updated") > one(before.find(f"{ATOM}entry"), "updated")


def test_the_feed_holds_the_newest_thirty_pinned_or_not(member):
    for number in range(feeds.MOST_ENTRIES + 1):
        factories.post(title_en=f"Post {number}", published_in=-number * HOUR, is_pinned=number == 30)
    assert titles(feed_of(member)) == [f"Post {number}" for number in range(feeds.MOST_ENTRIES)]


# --- What it holds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "held"),
    [
        ({"published_in": SECOND}, False),
        ({"published_in": timedelta(0)}, True),
        ({"published_in": -SECOND}, True),
        ({"published_in": None}, False),
    ],
    ids=["T-1s", "T", "T+1s", "draft"],
)
def test_the_feed_holds_a_planned_post_from_its_time_on(member, fields, held):
    factories.post(**fields)
    assert (titles(feed_of(member)) == ["Oral exam days"]) is held


@pytest.mark.parametrize(
    ("expires_in", "held"),
    [(SECOND, True), (timedelta(0), False), (-SECOND, False)],
    ids=["T-1s", "T", "T+1s"],
)
def test_the_feed_holds_no_post_that_has_ended(member, expires_in, held):
    factories.post(expires_at=factories.database_now() + expires_in)
    assert (titles(feed_of(member)) == ["Oral exam days"]) is held


def test_the_feed_holds_what_is_for_the_accounts_centres_and_nothing_of_others(member):
    own, other = member.memberships.get().centre, factories.centre()
    factories.post(own, title_en="Ours", published_in=-HOUR)
    factories.post(other, title_en="Theirs", published_in=-2 * HOUR)
    factories.post(title_en="Everybodys", published_in=-3 * HOUR)
    assert titles(feed_of(member)) == ["Ours", "Everybodys"]
    assert titles(feed_of(factories.member(other))) == ["Theirs", "Everybodys"]


# --- The address -----------------------------------------------------------------------------------------


def test_a_new_address_kills_the_old_one_at_once(member):
    old = address_of(member)
    assert fetch(old).status_code == 200
    browser = FaceClient("centres")
    browser.force_login(member)
    assert browser.post("/news/follow/new-address/").url == "/news/follow/"
    assert fetch(old).status_code == 404
    assert address_of(member) != old
    assert fetch(address_of(member)).status_code == 200


def test_the_address_stays_the_same_until_somebody_wants_another(member):
    assert address_of(member) == address_of(member)
    browser = FaceClient("centres")
    browser.force_login(member)
    assert browser.get("/news/follow/new-address/").status_code == 405


@pytest.mark.parametrize(
    "end",
    [
        lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
        lambda user: user.memberships.all().delete(),
        lambda user: user.delete(),
    ],
    ids=["inactive", "without a centre", "deleted"],
)
def test_the_feed_dies_with_the_access(member, end):
    factories.post(title_en="Everybodys")
    address = address_of(member)
    assert "Everybodys" in fetch(address).content.decode()
    end(member)
    response = fetch(address)
    assert response.status_code == 404
    assert "Everybodys" not in response.content.decode()


def test_no_address_that_was_not_made_here_reaches_the_database(member):
    token = address_of(member).rstrip("/").rpartition("/")[2]
    number, _dot, signature = token.partition(".")
    made_up = [
        number,
        f"{number}.",
        f"{number}.{'A' * 43}",
        f"{'A' * 22}.{signature}",
        f"{token}x",
        token.swapcase(),
        "%00",
        "%ff%fe",
        "é.é",
        "x" * 5_000,
        following._digest.sign(number),  # signed by us, for something else
    ]
    for each in made_up:
        with CaptureQueriesContext(connection) as captured:
            assert fetch(f"/news/feed/{each}/").status_code == 404, each
        assert not [query for query in captured if "newsreader" in query["sql"]], each


def test_the_numbers_alone_make_no_address(member):
    """Whoever reads the database has the numbers, and not the key."""
    number = following.reader_of(member).feed_number
    forged = signing.Signer(key="guessed", salt=following._feed.salt, sep=".").sign(number)
    assert fetch(f"/news/feed/{forged}/").status_code == 404
    assert fetch(f"/news/feed/{following._feed.sign(number)}/").status_code == 200


def test_the_feed_asks_for_no_cookie_sets_none_and_is_found_by_no_search(member):
    response = fetch(address_of(member))
    assert not response.cookies
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert response["Cache-Control"] == "private, no-cache"
    assert response["Content-Type"] == "application/atom+xml; charset=utf-8"


def test_who_is_signed_in_as_somebody_else_reads_the_feed_of_the_address(member):
    other = factories.member(factories.centre())
    factories.post(member.memberships.get().centre, title_en="Ours")
    browser = FaceClient("centres")
    browser.force_login(other)
    assert "Ours" in browser.get(address_of(member)).content.decode()


# --- What it costs ---------------------------------------------------------------------------------------


def test_what_has_not_changed_is_not_sent_again(member):
    post = factories.post()
    address = address_of(member)
    first = fetch(address)
    again = fetch(address, if_none_match=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    assert again["Cache-Control"] == "private, no-cache"
    Post.objects.filter(pk=post.pk).update(body_en="Another room.")
    changed = fetch(address, if_none_match=first["ETag"])
    assert changed.status_code == 200
    assert "Another room." in changed.content.decode()
    Post.objects.filter(pk=post.pk).update(expires_at=factories.database_now())
    ended = fetch(address, if_none_match=changed["ETag"])
    assert ended.status_code == 200
    assert "Another room." not in ended.content.decode()


def test_the_feed_costs_the_same_queries_with_one_post_and_with_many(member):
    address = address_of(member)
    factories.post()

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert fetch(address).status_code == 200
        return len([query for query in captured if "ROLE" not in query["sql"]])

    before = queries()
    for _number in range(5):
        factories.post()
    assert queries() == before <= 3


def test_asking_for_the_feed_is_no_visit(member):
    fetch(address_of(member))
    assert NewsReader.objects.get(user=member).visited_at is None
