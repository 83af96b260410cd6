"""The Italian catalogue, kept without GNU gettext.

python -m results_portal.translations {update|check|compile}: update brings the messages of the code and
the templates into locale/it/LC_MESSAGES/django.po and keeps their translations; check says what is not
complete; compile writes the .mo files that Django reads. Needs no settings and no database. English
stands in the code itself and has no catalogue.
"""

import argparse
import re
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.text import unescape_string_literal
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LANGUAGE = "it"
CATALOG = Path("locale") / LANGUAGE / "LC_MESSAGES" / "django.po"
APPS = ("accounts", "candidates", "centres", "results", "results_portal")
TEXTS = Path("templates/texts")  # long texts: a file a language instead of messages

# No dates and no tool in it: the file changes only when a message does.
HEADER = r"""# Kept by: python -m results_portal.translations update
msgid ""
msgstr ""
"Language: it\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

"""

# Which arguments hold the message; "c" marks its context.
_KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
_RENAMED = re.compile(r"\b(n?p?gettext\w*) as (\w+)")
_CONSTANT = re.compile(r"""_\((".*?"|'.*?')\)""")
# What a translation must not change: HTML tags, %(name)s, %s, %% and {name}.
_KEPT = re.compile(r"</?[a-zA-Z][^>]*>|%\([^)]*\)[a-zA-Z]|%[a-zA-Z%]?|\{[^{}]*\}")
_ID = re.compile(r"""\bid=["']([^"']*)["']""")


def collect(root: Path) -> Catalog:
    """All messages of the Python code and the templates under root, in the order of the files.

    Raises SyntaxError, with the file's name, for a template that cannot be read.
    """
    catalog = Catalog(locale=LANGUAGE)
    for path in _sources(root):
        name = path.relative_to(root).as_posix()
        source = path.read_text(encoding="utf-8")
        code = source if path.suffix == ".py" else _calls(source, name)
        file = BytesIO(code.encode())
        found = extract(extract_python, file, _KEYWORDS, ["Translators:"], strip_comment_tags=True)
        for line, message, comments, context in found:
            catalog.add(message, locations=[(name, line)], auto_comments=comments, context=context)
    return catalog


def update(root: Path) -> Catalog:
    """Write the .po file anew: today's messages, with the translations that it has of the very same ones."""
    catalog, known = collect(root), _read(root / CATALOG)
    for message in catalog:
        old = known.get(message.id, message.context) if message.id else None
        if old and old.id == message.id:
            message.string = old.string
            message.user_comments = old.user_comments
            message.flags |= old.flags & {"fuzzy"}
    body = BytesIO()
    write_po(body, catalog, width=0, omit_header=True, sort_by_file=True, include_lineno=False)
    (root / CATALOG).parent.mkdir(parents=True, exist_ok=True)
    (root / CATALOG).write_bytes(HEADER.encode() + body.getvalue())
    return catalog


def check(root: Path) -> list[str]:
    """What is missing or wrong in the .po file and in the long texts, a line each; empty if complete."""
    catalog_faults = _catalog_faults(collect(root), _read(root / CATALOG))
    return [*_hidden_messages(root), *catalog_faults, *_text_faults(root / TEXTS)]


def compile_catalogs(root: Path) -> list[Path]:
    """Write the .mo file beside every .po file that is newer; returns those written."""
    written = []
    for po in sorted(root.glob("locale/*/LC_MESSAGES/*.po")):
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime >= po.stat().st_mtime:
            continue
        content = BytesIO()
        write_mo(content, _read(po))
        mo.write_bytes(content.getvalue())
        written.append(mo)
    return written


def _hidden_messages(root: Path) -> Iterator[str]:
    """Where a function of messages has a name of its own, by which its messages would not be found."""
    for path in _sources(root):
        if path.suffix == ".py":
            for function, name in _RENAMED.findall(path.read_text(encoding="utf-8")):
                if name not in _KEYWORDS:
                    yield f"{path.relative_to(root)}: {function} as {name}, whose messages are not collected"


def _sources(root: Path) -> list[Path]:
    code = [path for app in APPS for path in sorted((root / app).rglob("*.py"))]
    templates = [
        path
        for path in sorted((root / "templates").rglob("*"))
        if path.suffix in {".html", ".txt"} and root / TEXTS not in path.parents
    ]
    return code + templates


def _calls(template: str, name: str) -> str:
    """A template as Python whose gettext calls hold the messages that Django looks up at render time.

    Django's own helper leaves the page's white space, which Python would take for indentation, and
    constants such as {{ _("20%") }} unescaped, though they are looked up with the per cent sign doubled.
    """
    code = templatize(template, name)
    code = _CONSTANT.sub(lambda found: f"_({unescape_string_literal(found[1]).replace('%', '%%')!r})", code)
    return re.sub(r"^ +", "", re.sub(r"[^\S\n]", " ", code), flags=re.MULTILINE)


def _read(po: Path) -> Catalog:
    if not po.exists():
        return Catalog(locale=LANGUAGE)
    with po.open("rb") as file:
        return read_po(file, locale=po.parts[-3], abort_invalid=True)


def _catalog_faults(messages: Catalog, catalog: Catalog) -> Iterator[str]:
    for message in _without_header(messages):
        known = catalog.get(message.id, message.context)
        if known is None or known.id != message.id:
            yield _fault("missing", message)
        else:
            yield from _translation_faults(known)
    for known in [*_without_header(catalog), *catalog.obsolete.values()]:
        message = messages.get(known.id, known.context)
        if message is None or message.id != known.id:
            yield _fault("obsolete", known)


def _translation_faults(message: Message) -> Iterator[str]:
    sources, translations = (
        (message.id, message.string) if message.pluralizable else ([message.id], [message.string])
    )
    if message.fuzzy:
        yield _fault("fuzzy", message)
    if not any(translations):
        yield _fault("untranslated", message)
        return
    for source, translation in zip(sources, translations, strict=True):
        if not translation:
            yield _fault("plural form missing", message)
            continue
        if Counter(_KEPT.findall(source)) != Counter(_KEPT.findall(translation)):
            yield _fault("placeholders or tags differ", message, translation)
        if _ends(source) != _ends(translation):
            yield _fault("white space at the ends differs", message, translation)


def _text_faults(texts: Path) -> Iterator[str]:
    english, italian = _ids(texts / "en"), _ids(texts / LANGUAGE)
    for name in sorted(english | italian):
        if name not in english or name not in italian:
            language = "en" if name in italian else LANGUAGE
            yield f"text missing: {TEXTS / language / name}"
        elif english[name] != italian[name]:
            yield f"ids differ: {TEXTS / 'en' / name}, {TEXTS / LANGUAGE / name}"


def _ids(texts: Path) -> dict[str, list[str]]:
    """The ids of each long text, in their order."""
    return {path.name: _ID.findall(path.read_text(encoding="utf-8")) for path in texts.glob("*")}


def _without_header(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def _ends(text: str) -> tuple[str, str]:
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def _fault(kind: str, message: Message, translation: str = "") -> str:
    singular = message.id[0] if message.pluralizable else message.id
    context = f"{message.context!r}: " if message.context else ""
    places = ", ".join(dict.fromkeys(file for file, _line in message.locations))
    return f"{kind}: {context}{singular!r}" + (f" → {translation!r}" if translation else "") + f" ({places})"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["update", "check", "compile"])
    command = parser.parse_args(arguments).command
    if command == "update":
        catalog = update(ROOT)
        print(f"{CATALOG}: {len(catalog)} messages")
    elif command == "compile":
        for mo in compile_catalogs(ROOT):
            print(mo.relative_to(ROOT))
    elif faults := check(ROOT):
        print(*faults, sep="\n")
        return 1
    else:
        print(f"translations complete: {len(_read(ROOT / CATALOG))} messages")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
