#!/bin/sh
# SPDX-License-Identifier: MIT
# arm.sh BUILD - the kernels for ARM, tested on any machine: what test_kernels needs is compiled with
# Debian's cross compiler, as CMakeLists.txt would on ARM itself, and runs in an emulator.
set -eu
cd "$(dirname "$0")/.."
build=$1/arm
mkdir -p "$build"
rm -f "$build"/*.o

march() # of a file: what its line of echo_kernels() says
{
    isa=$(basename "$1" .c | sed 's/.*_//')
    case $1 in */arm/*) sed -n "s/^ *echo_kernels(arm $isa .* \(-march=.*\))/\1/p" CMakeLists.txt ;; esac
}

warnings=$(sed -n '/^set(warnings/,/)/ { s/set(warnings//; s/)//; p }' CMakeLists.txt | tr -d '\n')
for file in src/base/*.c src/backend/*.c src/backend/cpu/*.c src/backend/cpu/arm/*.c tests/kernels/*.c; do
    echo "aarch64-linux-gnu-gcc -std=c11 -O3 -ffp-contract=off $(march "$file") $warnings -Werror" \
        "-D_GNU_SOURCE -Iinclude -Isrc -c $file -o $build/$(basename "$file" .c).o"
done | tr '\n' '\0' | xargs -0 -n 1 -P "$(nproc)" sh -c
aarch64-linux-gnu-gcc "$build"/*.o -o "$build/test_kernels" -pthread -lm
exec qemu-aarch64-static -cpu max -L /usr/aarch64-linux-gnu "$build/test_kernels" --sets
