"""Each of the small files gets just the answer that is written beside it, and none of them changes anything."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.builders import user
from tests.massupdate.running import FIVE, FOUR, ONE, THREE, TWO, sets
from tests.massupdate.small_files import FILES

pytestmark = pytest.mark.django_db
ERRORS_OF_ALL = 60  # files at least that are not as they should be


@pytest.fixture
def world(number) -> dict[str, str]:
    user("anna", administrators=["102"])
    number(ONE, "1001 1002 1003 1005")
    number(TWO, "1001")
    number(THREE, "1001", to_date=timezone.localdate() - timedelta(days=1))
    number(FOUR, "1001", edi_administrator="116")
    number(FIVE, "", inactive=True)
    return sets()


@pytest.mark.parametrize("name", FILES)
def test_a_small_file_gets_just_its_answer(mass_update, world: dict[str, str], name: str) -> None:
    content, found = FILES[name]
    answer = mass_update(content, "--user", "anna")
    assert answer.errors + answer.warnings == found
    assert answer.summary["state"] == ("refused" if answer.errors else "draft")
    assert sets() == world


def test_there_are_many_of_them() -> None:
    assert sum(bool(found) for _content, found in FILES.values()) >= ERRORS_OF_ALL
