"""The map from SOR's systems to MedCom's: what is suggested, what is said, and who said it."""

from datetime import date

import builders
import pytest

from locations import system_map
from locations.models import System, SystemMap
from locations.system_map import Mapping, mapped_systems, say
from soredi.jobs import Refused

pytestmark = pytest.mark.django_db

DAY = date(2026, 6, 1)


def listed(*names):
    return builders.approval_list(*((name, "DIS91 (D9134L)", "certified") for name in names))


def suggested(name):
    """Names suggested for a system called so, best first."""
    system = builders.code(System, name)
    return [one.medcom_system for one in system_map.suggestions(system_map.list_in_force(DAY))[system.pk]]


def of(system):
    return next(one for one in mapped_systems(DAY) if one.system == system)


def test_every_product_of_the_name_is_suggested_where_sor_says_only_the_name():
    listed("Clinea (LPS)", "Clinea (Privath.)", "Clinea [PAS]", "Labka II", "IAM")
    assert suggested("Clinea") == ["Clinea (LPS)", "Clinea (Privath.)", "Clinea [PAS]"]
    assert suggested("clinea") == suggested("Clinea")


def test_where_both_name_a_product_it_must_be_the_same_however_it_is_bracketed():
    listed("Clinea (LPS)", "Clinea (Privath.)", "Clinea")
    assert suggested("Clinea [LPS]") == ["Clinea (LPS)", "Clinea"]
    assert suggested("Clinea (privath)") == ["Clinea (Privath.)", "Clinea"]
    assert suggested("Clinea (PAS)") == ["Clinea"]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("EG Clinea", "Clinea (LPS)"),
        ("Sundhedsplatform", "Sundhedsplatformen"),
        ("Sårjournal", "Sårjounal"),
        ("ETERA / EQUUS", "ETERA/EQUUS (Fys)"),
        ("Saarjounal", "Sårjounal"),
    ],
)
def test_names_need_only_be_alike(ours, theirs):
    listed(theirs, "MADS", "Bookplan")
    assert suggested(ours) == [theirs]


def test_a_short_word_within_another_name_suggests_nothing():
    listed("GTP", "Agfa")
    assert suggested("GTP Hospital Suite") == []


def test_unmapped_suggested_and_mapped_are_states_of_their_own():
    listed("Clinea (LPS)", "Clinea (PAS)")
    clinea, other = builders.code(System, "Clinea"), builders.code(System, "Noget andet")
    assert (of(clinea).mapping, of(other).mapping) == (Mapping.SUGGESTED, Mapping.UNMAPPED)
    say(system=clinea, medcom_system="Clinea (LPS)", accepted=True, by=None)
    mapped = of(clinea)
    assert (mapped.mapping, mapped.accepted) == (Mapping.MAPPED, ["Clinea (LPS)"])
    assert [one.medcom_system for one in mapped.suggestions] == ["Clinea (PAS)"]
    say(system=clinea, medcom_system="Clinea (PAS)", accepted=False, by=None)
    say(system=clinea, medcom_system="Clinea (LPS)", accepted=False, by=None)
    rejected = of(clinea)
    assert (rejected.mapping, rejected.rejected) == (Mapping.UNMAPPED, ["Clinea (LPS)", "Clinea (PAS)"])
    say(system=clinea, medcom_system="Clinea (LPS)", accepted=None, by=None)
    assert of(clinea).mapping == Mapping.SUGGESTED


def test_a_name_that_left_the_list_maps_no_more_and_is_told():
    builders.mapped("Clinea", "Clinea (LPS)")
    listed("Clinea (PAS)")
    one = of(System.objects.get())
    assert (one.mapping, one.off_list) == (Mapping.SUGGESTED, ["Clinea (LPS)"])


def test_everything_that_was_said_is_kept_with_who_and_when():
    listed("Clinea (LPS)")
    anna, bo = builders.user("anna", staff=True), builders.user("bo", staff=True)
    clinea = builders.code(System, "Clinea")
    say(system=clinea, medcom_system=" Clinea  (LPS) ", accepted=True, by=anna)
    say(system=clinea, medcom_system="Clinea (LPS)", accepted=None, by=bo)
    one = of(clinea)
    system_map.add_history([one])
    assert [(word.medcom_system, word.accepted, word.by) for word in one.history] == [
        ("Clinea (LPS)", None, "bo"),
        ("Clinea (LPS)", True, "anna"),
    ]
    assert one.history[0].at > one.history[1].at
    assert SystemMap.objects.count() == 1


def test_only_names_of_a_list_can_be_mapped_to():
    listed("Clinea (LPS)")
    builders.approval_list(("Kommende", "DIS91 (D9134L)", "certified"), accepted=False)
    clinea = builders.code(System, "Clinea")
    for name in ("Clinea", "Kommende", ""):
        with pytest.raises(Refused):
            say(system=clinea, medcom_system=name, accepted=True, by=None)
    assert not SystemMap.objects.exists()


def test_systems_are_found_by_their_names_and_medcoms():
    listed("Clinea (LPS)", "MADS")
    builders.mapped("Lægesystem", "MADS")
    builders.code(System, "Clinea")
    systems = mapped_systems(DAY)

    def names(**asked):
        return [one.system.name for one in system_map.matching(systems, **asked)]

    assert names() == ["Clinea", "Lægesystem"]
    assert names(words="mads") == names(mapping="koblet") == ["Lægesystem"]
    assert names(words="LPS clinea") == names(mapping="foreslaaet") == ["Clinea"]
    assert names(mapping="koblet", words="clinea") == []


def test_the_table_takes_five_queries(django_assert_num_queries):
    listed("Clinea (LPS)", "MADS")
    for name in ("A", "B", "Clinea"):
        builders.mapped(name, "MADS")
    with django_assert_num_queries(5):
        mapped_systems(DAY)
