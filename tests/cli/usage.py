# SPDX-License-Identifier: MIT
"""What works, beyond the numbers: where text comes from, where results go, what is told."""
import json
import os

import safetensors
import wav
from harness import is_one_line, read, text

COMMANDS = ("say", "text", "encode", "decode", "info", "pack", "synth", "bench", "manual", "completion")

# Every key of a report, and what is sane: of a run of 8 frames, 2 steps.
SAY_REPORT = {
    "frames": lambda v: v == 8,
    "kept": lambda v: v == 8,
    "ended": lambda v: v is None,
    "window": lambda v: v == 8,
    "retries": lambda v: v == 0,
    "pieces": lambda v: v == 1,
    "retakes": lambda v: v == 0,
    "blocks": lambda v: v == 1,
    "samples": lambda v: v == 8 * 2048,
    "steps": lambda v: v == 2,
    "evaluations": lambda v: 2 <= v <= 6,
    "rng_seed": lambda v: v == 5,
    "unknown_words": lambda v: v == [],
    "unusual_characters": lambda v: v == [],
    "audio_s": lambda v: abs(v - 8 * 2048 / 44100) < 1e-6,
    "load_s": lambda v: 0 < v < 60,
    "voice_s": lambda v: 0 < v < 60,
    "text_s": lambda v: 0 <= v < 60,
    "sample_s": lambda v: 0 < v < 60,
    "decode_s": lambda v: 0 < v < 60,
    "overlap_s": lambda v: v == 0,
    "first_audio_s": lambda v: 0 < v < 60,
    "starved": lambda v: v == 0,
    "starved_s": lambda v: v == 0,
    "total_s": lambda v: 0 < v < 60,
    "rtf": lambda v: 0 < v < 600,
    "peak_bytes": lambda v: 1e6 < v < 1e11,
    "device": lambda v: v.startswith("cpu"),
    "codec_device": lambda v: v.startswith("cpu"),
    "precision": lambda v: v != "",
    "codec_precision": lambda v: v != "",
    "model": lambda v: v.endswith("tiny"),
    "text_tokens": lambda v: v == len("[S1] Hello.") + 1,
}

INFO_MODEL = """path echo_file dac_file pca_file echo_dtype dac_dtype device precision codec_precision absent
                echo_parameters dac_parameters file_bytes layers model_size heads latent_size
                patch_size frame_samples blockwise words""".split()


def check_text_sources(p, say):
    """The same words, however they come, give the same bytes."""
    with open(p.file("hello.txt"), "wb") as f:
        f.write(b"\xef\xbb\xbfHello.\r\n")
    runs = {
        "argument": (["Hello."], b""),
        "stdin": (["-"], b"Hello.\n"),
        "file": (["--file", "hello.txt"], b""),
        "file=": (["--file=hello.txt"], b""),
        "stdin as a file": (["--file", "-"], b"Hello."),
        "after --": (["--", "Hello."], b""),
    }
    sounds = {}
    for name, (args, stdin) in runs.items():
        before, after = (args[:-2], args[-2:]) if "--" in args else (args, [])
        if p.good(name, *say, *before, "-o", "hello.wav", *after, stdin=stdin):
            sounds[name] = read(p.file("hello.wav"))
    for name, sound in sounds.items():
        p.check(f"text from {name}", sound == sounds["argument"], "another sound")
    p.good("text like an option", *say, "-o", "dash.wav", "--", "--hello")
    p.good("text of tabs and lines", *say, "one\ttwo\nthree", "-o", "dash.wav")
    return sounds.get("argument")


def check_outputs(p, say, hello):
    done = p.good("-o -", *say, "Hello.", "-o", "-")
    if done:
        p.check("-o - is the file", done.stdout == hello, f"{len(done.stdout)} bytes")
        rate, channels, samples = wav.parse(done.stdout)
        p.check("-o - is a WAV", (rate, channels, len(samples)) == (44100, 1, 8 * 2048))
    p.check("16 bits", len(hello) < 8 * 2048 * 2 + 100, len(hello))

    with open(p.file("old.wav"), "wb") as f:
        f.write(b"old")
    p.good("replaces", *say, "Hello.", "-o", "old.wav")
    p.check("replaces", read(p.file("old.wav")) == hello)
    p.good("device as output", *say, "Hello.", "-o", "/dev/null")
    both = ["-o", "both.wav", "--latent-out", "both.safetensors"]
    if p.good("both outputs", *say, "Hello.", *both):
        p.check("sound beside latents", read(p.file("both.wav")) == hello)
        shape = safetensors.load(p.file("both.safetensors"))["latent"].shape
        p.check("latents beside sound", shape == [1, 8, 80], shape)
        tiny = ["-m", p.model("tiny")]
        if p.good("latents of its own", "decode", "both.safetensors", *tiny, "-o", "d.wav"):
            p.check("decode gives the same sound", read(p.file("d.wav")) == hello)
    p.check("nothing left beside", not [n for n in os.listdir(p.folder) if n.endswith(".part")])


def check_spellings(p, say, hello):
    """Options in every form."""
    for args in (["-s2"], ["-s", "2"], ["--num-steps=2"], ["--num-steps", "9", "--num-steps", "2"]):
        if p.good(" ".join(args), *say, "Hello.", *args, "-o", "spelled.wav"):
            p.check(" ".join(args), read(p.file("spelled.wav")) == hello)
    for args in (["--no-normalize"], ["--truncation-factor", "none"], ["--cfg-scale-text", "-3"],
                 ["--round-timesteps"], ["--rng-seed", "6"], ["--rescale-k", "1.2",
                                                          "--rescale-sigma", "3"]):
        if p.good(" ".join(args), *say, "Hello.", *args, "-o", "other.wav"):
            p.check(f"{' '.join(args)} changes the sound", read(p.file("other.wav")) != hello)


# Each parameter with two spellings, and a value that changes the sound.
ALIASES = {
    "--sequence-length": ("--frames", 9), "--block-sizes": ("--blocks", "5,3"), "--rng-seed": ("--seed", 6),
    "--num-steps": ("--steps", 3), "--cfg-scale-text": ("--cfg-text", 2), "--cfg-scale-speaker": ("--cfg-speaker", 2),
    "--truncation-factor": ("--truncation", 0.5), "--speaker-kv-scale": ("--force-speaker", 1.5),
    "--speaker-kv-max-layers": ("--force-speaker-layers", 1), "--speaker-kv-min-t": ("--force-speaker-min-t", 0.9),
}


def check_aliases(p, say):
    """Both spellings do the same, and the help names them all."""
    voice = os.path.join(p.model("tiny"), "voice.wav")
    for name, (alias, value) in ALIASES.items():
        forced = ["--speaker-kv-scale", 1.5] if name in ("--speaker-kv-max-layers", "--speaker-kv-min-t") else []
        base = list(say)
        if name in ("--block-sizes", "--sequence-length"):
            at = base.index("--sequence-length")
            del base[at:at + 2]
        for spelling in (name, alias):
            p.good(spelling, *base, "Hello.", "-v", voice, *forced, spelling, value, "-o", f"{spelling[2:]}.wav")
        first, second = (read(p.file(f"{s[2:]}.wav")) for s in (name, alias))
        p.check(f"{alias} is {name}", first == second and len(first) > 44)
    told = p.good("say --help", "say", "--help").stdout.decode()
    p.check("help names every spelling", all(n in told and a in told for n, (a, _) in ALIASES.items()), told)
    done = p.run(*say, "Hello.", "--steps", "x", "-o", "x.wav")
    p.check("a complaint has the user's spelling", done.returncode == 2 and is_one_line(done.stderr, "^echotts: --steps: 'x'"),
            text(done.stderr))


def check_reports(p, say):
    voice = os.path.join(p.model("tiny"), "voice.wav")
    done = p.good("say --json", *say, "Hello.", "-v", voice, "-o", "hello.wav", "--json")
    if done:
        report = json.loads(done.stdout)
        p.check("say --json keys", set(report) == set(SAY_REPORT),
                set(report) ^ set(SAY_REPORT))
        for key, sane in SAY_REPORT.items():
            p.check(f"say --json {key}", key in report and sane(report[key]), report.get(key))
    done = p.good("no sound --json", *say, "Hello.", "--latent-out", "l.safetensors", "--json")
    if done:
        report = json.loads(done.stdout)
        p.check("no sound, no rtf", report["rtf"] is None and report["samples"] == 0, report)

    check_aliases(p, say)
    random = []
    for i in range(2):
        args = [a for a in say if a not in ("--rng-seed", 5)]
        done = p.good("random seed", *args, "Hello.", "-o", f"random{i}.wav", "--json")
        random.append(json.loads(done.stdout)["rng_seed"] if done else None)
    p.check("random seeds differ", random[0] != random[1], random)
    if p.good("a random seed again", *say, "Hello.", "--rng-seed", random[0], "-o", "again.wav"):
        same = read(p.file("again.wav")) == read(p.file("random0.wav"))
        p.check("a reported seed repeats", same)

    tiny = ["-m", p.model("tiny")]
    done = p.good("encode --json", "encode", voice, *tiny, "-o", "v.safetensors", "--json")
    if done:
        p.check("encode --json", json.loads(done.stdout)["frames"] == 92)
    done = p.good("decode --json", "decode", "l.safetensors", *tiny, "-o", "d.wav", "--json")
    if done:
        p.check("decode --json", json.loads(done.stdout)["samples"] == 8 * 2048)


def check_voices(p, say, hello):
    """A clip beside the model needs no path, and goes before a file of that name here."""
    listed = json.loads(p.good("info --json", "info", "-m", p.model("tiny"), "--json").stdout)["model"]["voices"]
    p.check("info lists the clips", sorted(listed) == ["voice", "voice-long"], listed)
    sounds = {}
    for name in ("voice", os.path.join(p.model("tiny"), "voice.wav"), "voice-long"):
        if p.good(f"-v {name}", *say, "Hello.", "-v", name, "-o", "named.wav"):
            sounds[name] = read(p.file("named.wav"))
    if len(sounds) == 3:
        by_name, by_path, other = sounds.values()
        p.check("a name means the clip", by_name == by_path != hello and other != by_path)
    with open(p.file("voice"), "wb") as f:
        f.write(b"no sound")
    done = p.run(*say, "Hello.", "-v", "voice", "-o", "named.wav")
    p.check("a file here does not hide it", done.returncode == 0 and read(p.file("named.wav")) == sounds.get("voice") and
            is_one_line(done.stderr, r"warning: voice is a voice of the model.*\./voice"), done.stderr)
    done = p.run(*say, "Hello.", "-v", "./voice", "-o", "none.wav")
    p.check("a path is the file", done.returncode == 1 and is_one_line(done.stderr, r"\./voice"), done.stderr)
    os.remove(p.file("voice"))


def check_length(p, say):
    """With a continuation the rest of one pass is made; of it whole patches count."""
    tiny = safetensors.load(os.path.join(p.model("tiny"), "expected.safetensors"))
    before = tiny["speaker_latent.latent"].data[:18 * 80]
    safetensors.save_latent(p.file("before.safetensors"), before, 80)
    args = [a for a in say if a not in ("--sequence-length", 8)]
    done = p.good("continue", *args, "Hello.", "--continue", "before.safetensors", "--num-steps", 1,
                  "--latent-out", "c.safetensors", "--json")
    if done:
        frames = json.loads(done.stdout)["frames"]
        p.check("continue fills one pass", frames == 640, frames)
    done = p.good("blocks", *args, "Hello.", "--block-sizes", "3,1,4", "-o", "b.wav", "--no-trim",
                  "--json")
    if done:
        report = json.loads(done.stdout)
        p.check("blocks add up", report["samples"] == 8 * 2048, report)


def check_help(p):
    done = p.good("--version", "--version")
    p.check("--version", done and text(done.stdout).startswith("echotts "))
    p.check("-V", p.run("-V").stdout == done.stdout)
    done = p.good("--help", "--help")
    for command in COMMANDS:
        p.check(f"--help names {command}", done and f"  {command} " in text(done.stdout))
        one = p.good(f"{command} --help", command, "--help")
        p.check(f"help {command}", one and p.run("help", command).stdout == one.stdout)
        p.check(f"{command} --help is 96 wide", one and
                all(len(line) <= 96 for line in text(one.stdout).splitlines()))
    p.check("no arguments", p.run().returncode == 2)


def check_model_lookup(p):
    """-m, then $ECHOTTS_MODEL, then the model that ships."""
    tiny, odd = p.model("tiny"), p.model("odd")
    env = dict(p.env, ECHOTTS_MODEL=odd)
    for name, args, want in (("$ECHOTTS_MODEL", [], odd), ("-m first", ["-m", tiny], tiny)):
        done = p.good(name, "info", "--json", *args, env=env)
        if done:
            model = json.loads(done.stdout)["model"]
            p.check(name, model and os.path.samefile(model["path"], want), model)
            p.check(f"{name}: info --json", model and set(INFO_MODEL) <= set(model), model)
    done = p.good("info -m", "info", "-m", tiny)
    p.check("info names the model", done and tiny in text(done.stdout))

    done = p.good("no -m", "info", "--json")
    shipped = os.path.join(os.path.dirname(p.path), "..", "models", "small")
    if done and os.path.exists(os.path.join(shipped, "echo.safetensors")):
        model = json.loads(done.stdout)["model"]
        found = model and os.path.samefile(model["path"], shipped)
        p.check("the model that ships", found, model)
    # A set but wrong variable is no silent step to the next place.
    done = p.run("say", "Hello.", "-o", "never.wav", env=dict(p.env, ECHOTTS_MODEL="/nowhere"))
    p.check("wrong $ECHOTTS_MODEL", done.returncode == 1 and b"/nowhere" in done.stderr,
            text(done.stderr))
    done = p.good("info without a model", "info", env=dict(p.env, ECHOTTS_MODEL="/nowhere"))
    p.check("info without a model", done and "none to be used (/nowhere" in text(done.stdout))


def check_synth(p):
    """A model like the tiny one, made twice the same, that speaks."""
    for name in ("made", "again"):
        p.good("synth", "synth", "--size", p.model("tiny"), "-o", name, "--seed", 3)
    for name in ("echo", "dac", "pca"):
        one, two = (p.file(f"{d}/{name}.safetensors") for d in ("made", "again"))
        same = os.path.exists(one) and os.path.exists(two) and read(one) == read(two)
        p.check(f"synth: {name}", same)
    p.good("synth speaks", "say", "Hello.", "-m", "made", "--sequence-length", 8, "-s", 2, "--no-trim",
           "-o", "s.wav")


def check(p):
    say = ["say", "-m", p.model("tiny"), "--sequence-length", 8, "--num-steps", 2, "--rng-seed", 5, "--no-trim"]
    hello = check_text_sources(p, say)
    if hello:
        check_outputs(p, say, hello)
        check_spellings(p, say, hello)
    check_reports(p, say)
    if hello:
        check_voices(p, say, hello)
    check_length(p, say)
    check_help(p)
    check_model_lookup(p)
    check_synth(p)
