"""A command answers in JSON also where the database cannot serve it."""

import json
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("table", "command"),
    [
        ("sorimport_importrun", ["import_sor", "nothing.zip"]),
        ("soredi_user", ["mass_update", __file__, "--user", "anna"]),
    ],
)
def test_a_database_without_its_tables_is_told_with_the_cure(
    table: str, command: list[str], capsys: Any
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO elsewhere")
    with pytest.raises(SystemExit) as ended:
        call_command(*command)
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (ended.value.code, answer["state"], "manage.py migrate" in answer["message"]) == (
        1,
        "failed",
        True,
    )
