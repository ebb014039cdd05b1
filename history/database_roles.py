"""Gives each part of the program its own role on PostgreSQL, with the least rights that it needs.

`recalldesk_owner` owns every table and migrates; `recalldesk_web` and `recalldesk_worker` add to append-only tables
and change the others; `recalldesk_audit` reads. Only the worker seals, and only the web changes accounts. Once the
roles are there, each `migrate` gives them their rights on new tables (`history.apps`).
"""

from collections.abc import Iterable, Iterator

from django.db.backends.base.base import BaseDatabaseWrapper

from history.sealed_tables import append_only_tables, personal_columns_by_table

OWNER, WEB, WORKER, AUDIT = "recalldesk_owner", "recalldesk_web", "recalldesk_worker", "recalldesk_audit"
ROLES = (OWNER, WEB, WORKER, AUDIT)
_LEDGER = ("history_ledgerblock", "history_ledgermark", "history_tableshape")
_ACCOUNTS = (
    "clinic_user",
    "clinic_user_groups",
    "clinic_user_sites",
    "clinic_user_user_permissions",
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "mfa_authenticator",
    "account_emailaddress",
    "account_emailconfirmation",
)
# What lets somebody in, or was typed by somebody who was not let in.
_SECRETS = (
    "clinic_user",
    "django_session",
    "usersessions_usersession",
    "mfa_authenticator",
    "account_emailconfirmation",
    "desk_keptform",
    "site_setup_setupcode",
    "patients_patientlink",
    "reports_calendarfeed",
    "fhir_serviceclient",
    "fhir_accesstoken",
)
_NAMES_OF_ACCOUNTS = "id, username, first_name, last_name, is_active, is_superuser"
_CHANGE, _ADD = "SELECT, INSERT, UPDATE, DELETE", "SELECT, INSERT"


def create_roles(connection: BaseDatabaseWrapper) -> None:
    """Make the roles that are missing and hand all tables to the owner; needs a superuser. They sign in once they have
    a password (`\\password recalldesk_web` in psql)."""
    with connection.cursor() as cursor:
        for role in _missing_roles(connection):
            cursor.execute(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS")
        cursor.execute(f'ALTER DATABASE "{connection.settings_dict["NAME"]}" OWNER TO {OWNER}')
        cursor.execute(f"ALTER SCHEMA public OWNER TO {OWNER}")
        for statement in _ownership_statements(connection):
            cursor.execute(statement)
    grant_rights(connection)


def grant_rights(connection: BaseDatabaseWrapper) -> None:
    """Say anew what each role may do with every table; nothing where the roles are not used."""
    if connection.vendor != "postgresql" or _missing_roles(connection):
        return
    with connection.cursor() as cursor:
        tables = sorted(connection.introspection.table_names(cursor))
        for statement in _grants(tables):
            cursor.execute(statement)


def _missing_roles(connection: BaseDatabaseWrapper) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(ROLES)])
        found = {name for (name,) in cursor.fetchall()}
    return [role for role in ROLES if role not in found]


def _ownership_statements(connection: BaseDatabaseWrapper) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'TABLE public.' || quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
        tables = cursor.fetchall()
        cursor.execute(
            "SELECT 'FUNCTION ' || p.oid::regprocedure FROM pg_proc p "
            "WHERE p.pronamespace = 'public'::regnamespace AND starts_with(p.proname, 'recalldesk_')"
        )
        return [f"ALTER {what} OWNER TO {OWNER}" for (what,) in (*tables, *cursor.fetchall())]


def _grants(tables: Iterable[str]) -> Iterator[str]:
    parts = f"{WEB}, {WORKER}, {AUDIT}"
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    yield f"GRANT USAGE ON SCHEMA public TO {parts}"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {parts}"
    yield f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {WEB}, {WORKER}"
    append_only, personal = set(append_only_tables()), personal_columns_by_table()
    for table in tables:
        yield f'GRANT {_web_rights(table, append_only)} ON "{table}" TO {WEB}'
        yield f'GRANT {_worker_rights(table, append_only)} ON "{table}" TO {WORKER}'
        if columns := personal.get(table):
            # Triggers let it empty these, and only once the seals were kept.
            yield f'GRANT UPDATE ({", ".join(columns)}) ON "{table}" TO {WORKER}'
        if table not in _SECRETS:
            yield f'GRANT SELECT ON "{table}" TO {AUDIT}'
        elif table == "clinic_user":
            yield f"GRANT SELECT ({_NAMES_OF_ACCOUNTS}) ON {table} TO {AUDIT}"


def _web_rights(table: str, append_only: set[str]) -> str:
    if table in _LEDGER or table == "django_migrations":
        return "SELECT"
    return _ADD if table in append_only else _CHANGE


def _worker_rights(table: str, append_only: set[str]) -> str:
    if table in (*_ACCOUNTS, "history_tableshape", "django_migrations"):
        return "SELECT"
    return _ADD if table in append_only else _CHANGE
