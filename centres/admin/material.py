"""Preparation material: staff put files on the shelf, replace them, and see how often they are taken."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.defaultfilters import filesizeformat
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from centres import media, sending, shelving
from centres.models import Download, Material
from centres.models.material import LARGEST_FILE, SKILL_CHOICES
from centres.receiving import ReceivedFile
from results.exams import EXAM_CHOICES, SKILL_LABELS, Skill
from results_portal.changes import ChangesAdmin
from results_portal.lists import short


class MaterialForm(forms.ModelForm):
    """The file comes last: of one that is too large or cut off, what was typed before it is there still."""

    exams = forms.MultipleChoiceField(
        label=gettext_lazy("Exams"), choices=EXAM_CHOICES, widget=forms.CheckboxSelectMultiple
    )
    skills = forms.MultipleChoiceField(
        label=gettext_lazy("Skills"),
        choices=SKILL_CHOICES,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=gettext_lazy("None means: the whole exam."),
    )
    published = forms.BooleanField(
        label=gettext_lazy("Published"),
        required=False,
        help_text=gettext_lazy("Preparation centres see it."),
    )
    file = forms.FileField(
        label=gettext_lazy("File"),
        widget=forms.FileInput(
            attrs={
                "accept": media.ACCEPT,
                "data-largest": LARGEST_FILE,
                "data-too-large": gettext_lazy("The file is too large: more than 200 MB. Choose another."),
                "data-on-its-way": gettext_lazy(
                    "The file is on its way. Leave this page open until it is there."
                ),
            }
        ),
        help_text=gettext_lazy(
            "Up to 200 MB: PDF, Office and OpenDocument files, audio, video, pictures, ZIP."
        ),
    )

    too_large = cut_off = False  # what became of the file on its way (results/receiving.py)

    class Meta:
        model = Material
        fields = ("title_it", "title_en", "description_it", "description_en", "kind", "exams", "skills")
        widgets = dict.fromkeys(("description_it", "description_en"), AdminTextareaWidget(attrs={"rows": 4}))

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.initial["published"] = self.instance.published_at is not None
        if self.instance.pk:
            # Which file it was when the page was opened (ChangesAdmin); and with it, none need be chosen.
            self.initial["file"] = self.instance.sha256
        if "file" in self.fields:
            field = self.fields["file"]
            if self.too_large:
                field.error_messages["required"] = shelving.too_large()
            elif self.cut_off:
                field.error_messages["required"] = shelving.cut_off()

    @property
    def new_file(self) -> ReceivedFile | None:
        file = self.cleaned_data.get("file")
        return file if isinstance(file, ReceivedFile) else None

    def clean_file(self):
        if self.too_large or self.cut_off:
            raise ValidationError(self.fields["file"].error_messages["required"], code="no_file")
        if self.new_file:
            media.recognise(self.new_file.incoming.file, shelving.plain_name(self.new_file.name))
        return self.cleaned_data["file"]

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if given.get("exams"):
            skills = given.get("skills", [])
            known = shelving.without_unknown_skills(given["exams"], skills)
            if foreign := [str(SKILL_LABELS[Skill(skill)]) for skill in skills if skill not in known]:
                self.add_error("skills", _("None of the exams reports this: %s.") % ", ".join(foreign))
        return given


class ExamFilter(admin.SimpleListFilter):
    title, parameter_name = gettext_lazy("exam"), "exam"

    def lookups(self, request, model_admin):
        return EXAM_CHOICES

    def queryset(self, request, queryset):
        return queryset.filter(exams__contains=[self.value()]) if self.value() else queryset


class SkillFilter(admin.SimpleListFilter):
    title, parameter_name = gettext_lazy("skill"), "skill"

    def lookups(self, request, model_admin):
        return SKILL_CHOICES

    def queryset(self, request, queryset):
        return queryset.filter(skills__contains=[self.value()]) if self.value() else queryset


class PublishedFilter(admin.SimpleListFilter):
    title, parameter_name = gettext_lazy("published"), "published"

    def lookups(self, request, model_admin):
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, request, queryset):
        if self.value() in {"yes", "no"}:
            return queryset.filter(published_at__isnull=self.value() == "no")
        return queryset


@admin.register(Material)
class MaterialAdmin(ChangesAdmin):
    form = MaterialForm
    list_display = ("name", "kind", "for_exams", "is_published", "what", "downloaded", "uploaded")
    list_filter = (PublishedFilter, ExamFilter, SkillFilter, "kind")
    search_fields = ("title_it", "title_en", "description_it", "description_en", "file_name")
    history_models = (Material,)
    actions = ("publish", "hide")
    readonly_fields = ("present_file",)
    show_full_result_count = False

    class Media:
        js = (forms.Script("js/uploading.js", defer=True),)

    def get_queryset(self, request):
        return super().get_queryset(request).with_downloads().select_related("uploaded_by")

    def get_fieldsets(self, request, obj=None):
        words = (("title_it", "title_en"), "description_it", "description_en")
        return (
            (None, {"fields": (*words, "exams", "skills", "kind", "published")}),
            (_("File"), {"fields": ("present_file", "file") if obj else ("file",)}),
        )

    def get_form(self, request, obj=None, change=False, **kwargs):
        form_class = super().get_form(request, obj, change, **kwargs)
        arrived = {
            "too_large": getattr(request, "file_is_too_large", False),
            "cut_off": getattr(request, "file_was_cut_off", False),
        }
        return type(form_class.__name__, (form_class,), arrived)

    def get_urls(self):
        view = self.admin_site.admin_view(self.file_view)
        return [path("<int:pk>/file/", view, name="centres_material_file"), *super().get_urls()]

    def file_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """The file, as the centres get it; not counted."""
        material = get_object_or_404(Material, pk=pk)
        if not self.has_view_permission(request, material):
            raise PermissionDenied
        return sending.send(request, material)

    def save_model(self, request, obj, form, change):
        shown = form.cleaned_data["published"]
        if shown != (obj.published_at is not None):
            obj.published_at = Now() if shown else None
        new = form.new_file
        if not change:
            shelving.add(obj, new.incoming, new.name, request.user)
            return
        columns = {field.name for field in self.opts.concrete_fields}
        changed = columns.intersection(form.changed_data)
        changed |= {"published_at"} if "published" in form.changed_data else set()
        file = (new.incoming, new.name) if new else (None, "")
        shelving.change(obj, changed, request.user, *file)

    def delete_model(self, request, obj):
        shelving.delete(obj, request.user)

    def delete_queryset(self, request, queryset):
        with transaction.atomic():
            for material in queryset:
                shelving.delete(material, request.user)

    @admin.action(
        permissions=["change"], description=gettext_lazy("Publish: preparation centres see it from now on")
    )
    def publish(self, request, queryset):
        number = shelving.publish(queryset, request.user)
        self.message_user(
            request,
            ngettext("%(count)d was published.", "%(count)d were published.", number) % {"count": number},
            messages.SUCCESS,
        )

    @admin.action(
        permissions=["change"], description=gettext_lazy("Hide: preparation centres no longer see it")
    )
    def hide(self, request, queryset):
        number = shelving.publish(queryset, request.user, shown=False)
        self.message_user(
            request,
            ngettext("%(count)d was hidden.", "%(count)d were hidden.", number) % {"count": number},
            messages.SUCCESS,
        )

    @admin.display(description=gettext_lazy("title"))
    def name(self, material: Material) -> str:
        return material.title

    @admin.display(description=gettext_lazy("exams"))
    def for_exams(self, material: Material) -> str:
        return ", ".join(material.exam_names)

    @admin.display(description=gettext_lazy("published"), boolean=True, ordering="published_at")
    def is_published(self, material: Material) -> bool:
        return material.published_at is not None

    @admin.display(description=gettext_lazy("file"), ordering="size")
    def what(self, material: Material) -> str:
        return f"{material.format}, {filesizeformat(material.size)}"

    @admin.display(description=gettext_lazy("downloads"), ordering="downloads")
    def downloaded(self, material: Material) -> int:
        return material.downloads

    @admin.display(description=gettext_lazy("uploaded"), ordering="uploaded_at")
    def uploaded(self, material: Material) -> str:
        return short(material.uploaded_at)

    @admin.display(description=gettext_lazy("Present file"))
    def present_file(self, material: Material) -> str:
        return format_html(
            '<a href="{}">{}</a> ({}). {}',
            reverse("admin:centres_material_file", args=[material.pk]),
            material.file_name,
            f"{material.format}, {filesizeformat(material.size)}",
            _("Uploaded %(when)s by %(person)s. Downloads: %(count)d, from %(centres)d centres.")
            % {
                "when": short(material.uploaded_at),
                "person": material.uploaded_by,
                "count": material.downloads,
                "centres": Download.objects.filter(material=material).values("centre").distinct().count(),
            },
        )
