"""The exams office's pages about news: writing, looking, publishing; and who may."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from centres import publishing
from centres.models import Post
from results_portal.office import APPROVER, AUDITOR, EDITOR, HELP_DESK, OFFICER
from tests import factories
from tests.conftest import FaceClient
from tests.office import page_of, save

LIST = "/admin/centres/post/"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def editor(staff_face):
    person = factories.officer(EDITOR)
    staff_face.force_login(person)
    return person


def split(name: str, moment) -> dict[str, str]:
    """A moment as the admin's two fields take it."""
    local = moment and timezone.localtime(moment)
    return {
        f"{name}_0": f"{local:%Y-%m-%d}" if local else "",
        f"{name}_1": f"{local:%H:%M:%S}" if local else "",
    }


def form_of(post: Post | None = None, **changed) -> dict:
    """What the browser sends from the page of a post; of a new one without it."""
    post = post or Post(title_it="Sede chiusa", title_en="Closed", body_it="Venerdì.", body_en="On Friday.")
    names = ("kind", "title_it", "title_en", "summary_it", "summary_en", "body_it", "body_en", "place")
    form = {name: getattr(post, name) for name in names} | {"held_on": "", "sign_up_by": ""}
    form |= split("published_at", post.published_at) | split("expires_at", post.expires_at)
    form |= {name: "on" for name in ("to_all", "is_pinned") if getattr(post, name)}
    form |= {"for_centres": [each.pk for each in post.centres.all()]} if post.pk else {}
    return {name: value for name, value in (form | changed).items() if value is not None}


def rows(page: str) -> list[str]:
    return re.findall(r'<th class="field-heading">(?:<a [^>]*>)?(.*?)(?:</a>)?</th>', page)


# --- Who may -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("group", "may"),
    [(EDITOR, True), (OFFICER, True), (APPROVER, False), (HELP_DESK, False), (AUDITOR, False)],
)
def test_editors_and_officers_write_the_news_and_nobody_else(staff_face, group, may):
    post = factories.post(published_in=HOUR)
    staff_face.force_login(factories.officer(group))
    for address in ("", "add/", f"{post.pk}/change/", f"{post.pk}/publish/", f"{post.pk}/take-offline/"):
        assert staff_face.get(LIST + address).status_code == (200 if may else 403), address
    assert staff_face.get(f"/admin/preview/news/{post.pk}/").status_code == (200 if may else 403)
    staff_face.post(f"{LIST}{post.pk}/publish/", {"sure": "yes"})
    moved = Post.objects.get().published_at < post.published_at
    assert moved is may


def test_the_verbs_refuse_who_has_no_right(db):
    post = factories.post(published_in=HOUR)
    for verb in (publishing.publish_now, publishing.take_offline):
        with pytest.raises(ValidationError, match="may not do this"):
            verb(post, factories.officer(HELP_DESK))
    assert Post.objects.with_state().get().state == "planned"


# --- Writing -------------------------------------------------------------------------------------------


def test_an_editor_writes_a_draft_and_stands_as_its_author(staff_face, editor):
    page_of(save(staff_face, f"{LIST}add/", form_of(), follow=True))
    post = Post.objects.with_state().get()
    assert (post.author, post.state, post.to_all) == (editor, "draft", True)
    assert "Avviso" not in page_of(staff_face.get(f"{LIST}{post.pk}/change/"))
    history = page_of(staff_face.get(f"{LIST}{post.pk}/history/"))
    assert "Post added" in history
    assert editor.email in history


def test_a_post_for_some_centres_is_for_these_and_the_history_says_so(staff_face, editor):
    one, other = factories.centre(name="Liceo Volta"), factories.centre(name="Liceo Galvani")
    post = factories.post(one, published_in=None)
    page_of(save(staff_face, f"{LIST}{post.pk}/change/", form_of(post, for_centres=[other.pk]), follow=True))
    assert list(post.centres.all()) == [other]
    history = page_of(staff_face.get(f"{LIST}{post.pk}/history/"))
    assert "Audience of a post removed" in history
    assert "Liceo Galvani" in history


REFUSED = {
    "in one language": ({"title_en": " "}, "This field is required."),
    "for nobody": ({"to_all": None, "for_centres": []}, "Name the preparation centres"),
    "published without a text": (
        {"body_en": "", **split("published_at", timezone.now())},
        "Write the text in both languages",
    ),
    "ending before it begins": (
        {**split("published_at", timezone.now()), **split("expires_at", timezone.now() - DAY)},
        "A post ends after it is published.",
    ),
    "news with a place": ({"place": "Roma"}, "Only an initiative has a day"),
    "too late to sign up": (
        {"kind": "initiative", "held_on": "2026-12-01", "sign_up_by": "2026-12-02"},
        "The last day to sign up",
    ),
    "an unknown kind": ({"kind": "rumour"}, "Select a valid choice"),
    "a NUL": ({"body_it": "a\x00b"}, "Null characters are not allowed."),
    "too long": ({"body_it": "a" * 20_001}, "at most 20000 characters"),
    "unknown centres": ({"to_all": None, "for_centres": ["999999"]}, "Select a valid choice"),
    "centres that are none": (
        {"to_all": None, "for_centres": ["x", "9" * 30, "²"]},
        "Name the preparation centres",
    ),
}


@pytest.mark.parametrize(("changed", "words"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_sense_is_refused_in_words_and_nothing_typed_is_lost(
    staff_face, editor, changed, words
):
    page = page_of(save(staff_face, f"{LIST}add/", form_of(**{"summary_it": "Un sommario"} | changed)))
    assert words in page
    assert "Un sommario" in page
    assert not Post.objects.exists()


def test_all_and_named_centres_together_are_refused(staff_face, editor):
    centre = factories.centre()
    page = page_of(save(staff_face, f"{LIST}add/", form_of(for_centres=[centre.pk])))
    assert "Either for all, or for those named" in page


def test_a_page_that_is_older_than_the_audience_saves_nothing(staff_face, editor):
    one, other = factories.centre(), factories.centre()
    post = factories.post(one, published_in=None)
    address = f"{LIST}{post.pk}/change/"
    shown = re.search(r'name="shown" value="([^"]*)"', staff_face.get(address).content.decode())[1]
    post.centres.set([other])
    page = page_of(staff_face.post(address, form_of(post, for_centres=[one.pk], shown=shown)))
    assert "Somebody changed this meanwhile" in page
    assert list(post.centres.all()) == [other]


def test_the_autocomplete_finds_centres_for_an_editor(staff_face, editor):
    factories.centre(name="Liceo Volta")
    found = staff_face.get(
        "/admin/autocomplete/",
        {"term": "volta", "app_label": "centres", "model_name": "post", "field_name": "centres"},
    )
    assert [each["text"] for each in found.json()["results"]] == ["Liceo Volta"]


def test_deleting_a_post_takes_it_from_everybody(staff_face, editor):
    member = factories.member(factories.centre())
    post = factories.post(member.memberships.get().centre)
    staff_face.post(f"{LIST}{post.pk}/delete/", {"post": "yes"})
    browser = FaceClient("centres")
    browser.force_login(member)
    assert browser.get(f"/news/{post.key}/").status_code == 404


# --- The list --------------------------------------------------------------------------------------------


@pytest.fixture
def one_of_each(db) -> dict[str, Post]:
    return {
        "draft": factories.post(published_in=None, title_en="The draft"),
        "planned": factories.post(published_in=HOUR, title_en="The planned"),
        "published": factories.post(title_en="The published", is_pinned=True),
        "expired": factories.post(
            published_in=-DAY, expires_at=factories.database_now(), title_en="The expired", kind="initiative"
        ),
    }


@pytest.mark.parametrize("state", Post.State.values)
def test_the_list_says_and_filters_the_state(staff_face, editor, one_of_each, state):
    page = page_of(staff_face.get(LIST, {"state": state}))
    assert rows(page) == [f"The {state}"]
    assert f"state-post-{state}" in page


def test_the_list_is_searched_and_filtered_and_survives_odd_addresses(staff_face, editor, one_of_each):
    assert rows(page_of(staff_face.get(LIST, {"q": "the plan"}))) == ["The planned"]
    assert rows(page_of(staff_face.get(LIST, {"kind__exact": "initiative"}))) == ["The expired"]
    assert rows(page_of(staff_face.get(LIST, {"is_pinned__exact": "1"}))) == ["The published"]
    for odd in (
        {"q": "\x00"},
        {"state": "x"},
        {"p": "x"},
        {"kind__exact": "\x00"},
        {"author__password": "x"},
    ):
        assert staff_face.get(LIST, odd, follow=True).status_code in {200, 400}, odd
    for odd in ("0", "999999999999999999999", "x"):
        assert staff_face.get(f"{LIST}{odd}/change/", follow=True).status_code in {200, 404}, odd


def test_the_list_asks_the_database_as_often_for_five_posts_as_for_one(staff_face, editor):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(staff_face.get(LIST))
        return len(captured)

    factories.post(factories.centre())
    queries()
    with_one = queries()
    for _number in range(4):
        factories.post(factories.centre(), factories.centre())
    assert queries() == with_one


# --- Publishing ------------------------------------------------------------------------------------------


def test_publish_now_asks_first_and_then_shows_it(staff_face, editor, one_of_each):
    for state in ("draft", "planned"):
        post = one_of_each[state]
        assert f"{post.pk}/publish/" in page_of(staff_face.get(f"{LIST}{post.pk}/change/"))
        assert "All preparation centres see it at once." in page_of(
            staff_face.get(f"{LIST}{post.pk}/publish/")
        )
        assert Post.objects.with_state().get(pk=post.pk).state == state
        page = page_of(staff_face.post(f"{LIST}{post.pk}/publish/", {"sure": "yes"}, follow=True))
        assert f"“The {state}” is published." in page
        post.refresh_from_db()
        assert abs(post.published_at - factories.database_now()) < timedelta(minutes=1)


def test_what_cannot_be_published_is_refused_in_words(staff_face, editor, one_of_each):
    incomplete = factories.post(published_in=None, body_en="")
    ended = factories.post(published_in=None, expires_at=factories.database_now() - HOUR)
    for post, words in (
        (one_of_each["published"], "is published already."),
        (one_of_each["expired"], "has passed."),
        (ended, "has passed."),
        (incomplete, "has no text in both languages yet."),
    ):
        before = post.published_at
        assert words in page_of(staff_face.post(f"{LIST}{post.pk}/publish/", {"sure": "yes"}))
        post.refresh_from_db()
        assert post.published_at == before


def test_several_are_published_from_the_list_and_each_refusal_is_told(staff_face, editor, one_of_each):
    ticked = [one_of_each[state].pk for state in ("draft", "expired")]
    form = {"action": "publish_action", "_selected_action": ticked}
    page = page_of(staff_face.post(LIST, form, follow=True))
    assert "“The draft” is published." in page
    assert "The end of “The expired” has passed." in page
    assert Post.objects.get(title_en="The draft").published_at


def test_taking_offline_makes_it_a_draft(staff_face, editor, one_of_each):
    post = one_of_each["published"]
    assert f"{post.pk}/take-offline/" in page_of(staff_face.get(f"{LIST}{post.pk}/change/"))
    page_of(staff_face.post(f"{LIST}{post.pk}/take-offline/", {"sure": "yes"}, follow=True))
    assert Post.objects.with_state().get(pk=post.pk).state == "draft"


def test_who_published_is_in_the_history(staff_face, editor, one_of_each):
    post = one_of_each["draft"]
    staff_face.post(f"{LIST}{post.pk}/publish/", {"sure": "yes"})
    page = page_of(staff_face.get(f"{LIST}{post.pk}/history/"))
    assert "Published from" in page
    assert editor.email in page


# --- The preview -----------------------------------------------------------------------------------------


def main_of(page: str) -> str:
    return re.search(r"<main.*?</main>", page, re.DOTALL)[0]


@pytest.mark.parametrize("language", ["it", "en"])
def test_the_preview_is_the_very_page_that_centres_get(staff_face, editor, language):
    post = factories.post(
        published_in=-DAY,
        kind="initiative",
        place="Aula Magna",
        is_pinned=True,
        summary_it="Sommario",
        summary_en="Summary",
        body_en="## A *heading*\n\n<script>x</script> [all](/news/)",
    )
    browser = FaceClient("centres")
    browser.force_login(factories.member(factories.centre()))
    browser.cookies["language"] = language
    theirs = main_of(page_of(browser.get(f"/news/{post.key}/")))
    response = staff_face.get(f"/admin/preview/news/{post.pk}/?language={language}")
    preview = main_of(page_of(response))
    assert preview == theirs.replace('href="/news/"', 'href="http://centres.example.org/news/"', 1)
    assert response["Content-Language"] == language
    assert "script-src 'none'" in response["Content-Security-Policy"]


def test_a_draft_is_previewed_as_of_today_and_stays_hidden(staff_face, editor, one_of_each):
    post = one_of_each["draft"]
    page = page_of(staff_face.get(f"/admin/preview/news/{post.pk}/?language=en"))
    assert "Preview: only you see this." in page
    assert "The draft" in main_of(page)
    assert str(timezone.localtime().year) in main_of(page)
    assert not Post.objects.get(pk=post.pk).published_at


def test_saving_can_lead_straight_to_the_preview(staff_face, editor):
    response = save(staff_face, f"{LIST}add/", form_of(_preview="Save and preview"))
    post = Post.objects.get()
    assert response.url == f"/admin/preview/news/{post.pk}/"
    changed = form_of(post, title_it="Altro titolo", _preview="Save and preview")
    assert save(staff_face, f"{LIST}{post.pk}/change/", changed).url == response.url
    assert "Altro titolo" in page_of(staff_face.get(response.url))


def test_the_preview_of_nothing_is_not_found(staff_face, editor):
    assert staff_face.get("/admin/preview/news/999999/").status_code == 404
    post = factories.post()
    assert staff_face.get(f"/admin/preview/news/{post.pk}/?language=%00").status_code == 200
