#!/usr/bin/env bash
# Installs what the checks of the Python package need, mypy, into target/python. Without Python or a package index, it
# says so and succeeds: the check is then skipped. Safe to run again.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=target/python
if [[ -x $folder/bin/mypy ]]; then exit 0; fi
if ! command -v python3 >/dev/null; then
    echo "python3 is missing: the Python package is not checked." >&2
    exit 0
fi
if python3 -m venv "$folder" 2>/dev/null && "$folder/bin/pip" install --quiet --disable-pip-version-check mypy; then
    echo "Installed mypy in $folder." >&2
else
    echo "mypy cannot be installed: the types of the Python package are not checked." >&2
fi
