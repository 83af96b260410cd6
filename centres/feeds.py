"""The news of an account as an Atom feed (RFC 4287), in the account's language."""

import hashlib
from collections.abc import Sequence
from io import StringIO
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.feedgenerator import rfc3339_date
from django.utils.translation import gettext as _
from django.utils.xmlutils import SimplerXMLGenerator

from centres.markdown import render, without_controls
from centres.models import NewsReader, VisiblePost

CONTENT_TYPE = "application/atom+xml; charset=utf-8"
MOST_ENTRIES = 30
FORM = 1  # raised when the same posts make another document, so that readers fetch it anew


def posts_of(reader: NewsReader) -> list[VisiblePost]:
    """What the feed holds now: the newest that the account may see."""
    return list(VisiblePost.objects.of(reader.user)[:MOST_ENTRIES])


def etag_of(reader: NewsReader, posts: Sequence[VisiblePost]) -> str:
    """Another whenever the document would be, without making it."""
    facts = [FORM, reader.user.language, reader.feed_number, settings.FACE_URLS, settings.AUTHORISED_CENTRE]
    facts += [(post.pk, post.published_at, post.updated_at) for post in posts]
    return f'"{hashlib.sha256(repr(facts).encode()).hexdigest()[:32]}"'


def atom(reader: NewsReader, posts: Sequence[VisiblePost], address: str) -> str:
    """The document; address: its own."""
    with translation.override(reader.user.language):
        return _atom(reader, posts, address)


def _atom(reader: NewsReader, posts: Sequence[VisiblePost], address: str) -> str:
    out = StringIO()
    xml = SimplerXMLGenerator(out, "utf-8", short_empty_elements=True)
    centre = settings.AUTHORISED_CENTRE["name"]
    site = settings.FACE_URLS["centres"]
    xml.startDocument()
    xml.startElement("feed", {"xmlns": "http://www.w3.org/2005/Atom", "xml:lang": translation.get_language()})
    # The same however often the address changes; another account's feed is another feed.
    xml.addQuickElement("id", uuid5(NAMESPACE_URL, f"{site}/news/feed/{reader.user_id}").urn)
    xml.addQuickElement("title", _("News for preparation centres – %s") % centre)
    changed = max((post.updated_at for post in posts), default=reader.user.created_at)
    xml.addQuickElement("updated", rfc3339_date(changed))
    _link(xml, "self", address, "application/atom+xml")
    _link(xml, "alternate", site + _path("news"), "text/html")
    xml.startElement("author", {})
    xml.addQuickElement("name", centre)
    xml.endElement("author")
    for post in posts:
        _entry(xml, post, site)
    xml.endElement("feed")
    xml.endDocument()
    return out.getvalue()


def _entry(xml: SimplerXMLGenerator, post: VisiblePost, site: str) -> None:
    xml.startElement("entry", {})
    xml.addQuickElement("id", post.key.urn)
    xml.addQuickElement("title", without_controls(post.title))
    xml.addQuickElement("published", rfc3339_date(post.published_at))
    xml.addQuickElement("updated", rfc3339_date(post.updated_at))
    _link(xml, "alternate", site + _path("news-post", post.key), "text/html")
    xml.addQuickElement("category", None, {"term": post.kind, "label": str(post.get_kind_display())})
    xml.addQuickElement("summary", without_controls(post.excerpt))
    xml.addQuickElement("content", render(post.body), {"type": "html"})
    xml.endElement("entry")


def _link(xml: SimplerXMLGenerator, rel: str, href: str, kind: str) -> None:
    xml.addQuickElement("link", None, {"rel": rel, "href": href, "type": kind})


def _path(name: str, *args) -> str:
    return reverse(name, urlconf="results_portal.urls.centres", args=args)
