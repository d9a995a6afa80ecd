# SPDX-License-Identifier: MIT
"""The reference's numbers, through the command line alone."""
import json
import os

import safetensors
import wav
from harness import read, relative_error, snr

# The reference's names: our option, and its value where theirs is None.
OPTIONS = {
    "num_steps": ("--num-steps", None),
    "cfg_scale_text": ("--cfg-scale-text", None),
    "cfg_scale_speaker": ("--cfg-scale-speaker", None),
    "cfg_min_t": ("--cfg-min-t", None),
    "cfg_max_t": ("--cfg-max-t", None),
    "truncation_factor": ("--truncation-factor", "none"),
    "rescale_k": ("--rescale-k", 0),
    "rescale_sigma": ("--rescale-sigma", 0),
    "speaker_kv_scale": ("--speaker-kv-scale", 0),
    "speaker_kv_max_layers": ("--speaker-kv-max-layers", -1),
    "speaker_kv_min_t": ("--speaker-kv-min-t", 0),
    "sequence_length": ("--sequence-length", None),
}


class Golden:
    def __init__(self, program, name):
        self.program, self.name, self.folder = program, name, program.model(name)
        self.want = safetensors.load(os.path.join(self.folder, "expected.safetensors"))
        with open(os.path.join(self.folder, "expected.json"), encoding="utf-8") as f:
            self.info = json.load(f)
        self.clip = os.path.join(self.folder, self.info.get("clip", "voice.wav"))
        self.voice = self.want["speaker_latent.latent"]
        self.size = self.voice.shape[-1]

    def file(self, name):
        return self.program.file(f"{self.name}.{name}")

    def check(self, case, good, why=""):
        return self.program.check(f"{self.name} {case}", good, why)

    def good(self, case, command, *args, warned=None):
        return self.program.good(f"{self.name} {case}", command, "-m", self.folder,
                                 "--precision", "f32", *args, warned=warned)

    def close(self, case, got, want, limit):
        error = relative_error(got, want)
        return self.check(case, error <= limit, f"relative error {error:.2e}, limit {limit:g}")

    def loud(self, case, got, want, limit):
        db = snr(got, want)
        return self.check(case, db >= limit, f"SNR {db:.1f} dB, at least {limit}")


def options(case):
    args = ["--rng-seed", case["seed"]]
    for name, value in case["options"].items():
        if name == "block_sizes":
            args += ["--block-sizes", ",".join(map(str, value))]
        else:
            option, unset = OPTIONS[name]
            args += [option, unset if value is None else value]
    return args


def words(g, case):
    """The text of a case, or the bytes that its tokens are."""
    if "text" in case:
        return [case["text"]]
    ids = g.want["text_encoder.ids"].data
    return ["--no-normalize", bytes(list(ids[1:])).decode()]


def check_sampler(g):
    """sample.* and blockwise.*: latents from given latents."""
    voice = g.file("voice.safetensors")
    safetensors.save_latent(voice, g.voice.data, g.size)
    for name, case in g.info["cases"].items():
        if not name.startswith(("sample.", "blockwise.")):
            continue
        args, want = options(case), g.want[name + ".latent"]
        if case.get("speaker", True):
            args += ["-v", voice]
        if case.get("continuation_frames"):
            before = g.file("before.safetensors")
            safetensors.save_latent(before, g.voice.data[:case["continuation_frames"] * g.size],
                                    g.size)
            args += ["--continue", before]
        out = g.file("latent.safetensors")
        if g.good(name, "say", *words(g, case), *args, "--no-trim", "--latent-out", out):
            got = safetensors.load(out)["latent"]
            g.check(name + " shape", got.shape == want.shape, f"{got.shape} for {want.shape}")
            g.close(name, got.data, want.data, 1e-3)


def check_pipeline(g):
    """pipeline.*: text and a recording in, sound out."""
    for name, case in g.info["cases"].items():
        if not name.startswith("pipeline."):
            continue
        args = [case["text"], *options(case), "--float", "--no-trim"]
        if case["speaker"]:
            args += ["-v", g.clip]
        out = g.file("pipeline.wav")
        if g.good(name, "say", *args, "-o", out):
            rate, channels, got = wav.load(out)
            g.check(name + " format", (rate, channels) == (44100, 1), f"{rate} Hz, {channels}")
            g.loud(name, got, g.want[name + ".audio"].data, 60)


def check_encode(g):
    """speaker_latent* (whole patches) and dac_encode.* (every frame, and the codes)."""
    cases = [("speaker_latent", g.clip, []), ("dac_encode.voice", g.clip, ["--all-frames"])]
    if "speaker_latent_long.latent" in g.want:
        long = os.path.join(g.folder, "voice-long.wav")
        cases.append(("speaker_latent_long", long, []))
    for name in ("dac_encode.short", "dac_encode.long"):
        if name + ".audio" in g.want:
            path = g.file(name + ".wav")
            wav.save_float(path, g.want[name + ".audio"].data)
            cases.append((name, path, ["--all-frames"]))
    for name, path, args in cases:
        out = g.file("encoded.safetensors")
        short = r"only 0\.\d+ s of sound" if name == "dac_encode.short" else None
        if not g.good(name, "encode", path, *args, "--codes", "-o", out, warned=short):
            continue
        got = safetensors.load(out)
        latent = g.want[name + ".latent"]
        g.check(name + " shape", got["latent"].shape == latent.shape, got["latent"].shape)
        g.close(name, got["latent"].data, latent.data, 1e-4)
        if name + ".codes" in g.want:
            codes = g.want[name + ".codes"].data
            differ = sum(a != b for a, b in zip(got["codes"].data, codes))
            g.check(name + " codes", len(got["codes"].data) == len(codes) and not differ,
                    f"{differ} of {len(codes)} differ")
    if g.good("encode", "encode", g.clip, "-o", g.file("plain.safetensors")):
        names = list(safetensors.load(g.file("plain.safetensors")))
        g.check("encode without --codes", names == ["latent"], names)


def check_decode(g):
    for name in [n for n in g.want if n.startswith("dac_decode.") and n.endswith(".latent")]:
        case = name[:-len(".latent")]
        source, out = g.file("decode.safetensors"), g.file("decode.wav")
        safetensors.save_latent(source, g.want[name].data, g.size)
        if g.good(case, "decode", source, "--float", "-o", out):
            g.loud(case, wav.load(out)[2], g.want[case + ".audio"].data, 70)


def check_tokens(g):
    """Only their number can be seen from outside: of every text, both ways."""
    for case in g.info["tokenizer"]:
        for args, ids in (([], case["ids"]),
                          (["--no-normalize"], case["ids_without_normalization"])):
            if not case["text"] or len(ids) > 768:
                continue
            name = f"tokens of {case['text'][:30]!r} {' '.join(args)}"
            done = g.program.run("say", "-m", g.folder, case["text"], *args, "--sequence-length", 1,
                                 "--num-steps", 1, "--no-trim", "--json",
                                 "--latent-out", g.file("tokens.safetensors"))
            got = json.loads(done.stdout)["text_tokens"] if done.returncode == 0 else done.stderr
            g.check(name, got == len(ids), f"{got}, not {len(ids)}")


def check_same_bits(g, levels):
    """Any number of threads gives the same bytes, at each level; levels agree with the golden
    numbers."""
    case = g.info["cases"]["pipeline.cloned"]
    out, encoded = g.file("bits.wav"), g.file("bits.safetensors")
    for level in levels:
        if level == "c" and g.name != "odd":
            continue  # the plain kernels take their time
        seen, seen_encoded = set(), set()
        for threads in (1, 2, 3):
            name, how = f"{level}, {threads} threads", ["--isa", level, "--threads", threads]
            if g.good(name, "say", case["text"], "-v", g.clip, *options(case), "--float",
                      "--no-trim", "-o", out, *how):
                seen.add(read(out))
            if g.good(name, "encode", g.clip, "--codes", "-o", encoded, *how):
                seen_encoded.add(read(encoded))
        g.check(f"{level}: same sound on 1, 2, 3 threads", len(seen) == 1, f"{len(seen)} kinds")
        g.check(f"{level}: same latents on 1, 2, 3 threads", len(seen_encoded) == 1,
                f"{len(seen_encoded)} kinds")
        g.loud(f"{level}: sound", wav.load(out)[2], g.want["pipeline.cloned.audio"].data, 60)


def check(program, name, levels):
    g = Golden(program, name)
    check_sampler(g)
    check_pipeline(g)
    check_encode(g)
    check_decode(g)
    check_tokens(g)
    check_same_bits(g, levels)
