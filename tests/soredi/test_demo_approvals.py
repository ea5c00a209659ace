"""The demo's own sheet of approvals: every mark there is can be met in it, and it is put into use once."""

from collections import Counter
from itertools import product

import builders
import pytest

from locations.certification import Answer, list_in_force, question
from locations.models import ApprovalList, EdiType, System
from locations.system_map import Mapping, mapped_systems
from soredi.management.demo_approvals import MAPPED, add_approvals, has_approvals
from sorimport.synthetic.facts import load

pytestmark = pytest.mark.django_db


@pytest.fixture
def catalogue():
    facts = load()
    for system in facts.systems:
        System.objects.create(code=system.code, name=system.name)
    for edi_type in facts.edi_types:
        builders.edi_type(edi_type.code, edi_type.version)


def test_it_has_every_answer_and_every_state_of_the_map(catalogue):
    assert not has_approvals()
    anna = builders.user("anna", staff=True)
    add_approvals(by=anna)
    assert has_approvals()

    sheet = ApprovalList.objects.get()
    assert (sheet.by, sheet.accepted_by, sheet.problems, sheet.counts["duplicates"]) == (anna, anna, [], 0)
    systems = mapped_systems(sheet.dated)
    assert {one.system.name for one in systems if one.mapping == Mapping.MAPPED} == set(MAPPED)
    assert {one.mapping for one in systems} == set(Mapping)
    pairs = product(System.objects.values_list("pk", flat=True), EdiType.objects.values_list("pk", flat=True))
    answers = Counter(basis.answer for basis in question(pairs, day=sheet.dated).values())
    assert set(answers) == set(Answer)
    assert list_in_force(sheet.dated) == sheet
