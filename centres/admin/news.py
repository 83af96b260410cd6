"""News and initiatives: writing in both languages, looking at the very page, publishing."""

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from centres import publishing
from centres.models import Post, PostAudience, PreparationCentre
from results.admin.common import NOTHING, AnnotatedFilter, SureForm, ask, bound, done
from results_portal.changes import ChangesAdmin
from results_portal.lists import short

SIGNS = {
    Post.State.DRAFT: "○",
    Post.State.PLANNED: "◷",
    Post.State.PUBLISHED: "▶",
    Post.State.EXPIRED: "■",
}
LONGEST_KEY = 18  # digits, of a bigint
_PER_LANGUAGE = ("title", "summary", "body")


class CentresWidget(AutocompleteSelectMultiple):
    """Says what its empty box is for, and leaves out what is no key of a row: Django's own says nothing, and
    breaks when it shows such a choice again."""

    def build_attrs(self, base_attrs, extra_attrs=None):
        return super().build_attrs(base_attrs, extra_attrs) | {"data-placeholder": _("Name or code")}

    def value_from_datadict(self, data, files, name):
        chosen = super().value_from_datadict(data, files, name)
        return [each for each in chosen if each.isdecimal() and len(each) <= LONGEST_KEY]


class PostForm(forms.ModelForm):
    """With the preparation centres that a post is for, if it is not for all."""

    for_centres = forms.ModelMultipleChoiceField(
        PreparationCentre.objects.order_by("name"),
        label=gettext_lazy("For these preparation centres only"),
        required=False,
        widget=CentresWidget(Post._meta.get_field("centres"), admin.site),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk and "for_centres" in self.fields:
            self.initial["for_centres"] = list(self.instance.centres.order_by("name"))
        for name, field in self.fields.items():
            if name[:-3] in _PER_LANGUAGE:
                field.widget.attrs["lang"] = name[-2:]
        for name in {"published_at", "expires_at"} & self.fields.keys():
            # Django labels neither of the two boxes.
            field = self.fields[name]
            for box, part in zip(field.widget.widgets, (_("date"), _("time")), strict=True):
                box.attrs["aria-label"] = f"{field.label}: {part}"

    def clean(self):
        cleaned = super().clean()
        if "to_all" in cleaned and "for_centres" in cleaned:
            to_all, named = cleaned["to_all"], cleaned["for_centres"]
            if to_all and named:
                self.add_error("to_all", _("Either for all, or for those named: untick this, or name none."))
            elif not to_all and not named:
                self.add_error("for_centres", _("Name the preparation centres that the post is for."))
        return cleaned


class StateFilter(AnnotatedFilter):
    title = gettext_lazy("state")
    parameter_name = "state"
    choices_of = Post.State.choices


@admin.register(Post)
class PostAdmin(ChangesAdmin):
    form = PostForm
    list_display = ("heading", "kind_in_words", "state", "published", "until", "audience", "pinned")
    list_filter = (StateFilter, "kind", "is_pinned")
    search_fields = ("title_it", "title_en", "body_it", "body_en", "place")
    ordering = ("-is_pinned", "-published_at", "-pk")
    list_per_page = 50
    actions = ("publish_action",)
    history_models = (Post, PostAudience)
    change_form_template = "admin/centres/post.html"
    readonly_fields = ("author", "state")
    fieldsets = (
        (None, {"fields": ("state", "kind", "is_pinned")}),
        (
            gettext_lazy("In Italian"),
            {
                "fields": ("title_it", "summary_it", "body_it"),
                "description": gettext_lazy(
                    "The text may have headings (## Heading), lists (- item), **bold**, *italics*, links"
                    " ([words](https://…)) and tables. Pictures and HTML are not shown. The summary stands in"
                    " lists and in the weekly mail; without one, the beginning of the text does."
                ),
            },
        ),
        (gettext_lazy("In English"), {"fields": ("title_en", "summary_en", "body_en")}),
        (
            gettext_lazy("Of an initiative"),
            {
                "fields": ("held_on", "place", "sign_up_by"),
                "description": gettext_lazy("Each only if there is one; news have none of them."),
            },
        ),
        (
            gettext_lazy("When and for whom"),
            {
                "fields": ("published_at", "expires_at", "to_all", "for_centres", "author"),
                "description": gettext_lazy(
                    "Without a time the post is a draft and nobody sees it. At its time it appears by itself,"
                    " and after its end it is gone, from the site, the feeds and the weekly mails."
                ),
            },
        ),
    )

    def get_queryset(self, request):
        posts = super().get_queryset(request).with_state().select_related("author")
        return posts.annotate(centres_named=Count("audience"))

    def save_model(self, request, obj, form, change):
        if not change:
            obj.author = request.user
        super().save_model(request, obj, form, change)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if "for_centres" in form.changed_data:
            form.instance.centres.set(form.cleaned_data["for_centres"])

    def response_add(self, request, obj, post_url_continue=None):
        return self._to_preview(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request, obj):
        return self._to_preview(request, obj) or super().response_change(request, obj)

    def _to_preview(self, request: HttpRequest, post: Post) -> HttpResponseRedirect | None:
        return redirect("preview-news", pk=post.pk) if "_preview" in request.POST else None

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        context["may_publish"] = request.user.has_perm(publishing.MAY_PUBLISH)
        context["is_shown"] = obj and obj.state == Post.State.PUBLISHED
        context["is_waiting"] = obj and obj.state in {Post.State.DRAFT, Post.State.PLANNED}
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    @admin.display(description=gettext_lazy("title"), ordering="title_it")
    def heading(self, post: Post) -> str:
        return post.title

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def kind_in_words(self, post: Post) -> str:
        return capfirst(post.get_kind_display())

    @admin.display(description=gettext_lazy("state"))
    def state(self, post: Post) -> str:
        state = Post.State(post.state if post.pk else Post.State.DRAFT)
        return format_html(
            '<span class="state state-post-{}"><span class="sign" aria-hidden="true">{}</span> {}</span>',
            state,
            SIGNS[state],
            capfirst(state.label),
        )

    @admin.display(description=gettext_lazy("published"), ordering="published_at")
    def published(self, post: Post) -> str:
        return short(post.published_at) if post.published_at else NOTHING

    @admin.display(description=gettext_lazy("until"), ordering="expires_at")
    def until(self, post: Post) -> str:
        return short(post.expires_at) if post.expires_at else NOTHING

    @admin.display(description=gettext_lazy("audience"))
    def audience(self, post: Post) -> str:
        if post.to_all:
            return _("all centres")
        named = post.centres_named
        return ngettext("%(count)d centre", "%(count)d centres", named) % {"count": named}

    @admin.display(description=gettext_lazy("pinned"), ordering="is_pinned")
    def pinned(self, post: Post) -> str:
        return _("Yes") if post.is_pinned else NOTHING

    @admin.action(description=gettext_lazy("Publish now"), permissions=["change"])
    def publish_action(self, request: HttpRequest, posts: QuerySet[Post]) -> None:
        for post in posts:
            try:
                publishing.publish_now(post, request.user)
            except ValidationError as refusal:
                messages.error(request, " ".join(refusal.messages))
            else:
                messages.success(request, _("“%s” is published.") % post)

    def get_urls(self):
        pages = {"publish": self.publish_view, "take-offline": self.take_offline_view}
        own = [
            path(
                f"<int:pk>/{name}/",
                self.admin_site.admin_view(view),
                name=f"centres_post_{name.replace('-', '_')}",
            )
            for name, view in pages.items()
        ]
        return own + super().get_urls()

    def publish_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        post = self._post(request, pk)

        def publish() -> str:
            publishing.publish_now(post, request.user)
            return _("“%s” is published.") % post

        return self._ask(
            request,
            post,
            publish,
            title=_("Publish “%s” now?") % post,
            text=_("All preparation centres see it at once.")
            if post.to_all
            else ngettext(
                "%(count)d preparation centre sees it at once.",
                "%(count)d preparation centres see it at once.",
                post.centres_named,
            )
            % {"count": post.centres_named},
            button=_("Publish now"),
        )

    def take_offline_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        post = self._post(request, pk)

        def take_offline() -> str:
            publishing.take_offline(post, request.user)
            return _("“%s” is a draft again.") % post

        return self._ask(
            request,
            post,
            take_offline,
            title=_("Take “%s” offline?") % post,
            text=_("It becomes a draft, and nobody sees it any more. Mails that went out stay out."),
            button=_("Take offline"),
        )

    def _post(self, request: HttpRequest, pk: int) -> Post:
        if not request.user.has_perm(publishing.MAY_PUBLISH):
            raise PermissionDenied
        return get_object_or_404(self.get_queryset(request), pk=pk)

    def _ask(self, request: HttpRequest, post: Post, verb, **page) -> HttpResponse:
        form = bound(SureForm, request)
        back = reverse("admin:centres_post_change", args=[post.pk])
        if done(request, form, verb):
            return redirect(back)
        return ask(request, self, form, back=back, **page)
