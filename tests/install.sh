#!/bin/sh
# SPDX-License-Identifier: MIT
# install.sh BUILD - install into an empty folder and build programs against what is there, as
# others would: pkg-config, CMake's find_package, and CMake's add_subdirectory is the build itself.
set -u
build=$(realpath "$1")
at=$(mktemp -d)
trap 'rm -rf "$at"' EXIT
passed=0
failed=0

check() # what, then a command
{
    what=$1
    shift
    if "$@" >"$at/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $what:"
        tail -n 20 "$at/log" | sed 's/^/  /'
    fi
}

prefix=$at/prefix
check "install" cmake --install "$build" --prefix "$prefix"
lib=$(dirname "$(find "$prefix" -name libechotts.a)")
cat >"$at/main.c" <<'END'
#include <echotts.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    echo_model *m = NULL;
    echo_error e;

    (void)argc;
    if (echo_model_open(&m, argv[1], NULL, &e))
        return fprintf(stderr, "%s\n", e.text), 1;
    printf("%s %d\n", echo_version(), echo_model_describe(m).latent_size);
    echo_model_close(&m);
    return 0;
}
END

# pkg-config: the file says the prefix it was configured for, so it is told where it is now
flags()
{
    PKG_CONFIG_PATH=$lib/pkgconfig pkg-config --define-variable=prefix="$prefix" \
        --define-variable=libdir="$lib" --define-variable=includedir="$prefix/include" "$@" echotts
}
check "pkg-config, shared" sh -c "cc $at/main.c -o $at/shared $(flags --cflags --libs)"
check "the shared one runs" env LD_LIBRARY_PATH="$lib" "$at/shared" "$prefix/share/echotts/small"
check "the static library" sh -c "cc $at/main.c -o $at/static $(flags --cflags) $lib/libechotts.a \
    $(pkg-config --libs sndfile libmpg123 libebur128 soxr jansson libxxhash icu-uc icu-i18n libcmark) -lsonic -lm -pthread"
check "the static one runs" "$at/static" "$prefix/share/echotts/small"

mkdir "$at/user"
cp "$at/main.c" "$at/user"
cat >"$at/user/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.20)
project(user LANGUAGES C)
find_package(echotts 0.1 REQUIRED)
add_executable(a main.c)
target_link_libraries(a echotts::shared)
add_executable(b main.c)
target_link_libraries(b echotts::static)
END
check "find_package" sh -c "cmake -S $at/user -B $at/user/build -DCMAKE_PREFIX_PATH=$prefix &&
    cmake --build $at/user/build"
check "its shared one runs" "$at/user/build/a" "$prefix/share/echotts/small"
check "its static one runs" "$at/user/build/b" "$prefix/share/echotts/small"

# its manual, and what shells complete
for file in man/man1/echotts.1 man/man1/echotts-say.1 zsh/site-functions/_echotts \
    bash-completion/completions/echotts fish/vendor_completions.d/echotts.fish; do
    check "$file" test -s "$prefix/share/$file"
done

# the installed program finds the voice that was installed with it
mkdir "$at/home"
check "the installed program speaks" env -i HOME="$at/home" PATH="$PATH" \
    "$prefix/bin/echotts" say "Good morning." -o "$at/out.wav"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
