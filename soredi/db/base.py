"""The engine `soredi.db`: PostgreSQL under the data folder, started when the first connection needs it."""

from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base
from psycopg import OperationalError

from soredi import embedded


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that starts its server, and starts it again if it has died since."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        embedded.ensure(settings.DATA_DIR)
        try:
            return super().get_new_connection(conn_params)
        except OperationalError:
            embedded.ensure(settings.DATA_DIR, again=True)
            return super().get_new_connection(conn_params)
