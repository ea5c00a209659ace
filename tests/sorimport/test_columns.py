"""Spellings that an operator adds when the publisher renames a column."""

from pathlib import Path

import pytest

from soredi.tabular import TabularError
from sorimport.columns import KINDS, LOCATIONS, PAIRS, kind_of, known_kinds


def test_without_a_file_the_kinds_are_those_of_the_alias_table() -> None:
    assert known_kinds("") is KINDS


def test_a_further_spelling_is_known_beside_the_others(tmp_path: Path) -> None:
    (tmp_path / "columns.toml").write_text('[pairs]\nedi_type_id = ["Meddelelses-id"]\n')
    kinds = known_kinds(str(tmp_path / "columns.toml"))
    assert kind_of(["Loknr", "meddelelses id"], "x.csv", kinds) == PAIRS
    assert kind_of(["Loknr", "EdiId"], "x.csv", kinds) == PAIRS
    assert kind_of(["Loknr", "Meddelelses-id"], "x.csv") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[places]\n", "[places] er ingen af legacy_units, locations"),
        ('[pairs]\nvans = ["x"]\n', "vans er ingen af gln, edi_type_id"),
        ("[pairs\n", "Expected"),
        ("pairs = 5\n", "[pairs] siger ikke, hvordan"),
        ('[[pairs]]\ngln = ["x"]\n', "[pairs] siger ikke, hvordan"),
        ('[pairs]\ngln = "Nummer"\n', "gln siger ikke, hvordan"),
        ("[pairs]\ngln = [5]\n", "gln siger ikke, hvordan"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "columns.toml").write_text(text)
    with pytest.raises(TabularError, match=r"columns\.toml") as error:
        known_kinds(str(tmp_path / "columns.toml"))
    assert words in str(error.value)


def test_a_kind_is_known_by_its_headers_before_its_name() -> None:
    headers = [
        "EANLOCATIONCODE",
        "sor-id",
        "CommunicationSupplierId",
        "SystemType",
        "SystemSupplier",
        "EdiAdministrator",
    ]
    assert kind_of(headers, "EDITypes.csv") == LOCATIONS
    assert kind_of(["nothing"], "LocationsCode.csv") == LOCATIONS
