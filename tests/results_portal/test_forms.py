"""How the portal's forms look: error summary first, the same words beside the field."""

import re

import pytest
from django import forms

LONG = "Choose a longer name."
BOTH = "The name and the password do not fit."


class Example(forms.Form):
    name = forms.CharField(
        label="Name", min_length=3, help_text="As on the slip.", error_messages={"min_length": LONG}
    )
    password = forms.CharField(
        label="Password", widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    terms = forms.BooleanField(label="I agree", help_text='<a href="/terms/">Read them</a>')
    next = forms.CharField(widget=forms.HiddenInput(), required=False)

    def clean(self):
        raise forms.ValidationError(BOTH)


@pytest.fixture
def wrong() -> str:
    return str(Example({"name": "<b", "password": "kutoVe84", "terms": "on", "next": "/statement/"}))


def test_the_error_summary_comes_first_and_links_to_the_field(wrong):
    assert wrong.lstrip().startswith('<div class="error-summary" role="alert" tabindex="-1"')
    assert "There is a problem" in wrong
    assert f'<a href="#id_name">{LONG}</a>' in wrong
    assert f"<li>{BOTH}</li>" in wrong


def test_the_same_words_stand_beside_the_field(wrong):
    (beside,) = re.findall(r'<div class="field-error" id="id_name_error">(.*?)</div>', wrong, re.DOTALL)
    assert LONG in beside


def test_the_field_is_described_by_its_hint_and_its_error(wrong):
    (field,) = re.findall(r'<input type="text"[^>]*>', wrong)
    assert 'aria-invalid="true"' in field
    described = re.search(r'aria-describedby="([^"]+)"', field).group(1).split()
    assert described == ["id_name_helptext", "id_name_error"]
    assert all(f'id="{each}"' in wrong for each in described)


def test_what_was_typed_is_kept_and_escaped_except_passwords(wrong):
    assert 'value="&lt;b"' in wrong
    assert 'value="/statement/"' in wrong
    assert "kutoVe84" not in wrong


def test_a_form_without_errors_has_no_summary():
    shown = str(Example())
    assert "error" not in shown
    assert "aria-invalid" not in shown


def test_labels_are_the_plain_words_and_belong_to_their_fields():
    shown = str(Example())
    for name, label in (("name", "Name"), ("password", "Password"), ("terms", "I agree")):
        assert f'<label for="id_{name}">{label}</label>' in shown


def test_a_checkbox_stands_before_its_label():
    assert re.search(
        r'<div class="checkbox"><input type="checkbox"[^>]*><label for="id_terms">', str(Example())
    )


def test_a_password_has_the_words_of_its_show_button():
    (wrapper,) = re.findall(r'<div class="password"[^>]*>', str(Example()))
    for words in ('data-show="Show"', 'data-hide="Hide"', 'data-show-label="Show password"'):
        assert words in wrapper
