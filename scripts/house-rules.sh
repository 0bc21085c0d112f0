#!/usr/bin/env bash
# House rules that neither rustfmt nor clippy can check on the stable toolchain:
# - imports are merged by crate (rustfmt's `imports_granularity = "Crate"`, which only nightly knows);
# - a module is `name.rs` beside `name/`, never `mod.rs`;
# - every source file opens with a `//!` comment;
# - no source file is longer than 450 lines;
# - no comment line is longer than 120 characters, except for tables.
set -euo pipefail
cd "$(dirname "$0")/.."

MAX_LINES=450
MAX_COMMENT=120
failed=0
complain() { echo "$1" >&2; failed=1; }

while IFS= read -r file; do
    case "$file" in
        */mod.rs) complain "$file: rename it to $(dirname "$file").rs" ;;
    esac
    read -r first <"$file" || true
    case "$first" in
        '//!'* | '#!['*) ;;
        *) complain "$file:1: begin with a //! comment that says what the file is for" ;;
    esac
    lines=$(wc -l <"$file")
    if [ "$lines" -gt "$MAX_LINES" ]; then
        complain "$file: $lines lines; split it by job (at most $MAX_LINES)"
    fi
done < <(git ls-files 'crates/*.rs' 'fuzz/*.rs' 'examples/*.rs')

# Two imports of one crate with the same visibility, unless an attribute such as #[cfg] keeps them apart.
duplicates=$(git ls-files 'crates/*.rs' 'fuzz/*.rs' 'examples/*.rs' | xargs awk '
    FNR == 1 { delete seen }
    /^[[:space:]]*(pub(\([a-z :]+\))? )?mod [a-z_]+ \{/ { delete seen }
    match($0, /^[[:space:]]*(pub(\([a-z :]+\))? )?use [a-z_:]*[a-z_]+/) {
        text = substr($0, RSTART, RLENGTH)
        visibility = text; sub(/use .*/, "", visibility)
        root = text; sub(/^.*use /, "", root); sub(/::.*/, "", root)
        key = visibility root
        # `self` and `super` reach different modules: two of them are two roots.
        if (root != "self" && root != "super" && previous !~ /^[[:space:]]*#\[/ && key in seen)
            print FILENAME ":" FNR ": merge with the import of `" root "` in line " seen[key]
        else if (previous !~ /^[[:space:]]*#\[/) seen[key] = FNR
    }
    /^[[:space:]]*(pub |fn |async fn |impl|struct |enum |const |static )/ && !/use / { }
    { previous = $0 }')
if [ -n "$duplicates" ]; then complain "$duplicates"; fi

long_comments=$(git ls-files 'crates/*.rs' 'crates/*.sql' 'fuzz/*.rs' 'examples/*.rs' |
    LC_ALL=C.UTF-8 xargs grep -nHE "^.{$((MAX_COMMENT + 1)),}\$" |
    grep -E '^[^:]+:[0-9]+:[[:space:]]*(//|--)' | grep -vE '^[^:]+:[0-9]+:[[:space:]]*//[/!] \|' |
    cut -d: -f1,2 | sed "s/\$/: wrap the comment at $MAX_COMMENT characters/" || true)
if [ -n "$long_comments" ]; then complain "$long_comments"; fi

if [ "$failed" -ne 0 ]; then
    echo "error: house rules are broken in the places above (scripts/house-rules.sh)" >&2
    exit 1
fi
