"""What the exams office does with preparation material: put it on the shelf, change it, take it away.

Row and file go together: a file is there before the row that names it is committed, and goes once the row
that named it is gone. What breaks off in between, sweep() finds.
"""

import unicodedata
from collections.abc import Iterable
from functools import partial

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.acting import acting
from accounts.models import User
from centres import media, storing
from centres.models import Material
from centres.models.material import LARGEST_FILE, LONGEST_FILE_NAME
from centres.storing import Incoming
from results.exams import EXAMS, Skill

MAY_ADD, MAY_CHANGE, MAY_DELETE = (f"centres.{verb}_material" for verb in ("add", "change", "delete"))
FILE_COLUMNS = ("stored_name", "file_name", "size", "sha256", "media_type", "uploaded_at", "uploaded_by")


def too_large() -> str:
    return _("The file is too large: more than %d MB. Nothing was stored.") % (LARGEST_FILE // 1_000_000)


def cut_off() -> str:
    return _("The file did not arrive whole. Nothing was stored. Choose it again.")


def add(material: Material, file: Incoming, file_name: str, by: User) -> None:
    """Store new material with its file. Raises ValidationError if `by` may not, or if the file is refused."""
    with acting(by, MAY_ADD):
        _take(material, file, file_name, by)
        try:
            with transaction.atomic():
                material.save(force_insert=True)
        except BaseException:
            storing.remove(material.stored_name)
            raise


def change(
    material: Material,
    fields: Iterable[str],
    by: User,
    file: Incoming | None = None,
    file_name: str = "",
) -> None:
    """Store these fields of a material, and a new version of its file if one is given.

    Raises ValidationError if `by` may not, or if the file is refused.
    """
    with acting(by, MAY_CHANGE):
        old = material.stored_name
        if file is None:
            material.save(update_fields=set(fields))
            return
        _take(material, file, file_name, by)
        try:
            with transaction.atomic():
                material.save(update_fields={*fields, *FILE_COLUMNS})
        except BaseException:
            storing.remove(material.stored_name)
            raise
        transaction.on_commit(partial(storing.remove, old))


def publish(materials: Iterable[Material], by: User, *, shown: bool = True) -> int:
    """Show material to the preparation centres from now on, or hide it; how many it changes."""
    with acting(by, MAY_CHANGE):
        rows = Material.objects.filter(pk__in=[each.pk for each in materials], published_at__isnull=shown)
        return rows.update(published_at=Now() if shown else None)


def delete(material: Material, by: User) -> None:
    """Take a material away, with its file. Raises ValidationError if `by` may not."""
    with acting(by, MAY_DELETE):
        transaction.on_commit(partial(storing.remove, material.stored_name))
        material.delete()


def sweep() -> int:
    """Remove files that no material names and that are older than a day; how many there were."""
    return storing.sweep(set(Material.objects.values_list("stored_name", flat=True)))


def without_unknown_skills(exams: Iterable[str], skills: Iterable[str]) -> list[str]:
    """Those of the skills that one of the exams has, in the order of the statement."""
    tested = {skill for code in exams for skill in EXAMS[code].skills}
    return [skill.value for skill in Skill if skill in tested and skill in set(skills)]


def plain_name(name: str) -> str:
    """A file's own name as it is kept: no folder, nothing unseen, and not too long; its ending stays."""
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    name = " ".join("".join(letter for letter in name if letter.isprintable()).split())
    stem, dot, ending = name.rpartition(".")
    return f"{stem[: LONGEST_FILE_NAME - len(ending) - 1]}{dot}{ending}"[:LONGEST_FILE_NAME]


def _take(material: Material, file: Incoming, file_name: str, by: User) -> None:
    """Check a file, move it into the store and name it in the (unsaved) material."""
    if file.size > LARGEST_FILE:
        raise ValidationError(too_large(), code="too_large")
    material.file_name = plain_name(file_name)
    material.media_type = media.recognise(file.file, material.file_name)
    material.size, material.sha256 = file.size, file.sha256
    material.uploaded_by, material.uploaded_at = by, Now()
    material.stored_name = file.keep()
