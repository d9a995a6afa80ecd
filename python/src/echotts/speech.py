# SPDX-License-Identifier: MIT
"""Facts about speech: its pieces, its progress, its cost."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from . import _types as t
from ._calls import text

Stage = Literal["load", "encode", "sample", "decode"]
STAGES: dict[int, Stage] = {
    t.STAGE_ENCODE: "encode", t.STAGE_SAMPLE: "sample", t.STAGE_DECODE: "decode"}


@dataclass(frozen=True)
class Progress:
    """How far a call is.

    stage: "load" (the model), "encode" (a voice), "sample" or "decode".
    done, total: of the stage: shares of 1, frames, diffusion steps, frames.
    share: of the whole text, 0 to 1.
    left_s: seconds that the rest takes; None: not known.
    """

    stage: Stage
    done: float
    total: float
    share: float
    left_s: float | None = None


@dataclass(frozen=True)
class Piece:
    """A piece of a text.

    text: as the model gets it; index: from 0.
    level: of a heading that begins here, 1 to 6; 0: there is none.
    role: who says it, of the cast; None: the narrator.  turn: from 0.
    pause_s: seconds behind it; below 0 the next piece begins so long before its end.
    expected_s: how long it should take to say; done: share of the text up to its end.

    Only pieces that were spoken have more:
    begin_s, end_s: where its sound is in the whole; seed: that it was made with.
    takes: tries; trouble: what is wrong with the one that was kept, "".
    """

    text: str
    index: int
    level: int
    role: str | None
    turn: int
    pause_s: float
    expected_s: float
    done: float
    begin_s: float = 0
    end_s: float = 0
    seed: int = 0
    takes: int = 0
    trouble: str = ""


@dataclass(frozen=True)
class Stats:
    """The cost of a speech.

    frames, kept, window, text_tokens: of the last piece: latent frames made, those that are
        heard, those of the first try; tokens.  ended: its end was found.
    pieces, retakes, retries, blocks, steps, evaluations, samples: sums.
    first_audio_s: seconds to the first sound; text_s, sample_s, decode_s: of each stage;
    overlap_s: of decoding beside sampling; total_s: of everything.
    """

    frames: int
    kept: int
    window: int
    retries: int
    blocks: int
    ended: bool
    samples: int
    first_audio_s: float
    steps: int
    evaluations: int
    text_tokens: int
    pieces: int
    retakes: int
    text_s: float
    sample_s: float
    decode_s: float
    overlap_s: float
    total_s: float


@dataclass
class Report:
    """All facts about a call of Model.say() or Model.stream().

    stats: None until it has ended.
    pieces: those that were spoken; warnings: the lines of its EchoWarnings.
    seed: of the first piece.
    """

    seed: int
    stats: Stats | None = None
    pieces: list[Piece] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ModelInfo:
    """Facts about an open model; the names are those of echo_model_info in echotts.h."""

    path: str
    echo_file: str
    dac_file: str
    pca_file: str
    echo_dtype: str
    dac_dtype: str
    device: str
    codec_device: str
    device_reason: str
    precision: str
    codec_precision: str
    precision_reason: str
    license: str
    absent: str
    stripped: str
    echo_parameters: int
    dac_parameters: int
    file_bytes: int
    latent_size: int
    patch_size: int
    codec_dim: int
    frame_samples: int
    layers: int
    model_size: int
    heads: int
    text_layers: int
    text_size: int
    speaker_layers: int
    speaker_size: int
    words: int
    loras: int
    packed: bool
    blockwise: bool
    load_s: float


def piece_of(row: t.Piece, spoken: bool) -> Piece:
    """A copy of what the library lends."""
    role = text(row.role) if row.role is not None else None
    piece = Piece(text(row.text), row.index, row.level, role, row.turn, row.pause_s,
                  row.expected_s, row.done)
    if not spoken:
        return piece
    return replace(piece, begin_s=row.begin_s, end_s=row.end_s, seed=row.seed, takes=row.takes,
                   trouble=text(row.trouble))


def stats_of(row: t.Stats) -> Stats:
    """The same as values of Python."""
    return Stats(**{name: getattr(row, name) for name in Stats.__annotations__})


def info_of(row: t.ModelInfo) -> ModelInfo:
    """The same; strings are copied."""
    values: dict[str, Any] = {}
    for name in ModelInfo.__annotations__:
        value = getattr(row, name)
        values[name] = text(value) if value is None or isinstance(value, bytes) else value
    return ModelInfo(**values)
