"""What every test stands on: real servers in a folder of their own, and no network but this machine.

Each pytest process uses the servers under var/test, so that the last to end stops them. An xdist worker has
a database and a Valkey number of its own.
"""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from soredi import embedded

DATA = Path(__file__).resolve().parent.parent / "var" / "test"
VALKEY_NUMBER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw-1").removeprefix("gw")) + 1

# Before anything reads the settings.
for name in (
    "DATABASE_URL",
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "DEBUG",
    "SOR_BASE_URL",
    "SOR_COLUMNS_FILE",
    "EMAIL_URL",
    "SOREDI_CERTIFICATION",
    "SOREDI_INBOX",
    "SOREDI_INBOX_ACCEPT_WARNINGS",
):
    os.environ.pop(name, None)
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "soredi.settings",
    "SOREDI_DATA_DIR": str(DATA),
    "REDIS_URL": embedded.valkey_url(DATA, VALKEY_NUMBER),
}


def pytest_configure(config: pytest.Config) -> None:
    import django

    embedded.ensure(DATA, durable=False)
    django.setup()
    if not hasattr(config, "workerinput"):
        # xdist's workers inherit this environment, and with the name in it they would read the settings before this
        # file has given them a Valkey number of their own.
        del os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_unconfigure(config: pytest.Config) -> None:
    embedded.release(DATA)


class NetworkBlocked(Exception):
    """A test asked for something outside this machine."""


def _stay_here(host: Any) -> None:
    if host not in (None, "", "localhost", "127.0.0.1", "::1", b"localhost", b"127.0.0.1"):
        raise NetworkBlocked(f"{host} is not on this machine")


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Sockets reach this machine only."""
    patch = pytest.MonkeyPatch()
    getaddrinfo = socket.getaddrinfo

    def guarded(method: Any) -> Any:
        def connect(self: socket.socket, address: Any) -> Any:
            if self.family != socket.AF_UNIX:
                _stay_here(address[0])
            return method(self, address)

        return connect

    def resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
        _stay_here(host)
        return getaddrinfo(host, *args, **kwargs)

    patch.setattr(socket.socket, "connect", guarded(socket.socket.connect))
    patch.setattr(socket.socket, "connect_ex", guarded(socket.socket.connect_ex))
    patch.setattr(socket, "getaddrinfo", resolve)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: Any
) -> Iterator[None]:
    """The test database, for every test; pytest-django's makes none where all tests use `committed_db`."""
    from django.test.utils import setup_databases, teardown_databases

    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False)
    yield
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0)


@pytest.fixture(scope="session")
def migrated_rows(django_db_setup: None, django_db_blocker: Any) -> dict[str, bytes]:
    """What the migrations left in each table that they filled: table → rows in COPY's format."""
    from django.db import connection

    rows = {}
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for table in _tables(cursor):
            with cursor.copy(f"COPY {table} TO STDOUT") as copy:
                rows[table] = b"".join(bytes(part) for part in copy)
    return {table: content for table, content in rows.items() if content}


@pytest.fixture
def committed_db(migrated_rows: dict[str, bytes], django_db_blocker: Any) -> Iterator[None]:
    """A database whose commits are real, so that other processes see them; afterwards as after migrating.

    Give `process_environment` to the processes that shall see it, and end them before the test ends.
    """
    from django.core.cache import cache
    from django.db import connection, connections

    with django_db_blocker.unblock():
        cache.clear()  # the queue of this Valkey number too
        try:
            yield
        finally:
            connections.close_all()
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '10s'")
                # History refuses to be emptied, but its triggers do not fire for a replica.
                cursor.execute("SET session_replication_role = replica")
                cursor.execute(f"TRUNCATE {', '.join(_tables(cursor))}")
                for table, content in migrated_rows.items():
                    with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                        copy.write(content)
            connections.close_all()


def _tables(cursor: Any) -> list[str]:
    cursor.execute(
        """
        SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
         WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tablename <> 'django_migrations'
        """
    )
    return [table for (table,) in cursor.fetchall()]


@pytest.fixture
def process_environment(committed_db: None) -> dict[str, str]:
    """The environment in which a process (manage.py, a worker, gunicorn) uses this test's database and queue.

    It runs with the settings of production, so requests need `X-Forwarded-Proto: https`.
    """
    from django.conf import settings
    from django.db import connection

    config = connection.settings_dict
    return os.environ | {
        "DATABASE_URL": f"postgres://{config['USER']}@{quote(config['HOST'], safe='')}/{config['NAME']}",
        "REDIS_URL": settings.REDIS_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "SOREDI_DATA_DIR": str(DATA),
    }
