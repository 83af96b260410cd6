"""How the portal's forms look: error summary first, the same words beside the field."""

from django.forms.renderers import TemplatesSetting


class PortalRenderer(TemplatesSetting):
    form_template_name = "components/form.html"
    field_template_name = "components/field.html"
