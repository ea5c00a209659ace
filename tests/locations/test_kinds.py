"""EDI types in groups."""

import pytest

from locations.kinds import Kind, by_kind, kind_of
from locations.models import EdiType


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("DIS01", Kind.LETTERS),
        ("XDIS15", Kind.LETTERS),
        ("XDIS91", Kind.CORRESPONDENCE),
        ("FDIS91", Kind.CORRESPONDENCE),
        ("FDIS20", Kind.NOTIFICATIONS),
        ("REF06", Kind.REFERRALS),
        ("FCTL", Kind.RECEIPTS),
        ("XBIN01", Kind.ATTACHMENTS),
        ("FS3X100", Kind.OTHER),
        ("DGOP", Kind.OTHER),
        ("correspondence", Kind.OTHER),
    ],
)
def test_the_kind_follows_from_family_and_number(code, kind):
    assert kind_of(code) is kind


def test_groups_are_in_the_order_of_kinds_and_then_as_given():
    ctl, xdis, dis = (
        EdiType(code=code, standard=standard)
        for code, standard in [("CTL01", "edifact"), ("XDIS01", "oioxml"), ("DIS01", "edifact")]
    )
    assert by_kind([ctl, xdis, dis]) == [
        (Kind.LETTERS, [("OIOXML", [xdis]), ("EDIFACT", [dis])]),
        (Kind.RECEIPTS, [("EDIFACT", [ctl])]),
    ]
