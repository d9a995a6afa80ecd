#!/bin/sh
# SPDX-License-Identifier: MIT
# install.sh VENV [full] - the judge's packages in a Python environment of their own, once for each list of them.
set -eu
venv=$1
here=$(dirname "$0")
for list in requirements ${2:+requirements-full}; do
    cmp -s "$here/$list.txt" "$venv/$list.txt" && continue
    [ -x "$venv/bin/pip" ] || python3 -m venv "$venv"
    echo "Installing $list.txt into $venv"
    "$venv/bin/pip" install -q --disable-pip-version-check --no-deps -r "$here/$list.txt"
    cp "$here/$list.txt" "$venv"
done
