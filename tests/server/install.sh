#!/bin/sh
# SPDX-License-Identifier: MIT
# install.sh VENV - the clients of the server's tests in a Python environment of their own, once for each list of them.
set -eu
venv=$1
list=$(dirname "$0")/requirements.txt
cmp -s "$list" "$venv/requirements.txt" && exit 0
[ -x "$venv/bin/pip" ] || python3 -m venv "$venv"
echo "Installing clients of the server into $venv"
"$venv/bin/pip" install -q --disable-pip-version-check --no-deps -r "$list"
cp "$list" "$venv"
