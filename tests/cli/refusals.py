# SPDX-License-Identifier: MIT
"""What cannot be done is refused: one line on stderr, nothing on stdout, no file left."""
import os
import shutil

import safetensors
import wav
from harness import is_one_line, read, text

FAILED, USAGE = 1, 2


def golden_voice(folder):
    want = safetensors.load(os.path.join(folder, "expected.safetensors"))
    return want["speaker_latent.latent"].data


def make_files(p):
    """Good and bad files, in the folder that the cases run in."""
    tiny = p.model("tiny")
    voice = golden_voice(tiny)
    numbers = voice[:16 * 80]
    good = p.file("good.safetensors")
    safetensors.save_latent(good, numbers, 80)
    safetensors.save_latent(p.file("narrow.safetensors"), numbers, 40)
    broken = numbers[:]
    broken[100] = float("nan")
    safetensors.save_latent(p.file("nan.safetensors"), broken, 80)
    broken[100] = float("inf")
    safetensors.save_latent(p.file("inf.safetensors"), broken, 80)
    for name, tensor, shape in (("other.safetensors", "weights", [16, 80]),
                                ("flat.safetensors", "latent", [1280]),
                                ("none.safetensors", "latent", [1, 0, 80])):
        data = numbers if 0 not in shape else numbers[:0]
        safetensors.save(p.file(name), {tensor: safetensors.Array("F32", shape, data)})
    safetensors.save_latent(p.file("few.safetensors"), numbers[:3 * 80], 80)
    safetensors.save_latent(p.file("many.safetensors"), voice * 7, 80)
    wav.save_float(p.file("short.wav"), [0.0] * 8191)
    wav.save_float(p.file("nan.wav"), [float("nan")] * 44100)
    wav.save_float(p.file("silent.wav"), [])
    recording = read(os.path.join(tiny, "voice.wav"))
    contents = {
        "cut.safetensors": read(good)[:3000],
        "head.safetensors": read(good)[:20],
        "huge.safetensors": b"\xff" * 7 + b"\x7f" + read(good)[8:],
        "json.safetensors": (16).to_bytes(8, "little") + b'{"latent": 12345}',
        "cut.wav": recording[:30],
        "empty": b"",
        "text.wav": b"This is no sound at all.\n" * 100,
        "blank.txt": b" \t\n\n",
        "zero.txt": b"Hello\0 there",
        "latin1.txt": b"caf\xe9",
        "long.txt": b"All work and no play. " * 5000,
        "secret.txt": b"Hello.",
        "secret.wav": recording,
    }
    for name, data in contents.items():
        with open(p.file(name), "wb") as f:
            f.write(data)
    os.chmod(p.file("secret.txt"), 0)
    os.chmod(p.file("secret.wav"), 0)
    os.mkdir(p.file("folder"))
    os.mkdir(p.file("locked"), 0o555)
    for name, cut in (("cutmodel", "echo"), ("halfmodel", "dac"), ("textmodel", "pca")):
        shutil.copytree(tiny, p.file(name), ignore=shutil.ignore_patterns("exp*", "*.wav"))
        path = p.file(f"{name}/{cut}.safetensors")
        os.chmod(p.file(name), 0o755)
        os.chmod(path, 0o644)
        if name == "cutmodel":
            os.truncate(path, 100000)
        elif name == "halfmodel":
            os.remove(path)
        else:
            with open(path, "w", encoding="ascii") as f:
                f.write("not a model\n")


# Files that are no voice, and what the complaint says behind their name.
BAD_VOICES = {
    "nowhere.wav": "No such",
    "empty": "empty",
    "folder": "[Dd]irectory",
    "text.wav": "audio",
    "cut.wav": "",
    "silent.wav": "no samples",
    "short.wav": "too short",
    "nan.wav": "not a number",
    "nowhere.safetensors": "No such",
    "cut.safetensors": "",
    "head.safetensors": "",
    "huge.safetensors": "",
    "json.safetensors": "",
    "other.safetensors": "'latent'",
    "flat.safetensors": "shape",
    "none.safetensors": "0 frames",
    "nan.safetensors": "",
    "inf.safetensors": "",
    "narrow.safetensors": "size 40.* 80",
}


def option_cases():
    """(name, arguments after `say Hello.`, pattern): all are wrong usage."""
    numbers = {
        "--num-steps": ("from 1 to 1000", ["0", "1001", "-1", "", "x", "1x", "1.5", "0x10", " 5",
                                       "99999999999999999999"]),
        "--cfg-scale-text": ("from -100 to 100", ["-101", "100.5", "nan", "inf", "-inf", "1e999",
                                            "1e", "--"]),
        "--cfg-scale-speaker": ("from -100 to 100", ["1e3"]),
        "--cfg-min-t": ("from 0 to", ["-0.1", "NaN"]),
        "--cfg-max-t": ("from 0 to", ["-1"]),
        "--truncation-factor": ("from 0 to 10, or none", ["-1", "11", "nil"]),
        "--rescale-k": ("from 0 to 100", ["-1", "101"]),
        "--rescale-sigma": ("from 0 to 100", ["-1", "infinity"]),
        "--speaker-kv-scale": ("from 0 to 100", ["-1", "1000"]),
        "--speaker-kv-max-layers": ("from 0 to", ["-2", "1.0"]),
        "--speaker-kv-min-t": ("from 0 to 1", ["1.1"]),
        "--sequence-length": ("from 1 to 640, or auto, or full", ["641", "-5"]),
        "--threads": ("from 1 to 256", ["0", "-1", "257", "100000"]),
        "--rng-seed": ("from 0 to 18446744073709551615", ["-1", "18446744073709551616",
                                                           "1e3", "+"]),
        "--block-sizes": ("from 1 to 640", ["", ",", "8,", ",8", "8,,8", "0", "641", "8;8", "8, 8",
                                       ",".join(["1"] * 65)]),
    }
    for option, (pattern, values) in numbers.items():
        for value in values:
            yield (f"{option}={value[:20]}", [f"{option}={value}"],
                   rf"^echotts: {option}: .*{pattern}")
    yield "unknown option", ["--stepz", "5"], "--stepz.*did you mean --steps"
    yield "unknown option with value", ["--sede=5"], "--sede.*did you mean --seed"
    yield "nothing like it", ["--xyzzy"], "--xyzzy: unknown option"
    yield "unknown letter", ["-z"], "-z: unknown option"
    yield "abbreviation", ["--step", "4"], "did you mean --steps"
    yield "value to a flag", ["--json=1"], "--json: takes no value"
    yield "missing value", ["--num-steps"], "--num-steps: needs a value"
    yield "option for a value", ["--voice", "--json"], "--voice: needs a value"
    yield "line break in a value", ["--num-steps", "1\n2"], "--num-steps: '1.2'"
    yield "escape in a value", ["--num-steps", "\x1b[2J"], r"--num-steps: '\?\[2J'"
    yield "blocks over one pass", ["--block-sizes", "320,321"], "--block-sizes: 641 .*640"
    yield "frames and blocks", ["--sequence-length", "8", "--block-sizes", "8"], "--sequence-length and --block-sizes"
    yield "k without sigma", ["--rescale-k", "1.2"], "--rescale-k and --rescale-sigma"
    yield "sigma without k", ["--rescale-sigma", "3"], "--rescale-k and --rescale-sigma"
    yield "text and file", ["--file", "latin1.txt"], "twice"
    yield "two texts", ["there"], "TEXT"
    yield "json and sound to stdout", ["-o", "-", "--json"], "standard output"
    yield "latents to stdout", ["--latent-out", "-"], "latents"
    yield "one name twice", ["--latent-out", "out.wav"], "-o and --latent-out name the same file"
    yield "subtitles and chapters in one", ["--subtitles", "a.vtt", "--chapters", "a.vtt"], "same file"
    yield "no output name", ["--output="], "empty name"
    yield "unknown level", ["--isa", "sse9"], "sse9"


def text_cases():
    """(name, arguments after `say`, stdin, exit code, pattern)"""
    yield "no text", [], b"", USAGE, "no text"
    yield "empty text", [""], b"", USAGE, "text"
    yield "blank text", [" \t "], b"", USAGE, "text"
    yield "empty stdin", ["-"], b"", USAGE, "text"
    yield "only a line end", ["-"], b"\n", USAGE, "text"
    yield "blank file", ["--file", "blank.txt"], b"", USAGE, "text"
    yield "empty file", ["--file", "empty"], b"", USAGE, "text"
    yield "zero byte in a file", ["--file", "zero.txt"], b"", USAGE, "zero.txt.*byte 6"
    yield "zero byte on stdin", ["-"], b"\0", USAGE, "standard input"
    yield "Latin-1 file", ["--file", "latin1.txt"], b"", USAGE, "UTF-8"
    for name, data in (("lone continuation", b"a\x80b"), ("cut sequence", b"caf\xc3"),
                       ("overlong slash", b"a\xc0\xafb"), ("surrogate", b"\xed\xa0\x80"),
                       ("beyond Unicode", b"\xf4\x90\x80\x80"),
                       ("five bytes", b"\xf8\x88\x80\x80"), ("FE and FF", b"\xfe\xff")):
        yield name, ["-"], data, USAGE, "UTF-8"
    yield "escape character", ["-"], b"Hello \x1b[31m", USAGE, "control"
    yield "bell", ["-"], b"ding \x07", USAGE, "control"
    yield "delete", ["-"], b"de\x7flete", USAGE, "control"
    yield "768 bytes", ["--no-normalize", "a" * 768], b"", USAGE, "768 bytes long, one pass takes at most 767"
    yield "767 bytes and [S1]", ["a" * 767], b"", USAGE, "772 bytes long, one pass takes at most 767"
    pass_of = "bytes long, one pass takes at most 767: without --sequence-length it is said in pieces$"
    yield "100 kB of stdin", ["-"], b"word " * 20000, USAGE, f"^echotts: standard input: the text is 100005 {pass_of}"
    yield "100 kB of file", ["--file", "long.txt"], b"", USAGE, f"^echotts: long.txt: the text is 110005 {pass_of}"
    yield "100 kB of argument", ["w" * 100000], b"", USAGE, f"^echotts: the text is 100005 {pass_of}"
    yield "cleaned, and too long", ["--clean", "on", "7 " * 300], b"", USAGE, f"^echotts: the text is 1\\d\\d\\d {pass_of}"
    yield "no such text file", ["--file", "nowhere.txt"], b"", FAILED, "nowhere.txt.*No such"
    yield "folder as text", ["--file", "folder"], b"", FAILED, "folder.*directory"


def file_cases():
    """(name, arguments, exit code, pattern); TINY stands for the model."""
    say = ["say", "Hello.", "-m", "TINY", "--sequence-length", "4", "--num-steps", "1", "--no-trim", "-o",
           "out.wav"]
    for name, pattern in BAD_VOICES.items():
        for option in ("--voice", "--continue"):
            yield (f"{option} {name}", [*say, option, name], FAILED,
                   f"^echotts: {name}: .*{pattern}")
    for option in ("--voice", "--continue"):
        yield f"{option} of 3 frames", [*say, option, "few.safetensors"], USAGE, "3 frames"
    whole = ["say", "Hello.", "-m", "TINY", "-o", "out.wav"]
    yield ("continue too much", [*whole, "--continue", "many.safetensors"], FAILED,
           r"many.safetensors: 644 frames long .29.9 s., at most 639")
    after = [*whole, "--continue", "good.safetensors"]
    yield "continue and frames", [*after, "--sequence-length", "625"], USAGE, "625 frames, at most 624"
    yield "continue and blocks", [*after, "--block-sizes", "300,325"], USAGE, "625 .* at most 624"

    yield "unknown device", [*say, "--device", "abacus"], (1, 2), "abacus"
    for name, pattern in (("nowhere", "nowhere"), ("folder", "safetensors"),
                          ("cutmodel", r"echo\.safetensors"),
                          ("halfmodel", r"dac\.safetensors"),
                          ("textmodel", r"pca\.safetensors"), ("text.wav", "text.wav")):
        yield f"model {name}", [*say, "-m", name], FAILED, pattern
        yield f"info of {name}", ["info", "-m", name], FAILED, pattern

    for command, args in (("say", say[:-1]),
                          ("encode", ["encode", "VOICE", "-m", "TINY", "-o"]),
                          ("decode", ["decode", "good.safetensors", "-m", "TINY", "-o"])):
        yield f"{command} into no folder", [*args, "no/out"], FAILED, "no/out.*No such"
        yield f"{command} onto a folder", [*args, "folder"], FAILED, "folder.*[Dd]irectory"
        yield f"{command} under a file", [*args, "empty/out"], FAILED, "empty/out.*[Dd]irectory"
        yield f"{command} to a full disk", [*args, "/dev/full"], FAILED, "/dev/full.*No space"
        yield f"{command} with a long name", [*args, "x" * 250], FAILED, "too long"
        yield f"{command} without -o", args[:-1], USAGE, "-o"
    yield "latents into no folder", [*say, "--latent-out", "no/out"], FAILED, "no/out"
    yield "latents to a full disk", [*say[:-2], "--latent-out", "/dev/full"], FAILED, "No space"

    yield "encode nothing", ["encode", "-o", "v"], USAGE, "audio"
    yield "encode two", ["encode", "a.wav", "b.wav", "-o", "v"], USAGE, "b.wav"
    yield "encode to stdout", ["encode", "VOICE", "-o", "-"], USAGE, "latents"
    yield "encode text", ["encode", "text.wav", "-m", "TINY", "-o", "v"], FAILED, "text.wav"
    yield "encode too little", ["encode", "short.wav", "-m", "TINY", "-o", "v"], FAILED, "short"
    yield "decode nothing", ["decode", "-o", "d.wav"], USAGE, "safetensors"
    yield "decode audio", ["decode", "VOICE", "-m", "TINY", "-o", "d.wav"], FAILED, "is audio"
    for name, pattern in BAD_VOICES.items():
        if not name.endswith(".wav"):
            yield (f"decode {name}", ["decode", name, "-m", "TINY", "-o", "d.wav"], FAILED,
                   f"^echotts: {name}: .*{pattern}")

    yield "unknown command", ["sya", "Hello."], USAGE, "sya.*did you mean say"
    yield "no command at all like it", ["frobnicate"], USAGE, "frobnicate.*unknown"
    yield "help for nothing", ["help", "frobnicate"], USAGE, "frobnicate"
    yield "empty command", [""], USAGE, "unknown command"
    yield "argument to info", ["info", "folder"], USAGE, "folder"
    yield "synth without a size", ["synth", "-o", "made"], USAGE, "--size"
    yield "synth without an output", ["synth", "--size", "small"], USAGE, "-o"
    yield "synth of no size", ["synth", "--size", "huge", "-o", "made"], (1, 2), "huge"
    yield "synth into no folder", ["synth", "--size", "TINY", "-o", "no/made"], FAILED, "no"
    yield "synth onto a file", ["synth", "--size", "TINY", "-o", "empty"], FAILED, "empty"


def unreadable_cases():
    """Only where permissions hold: not for root."""
    say = ["say", "-m", "TINY", "--sequence-length", "4", "--num-steps", "1"]
    yield "unreadable text", [*say, "--file", "secret.txt", "-o", "out.wav"], FAILED, "denied"
    yield ("unreadable voice", [*say, "Hello.", "-v", "secret.wav", "-o", "out.wav"], FAILED,
           "secret.wav")
    yield "locked folder", [*say, "Hello.", "-o", "locked/out.wav"], FAILED, "locked.*denied"


def tree(folder):
    return sorted(os.path.join(d, n) for d, dirs, names in os.walk(folder)
                  for n in dirs + names)


def refused(p, name, args, stdin, codes, pattern):
    stand = {"TINY": p.model("tiny"), "VOICE": os.path.join(p.model("tiny"), "voice.wav")}
    before = tree(p.folder)
    done = p.run(*(stand.get(a, a) for a in args), stdin=stdin)
    codes = codes if isinstance(codes, tuple) else (codes,)
    complaints = []
    if done.returncode not in codes:
        complaints.append(f"exit {done.returncode}, not {codes}")
    if not is_one_line(done.stderr, pattern):
        complaints.append(f"stderr {text(done.stderr)[:300]!r}, not one line with {pattern!r}")
    if done.stdout:
        complaints.append(f"{len(done.stdout)} bytes on stdout")
    left = set(tree(p.folder)) ^ set(before)
    if left:
        complaints.append(f"left or took {sorted(left)}")
        for path in left & set(tree(p.folder)):
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
    p.check(f"refusal of {name}", not complaints, "; ".join(complaints))


def check(p):
    make_files(p)
    if "TEST_AUTO_PRECISION" in os.environ:  # refused before it matters; others need the files
        return
    short = ["-m", "TINY", "--sequence-length", "4", "--num-steps", "1", "-o", "out.wav"]
    for name, args, pattern in option_cases():
        refused(p, name, ["say", "Hello.", "-m", "TINY", "-o", "out.wav", *args], b"", USAGE,
                pattern)
    for name, args, stdin, code, pattern in text_cases():
        refused(p, name, ["say", *short, *args], stdin, code, pattern)
    for name, args, code, pattern in file_cases():
        refused(p, name, args, b"", code, pattern)
    if os.geteuid():
        for name, args, code, pattern in unreadable_cases():
            refused(p, name, args, b"", code, pattern)
