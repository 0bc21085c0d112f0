#!/usr/bin/env bash
# Installs what the checks with Python need into target/python: mypy for the types of the Python package, and the MCP
# SDK. Without Python or a package index, it says so and succeeds: the checks are then skipped. Safe to run again.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=target/python
if [[ -x $folder/bin/mypy ]] && "$folder/bin/python" -c 'import mcp' 2>/dev/null; then exit 0; fi
if ! command -v python3 >/dev/null; then
    echo "python3 is missing: the Python package is not checked." >&2
    exit 0
fi
if python3 -m venv "$folder" 2>/dev/null && "$folder/bin/pip" install --quiet --disable-pip-version-check mypy mcp; then
    echo "Installed mypy and mcp in $folder." >&2
else
    echo "mypy and mcp cannot be installed: what needs them is not checked." >&2
fi
