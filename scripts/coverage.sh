#!/usr/bin/env bash
# Measures the line coverage of the content modules (generated courses) by their own tests, in a target folder of its
# own (COVERAGE_TARGET_DIR, default target/coverage; about 6 GB). Fails below 95 %.
#
# It needs cargo-llvm-cov, and llvm-cov and llvm-profdata: those that LLVM_COV and LLVM_PROFDATA name, those of the
# toolchain, or those of the system.
set -euo pipefail
cd "$(dirname "$0")/.."

MIN_PERCENT=95

missing() { echo "$1" >&2; exit 1; }

# The newest program of LLVM with this name: without a version in its name, or with one as Debian names it.
find_llvm() {
    local version folder
    folder=$(dirname "$(rustc --print target-libdir)")/bin
    if [[ -x $folder/$1 ]]; then echo "$folder/$1"; return; fi
    for version in $(seq 30 -1 17); do
        if command -v "$1-$version"; then return; fi
    done
    command -v "$1" || true
}

if ! cargo llvm-cov --version >/dev/null 2>&1; then
    missing "cargo-llvm-cov is missing: install it with \`cargo install cargo-llvm-cov --locked\`, then run this again."
fi
export LLVM_COV=${LLVM_COV:-$(find_llvm llvm-cov)} LLVM_PROFDATA=${LLVM_PROFDATA:-$(find_llvm llvm-profdata)}
for program in "$LLVM_COV" "$LLVM_PROFDATA"; do
    if [[ -z $program ]] || ! command -v "$program" >/dev/null; then
        missing "llvm-cov or llvm-profdata is missing: \`rustup component add llvm-tools\` or \`apt-get install llvm-19\` \
installs both; LLVM_COV and LLVM_PROFDATA name them elsewhere. Then run this again."
    fi
done
scripts/postgres.sh >/dev/null

export CARGO_TARGET_DIR=${COVERAGE_TARGET_DIR:-$PWD/target/coverage} CARGO_INCREMENTAL=0
mkdir -p "$CARGO_TARGET_DIR"
# Its variables make cargo instrument the crates of the workspace, and name the files of the profiles.
variables=$(cargo llvm-cov show-env --export-prefix)
eval "$variables"
cargo llvm-cov clean --workspace --profraw-only

cargo test -p forebay-domain --lib -- content
cargo test -p forebay-store --lib --test store -- content
cargo test -p forebay-engine --lib --test engine -- content
# `lessons` are the tests of `generate`, `python` those of the Python package.
cargo test -p forebay --bins --test cli -- content lessons python

# The programs that the Python tests start don't get the name for their profiles.
rm -f python/default_*.profraw

report=$CARGO_TARGET_DIR/content.lcov
# A program that a test kills leaves half a profile.
cargo llvm-cov report --lcov --failure-mode all --output-path "$report" \
    --ignore-filename-regex '(/tests/|/tests\.rs$|/forebay-bench/)'

# Of each file: SF is its path, DA a line and how often it ran. The tests at the end of a file do not count.
awk -F '[:,]' -v min="$MIN_PERCENT" '
    function first_line_of_tests(path,    line, at, is_test, first) {
        first = 1e9
        while ((getline line < path) > 0) {
            at++
            if (is_test && line ~ /^mod tests/) { first = at; break }
            is_test = line ~ /^#\[cfg\(test\)\]/
        }
        close(path)
        return first
    }
    /^SF:/ {
        file = $2
        tests = first_line_of_tests(file)
        sub(/^.*\/crates\//, "", file)
        is_ours = file ~ /\/content/
    }
    /^DA:/ && is_ours && $2 < tests {
        lines[file]++
        num_lines++
        if ($3 > 0) { covered[file]++; num_covered++ }
    }
    END {
        if (num_lines == 0) { print "no file of the content modules was measured"; exit 1 }
        for (file in lines) {
            printf "%6.1f %%  %4d of %4d lines  %s\n", 100 * covered[file] / lines[file], covered[file], lines[file], file \
                | "sort -n"
        }
        close("sort -n")
        percent = 100 * num_covered / num_lines
        printf "content modules: %.2f %% of %d lines\n", percent, num_lines
        if (percent < min) { printf "error: below %d %%\n", min; exit 1 }
    }' "$report"
