#!/bin/sh
# SPDX-License-Identifier: MIT
# vulkan.sh glslang|mesa DIR - newer Vulkan tools of Debian's, unpacked into DIR; nothing is installed.
#
# glslang: the compiler that src/backend/vulkan/shaders/build.py wants, as DIR/glslang.
# mesa: a software driver with cooperative matrices.  DIR/run PROGRAM ARGUMENTS runs a program of this
# system with it, and DIR/run DIR/usr/bin/vulkaninfo --summary shows it.
#
# For amd64, with apt-get and Debian's archive keys (debian-archive-keyring); no root.  If DIR is complete
# it is only tested; to fetch anew, remove it.  It cannot be moved.  The environment may say otherwise:
#   DEBIAN_MIRROR, DEBIAN_KEYRING   where packages come from, and the file with its keys
#   DEBIAN_SUITE                    instead of trixie for glslang, sid for mesa
#   DEBIAN_OLD=1                    take lists past their date, as a frozen mirror has them
set -eu

multi=x86_64-linux-gnu
keyring=${DEBIAN_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
shaders=$(cd "$(dirname "$0")/../src/backend/vulkan/shaders" && pwd)

die() # why
{
    echo "vulkan.sh: $*" >&2
    exit 1
}

# Beside DIR, so that the last step is a rename.
begin()
{
    for program in apt-get apt-config dpkg-deb awk; do
        command -v "$program" >/dev/null || die "missing program: $program"
    done
    [ "$(uname -sm)" = "Linux x86_64" ] || die "only for Linux on x86_64"
    [ -r "$keyring" ] || die "no keys at $keyring: install debian-archive-keyring"
    if [ -d "$dir" ] && [ -n "$(ls -A "$dir")" ]; then
        die "$dir is there and not complete: remove it first"
    fi
    work=$dir.part.$$
    tree=$work/tree
    apt=$work/apt
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM
    mkdir -p "$work"
}

# A configuration of our own.  With no package installed in it, apt fetches all that is depended on, the
# C library too.  What APT_CONFIG names is read first, so it can turn the system's files off.
configure() # suite
{
    mkdir -p "$apt/etc/apt.conf.d" "$apt/etc/preferences.d" "$apt/etc/trusted.gpg.d" \
        "$apt/etc/sources.list.d" "$apt/state/lists/partial" "$apt/cache/archives/partial" "$apt/log"
    : >"$apt/status"
    echo "deb [arch=amd64 signed-by=$keyring] ${DEBIAN_MIRROR:-http://deb.debian.org/debian} $1 main" \
        >"$apt/etc/sources.list"
    # of the system, only the way to the network
    apt-config dump 2>/dev/null | grep -iE '^Acquire::(https?|ForceIPv[46])(::| )' >"$apt/conf" || :
    cat >>"$apt/conf" <<CONF
Dir::Etc "$apt/etc";
Dir::State "$apt/state";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Dir::Log "$apt/log";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Install-Recommends "false";
APT::Sandbox::User "";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::Languages "none";
Acquire::Retries "3";
CONF
    [ "${DEBIAN_OLD:-0}" != 1 ] || echo 'Acquire::Check-Valid-Until "false";' >>"$apt/conf"
}

# Lists may change between the two steps: so twice.
fetch() # suite, packages
{
    configure "$1"
    shift
    for _ in 1 2; do
        if APT_CONFIG=$apt/conf LC_ALL=C apt-get -qq --error-on=any update >"$apt/log/update" 2>&1 &&
            APT_CONFIG=$apt/conf apt-get -qq -y --download-only install "$@" >"$apt/log/install" 2>&1; then
            return
        fi
        cat "$apt"/log/* >&2
        ! grep -q 'is expired' "$apt/log/update" || die "the mirror or the clock is old: DEBIAN_OLD=1 takes it"
    done
    die "could not fetch $*"
}

# The links are those that base-files would bring.
unpack()
{
    mkdir -p "$tree/usr"
    for d in lib lib64 bin sbin; do
        mkdir "$tree/usr/$d"
        ln -s "usr/$d" "$tree/$d"
    done
    for deb in "$apt"/cache/archives/*.deb; do
        dpkg-deb -x "$deb" "$tree"
        basename "$deb" .deb >>"$work/versions"
        rm "$deb"
    done
    (cd "$tree/usr/share" && rm -rf doc man locale lintian bug)
    [ -e "$tree/lib/$multi/ld-linux-x86-64.so.2" ] || die "the C library is missing"
}

# .complete has the versions, and comes with the rename.
publish()
{
    sort "$work/versions" >"$tree/.complete"
    [ ! -d "$dir" ] || rmdir "$dir"
    mv "$tree" "$dir"
}

# ---- the compiler ----

# It wants a newer C library than the system's, and so that library's loader.
wrap() # the program's name
{
    cat >"$tree/$1" <<WRAPPER
#!/bin/sh
exec "$dir/lib/$multi/ld-linux-x86-64.so.2" --library-path "$dir/usr/lib/$multi" --argv0 "\$0" \\
    "$dir/usr/bin/$1" "\$@"
WRAPPER
    chmod 755 "$tree/$1"
}

make_glslang()
{
    fetch "${DEBIAN_SUITE:-trixie}" glslang-tools spirv-tools
    unpack
    for name in glslang glslangValidator spirv-dis spirv-opt spirv-val; do wrap "$name"; done
    publish
}

test_glslang()
{
    code=$(mktemp)
    "$dir/glslang" --version | sed -n 2p
    if ! "$dir/glslang" --target-env vulkan1.2 -Os "$shaders/map.comp" -o "$code" >/dev/null ||
        ! "$dir/spirv-val" --target-env vulkan1.2 "$code"; then
        die "$dir/glslang cannot compile map.comp"
    fi
    rm "$code"
}

# ---- the driver ----

make_mesa()
{
    fetch "${DEBIAN_SUITE:-sid}" mesa-vulkan-drivers libvulkan1 vulkan-tools
    unpack
    set -- "$tree"/usr/share/vulkan/icd.d/lvp_icd*.json
    [ -e "$1" ] || die "there is no lvp_icd.json in mesa-vulkan-drivers"
    sed "s|\"library_path\"[^,}]*|\"library_path\": \"$dir/usr/lib/$multi/libvulkan_lvp.so\"|" "$1" \
        >"$tree/lvp_icd.json"
    { printf '#!/bin/sh\nd=%s\nm=%s\n' "$dir" "$multi" && cat; } >"$tree/run" <<'RUN'
# A program of the system with the C library and the driver of this folder.  Other libraries come from
# LD_LIBRARY_PATH and the system.  To the program, /proc/self/exe is the loader.
[ $# -gt 0 ] || { echo "usage: run PROGRAM [ARGUMENT...]" >&2; exit 2; }
name=$1
shift
program=$(command -v -- "$name") || { echo "run: not found: $name" >&2; exit 127; }
if [ "$(dd if="$program" bs=1 skip=1 count=3 2>/dev/null | tr -d '\0')" != ELF ]; then
    echo "run: not a binary program: $program" >&2
    exit 126
fi
# the folders in the cache of the system's loader
system=$(PATH=$PATH:/usr/sbin:/sbin ldconfig -p 2>/dev/null | awk '/x86-64/ && / => / {
    p = $NF; sub("/[^/]*$", "", p); if (!(p in s)) { s[p] = 1; printf ":%s", p } }')
path=$d/usr/lib/$m:$d/usr/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}$system
export VK_ICD_FILENAMES="$d/lvp_icd.json" VK_DRIVER_FILES="$d/lvp_icd.json" # the old name and the new
export VK_LOADER_LAYERS_DISABLE="${VK_LOADER_LAYERS_DISABLE-~implicit~}"    # they may hide the driver
exec "$d/lib/$m/ld-linux-x86-64.so.2" --library-path "$path" --argv0 "$name" "$program" "$@"
RUN
    chmod 755 "$tree/run"
    publish
}

test_mesa()
{
    out=$("$dir/run" "$dir/usr/bin/vulkaninfo" 2>/dev/null) || die "vulkaninfo failed in $dir"
    echo "$out" | grep -E '^[[:space:]]*(deviceName|driverInfo) ' | sort -u
    echo "$out" | grep -q 'deviceName.*llvmpipe' || die "there is no llvmpipe in $dir"
    echo "$out" | grep -q VK_KHR_cooperative_matrix || die "its llvmpipe has no cooperative matrices"
}

# ---- all ----

if [ $# != 2 ] || [ -z "$2" ] || { [ "$1" != glslang ] && [ "$1" != mesa ]; }; then
    echo "usage: vulkan.sh glslang|mesa DIR" >&2
    exit 2
fi
mkdir -p "$(dirname "$2")"
dir=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
case $dir in
    *[!A-Za-z0-9/._+-]*) die "$dir has characters that cannot be handled" ;;
esac
if [ ! -e "$dir/.complete" ]; then
    begin
    "make_$1"
fi
"test_$1"
echo "complete: $dir"
