"""Texts that are kept, and read in the language of whoever reads them."""

import pytest
from django.utils.translation import override

from locations.models import ChangeSet
from locations.models.change import Source
from soredi.sentences import Sentence, counted

pytestmark = pytest.mark.django_db


def kept(sentence: Sentence | str) -> Sentence | str:
    made = ChangeSet.objects.create(source=Source.EDIT, message=sentence)
    return ChangeSet.objects.get(pk=made.pk).message


def read(sentence: Sentence | str) -> tuple[str, str]:
    """In Danish and in English."""
    with override("da"):
        danish = str(sentence)
    with override("en"):
        return danish, str(sentence)


def test_a_sentence_is_read_in_either_language() -> None:
    sentence = Sentence(
        "%(file)s: %(message)s",
        file="a.csv",
        message=Sentence("There is no such file or folder. Check the path."),
    )
    assert kept(sentence) == sentence
    assert read(kept(sentence)) == (
        "a.csv: Filen eller mappen findes ikke. Kontrollér stien.",
        "a.csv: There is no such file or folder. Check the path.",
    )


@pytest.mark.parametrize(
    ("count", "danish", "english"), [(1, "1 fejl", "1 error."), (2, "2 fejl", "2 errors.")]
)
def test_a_sentence_with_a_plural(count: int, danish: str, english: str) -> None:
    one, many = (
        "The file has %(count)s error. Nothing was changed.",
        "The file has %(count)s errors. Nothing was changed.",
    )
    said = read(kept(counted(one, many, count=count)))
    assert (danish in said[0], english in said[1]) == (True, True)


def test_numbers_are_written_as_in_the_language_of_the_reader() -> None:
    one, many = (
        "The file has %(count)s error. Nothing was changed.",
        "The file has %(count)s errors. Nothing was changed.",
    )
    said = read(kept(counted(one, many, count=45_000)))
    assert ("45.000 fejl" in said[0], "45,000 errors" in said[1]) == (True, True)


def test_plain_text_stays_as_it_is_and_none_is_empty() -> None:
    assert read(kept("100 % of %(these)s")) == ("100 % of %(these)s", "100 % of %(these)s")
    assert kept("") == ""
