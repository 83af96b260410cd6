"""What the catalogue collects is what Django looks up, and nothing incomplete passes the check."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError, read_po, write_po
from django.template import engines
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.utils.translation import override

from results_portal import translations

WAIT = """<main>
  {% load i18n %}
    {% blocktranslate trimmed count minutes=minutes %}
      Wait {{ minutes }} minute,
      then try again.
    {% plural %}
      Wait {{ minutes }} minutes,
      then try again.
    {% endblocktranslate %}
</main>"""

AMONG_QUOTES = """      <p class="it's">(
   don’t “look” '
\t\u00a0(({% translate "Log in" %}
 </p>{# a "comment' #}
  [{% if a %}
    {% translate 'Sign out' %}{% endif %}"""


@pytest.fixture
def project(tmp_path) -> Path:
    """A small project with one message, translated, and one long text in two languages."""
    write(tmp_path, "candidates/views.py", 'title = _("Log in")')
    write(tmp_path, "templates/texts/en/help.html", '<h2 id="slip">The slip</h2><h2 id="contact">Us</h2>')
    write(tmp_path, "templates/texts/it/help.html", '<h2 id="slip">Lo statino</h2><h2 id="contact">Noi</h2>')
    translate(tmp_path, {"Log in": "Accedi"})
    return tmp_path


def write(root: Path, name: str, content: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(content, encoding="utf-8")


def translate(root: Path, strings: dict[str, str | tuple[str, str]]) -> None:
    """Bring the .po file up to date, with a translation for each of the (singular) sources in strings."""
    catalog = translations.update(root)
    for message in catalog:
        message.string = strings.get(singular(message), message.string)
    with (root / translations.CATALOG).open("wb") as file:
        write_po(file, catalog)


def singular(message: Message) -> str:
    return message.id[0] if message.pluralizable else message.id


def doubt(root: Path, source: str) -> None:
    """Mark a message as fuzzy, as a translator's editor does."""
    po = root / translations.CATALOG
    marked = po.read_text(encoding="utf-8").replace(f'msgid "{source}"', f'#, fuzzy\nmsgid "{source}"')
    po.write_text(marked, encoding="utf-8")


def messages(root: Path) -> list[Message]:
    return [message for message in translations.collect(root) if message.id]


def catalogue(root: Path) -> Catalog:
    with (root / translations.CATALOG).open("rb") as file:
        return read_po(file)


def render_in_italian(root: Path, settings, template: str, **context) -> str:
    translations.compile_catalogs(root)
    settings.LOCALE_PATHS = [root / "locale"]
    with override("it"):
        return engines["django"].from_string(template).render(context)


# --- Collecting ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "message", "context"),
    [
        ('_("Log in")', "Log in", None),
        ('_("Log in " "and wait")', "Log in and wait", None),
        ('gettext_lazy("Log in")', "Log in", None),
        ('_("You typed %s.") % _("nothing")', "You typed %s.", None),
        ('ngettext("%(n)d try", "%(n)d tries", n)', ("%(n)d try", "%(n)d tries"), None),
        ('ngettext_lazy("%d try", "%d tries")', ("%d try", "%d tries"), None),
        ('pgettext("month", "May")', "May", "month"),
        ('pgettext_lazy("month", "May")', "May", "month"),
        ('npgettext("of an exam", "part", "parts", n)', ("part", "parts"), "of an exam"),
    ],
)
def test_python_call_is_collected(tmp_path, source, message, context):
    write(tmp_path, "results/words.py", source)
    assert (message, context) in [(each.id, each.context) for each in messages(tmp_path)]


def test_translators_comment_is_collected_from_python_and_template(tmp_path):
    write(tmp_path, "results/words.py", '# Translators: on the slip\n_("ID Number")\n')
    write(tmp_path, "templates/a.html", '  {# Translators: a button #}\n  {% translate "Submit" %}\n')
    assert [message.auto_comments for message in messages(tmp_path)] == [
        ["on the slip"],
        ["a button"],
    ]


def test_tests_and_long_texts_are_not_collected(tmp_path):
    write(tmp_path, "tests/test_words.py", '_("Only in a test")')
    write(tmp_path, "templates/texts/en/help.html", '{% translate "Only in a text" %}')
    write(tmp_path, "templates/texts/it/help.html", '{% translate "Only in a text" %}')
    assert messages(tmp_path) == []


def test_unreadable_template_is_named(tmp_path):
    write(
        tmp_path, "templates/broken.html", "{% blocktranslate %}{% if a %}x{% endif %}{% endblocktranslate %}"
    )
    with pytest.raises(SyntaxError, match=r"templates/broken\.html, line 1"):
        translations.collect(tmp_path)


TEMPLATES = {
    "translate": '{% translate "Log in" %}',
    "translate with single quotes": "{% translate 'Say “yes”' %}",
    "translate with a context": '{% translate "May" context "month" %}',
    "translate to a variable": '{% translate "Log in" as label %}{{ label }}',
    "translate with a per cent sign": '{% translate "50% done" %}',
    "constant": '{{ _("Log in") }}',
    "constant with a per cent sign": '{{ _("50% done") }}',
    "constant with a no-break space": '{{ _("10\u00a0hours") }}',
    "constant with escaped quotes": r'{{ _("Say \"yes\"") }}',
    "constant in a filter": '{{ nothing|default:_("No result") }}',
    "constant in a tag": '{% firstof nothing _("No result") %}',
    "constant in an include": '{% with label=_("No result") %}{{ label }}{% endwith %}',
    "block": "{% blocktranslate %}Log in{% endblocktranslate %}",
    "block with its white space": "{% blocktranslate %}\n  Log\n  in\n{% endblocktranslate %}",
    "trimmed block": "{% blocktranslate trimmed %}\n  Log\n  in\n{% endblocktranslate %}",
    "block with a name": "{% blocktranslate with x=name %}Hello, {{ x }}: 100% ready{% endblocktranslate %}",
    "block with a context": '{% blocktranslate trimmed context "month" %}\n May\n{% endblocktranslate %}',
    "block to a variable": "{% blocktranslate asvar label %}Log in{% endblocktranslate %}{{ label }}",
    "plural block": WAIT,
    "plural block with a context": (
        '{% blocktranslate count n=minutes context "of time" %}'
        "a minute{% plural %}{{ n }} minutes{% endblocktranslate %}"
    ),
    "among quotes and indents": AMONG_QUOTES,
}


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
@pytest.mark.parametrize("minutes", [1, 2])
def test_every_message_of_a_template_is_collected_as_django_looks_it_up(
    tmp_path, settings, template, minutes
):
    # Every collected message gets marks as its translation: what is looked up under another name comes
    # out without them.
    template = "{% load i18n %}" + template
    write(tmp_path, "templates/a.html", template)
    collected = messages(tmp_path)
    translate(tmp_path, {singular(message): marked(message.id) for message in collected})
    context = {"minutes": minutes, "name": "Èlia", "a": True}
    with override("en"):
        english = engines["django"].from_string(template).render(context)

    italian = render_in_italian(tmp_path, settings, template, **context)

    assert italian.count("«") == len(collected) > 0
    assert italian.replace("«", "").replace("»", "") == english


def marked(source: str | tuple[str, str]) -> str | tuple[str, ...]:
    return f"«{source}»" if isinstance(source, str) else tuple(f"«{form}»" for form in source)


def test_every_message_in_our_templates_is_collected():
    catalog = translations.collect(translations.ROOT)
    templates = translations.ROOT / "templates"
    for path in [*templates.rglob("*.html"), *templates.rglob("*.txt")]:
        if translations.ROOT / translations.TEXTS in path.parents:
            continue
        nodes = engines["django"].get_template(str(path.relative_to(templates))).template.nodelist
        for node in nodes.get_nodes_by_type(TranslateNode):
            if literal := node.filter_expression.var.literal:
                assert catalog.get(literal.replace("%", "%%"), context_of(node)), path
        for node in nodes.get_nodes_by_type(BlockTranslateNode):
            assert catalog.get(node.render_token_list(node.singular)[0], context_of(node)), path


def context_of(node: TranslateNode | BlockTranslateNode) -> str | None:
    return node.message_context.resolve({}) if node.message_context else None


# --- Updating ----------------------------------------------------------------------------------------


def test_update_keeps_translations_and_adds_what_is_new(project):
    write(project, "candidates/views.py", '_("Sign out")\n_("Log in")')
    translations.update(project)
    assert {message.id: message.string for message in catalogue(project) if message.id} == {
        "Log in": "Accedi",
        "Sign out": "",
    }


def test_update_drops_what_is_gone_and_guesses_nothing(project):
    write(project, "candidates/views.py", '_("Log in.")')
    translations.update(project)
    po = (project / translations.CATALOG).read_text(encoding="utf-8")
    assert "Accedi" not in po
    assert "fuzzy" not in po


def test_update_asks_for_a_new_translation_when_a_message_gets_a_plural(project):
    write(project, "candidates/views.py", 'ngettext("Log in", "Log in %(n)d times", n)')
    translations.update(project)
    assert catalogue(project).get("Log in").string == ("", "")


def test_update_keeps_a_translators_doubt_and_note(project):
    doubt(project, "Log in")
    po = project / translations.CATALOG
    noted = po.read_text(encoding="utf-8").replace("#: candidates", "# or: Entra\n#: candidates")
    po.write_text(noted, encoding="utf-8")
    translations.update(project)
    message = catalogue(project).get("Log in")
    assert message.fuzzy
    assert message.user_comments == ["or: Entra"]


def test_update_changes_nothing_when_only_lines_move(project):
    translations.update(project)
    before = (project / translations.CATALOG).read_bytes()
    write(project, "candidates/views.py", '\n\n\ntitle = _("Log in")')
    translations.update(project)
    assert (project / translations.CATALOG).read_bytes() == before
    assert b"Date" not in before


# --- Checking ----------------------------------------------------------------------------------------


def test_complete_project_passes_the_check(project):
    assert translations.check(project) == []


def test_message_that_is_not_in_the_catalogue_is_caught(project):
    write(project, "templates/a.html", '{% translate "Sign out" %}')
    assert translations.check(project) == ["missing: 'Sign out' (templates/a.html)"]


def test_untranslated_message_is_caught(project):
    write(project, "templates/a.html", '{% translate "Sign out" %}')
    translations.update(project)
    assert translations.check(project) == ["untranslated: 'Sign out' (templates/a.html)"]


def test_context_is_part_of_the_message(project):
    write(project, "templates/a.html", '{% translate "Log in" context "heading" %}')
    assert translations.check(project) == ["missing: 'heading': 'Log in' (templates/a.html)"]


def test_obsolete_message_is_caught(project):
    write(project, "candidates/views.py", "")
    assert translations.check(project) == ["obsolete: 'Log in' (candidates/views.py)"]


def test_commented_out_message_is_caught(project):
    po = project / translations.CATALOG
    po.write_text(
        po.read_text(encoding="utf-8") + '\n#~ msgid "Old"\n#~ msgstr "Vecchio"\n', encoding="utf-8"
    )
    assert translations.check(project) == ["obsolete: 'Old' ()"]


def test_fuzzy_message_is_caught(project):
    doubt(project, "Log in")
    assert translations.check(project) == ["fuzzy: 'Log in' (candidates/views.py)"]


def test_missing_plural_form_is_caught(project):
    write(project, "templates/a.html", WAIT)
    translate(project, {"Wait %(minutes)s minute, then try again.": ("Aspetta %(minutes)s minuto.", "")})
    assert translations.check(project) == [
        "plural form missing: 'Wait %(minutes)s minute, then try again.' (templates/a.html)"
    ]


@pytest.mark.parametrize(
    ("source", "translation"),
    [
        ("Hello, %(name)s", "Ciao, %(nome)s"),
        ("Hello, %(name)s", "Ciao"),
        ("Hello", "Ciao, %(name)s"),
        ("From %s", "Da %d"),
        ("Row {row}", "Riga {riga}"),
        ("50%% done", "Fatto al 50%"),
        ("Read <strong>this</strong>", "Leggi questo"),
        ("Read <strong>this</strong>", "Leggi <strong>questo"),
        ('<a href="%(url)s">Help</a>', '<a href="%(link)s">Aiuto</a>'),
    ],
)
def test_changed_placeholder_or_tag_is_caught(project, source, translation):
    write(project, "results/words.py", f"_({source!r})")
    translate(project, {source: translation})
    assert translations.check(project) == [
        f"placeholders or tags differ: {source!r} → {translation!r} (results/words.py)"
    ]


def test_changed_placeholder_in_a_plural_form_is_caught(project):
    write(project, "results/words.py", 'ngettext("%(n)d try", "%(n)d tries", n)')
    translate(project, {"%(n)d try": ("%(n)d tentativo", "tentativi")})
    assert translations.check(project) == [
        "placeholders or tags differ: '%(n)d try' → 'tentativi' (results/words.py)"
    ]


def test_placeholders_in_another_order_pass_the_check(project):
    write(project, "results/words.py", '_("%(day)s at %(time)s, <b>%(zone)s</b>")')
    translate(project, {"%(day)s at %(time)s, <b>%(zone)s</b>": "<b>%(zone)s</b>: %(time)s di %(day)s"})
    assert translations.check(project) == []


@pytest.mark.parametrize("translation", ["Ciao,", " Ciao, ", "Ciao,\n"])
def test_white_space_at_the_ends_that_differs_is_caught(project, translation):
    write(project, "results/words.py", '_("Hello, ")')
    translate(project, {"Hello, ": translation})
    assert translations.check(project) == [
        f"white space at the ends differs: 'Hello, ' → {translation!r} (results/words.py)"
    ]


@pytest.mark.parametrize("language", ["en", "it"])
def test_long_text_without_its_pair_is_caught(project, language):
    (project / "templates/texts" / language / "help.html").unlink()
    assert translations.check(project) == [f"text missing: templates/texts/{language}/help.html"]


@pytest.mark.parametrize("ids", [["contact", "slip"], ["slip"], ["slip", "contatti"]])
def test_long_text_with_other_ids_is_caught(project, ids):
    write(project, "templates/texts/it/help.html", "".join(f'<h2 id="{each}"></h2>' for each in ids))
    assert translations.check(project) == [
        "ids differ: templates/texts/en/help.html, templates/texts/it/help.html"
    ]


def test_our_own_translations_are_complete():
    # In an empty environment: the command needs no settings and no database.
    done = subprocess.run(
        [sys.executable, "-m", "results_portal.translations", "check"],
        cwd=translations.ROOT,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.startswith("translations complete: ")


# --- Compiling ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "page"),
    [(1, "Aspetta 1 minuto."), (2, "Aspetta 2 minuti."), (1_000_000, "Aspetta 1000000 minuti.")],
)
def test_compiled_plural_and_trimmed_block_renders_in_italian(project, settings, minutes, page):
    write(project, "templates/a.html", WAIT)
    forms = ("Aspetta %(minutes)s minuto.", "Aspetta %(minutes)s minuti.")
    translate(project, {"Wait %(minutes)s minute, then try again.": forms})
    assert page in render_in_italian(project, settings, WAIT, minutes=minutes)


def test_compiled_context_renders_in_italian(project, settings):
    write(project, "templates/a.html", '{% translate "part" context "of an exam" %}')
    translate(project, {"part": "prova"})
    page = '{% load i18n %}{% translate "part" context "of an exam" %}, {% translate "part" %}'
    assert render_in_italian(project, settings, page) == "prova, part"


def test_untranslated_and_fuzzy_messages_render_in_english(project, settings):
    page = '{% load i18n %}{% translate "In doubt" %}, {% translate "Not translated" %}'
    write(project, "templates/a.html", page)
    translate(project, {"In doubt": "In dubbio"})
    doubt(project, "In doubt")
    assert render_in_italian(project, settings, page) == "In doubt, Not translated"


def test_compile_writes_only_what_is_newer(project):
    po = project / translations.CATALOG
    assert translations.compile_catalogs(project) == [po.with_suffix(".mo")]
    assert translations.compile_catalogs(project) == []
    later = po.with_suffix(".mo").stat().st_mtime + 1
    os.utime(po, (later, later))
    assert translations.compile_catalogs(project) == [po.with_suffix(".mo")]


def test_broken_catalogue_is_refused(project):
    po = project / translations.CATALOG
    po.write_text(po.read_text(encoding="utf-8") + '\nmsgid "Half\n', encoding="utf-8")
    with pytest.raises(PoFileError):
        translations.compile_catalogs(project)


def test_messages_under_a_name_that_is_not_collected_are_a_fault(project):
    write(project, "candidates/words.py", "from django.utils.translation import gettext as _now")
    [fault] = translations.check(project)
    assert fault == "candidates/words.py: gettext as _now, whose messages are not collected"
