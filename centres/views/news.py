"""News and initiatives: the list, a post, and how to follow them; the feed and the end of a digest, for which
nobody signs in."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from centres import digests, feeds, following, markdown
from centres.models import VisiblePost
from centres.models.news import PostWords

POSTS_A_PAGE = 20


@require_safe
def news(request: HttpRequest) -> HttpResponse:
    """What the account may see now: pinned posts first, then the newest; ?kind= narrows it."""
    kind = request.GET.get("kind", "")
    kind = kind if kind in PostWords.Kind.values else ""
    posts = VisiblePost.objects.of(request.user).pinned_first()
    posts = posts.filter(kind=kind) if kind else posts
    posts = posts.with_new(following.visit(request.user))
    return render(
        request,
        "centres/news.html",
        {
            "page": Paginator(posts, POSTS_A_PAGE).get_page(request.GET.get("page")),
            "kind": kind,
            "kinds": PostWords.Kind,
        },
    )


@require_safe
def post(request: HttpRequest, key: UUID) -> HttpResponse:
    """A post; 404 unless the account may see it now."""
    return post_page(request, get_object_or_404(VisiblePost.objects.of(request.user), key=key))


def post_page(request: HttpRequest, found: VisiblePost, **more) -> HttpResponse:
    """The page of a post; more: what else the templates are told (centres/previewing.py)."""
    context = {"post": found, "text": markdown.render(found.body)}
    return render(request, "centres/news_post.html", {**context, **more})


@require_safe
def follow(request: HttpRequest) -> HttpResponse:
    """“Follow the news”: the digest and the feed."""
    reader = following.reader_of(request.user)
    return render(
        request,
        "centres/news_follow.html",
        {"reader": reader, "feed": following.feed_address(reader), "next_digest": digests.next_issue()},
    )


@require_POST
def choose_digest(request: HttpRequest) -> HttpResponse:
    wanted = request.POST.get("digest") == "yes"
    following.choose_digest(request.user, wanted=wanted)
    if wanted:
        messages.success(request, _("You will get the news by email once a week."))
    else:
        messages.success(request, _("You will get no more news by email."))
    return redirect("news-follow")


@require_POST
def new_address(request: HttpRequest) -> HttpResponse:
    following.new_feed_address(request.user)
    messages.success(request, _("Your feed has a new address. The old one no longer works."))
    return redirect("news-follow")


@login_not_required
@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """The feed of an account, for programs that have no cookie: whoever has the address reads it."""
    reader = following.reader_of_feed(token)
    if reader is None:
        raise Http404
    posts = feeds.posts_of(reader)
    etag = feeds.etag_of(reader, posts)
    response = get_conditional_response(request, etag=etag)
    if response is None:
        document = feeds.atom(reader, posts, following.feed_address(reader))
        response = HttpResponse(document, content_type=feeds.CONTENT_TYPE)
    response["ETag"] = etag
    # Asked again each time: a post that has ended, and an address that was revoked, are gone at once.
    response["Cache-Control"] = "private, no-cache"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@csrf_exempt  # a mail program sends it with no cookie (RFC 8058); the signed link is what allows it
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Where the link of a digest leads: a button, and what it does. Looking alone changes nothing."""
    user = following.user_of_digest_link(token)
    if user is None:
        raise Http404
    if request.method == "POST":
        following.choose_digest(user, wanted=False)
    response = render(request, "centres/news_unsubscribe.html", {"ended": request.method == "POST"})
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
