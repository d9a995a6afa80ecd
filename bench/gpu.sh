#!/bin/sh
# SPDX-License-Identifier: MIT
# gpu.sh [options of gpu.py] - everything about the GPU of this machine, in one call of at most 8 minutes.
#
# Builds what is missing into $B (build), then starts gpu.py, whose --help says what is measured.  The
# table goes to standard output, raw results into $OUT (bench-gpu).  --small tries everything in a few
# minutes on any device, a software driver too.
set -eu
cd "$(dirname "$0")/.."
B=${B:-build}

if ! [ -x "$B/echotts" ] || ! [ -x "$B/tests/bench_gpu" ] || ! [ -x "$B/tests/test_ops" ] ||
    ! [ -x "$B/tests/test_golden" ]; then
    echo "building into $B" >&2
    cmake -S . -B "$B" >/dev/null
    cmake --build "$B" -j "$(nproc)" --target echotts_cli bench_gpu test_ops test_golden >/dev/null
fi
exec python3 -u bench/gpu.py --build "$B" --out "${OUT:-bench-gpu}" "$@"
