from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base

from soredi import embedded


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to the PostgreSQL under the data folder."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        embedded.ensure(settings.DATA_DIR)
        return super().get_new_connection(conn_params)
