#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh BUILD - make a wheel with the library of a build folder, install it into an environment of its own, and test
# it there: types, then behaviour.
set -eu
here=$(realpath "$(dirname "$0")")
build=$(realpath "$1")
venv=$build/python
passed=0
failed=0

list=$here/requirements.txt
if ! cmp -s "$list" "$venv/requirements.txt"; then
    [ -x "$venv/bin/pip" ] || python3 -m venv "$venv"
    echo "Installing requirements.txt into $venv"
    "$venv/bin/pip" install -q --disable-pip-version-check --no-deps -r "$list"
    cp "$list" "$venv"
fi

"$venv/bin/pip" install -q --disable-pip-version-check --no-index --no-deps --no-build-isolation --force-reinstall \
    -C cmake.define.ECHOTTS_BUILT="$build" "$here/.."

unset ECHOTTS_LIBRARY ECHOTTS_MODEL PYTHONPATH
export ECHOTTS_PROGRAM="$build/echotts" ECHOTTS_CONFIG=none MYPY_CACHE_DIR="$venv/mypy"
cd "$here"
if "$venv/bin/mypy" --config-file ../pyproject.toml ../src ../examples .; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
fi

result=$venv/result.xml
rm -f "$result"
"$venv/bin/pytest" -q -c ../pyproject.toml -p no:cacheprovider --junitxml "$result" . || true
counts=$("$venv/bin/python" - "$result" <<'END'
import sys
import xml.etree.ElementTree as tree

suite = tree.parse(sys.argv[1]).find("testsuite")
bad = int(suite.get("failures")) + int(suite.get("errors")) + int(suite.get("skipped"))
print(int(suite.get("tests")) - bad, bad)
END
)
passed=$((passed + ${counts% *}))
failed=$((failed + ${counts#* }))
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
