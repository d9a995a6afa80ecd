#!/bin/sh
# SPDX-License-Identifier: MIT
# deps.sh build|test ... - see that what is needed is there, and install what is missing.
#
# On Debian and its relatives as root, or with sudo; elsewhere it says what to install.
set -eu

missing=
need() # package, then a command that succeeds if it is there
{
    package=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}

for what; do
    case $what in
    build)
        need gcc sh -c 'command -v cc'
        need libc6-dev sh -c 'echo "#include <stdlib.h>" | cc -E -'
        need cmake sh -c 'command -v cmake'
        need make sh -c 'command -v make || command -v ninja'
        need pkg-config sh -c 'command -v pkg-config'
        need libsndfile1-dev pkg-config --exists sndfile
        need libmpg123-dev pkg-config --exists libmpg123
        need libebur128-dev pkg-config --exists libebur128
        need libsoxr-dev pkg-config --exists soxr
        need libjansson-dev pkg-config --exists jansson
        need libmicrohttpd-dev pkg-config --exists libmicrohttpd
        need libxxhash-dev pkg-config --exists libxxhash
        need libicu-dev pkg-config --exists icu-uc icu-i18n
        need libcmark-dev pkg-config --exists libcmark
        need libsonic-dev sh -c 'echo "#include <sonic.h>" | cc -E -'
        need libcurl4-openssl-dev pkg-config --exists 'libcurl >= 7.84'
        need libssl-dev pkg-config --exists libcrypto
        need portaudio19-dev sh -c 'echo "#include <portaudio.h>" | cc -E -'
        need libvulkan-dev sh -c 'echo "#include <vulkan/vulkan.h>" | cc -E -'
        ;;
    test)
        need g++ sh -c 'command -v c++'
        need python3 sh -c 'command -v python3'
        need curl sh -c 'command -v curl'
        need sox sh -c 'command -v sox'
        need chromium sh -c 'command -v chromium'
        need ffmpeg sh -c 'command -v ffmpeg ffprobe'
        need python3-venv python3 -c 'import ensurepip'
        # a driver that computes on the CPU, and what checks our use of it
        need mesa-vulkan-drivers sh -c 'ls /usr/share/vulkan/icd.d/lvp_icd*.json'
        need vulkan-validationlayers sh -c 'ls /usr/share/vulkan/explicit_layer.d/*validation*.json'
        [ "$(uname -m)" = x86_64 ] || continue # where the kernels for ARM need an emulator
        need gcc-aarch64-linux-gnu sh -c 'command -v aarch64-linux-gnu-gcc'
        need libc6-dev-arm64-cross test -e /usr/aarch64-linux-gnu/include/stdlib.h
        need qemu-user-static sh -c 'command -v qemu-aarch64-static'
        ;;
    *)
        echo "usage: deps.sh build|test ..." >&2
        exit 2
        ;;
    esac
done

[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null; then
    echo "Please install (Debian's names):$missing" >&2
    exit 1
fi
root=
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "Please install, as root: apt-get install$missing" >&2
        exit 1
    fi
    root=sudo
fi
echo "Installing:$missing"
$root apt-get update -qq
# shellcheck disable=SC2086 # a list of packages
DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing >/dev/null
