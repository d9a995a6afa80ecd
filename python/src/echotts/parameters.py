# SPDX-License-Identifier: MIT
"""How to speak: the library's own table of parameters, its presets, options of a text."""

import ctypes
from collections.abc import Callable, Iterator, Mapping, Sequence
from ctypes import byref, c_float, c_int, c_uint64, c_void_p
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from . import _types as t
from ._calls import lib, text, to_c
from ._numbers import as_bool, as_float, as_int, check_names, nearest
from .errors import ArgumentError

if TYPE_CHECKING:
    from .voices import AnyVoice

Kind = Literal["seed", "int", "float", "bool", "list"]
_KINDS: tuple[Kind, ...] = ("seed", "int", "float", "bool", "list")


@dataclass(frozen=True)
class Parameter:
    """A parameter of the model.

    name, alias: what it is called ("num_steps", "steps"); alias "" if there is none.
    kind: "seed" (an int of 64 bits), "int", "float", "bool", "list" (of ints).
    minimum, maximum: of the number, or of each number in a list; 0 and 0 for a bool.
    words: texts that mean a number, {"auto": 0}.
    default: its value where none is given.
    help: half a line.
    """

    name: str
    alias: str
    kind: Kind
    minimum: float
    maximum: float
    words: Mapping[str, float]
    default: int | float | bool | tuple[int, ...]
    help: str


@dataclass(frozen=True)
class Preset:
    """Settings that go together.

    name: "fast"; title: as it is shown; help: half a line.
    evaluations: of the transformer in a pass with a voice, which is its cost.
    values: the parameters that it sets.
    """

    name: str
    title: str
    help: str
    evaluations: int
    values: Mapping[str, float]


class Options(TypedDict, total=False):
    """Keywords of Model.say() and Model.stream(); parameters() has ranges and defaults.

    preset: the name of one of presets(), which the other keywords change.
    cast: who speaks in the text: {"Anna": "joe"}; lines that begin with "Anna:" are in that
        voice.  None is the voice of the call.
    clean: read markup, numbers and signs as a reader says them (True), or as they stand.
    markup: "auto", "plain", "markdown", "html", "ssml".
    language: of the text, "en" or another as BCP 47 names it.
    pause_sentence, pause_paragraph: seconds between pieces that end so, 0 to 60.
    pause_turn: seconds between turns of a cast, -2 to 60; below 0 they overlap.
    crossfade: seconds that pieces without a pause overlap, 0 to 1.
    match_levels: make pieces as loud as those before.
    retakes: of a piece that is silent, cut or too long, 0 to 10; a stream has none.
    first_block: of a stream, its frames of 46 ms, 16 to 640.

    The rest are the model's parameters, each by its name or its alias.
    """

    preset: str
    cast: "Mapping[str, AnyVoice | None]"
    clean: bool
    markup: str
    language: str
    pause_sentence: float
    pause_paragraph: float
    pause_turn: float
    crossfade: float
    match_levels: bool
    retakes: int
    first_block: int

    sequence_length: int | str
    frames: int | str
    block_sizes: Sequence[int]
    blocks: Sequence[int]
    rng_seed: int
    seed: int
    num_steps: int
    steps: int
    cfg_scale_text: float
    cfg_text: float
    cfg_scale_speaker: float
    cfg_speaker: float
    cfg_min_t: float
    cfg_max_t: float
    truncation_factor: float | str
    truncation: float | str
    rescale_k: float
    rescale_sigma: float
    speaker_kv_scale: float
    force_speaker: float
    speaker_kv_max_layers: int | str
    force_speaker_layers: int | str
    speaker_kv_min_t: float
    force_speaker_min_t: float
    normalize: bool
    trim: bool
    strict: bool
    round_timesteps: bool


_TEXTS = ("markup", "language")  # fields of echo_speak_opts
_OTHERS = ("preset", "cast")


# ---- the tables ----


def _rows_of(at: Callable[[int], Any]) -> Iterator[t.Param]:
    i = 0
    while row := at(i):
        yield row.contents
        i += 1


def _rows() -> Iterator[t.Param]:
    return _rows_of(lib.echo_param_at)


def rows_of_text() -> dict[str, t.Param]:
    """How text becomes pieces: numbers and switches of echo_speak_opts."""
    return {text(row.name): row for row in _rows_of(lib.echo_speak_param_at)}


def _words(row: t.Param) -> dict[str, float]:
    out: dict[str, float] = {}
    while row.words and row.words[len(out)].word:
        word = row.words[len(out)]
        out[text(word.word)] = word.number
    return out


def _value(params: t.Params, row: t.Param) -> int | float | bool | tuple[int, ...]:
    value = getattr(params, text(row.name))
    if row.kind == t.PARAM_LIST:
        return tuple(value.items[: value.n])
    # a float of C as the shortest text that means it: 0.8, not 0.800000011920929
    return float(f"{value:.7g}") if row.kind == t.PARAM_FLOAT else value


def table(model: c_void_p | None) -> list[Parameter]:
    """The parameters, with the defaults of a model, or of the reference."""
    defaults = lib.echo_params_default(model)
    return [
        Parameter(text(row.name), text(row.alias), _KINDS[row.kind], row.min, row.max,
                  _words(row), _value(defaults, row), text(row.help))
        for row in _rows()
    ]


def parameters() -> list[Parameter]:
    """The parameters of speech, with the reference's defaults.

    Model.parameters() has those of a model.
    """
    return table(None)


def presets() -> list[Preset]:
    """The presets, for the keyword `preset`."""
    out: list[Preset] = []
    while row := lib.echo_preset_at(len(out)):
        p = row.contents
        values: dict[str, float] = {}
        while p.values[len(values)].name:
            one = p.values[len(values)]
            values[text(one.name)] = one.value
        out.append(Preset(text(p.name), text(p.title), text(p.help), p.evaluations, values))
    return out


# ---- keywords ----


def _number(row: t.Param, name: str, value: Any) -> int | float:
    """Raises TypeError, or ArgumentError for what is out of range or no word of it."""
    words = _words(row)
    if isinstance(value, str):
        if value not in words:
            known = f"a number or one of {', '.join(words)}" if words else "a number"
            raise ArgumentError(f"{name} is {value!r}, expected {known}", field=text(row.name))
        value = words[value]
        return float(value) if row.kind == t.PARAM_FLOAT else int(value)
    number = as_float(name, value) if row.kind == t.PARAM_FLOAT else as_int(name, value)
    if not row.min <= number <= row.max:
        raise ArgumentError(f"{name} is {number:g}, expected {row.min:g} to {row.max:g}",
                            field=text(row.name))
    return number


def _list(row: t.Param, name: str, value: Any) -> t.List:
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        raise TypeError(f"{name} must be a sequence of ints, not {type(value).__name__}")
    numbers = [int(_number(row, name, one)) for one in value]
    if len(numbers) > t.MAX_BLOCKS:
        raise ArgumentError(f"{name} has {len(numbers)} entries, at most {t.MAX_BLOCKS} fit",
                            field=text(row.name))
    return t.List(len(numbers), (c_int * t.MAX_BLOCKS)(*numbers))


def _set(params: t.Params | t.SpeakOpts, row: t.Param, name: str, value: Any) -> None:
    at = ctypes.addressof(params) + row.offset
    if row.kind == t.PARAM_SEED:
        c_uint64.from_address(at).value = as_int(name, value, 64, signed=False)
    elif row.kind == t.PARAM_INT:
        c_int.from_address(at).value = int(_number(row, name, value))
    elif row.kind == t.PARAM_FLOAT:
        c_float.from_address(at).value = _number(row, name, value)
    elif row.kind == t.PARAM_BOOL:
        ctypes.c_bool.from_address(at).value = as_bool(name, value)
    else:
        ctypes.memmove(at, byref(_list(row, name, value)), ctypes.sizeof(t.List))


def _apply_preset(params: t.Params, name: Any) -> None:
    row = lib.echo_preset_named(to_c(name, "preset"))
    if not row:
        known = [preset.name for preset in presets()]
        raise ArgumentError(
            f"{name!r} is no preset{nearest(name, known)} (there are {', '.join(known)})",
            field="preset")
    lib.echo_preset_apply(row, byref(params))


def speech_params(
    model: c_void_p, options: Mapping[str, Any], caller: str
) -> tuple[t.Params, t.SpeakOpts]:
    """The values of a call's keywords, without its cast.

    Raises TypeError for a keyword that is not known or of the wrong type, ArgumentError for a
    value that is out of its range.
    """
    rows = {text(row.name): row for row in _rows()}
    names = {text(row.alias): name for name, row in rows.items() if row.alias}
    names.update((name, name) for name in rows)
    of_text = rows_of_text()
    check_names(options, [*names, *of_text, *_TEXTS, *_OTHERS], caller)
    params = lib.echo_params_default(model)
    opts = lib.echo_speak_opts_default()
    given: dict[str, str] = {}
    if options.get("preset") is not None:
        _apply_preset(params, options["preset"])
    for name, value in options.items():
        if name in _TEXTS:
            setattr(opts, name, to_c(value, name))
        elif name in of_text:
            _set(opts, of_text[name], name, value)
        elif name in names:
            if names[name] in given:
                raise TypeError(f"{caller}() got both {given[names[name]]!r} and {name!r}, "
                                "which are one parameter")
            given[names[name]] = name
            _set(params, rows[names[name]], name, value)
    return params, opts
