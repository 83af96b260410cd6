"""How a person of the exams office saves a page: opened first, then sent."""

import re


def shown_on(face, address: str) -> dict[str, str]:
    """What the page carries about the values that it showed."""
    found = re.search(r'name="shown" value="([^"]*)"', face.get(address).content.decode())
    return {"shown": found[1]} if found else {}


def save(face, address: str, form: dict, **options):
    """Open the page, then send the form from it."""
    return face.post(address, shown_on(face, address) | form, **options)
