"""What a system is not certified to receive is warned of where the file adds it, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from massupdate.models import MassUpdate
from tests.builders import approval_list, mapped
from tests.massupdate.running import FOUR, ONE, THREE, TWO, sets

pytestmark = pytest.mark.django_db


@pytest.fixture
def listed(types: dict[str, Any]) -> Any:
    """Clinea is certified for DIS91, refused for DIS20 and not on the list for the others; Nova is not mapped."""
    mapped("Clinea", "Clinea (LPS)")
    return approval_list(
        ("Clinea (LPS)", types["1001"], "certified"), ("Clinea (LPS)", types["1002"], "refused")
    )


def test_only_what_is_added_to_a_mapped_system_is_asked_for(mass_update, number, listed) -> None:
    number(ONE, "1005", system="Clinea")
    number(TWO, "1001 1002", system="Clinea")
    number(THREE, "1005", system="Nova")
    number(FOUR, "1005")
    answer = mass_update(
        f"{ONE};1005\r\n{ONE};1001\r\n{ONE};DIS20\r\n{ONE};1003\r\n"
        f"{TWO};1002\r\n{THREE};1005\r\n{THREE};1001\r\n{THREE};1002\r\n{FOUR};1005\r\n"
    )
    assert answer.warnings == [
        (4, "not_certified", f"{ONE};DIS20"),
        (5, "not_certified", f"{ONE};1003"),
        (7, "unmapped_system", THREE),
    ]
    assert answer.outcome == (0, "draft", 4, 3, 5, 1)
    assert MassUpdate.objects.get().counts["approvals"] == {
        "id": listed.pk,
        "name": listed.name,
        "dated": listed.dated.isoformat(),
    }


def test_where_the_setting_says_so_it_is_an_error_but_not_of_a_system_that_is_not_mapped(
    mass_update, number, listed, settings: Any
) -> None:
    settings.CERTIFICATION = "error"
    number(ONE, "1005", system="Clinea")
    number(TWO, "1005", system="Nova")
    answer = mass_update(
        f"{ONE};1005\r\n{ONE};1003\r\n{TWO};1005\r\n{TWO};1003\r\n", "--apply", "--accept-warnings"
    )
    assert answer.errors == [(3, "not_certified", f"{ONE};1003")]
    assert answer.warnings == [(4, "unmapped_system", TWO)]
    assert sets() == {ONE: "1005", TWO: "1005"}
    answer = mass_update(f"{TWO};1005\r\n{TWO};1003\r\n", "--apply", "--accept-warnings")
    assert answer.outcome == (0, "done", 1, 1, 1, 0)


def test_without_a_list_nothing_is_checked(mass_update, number) -> None:
    number(ONE, "1005", system="Clinea")
    assert mass_update(f"{ONE};1005\r\n{ONE};1003\r\n").warnings == []
    assert MassUpdate.objects.get().counts["approvals"] is None
