# SPDX-License-Identifier: MIT
"""Speech: the same samples as the command line's, in one go and as a stream."""

import subprocess
import warnings
from pathlib import Path

import numpy as np
import pytest
from conftest import SMALL, run_c

import echotts
from echotts.audio import Sound

ONE = "The train leaves at 7:30."
LONG = ("# Morning\n\nIt was a cold day, and 5% of the people stayed at home. "
        "The others went to the market. They bought apples, bread and cheese for the week.\n\n"
        "In the evening there was music. Everyone came to listen, and nobody went home early.")


def by_command_line(program: str, path: Path, text: str, *options: str) -> Sound:
    subprocess.run(
        [program, "say", "-m", str(SMALL), "--device", "cpu", "--precision", "f32", "-q",
         "--float", "-o", str(path), *options, "--", text],
        check=True)
    return echotts.load(path)


@pytest.mark.parametrize(
    ("text", "options", "params"),
    [
        (ONE, ["-v", "joe", "--seed", "7"], {"voice": "joe", "seed": 7}),
        ("Good morning to you.", ["-v", "deep", "--preset", "fast", "--sequence-length", "100", "--seed", "0"],
         {"voice": "deep", "preset": "fast", "sequence_length": 100}),
        (LONG, ["--seed", "3", "--steps", "2", "--pause-sentence", "0.1", "--retakes", "0"],
         {"seed": 3, "steps": 2, "pause_sentence": 0.1, "retakes": 0}),
        ("Anna: Hello Ben.\nBen: Hello Anna.",
         ["--cast", "Anna=bright,Ben=deep", "--seed", "1", "--steps", "5", "--pause-turn", "-0.1"],
         {"cast": {"Anna": "bright", "Ben": "deep"}, "seed": 1, "steps": 5, "pause_turn": -0.1}),
    ],
    ids=["one piece", "preset", "long", "cast"],
)
def test_command_line(
    model: echotts.Model, program: str, tmp_path: Path, text: str, options: list[str],
    params: dict[str, object],
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", echotts.EchoWarning)
        ours = model.say(text, **params)  # type: ignore[arg-type]
    theirs = by_command_line(program, tmp_path / "cli.wav", text, *options)
    assert ours.dtype == np.float32 and ours.ndim == 1 and ours.flags.c_contiguous
    np.testing.assert_array_equal(ours, theirs)


def test_stream_is_that_of_c(model: echotts.Model, tmp_path: Path) -> None:
    parts = list(model.stream(ONE, "joe", block_sizes=[12, 20, 24], steps=4, seed=3))
    assert len(parts) > 1
    out = tmp_path / "pcm"
    run_c(tmp_path, f"""
    echo_model_opts o = {{ .device = "cpu", .precision = "f32" }};
    echo_model *m = NULL;
    echo_session *s = NULL;
    echo_voice *v = NULL;
    echo_error e;
    FILE *file = fopen("{out}", "wb");
    echo_speak_sink sink = {{ .user = file, .audio = keep }};
    echo_speak_opts how = echo_speak_opts_default();
    echo_params p;

    if (!file || echo_model_open(&m, "{SMALL}", &o, &e) || echo_session_open(&s, m, &e) ||
        echo_voice_named(&v, s, "joe", NULL, &e))
        return 1;
    p = echo_params_default(m);
    p.rng_seed = 3;
    p.num_steps = 4;
    p.block_sizes = (echo_list){{ 3, {{ 12, 20, 24 }} }};
    how.stream = true;
    if (echo_speak(s, "{ONE}", v, &p, &how, &sink, &e))
        return 1;
    fclose(file);""", """
static bool keep(void *user, const float *pcm, size_t n)
{
    return fwrite(pcm, sizeof *pcm, n, user) == n;
}""")
    np.testing.assert_array_equal(np.concatenate(parts), np.fromfile(out, np.float32))


def test_stream_comes_while_the_rest_is_made(model: echotts.Model) -> None:
    with model.stream(LONG, "joe", steps=6, retakes=0) as stream:
        first = next(stream)
        assert len(first) and stream.report.stats is None
        rest = list(stream)
    assert stream.report.stats is not None
    assert stream.report.stats.samples == len(first) + sum(map(len, rest))
    assert stream.report.stats.first_audio_s < 0.7 * stream.report.stats.total_s


def test_a_stream_waits_for_its_reader(model: echotts.Model) -> None:
    """Sound for half a minute is kept, not that of a whole book."""
    text = "\n\n".join([LONG] * 12)
    with model.stream(text, "joe", steps=1, cfg_min_t=2) as stream:
        next(stream)
        thread = stream._job._thread
        waiting = -1
        while stream._job._waiting != waiting:
            waiting = stream._job._waiting
            thread.join(1)
        assert thread.is_alive()
        assert 29 < waiting / echotts.SAMPLE_RATE < 60


def test_report(model: echotts.Model) -> None:
    sound = model.say(LONG, "joe", seed=5, steps=2, strict=False, retakes=0)
    report = model.last
    assert report is not None and report.stats is not None
    assert report.stats.samples == len(sound)
    assert report.stats.pieces == len(report.pieces) > 1
    assert report.seed == 5 == report.pieces[0].seed
    assert [piece.index for piece in report.pieces] == list(range(len(report.pieces)))
    assert report.pieces[0].level == 1 and report.pieces[-1].done == 1
    assert report.pieces[-1].end_s == pytest.approx(len(sound) / echotts.SAMPLE_RATE, abs=0.001)


def test_pieces(model: echotts.Model) -> None:
    pieces = model.pieces(LONG)
    assert pieces[0].text == "Morning." and pieces[0].level == 1
    assert "five percent" in pieces[1].text
    assert pieces[-1].done == 1 and all(piece.expected_s > 0.1 for piece in pieces)
    assert "5%" in model.pieces(LONG, clean=False)[0].text
    turns = model.pieces("Anna: Hello.\nBen: Hello.", cast={"Anna": None, "Ben": None})
    assert [(piece.role, piece.turn) for piece in turns] == [("Anna", 0), ("Ben", 1)]


def test_progress(model: echotts.Model) -> None:
    told: list[echotts.Progress] = []
    model.say(ONE, "joe", on_progress=told.append)
    steps = [p.done for p in told if p.stage == "sample"]
    assert steps == list(range(1, 21))
    assert {p.stage for p in told} == {"sample", "decode"}
    assert told[-1].share == 1 and sorted(p.share for p in told) == [p.share for p in told]


def test_opening_is_told(home: Path) -> None:
    told: list[echotts.Progress] = []
    with echotts.Model(SMALL, device="cpu", precision="bf16", on_progress=told.append):
        shares = [p.done for p in told]
        assert shares == sorted(shares) and 0.9 < shares[-1] <= 1 and told[0].stage == "load"
    with pytest.raises(echotts.CancelledError):
        echotts.Model(SMALL, device="cpu", precision="bf16", on_progress=lambda _: False)


def test_defaults_are_the_models(model: echotts.Model) -> None:
    steps = {p.name: p.default for p in model.parameters()}["num_steps"]
    assert steps == 20
    model.say(ONE, "joe")
    assert model.last and model.last.stats and model.last.stats.steps == 20


def test_info(model: echotts.Model) -> None:
    info = model.info
    assert info.license == "MIT" and info.precision == "f32" and info.device.startswith("cpu")
    assert info.latent_size > 0 and info.frame_samples == 2048 and info.blockwise
    assert Path(info.path, "joe.wav").is_file()


def test_the_package_brings_a_voice(model: echotts.Model) -> None:
    """The fixture opens no path: this is the small model of the package, or of the build."""
    assert set(model.voices) >= {"joe", "deep", "bright"}
