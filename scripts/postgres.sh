#!/usr/bin/env bash
# Makes sure that the Postgres server programs (15 to 18) are on this machine. Forebay starts its own cluster from
# them; no server needs to run and nothing is configured. Prints where they are on standard output, everything else
# on standard error. Safe to run again: with Postgres installed it changes nothing.
set -euo pipefail

# The folder of `initdb` and `postgres`, or nothing. The same places that Forebay looks in.
find_binaries() {
    local folder
    local -a places=()
    if folder=$(command -v initdb); then places+=("$(dirname "$(readlink -f "$folder")")"); fi
    if folder=$(pg_config --bindir 2>/dev/null); then places+=("$folder"); fi
    for version in 18 17 16 15; do
        places+=(
            "/usr/lib/postgresql/$version/bin"
            "/usr/pgsql-$version/bin"
            "/opt/homebrew/opt/postgresql@$version/bin"
            "/usr/local/opt/postgresql@$version/bin"
        )
    done
    for folder in "${places[@]}"; do
        if [[ -x $folder/initdb && -x $folder/postgres ]] && is_supported "$("$folder/postgres" --version)"; then
            echo "$folder"
            return
        fi
    done
}

# Whether the first number in the text is a version that Forebay runs on.
is_supported() {
    [[ $1 =~ ([0-9]+) ]] && ((BASH_REMATCH[1] >= 15 && BASH_REMATCH[1] <= 18))
}

# Runs a command as root, or fails where that would need a password.
as_root() {
    if [[ $(id -u) == 0 ]]; then "$@"; else sudo -n "$@"; fi
}

can_install() {
    command -v apt-get >/dev/null && { [[ $(id -u) == 0 ]] || sudo -n true 2>/dev/null; }
}

install() {
    export DEBIAN_FRONTEND=noninteractive
    as_root apt-get update -qq
    local candidate
    candidate=$(apt-cache policy postgresql | awk '/Candidate:/ { print $2 }')
    if is_supported "$candidate"; then
        as_root apt-get install -y -qq --no-install-recommends postgresql
    else
        # Older releases carry an older Postgres; its own archive has the supported ones.
        as_root apt-get install -y -qq --no-install-recommends postgresql-common ca-certificates
        as_root /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y
        as_root apt-get install -y -qq --no-install-recommends postgresql-17
    fi
}

binaries=$(find_binaries)
if [[ -z $binaries ]] && can_install; then
    echo "Installing Postgres with apt-get." >&2
    install >&2 || echo "Installing Postgres failed." >&2
    binaries=$(find_binaries)
fi
if [[ -z $binaries ]]; then
    echo "Postgres 15 to 18 is needed: install it (apt: postgresql-17, brew: postgresql@17, dnf: postgresql-server), then run this again." >&2
    exit 1
fi
echo "$binaries"
