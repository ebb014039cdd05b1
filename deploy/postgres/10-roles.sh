#!/bin/sh
# Runs once, when the database is made: the roles of owner, web, worker and audit, each with its own password.
# `migrate` runs as the owner and gives the others their rights.
set -eu
for part in owner web worker audit; do
  psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set role="recalldesk_$part" --set password="$(cat "/run/secrets/postgres_$part")" <<'SQL'
CREATE ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
SQL
done
psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set db="$POSTGRES_DB" <<'SQL'
ALTER DATABASE :"db" OWNER TO recalldesk_owner;
SQL
