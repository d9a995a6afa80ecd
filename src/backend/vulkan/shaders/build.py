#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compile the shaders into ../spirv.c: build.py [--check] [COMPILER]

COMPILER is glslang 15.1, the one that the committed file was made with.  Debian 12's is too old
for cooperative matrices: tools/vulkan.sh unpacks the right one beside it.

--check compares instead.  Without a compiler it compares hashes alone: of each source with all that
it includes, its defines, and the compiler's version.
"""
import hashlib
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, os.pardir, "spirv.c")
COMPILER = "glslang 11:15.2.0"
FLAGS = ["--target-env", "vulkan1.2", "-Os", "-g0"]

# In the order of enum shader: its name, its source, its defines.
SHADERS = [
    ("MATMUL_NARROW", "matmul_narrow.comp", []),
    ("MATMUL_F32", "matmul_tile.comp", []),
    ("MATMUL_F32_SCALAR", "matmul_tile.comp", ["SCALAR"]),
    ("MATMUL_F16", "matmul_tile.comp", ["HALF"]),
    ("MATMUL_F16_SCALAR", "matmul_tile.comp", ["HALF", "SCALAR"]),
    ("MATMUL_COOP", "matmul_coop.comp", []),
    ("CONV_COOP", "matmul_coop.comp", ["CONV"]),
    ("ATTENTION", "attention_tile.comp", []),
    ("ATTENTION_COOP", "attention_coop.comp", []),
    ("NORM", "norm.comp", []),
    ("NORM_TO_F16", "norm.comp", ["OUT_HALF"]),
    ("HEADS", "heads.comp", []),
    ("MAP", "map.comp", []),
    ("MAP_TO_F16", "map.comp", ["OUT_HALF"]),
    ("MAP_F16", "map.comp", ["IN_HALF", "OUT_HALF"]),
    ("DEPTHWISE", "depthwise.comp", []),
    ("NEAREST", "nearest.comp", []),
    ("GATHER", "gather.comp", []),
    ("CONVERT", "convert.comp", []),
    ("CONVERT_I8", "convert_i8.comp", []),
]

HEAD = """/* SPDX-License-Identifier: MIT */
/* spirv.c - made by shaders/build.py; do not change it by hand. */
#include "backend/vulkan/spirv.h"

"""


def source(name, seen=None):
    """A shader's text, with what it includes in place."""
    with open(os.path.join(HERE, name), encoding="utf-8") as f:
        text = f.read()
    return re.sub(r'#include "([^"]+)"', lambda m: source(m.group(1)), text)


def digest(name, defines):
    parts = [COMPILER, *FLAGS, *defines, source(name)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def hash_of_all():
    return hashlib.sha256("".join(digest(n, d) for _, n, d in SHADERS).encode()).hexdigest()[:16]


def version(compiler):
    first = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True).stdout
    return "glslang " + re.search(r"Glslang Version: (\S+)", first).group(1)


def compiled(compiler, name, defines, folder):
    out = os.path.join(folder, "out.spv")
    command = [compiler, *FLAGS, *(f"-D{d}" for d in defines), os.path.join(HERE, name), "-o", out]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name} {' '.join(defines)}:\n{done.stdout}{done.stderr}")
    with open(out, "rb") as f:
        return f.read()


def words(code):
    numbers = [f"0x{int.from_bytes(code[i:i + 4], 'little'):x}," for i in range(0, len(code), 4)]
    lines, line = [], "   "
    for number in numbers:
        if len(line) + 1 + len(number) > 96:
            lines.append(line)
            line = "   "
        line += " " + number
    return "\n".join([*lines, line])


def made(compiler):
    text = HEAD
    with tempfile.TemporaryDirectory() as folder:
        for shader, name, defines in SHADERS:
            code = compiled(compiler, name, defines, folder)
            text += f"/* {digest(name, defines)} */\n"
            text += f"static const uint32_t {shader.lower()}[] = {{\n{words(code)}\n}};\n\n"
    text += "const struct spirv echo_spirv[SHADERS] = {\n"
    for shader, _, _ in SHADERS:
        lower = shader.lower()
        text += f'    [SHADER_{shader}] = {{\n        "{lower}", {lower}, sizeof {lower},\n    }},\n'
    return text + f'}};\n\nconst char echo_spirv_hash[] = "{hash_of_all()}";\n'


def check(compiler):
    with open(OUT, encoding="utf-8") as f:
        have = f.read()
    want = [digest(name, defines) for _, name, defines in SHADERS]
    if re.findall(r"^/\* ([0-9a-f]{16}) \*/$", have, re.M) != want:
        sys.exit("src/backend/vulkan/spirv.c is older than its shaders: run shaders/build.py")
    if compiler and made(compiler) != have:
        sys.exit("src/backend/vulkan/spirv.c is not what its compiler makes of its shaders")
    print("compiled again: the same" if compiler else "hashes compared")
    print(f"{len(SHADERS)} passed, 0 failed")


def main(args):
    checking = args[:1] == ["--check"]
    compiler = args[checking] if len(args) > checking else None
    if compiler and version(compiler) != COMPILER:
        if not checking:
            sys.exit(f"{compiler} is {version(compiler)}, expected {COMPILER}")
        compiler = None
    if checking:
        check(compiler)
        return
    if not compiler:
        sys.exit(__doc__)
    with open(OUT, "w", encoding="utf-8") as f:
        f.write(made(compiler))


main(sys.argv[1:])
