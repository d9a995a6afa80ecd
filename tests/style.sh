#!/bin/sh
# SPDX-License-Identifier: MIT
# style.sh BUILD - what a compiler does not check: layers, names, headers that stand alone.
set -u
cd "$(dirname "$0")/.." || exit 1
build=$1
passed=0
failed=0

check() # what, then the offending lines, if any
{
    if [ -z "$2" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$1:"
        echo "$2" | head -n 20 | sed 's/^/  /'
    fi
}

code=$(find src include apps tests bench -name '*.[ch]' | sort)

# ---- the page ----
check "lines over 96 columns" "$(grep -nE '^.{97,}$' $code)"
check "tabs or blanks at line ends" "$(grep -nE "$(printf '\t')| +$" $code)"
check "no licence in the first line" "$(for f in $code; do
    head -n 1 "$f" | grep -q 'SPDX-License-Identifier: MIT' || echo "$f"; done)"
check "files over 800 lines" "$(wc -l $(echo "$code" | grep -vE '/spirv.c|/echotts.h') | awk '$1 > 800 && $2 != "total"')"
others=$(find apps python/src python/tests tests train bench tools packaging CMakeLists.txt Makefile \
    '(' -name '*.py' -o -name '*.js' -o -name '*.sh' -o -name 'requirements*.txt' -o -name '*.cmake' \
    -o -name '*.toml' -o -name '*.css' -o -name CMakeLists.txt -o -name Makefile ')' | grep -v '^train/data' | sort)
check "comments that begin with What" "$(grep -nE '(/[*]+|^ *[*]|//) *What ' $code;
    grep -nE '((^|[^"#])#|//|/[*]+|^ *[*]) *What ' $others)"
check "words that do not belong here" "$(grep -rnE 'TODO|FIXME' $code)"

# ---- the layers: who may include what ----
includes() # folder, then what its includes in quotes may begin with
{
    grep -rnoE '#include "[^"]*"' "$1" --include='*.[ch]' | grep -vE "\"($2)"
}
check "base includes what is above it" "$(includes src/base 'base/|echotts(_dev)?.h')"
check "weights includes what is above it" "$(includes src/weights 'base/|weights/|echotts(_dev)?.h')"
check "audio includes what is above it" "$(includes src/audio 'base/|audio/|echotts(_dev)?.h')"
check "text includes what is above it" "$(includes src/text 'base/|text/|echotts(_dev)?.h')"
check "synth includes what is beside it" "$(includes src/synth 'base/|weights/|synth/|echotts(_dev)?.h')"
check "backend includes the model" "$(includes src/backend 'base/|backend/|echotts(_dev)?.h')"
check "model includes a device" "$(includes src/model 'base/|weights/|backend/(backend|ops|tensor).h|model/|echotts(_dev)?.h')"
check "engine includes a device" "$(includes src/engine \
    'base/|audio/|text/|weights/|synth/|backend/(backend|gpu|ops|tensor).h|model/|engine/|echotts(_dev)?.h')"
for folder in x86 arm; do
    check "instruction sets include more than their family" "$(includes src/backend/cpu/$folder \
        "backend/cpu/(gemm|norm|activation)|backend/cpu/$folder/vec_")"
done
check "programs look inside the library" "$(includes apps '(common/|bench/|hub/|server/)?[a-z0-9_]*\.h')"
check "common looks into a program" "$(includes apps/common 'common/|echotts(_dev)?.h')"
check "hub looks into a program" "$(includes apps/hub 'common/|hub/|echotts(_dev)?.h')"
check "server looks into a program" "$(includes apps/server '(common/)?[a-z0-9_]*\.h' | grep -E 'cli/|bench/')"

# ---- headers stand alone ----
check "headers that need others before them" "$(for f in $(find src include -name '*.h'); do
    case $f in */vec_* | *_body.h) continue ;; esac
    cc -std=c11 -D_GNU_SOURCE -fsyntax-only -Wall -Iinclude -Isrc -x c "$f" 2>&1 |
        grep -E 'error'; done)"
check "the public header as C++" "$(c++ -std=c++11 -Wall -fsyntax-only -x c++ include/echotts_dev.h 2>&1 |
    grep error)"

# ---- names ----
check "the libraries are there" "$(ls "$build/libechotts.a" "$build/libechotts.so" 2>&1 >/dev/null)"
check "names without echo_ in the library" "$(nm -g --defined-only "$build/libechotts.a" 2>/dev/null |
    awk 'NF == 3 && $3 !~ /^echo_/ && $3 !~ /asan|odr|ubsan/ { print $3 }')"
api=$(grep -ohE 'ECHO_API [^(]*\(' include/*.h | grep -oE 'echo_[a-z_]+\($' | tr -d '(' | sort)
check "the shared library does not export the header" "$(nm -D --defined-only "$build/libechotts.so" |
    awk '$3 ~ /^echo_/ { print $3 }' | sort | { diff - /dev/fd/3 3<<END
$api
END
})"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
