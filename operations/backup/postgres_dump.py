"""Runs pg_dump and pg_restore on the program's own database; the password goes by environment, not by arguments."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from shutil import which
from typing import IO

from django.db import connection, transaction

from operations.backup.encryption import BackupError
from operations.backup.manifest import LEFT_OUT

# libpq's own variables: https://www.postgresql.org/docs/current/libpq-envars.html
_VARIABLES = {
    "host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY",
}  # fmt: skip


@contextmanager
def postgres_snapshot() -> Iterator[str]:
    """A transaction that sees the database as it is now, and the name under which pg_dump sees the same."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        yield cursor.fetchone()[0]


@contextmanager
def dump_stream(snapshot: str) -> Iterator[IO[bytes]]:
    """What pg_dump writes; raises at the end when it failed."""
    left_out = [f"--exclude-table-data={table}" for table in LEFT_OUT]
    command, environment = _command("pg_dump")
    command += ["--format=custom", "--no-owner", f"--snapshot={snapshot}", *left_out]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as dump:
        assert dump.stdout is not None  # noqa: S101  asked for by PIPE
        try:
            yield dump.stdout
        except BaseException:
            dump.kill()
            raise
    if dump.returncode:
        raise BackupError("pg_dump failed; its words are above")


@contextmanager
def restore_stream() -> Iterator[IO[bytes]]:
    """What is written here pg_restore brings in, in one transaction: all of it, or nothing after a fault."""
    command, environment = _command("pg_restore")
    database = f"--dbname={environment['PGDATABASE']}"
    # The roles of the old server need not exist here; migrate gives this one's their rights.
    command += ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", database]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE) as restore:
        assert restore.stdin is not None  # noqa: S101  asked for by PIPE
        try:
            yield restore.stdin
            restore.stdin.close()
        except BrokenPipeError:
            pass  # its status says why
        except BaseException:
            restore.kill()
            raise
    if restore.returncode:
        raise BackupError("pg_restore failed and changed nothing; its words are above")


def _command(program: str) -> tuple[list[str], dict[str, str]]:
    """The program, and its environment with the address of the database."""
    path = which(program)
    if path is None:
        raise BackupError(f"The program {program} is not on this machine (Debian: apt install postgresql-client)")
    known = connection.get_connection_params()
    return [path], os.environ | {variable: str(known[name]) for name, variable in _VARIABLES.items() if known.get(name)}
