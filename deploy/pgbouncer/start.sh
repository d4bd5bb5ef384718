#!/bin/sh
# Write the one user that PgBouncer knows from the environment, then become PgBouncer.
set -eu
: "${POSTGRES_USER:?}" "${POSTGRES_PASSWORD:?}"
umask 077
# A quote in a password is doubled in this file.
quoted=$(printf '%s' "$POSTGRES_PASSWORD" | sed 's/"/""/g')
printf '"%s" "%s"\n' "$POSTGRES_USER" "$quoted" > /tmp/userlist.txt
exec pgbouncer /etc/yurt/pgbouncer.ini
