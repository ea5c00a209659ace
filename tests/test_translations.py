"""Every text that people see has a Danish form."""

from pathlib import Path

import pytest
from babel.messages.checkers import python_format
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "locale" / "da" / "LC_MESSAGES" / "django.po"
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "Sentence": None,
    "counted": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
}


@pytest.fixture(scope="module")
def catalogue():
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="da")


def finished(message):
    forms = [message.string] if isinstance(message.string, str) else message.string
    return all(forms) and not message.fuzzy


def test_nothing_is_left_empty_or_uncertain(catalogue):
    assert [message.id for message in catalogue if message.id and not finished(message)] == []


@pytest.mark.parametrize("package", ["soredi", "locations", "massupdate", "sorimport"])
def test_every_text_in_the_code_is_in_the_catalogue(catalogue, package):
    found = extract_from_dir(ROOT / package, method_map=[("**.py", "python")], keywords=KEYWORDS)
    assert [
        (file, line, text) for file, line, text, _c, context in found if catalogue.get(text, context) is None
    ] == []


def test_placeholders_are_the_same_in_both_languages(catalogue):
    for message in catalogue:
        if message.id:
            python_format(catalogue, message)
