# SPDX-License-Identifier: MIT
"""What the package believes of echotts.h, against what a C compiler says of it."""

import ctypes
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import HEADER, TOP, run_c
from pycparser import c_ast, c_parser  # type: ignore[import-untyped]

import echotts
from echotts import _calls, _types, errors


@pytest.fixture(scope="module")
def header() -> dict[str, Any]:
    """The declarations of the header by name."""
    source = subprocess.run(
        ["cc", "-E", "-P", "-D__attribute__(x)=", "-D__extension__=", "-D__restrict=",
         "-D__inline=", "-D__asm__(x)=", "-D_Bool=bool_t", "-D_Float128=double",
         "-DECHO_API=", str(HEADER)],
        check=True, capture_output=True, text=True).stdout
    tree = c_parser.CParser().parse("typedef unsigned char bool_t;" + source)
    return {node.name: node for node in tree.ext if node.name}


def kind_in_c(node: Any) -> str:
    """Of a parameter or a result: what a register has."""
    if isinstance(node, (c_ast.PtrDecl, c_ast.ArrayDecl)):
        return "address"
    name = node.type.names[-1] if isinstance(node.type, c_ast.IdentifierType) else "?"
    if name in ("echo_status", "echo_wav_format", "int"):
        return "int"
    return {"bool_t": "bool"}.get(name, name)


def kind_in_python(of: Any) -> str:
    simple = {None: "void", ctypes.c_int: "int", ctypes.c_bool: "bool",
              ctypes.c_double: "double", ctypes.c_size_t: "size_t",
              ctypes.c_void_p: "address", ctypes.c_char_p: "address"}
    if of in simple:
        return simple[of]
    if issubclass(of, ctypes.Structure):
        return next(name for name, one in _types.STRUCTS.items() if one is of)
    assert issubclass(of, ctypes._Pointer)
    return "address"


def test_layouts(tmp_path: Path) -> None:
    asked, expected = [], []
    for name, struct in _types.STRUCTS.items():
        asked.append(f'printf("{name} %zu\\n", sizeof({name}));')
        expected.append(f"{name} {ctypes.sizeof(struct)}")
        for row in struct._fields_:
            field, descriptor = row[0], getattr(struct, row[0])
            asked.append(f'printf("{name}.{field} %zu %zu\\n", offsetof({name}, {field}), '
                         f"sizeof((({name} *)0)->{field}));")
            expected.append(f"{name}.{field} {descriptor.offset} {descriptor.size}")
    assert run_c(tmp_path, "\n".join(asked)) == expected


def test_fields_are_those_of_the_header(header: dict[str, Any]) -> None:
    """Also one that fits into padding, which sizes do not show."""
    for name, struct in _types.STRUCTS.items():
        declared = [field.name for field in header[name].type.type.decls]
        assert declared == [row[0] for row in struct._fields_], name


def test_constants(tmp_path: Path) -> None:
    names = [name for name in dir(_types)
             if name.startswith(("ERR_", "LOG_", "STAGE_", "PARAM_"))]
    names += ["OK", "SAMPLE_RATE", "MAX_TEXT", "MAX_BLOCKS", "MAX_ROLES", "VOICE_NAME"]
    asked = "\n".join(f'printf("{name} %d\\n", ECHO_{name});' for name in names)
    assert run_c(tmp_path, asked) == [f"{name} {getattr(_types, name)}" for name in names]


def test_every_status_has_its_exception(header: dict[str, Any]) -> None:
    declared = {one.name for one in header["echo_status"].type.type.values.enumerators}
    known = {f"ECHO_ERR_{status.name}" for status in echotts.Status}
    assert declared == known | {"ECHO_OK"}
    assert set(errors._CLASSES) == set(echotts.Status)


def test_functions(header: dict[str, Any]) -> None:
    for name, (result, arguments) in _calls.FUNCTIONS.items():
        declared = header[name].type
        takes = [kind_in_c(one.type) for one in declared.args.params]
        assert [*map(kind_in_python, arguments)] == [*filter("void".__ne__, takes)], name
        assert kind_in_python(result) == kind_in_c(declared.type), name


def test_callbacks(header: dict[str, Any]) -> None:
    named = {"echo_logger": _types.LOGGER, "echo_progress": _types.PROGRESS}
    members = {("echo_model_opts", "progress"): _types.SHARE,
               ("echo_speak_sink", "audio"): _types.AUDIO,
               ("echo_speak_sink", "overall"): _types.OVERALL,
               ("echo_speak_sink", "piece"): _types.PIECE}
    found = [(header[name].type, one) for name, one in named.items()]
    for (struct, field), one in members.items():
        decl = next(d for d in header[struct].type.type.decls if d.name == field)
        found.append((decl.type.type, one))
    for declared, one in found:
        # the enums echo_log_level and echo_stage are ints
        takes = [kind_in_c(p.type) for p in declared.args.params]
        takes = ["int" if kind.startswith("echo_") else kind for kind in takes]
        assert [*map(kind_in_python, one._argtypes_)] == takes
        assert kind_in_python(one._restype_) == kind_in_c(declared.type)


def test_parameters_are_those_of_c(tmp_path: Path) -> None:
    lines = run_c(tmp_path, r"""
    echo_params d = echo_params_default(NULL);
    const echo_param *p;
    for (int i = 0; (p = echo_param_at(i)); i++) {
        const char *at = (const char *)&d + p->offset;
        printf("%s|%s|%d|%.17g|%.17g|", p->name, p->alias ? p->alias : "", p->kind, p->min, p->max);
        for (const echo_param_word *w = p->words; w && w->word; w++)
            printf("%s=%g,", w->word, w->number);
        switch (p->kind) {
        case ECHO_PARAM_SEED: printf("|%llu", (unsigned long long)*(const uint64_t *)at); break;
        case ECHO_PARAM_INT: printf("|%d", *(const int *)at); break;
        case ECHO_PARAM_FLOAT: printf("|%.7g", *(const float *)at); break;
        case ECHO_PARAM_BOOL: printf("|%d", *(const bool *)at); break;
        case ECHO_PARAM_LIST: printf("|%d", ((const echo_list *)at)->n); break;
        }
        printf("|%s\n", p->help);
    }""")
    kinds = ("seed", "int", "float", "bool", "list")
    expected = []
    for p in echotts.parameters():
        words = "".join(f"{word}={number:g}," for word, number in p.words.items())
        default = len(p.default) if isinstance(p.default, tuple) else f"{p.default:.7g}"
        expected.append(f"{p.name}|{p.alias}|{kinds.index(p.kind)}|{p.minimum:.17g}|"
                        f"{p.maximum:.17g}|{words}|{default}|{p.help}")
    assert lines == expected
    assert len(lines) > 10


def test_presets_are_those_of_c(tmp_path: Path) -> None:
    lines = run_c(tmp_path, r"""
    const echo_preset *p;
    for (int i = 0; (p = echo_preset_at(i)); i++) {
        printf("%s|%s|%s|%d|", p->name, p->title, p->help, p->evaluations);
        for (const echo_preset_value *v = p->values; v->name; v++)
            printf("%s=%g,", v->name, v->value);
        printf("\n");
    }""")
    assert lines == [
        f"{p.name}|{p.title}|{p.help}|{p.evaluations}|"
        + "".join(f"{name}={value:g}," for name, value in p.values.items())
        for p in echotts.presets()]


def test_version() -> None:
    project = (TOP / "python" / "pyproject.toml").read_text()
    assert f'version = "{echotts.__version__}"\n' in project
    assert f"project(echotts VERSION {echotts.__version__} " in (TOP / "CMakeLists.txt").read_text()
