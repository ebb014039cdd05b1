"""Has a connection of PostgreSQL plan a statement once: planning it anew takes longer than carrying it out.

Only for what a worker asks about every message. A connection that a pool hands on keeps no statements: there it is
planned each time.
"""

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection

# The names of the statements that each connection has planned, as long as it stands.
_names_by_connection: "WeakKeyDictionary[Any, set[str]]" = WeakKeyDictionary()


class PreparedStatement:
    """`sql` with named values (`%(id)s`), each of the type that `types` names; `name` is unique within the program."""

    def __init__(self, name: str, types: Mapping[str, str], sql: str) -> None:
        self._name, self._plain, self._order = name, sql, list(types)
        for number, value in enumerate(types, start=1):
            sql = sql.replace(f"%({value})s", f"${number}")
        self._prepare = f"PREPARE {name} ({', '.join(types.values())}) AS {sql}"
        self._execute = f"EXECUTE {name} ({', '.join(['%s'] * len(types))})"

    def execute(self, cursor: Any, values: Mapping[str, Any]) -> None:
        """Carry it out with these values; planned first where this connection does not know it yet."""
        if connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]:  # as behind a pool
            cursor.execute(self._plain, values)
            return
        names = _names_by_connection.setdefault(connection.connection, set())
        if self._name not in names:
            cursor.execute(self._prepare)
            names.add(self._name)
        cursor.execute(self._execute, [values[name] for name in self._order])
