# SPDX-License-Identifier: MIT
"""Clips and sound files that people reported: tests/data/reports/README.md, first table."""
import array
import contextlib
import io
import json
import math
import os
import pickle
import shutil
import signal
import struct
import subprocess
import time
import zipfile

import safetensors
import wav
from harness import is_one_line, read, text

FAILED, USAGE = 1, 2
SENTENCE = "Turn on the light in the kitchen."
SMALL = "../../models/small"
NEAR = 1.8  # between mean latents of one voice's speech; of two voices it is above 3


def report(p, name):
    return os.path.join(p.data, "reports", "audio", name)


def write(p, name, data):
    with open(p.file(name), "wb") as f:
        f.write(data)
    return p.file(name)


def encode(p, name, path, *args, stdin=b"", warned=None):
    """The file of latents; None, and a failed case, if there is none.  A warning must be wanted."""
    done = p.run("encode", path, "-o", "a.safetensors", "-m", p.model("tiny"), "-q", *args, stdin=stdin)
    good = done.returncode == 0 and (is_one_line(done.stderr, "warning: .*" + warned) if warned else
                                     not done.stderr)
    p.check(f"{name}: encoded", good, f"exit {done.returncode}, {text(done.stderr)!r}")
    return read(p.file("a.safetensors")) if done.returncode == 0 else None


def same(p, name, path, want, **more):
    p.check(f"{name}: the same latents", encode(p, name, path, **more) == want)


def likeness(a, b):
    """Cosine between two files of latents."""
    x, y = (safetensors.load(path)["latent"].data for path in (a, b))
    dot = sum(u * v for u, v in zip(x, y))
    return dot / (sum(u * u for u in x) * sum(v * v for v in y)) ** 0.5


def refused(p, name, args, pattern, code=FAILED, stdin=b""):
    """One line, and nothing written."""
    before = sorted(os.listdir(p.folder))
    done = p.run(*args, stdin=stdin)
    p.check(f"{name}: refused", done.returncode == code and is_one_line(done.stderr, pattern) and not done.stdout,
            f"exit {done.returncode}, {text(done.stderr)!r}, not {pattern!r}")
    p.check(f"{name}: nothing written", sorted(os.listdir(p.folder)) == before)


def voice_of(p, name, clip, *args, warned=None):
    """The mean latent frame of what the small voice says like the clip: its sound, apart from the words."""
    done = p.run("say", SENTENCE, "-m", p.model(SMALL), "--rng-seed", "1", "-s", "5", "--sequence-length", "64",
                 "--precision", "f32", "-q", "--json", "--latent-out", "said.safetensors", "-v", clip, *args)
    good = done.returncode == 0 and (is_one_line(done.stderr, "warning: .*" + warned) if warned else
                                     not done.stderr)
    if not p.check(f"{name}: spoken", good, f"exit {done.returncode}, {text(done.stderr)!r}"):
        return []
    latent = safetensors.load(p.file("said.safetensors"))["latent"]
    size, frames = latent.shape[-1], json.loads(done.stdout)["kept"]
    return [sum(latent.data[c:frames * size:size]) / frames for c in range(size)]


def kept(p, name, clip, voice, *args, warned=None):
    """The voice is still `voice`."""
    far = math.dist(voice_of(p, name, clip, *args, warned=warned) or [99] * len(voice), voice)
    p.check(f"{name}: the clip's voice", far < NEAR, f"{far:.2f} away")


# ---- WAV headers ----

def chunks_of(data):
    """(name, place of the chunk) of a WAV file."""
    at = 12
    while at + 8 <= len(data):
        yield data[at:at + 4], at
        at += 8 + struct.unpack("<I", data[at + 4:at + 8])[0] + data[at + 4] % 2


def place(data, name):
    return next(at for chunk, at in chunks_of(data) if chunk == name)


def check_headers(p):
    want = encode(p, "A: plain", report(p, "ok-plain.wav"))
    for name in ("A05-data-size-0", "A06-data-size-2000000000", "A06-data-size-7fffffff", "A07-JUNK-before-fmt",
                 "A08-data-size-44-too-big"):
        same(p, name, report(p, name + ".wav"), want)
    plain = read(report(p, "ok-plain.wav"))
    data = place(plain, b"data")
    cases = {
        "riff size 0": plain[:4] + bytes(4) + plain[8:],
        "both sizes 0": plain[:4] + bytes(4) + plain[8:data + 4] + bytes(4) + plain[data + 8:],
        "both sizes -1": plain[:4] + b"\xff" * 4 + plain[8:data + 4] + b"\xff" * 4 + plain[data + 8:],
        "data size 0 behind LIST": plain[:data] + b"LIST\4\0\0\0INFO" + b"data" + bytes(4) + plain[data + 8:],
    }
    for name, broken in cases.items():
        same(p, name, write(p, "header.wav", broken), want)
    empty = plain[:data + 4] + bytes(4)
    for name, tail in (("nothing", b""), ("a chunk", b"LIST\4\0\0\0INFO")):
        path = write(p, "empty.wav", empty + tail)
        refused(p, f"empty WAV, {name} behind", ["encode", path, "-m", p.model("tiny"), "-o", "v"], "no samples")
    for name in ("voix été 声.wav", "a b  c.wav", "[1]*.wav"):
        same(p, f"A28: {name}", write(p, name, plain), want)
    want = encode(p, "A01: 24 bit", report(p, "A01-extensible-24bit.wav"))
    same(p, "A01: float", report(p, "A01-extensible-float.wav"), want)
    rate, channels, samples = wav.load(report(p, "A30-float-not-scaled.wav"))
    top = max(map(abs, samples))
    wav.save_float(p.file("scaled.wav"), [s / top for s in samples], rate)
    encode(p, "A30: scaled", p.file("scaled.wav"))
    os.replace(p.file("a.safetensors"), p.file("scaled.safetensors"))
    encode(p, "A30", report(p, "A30-float-not-scaled.wav"))
    like = likeness(p.file("a.safetensors"), p.file("scaled.safetensors"))
    p.check("A30: brought down by its peak", top > 1000 and channels == 1 and like > 0.9999, like)


# ---- MP3 ----

def check_mpeg(p):
    plain = read(report(p, "ok-plain.mp3"))
    want = encode(p, "A: plain MP3", report(p, "ok-plain.mp3"))
    for name in ("A19-id3-with-picture", "A19-two-id3-tags", "A20-id3-then-2k-zeros", "A21-1000-zeros-first",
                 "A22-ape-tag-at-end"):
        same(p, name, report(p, name + ".mp3"), want)
    encode(p, "A21: cut", report(p, "A21-cut-inside-first-frame.mp3"))
    tag = b"ID3\3\0\0"
    ape = lambda flags: b"APETAGEX" + struct.pack("<IIII", 2000, 36, 1, flags) + bytes(8)
    cases = {
        "16 k zeros behind a tag": tag + bytes([0, 0, 0, 10]) + bytes(16010) + plain,
        "tag of a wrong size": tag + bytes([0, 0, 0x20, 0]) + bytes(100) + plain,
        "tag longer than the file": tag + b"\x7f\x7f\x7f\x7f" + bytes(100) + plain,
        "APE tags at both ends": (ape(0xA0000000) + b"name" + ape(0x80000000)) + plain +
                                 (ape(0xA0000000) + b"name" + ape(0x80000000)),
        "Lyrics3 and ID3v1": plain + b"LYRICSBEGINla la la000019LYRICS200TAG" + bytes(125),
        "MP3 named WAV": plain,
    }
    for name, data in cases.items():
        same(p, name, write(p, "a.wav", data), want)
    half = len(plain) // 2
    for name, junk in (("zeros", bytes(5000)), ("text", b"junk, " * 1000), ("random", os.urandom(3000))):
        path = write(p, "middle.mp3", plain[:half] + junk + plain[half:])
        p.check(f"{name} in the middle", encode(p, f"{name} in the middle", path) is not None)
    for name, data in (("text", b"All work and no play.\n" * 1000), ("random", os.urandom(100000)),
                       ("one header", b"\xff\xfb\x90\x44" + os.urandom(100000))):
        path = write(p, "no.mp3", data)
        refused(p, f"{name} as MP3", ["encode", path, "-m", p.model("tiny"), "-o", "v"], "audio")


# ---- pipes ----

def piped(p, command, data):
    """A shell runs the command with the data on a pipe, as $0 the program and $1 the model."""
    return subprocess.run(["bash", "-c", command, p.path, p.model("tiny")], input=data, capture_output=True,
                          cwd=p.folder, env=p.env, timeout=60)


def check_pipes(p):
    clip = report(p, "ok-plain.wav")
    subprocess.run(["sox", clip, p.file("clip.flac")], check=True)
    latents = encode(p, "A03: WAV", clip)
    write(p, "voice.safetensors", latents)
    mpeg = encode(p, "A03: MP3", report(p, "ok-plain.mp3"))
    for name, path, want in (("WAV", clip, latents), ("FLAC", p.file("clip.flac"), latents),
                             ("MP3", report(p, "ok-plain.mp3"), mpeg),
                             ("zeros before MP3", report(p, "A21-1000-zeros-first.mp3"), mpeg),
                             ("data size 0", report(p, "A05-data-size-0.wav"), latents)):
        same(p, f"A04: {name}", "-", want, stdin=read(path))
        for how in ('"$0" encode /dev/stdin -m "$1" -q -o p.safetensors',
                    '"$0" encode <(cat) -m "$1" -q -o p.safetensors',
                    'mkfifo -m 600 pipe; exec 3<&0; cat <&3 > pipe & "$0" encode pipe -m "$1" -q -o p.safetensors; rm pipe'):
            done = piped(p, how, read(path))
            p.check(f"A03: {name}, {how[:24]}", done.returncode == 0 and not done.stderr and
                    read(p.file("p.safetensors")) == want, text(done.stderr))
    say = '"$0" say Hello. -m "$1" -q --rng-seed 1 -s 1 --sequence-length 8 --no-trim --precision f32 '
    sounds = []
    for how in ("-v voice.safetensors", "-v -", "-v <(cat)", "--continue voice.safetensors", "--continue -"):
        done = piped(p, say + how + " -o said.wav", latents)
        p.check(f"A03: latents, {how}", done.returncode == 0 and not done.stderr, text(done.stderr))
        sounds.append(read(p.file("said.wav")))
    p.check("A03: latents are the same", len(set(sounds[:3])) == 1 and len(set(sounds[3:])) == 1)
    p.check("A04: decode -", len({(piped(p, f'"$0" decode {how} -m "$1" -q -o d.wav', latents).returncode,
                                   read(p.file("d.wav")) if os.path.exists(p.file("d.wav")) else how)
                                  for how in ("voice.safetensors", "-", "<(cat)")}) == 1)
    done = piped(p, '(read -n 5; "$0" encode - -m "$1" -q -o p.safetensors) < padded', b"")
    write(p, "padded", b"12345" + read(clip))
    done = piped(p, '(dd bs=5 count=1 of=/dev/null status=none; "$0" encode - -m "$1" -q -o p.safetensors) < padded',
                 b"")
    p.check("A04: a file that was read already", done.returncode == 0 and read(p.file("p.safetensors")) == latents,
            text(done.stderr))
    for name in ("padded", "clip.flac"):
        os.remove(p.file(name))

    into = ["-m", p.model("tiny"), "-o", "v.safetensors"]
    refused(p, "endless zeros", ["encode", "/dev/zero", *into], "^echotts: /dev/zero: not an audio file")
    refused(p, "endless noise", ["encode", "/dev/urandom", *into], "^echotts: /dev/urandom: not an audio file")
    refused(p, "nothing", ["encode", "-", *into], "^echotts: standard input: nothing comes")
    refused(p, "text", ["encode", "-", *into], "^echotts: standard input: .*plain text", stdin=b"hello\n" * 50000)
    with without_ffmpeg(p):
        refused(p, "M4A", ["encode", "-", *into], "^echotts: standard input: .*M4A.*ffmpeg -i - out.wav",
                stdin=read(report(p, "A17-phone.m4a")))
    refused(p, "cut latents", ["encode", "-", *into], "^echotts: standard input: ", stdin=latents[:300])
    refused(p, "sound to decode", ["decode", "-", "-m", p.model("tiny"), "-o", "d.wav"],
            "^echotts: standard input: is audio", stdin=read(clip))
    refused(p, "endless zeros to decode", ["decode", "/dev/zero", "-m", p.model("tiny"), "-o", "d.wav"],
            "^echotts: /dev/zero: not a safetensors")
    done = piped(p, 'yes | "$0" encode - -m "$1" -o v.safetensors', b"")
    p.check("endless text", done.returncode == FAILED and is_one_line(done.stderr, "plain text"), text(done.stderr))
    done = subprocess.run([p.path, "encode", "-", *into], input=read(clip) + bytes(200000), capture_output=True,
                          cwd=p.folder, env=dict(p.env, TMPDIR="/nowhere"), timeout=60)
    p.check("no folder for a pipe", done.returncode == FAILED and is_one_line(done.stderr, "/nowhere.*TMPDIR"),
            text(done.stderr))
    for args in (["-", "-v", "-"], ["-", "--continue", "-"], ["Hello.", "-v", "-", "--continue", "-"],
                 ["--file", "-", "-v", "-"]):
        refused(p, f"standard input twice: {args}", ["say", *args, "-m", p.model("tiny"), "-o", "x.wav"],
                "standard input", USAGE)


# ---- what the ear of the model gets ----

def stereo(p, name, clip, *gains, channels=2):
    """A clip of 16-bit samples as WAV of float channels, each times its gain."""
    rate, _, samples = wav.load(clip)
    gains = [*gains, *[0] * (channels - len(gains))]
    mixed = array.array("f", (s * g for s in samples for g in gains))
    head = struct.pack("<HHIIHH", 3, channels, rate, rate * 4 * channels, 4 * channels, 32)
    body = b"WAVEfmt " + struct.pack("<I", 16) + head + b"data" + struct.pack("<I", 4 * len(mixed)) + mixed.tobytes()
    return write(p, name, b"RIFF" + struct.pack("<I", len(body)) + body)


def check_voices(p):
    male, female = (p.model(f"{SMALL}/{name}.wav") for name in ("joe", "bright"))
    deep = p.model(f"{SMALL}/deep.wav")
    joe, bright, low = (voice_of(p, f"A: {name}", clip) for name, clip in
                        (("joe", male), ("bright", female), ("deep", deep)))
    p.check("A: three voices", joe and min(math.dist(joe, bright), math.dist(joe, low), math.dist(low, bright)) > 3)
    alone = r"cancel each other.*channel 1 alone"
    voice_of(p, "A12: reported", report(p, "A12-antiphase-slt.wav"), warned=alone)
    kept(p, "A12: joe", stereo(p, "x.wav", male, 1, -1), joe, warned=alone)
    kept(p, "A12: nearly", stereo(p, "x.wav", male, 1, -0.8), joe, warned=alone)
    kept(p, "A12: the second is louder", stereo(p, "x.wav", male, -0.8, 1), joe, warned="channel 2 alone")
    kept(p, "A12: 5.1", stereo(p, "x.wav", male, 1, -1, channels=6), joe, warned=alone)
    kept(p, "A12: one of six", stereo(p, "x.wav", male, 1, 1, 1, 1, 1, -1, channels=6), joe)
    kept(p, "A14: left only", stereo(p, "x.wav", male, 1, 0), joe)
    kept(p, "A14: right only", stereo(p, "x.wav", female, 0, 1), bright)
    for name in ("A14-left-only-rms", "A16-alaw-8k", "A16-gsm-8k", "A27-dc-offset-0.05"):
        voice_of(p, name, report(p, name + ".wav"))

    for voice, clip, want in (("joe", male, joe), ("bright", female, bright)):
        for db in (20, 40):
            quiet = stereo(p, "x.wav", clip, 10 ** (-db / 20), channels=1)
            kept(p, f"A13: {voice} {db} dB down, lifted", quiet, want, "--lift")
    quiet = report(p, "A13-quiet-20dB-rms.wav")
    voice_of(p, "A13: warned", quiet, warned=r"very quiet, 2\d dB below .*--lift")
    voice_of(p, "A13: the reported one, lifted", quiet, "--lift")
    lifted = encode(p, "A13: --lift", male, "--lift")
    same(p, "A13: loud ones stay", male, lifted)


def check_silence(p):
    into = ["-m", p.model("tiny"), "-o", "v.safetensors"]
    pattern = "silent .*microphone"
    refused(p, "A11", ["encode", report(p, "A11-silent.wav"), *into], pattern)
    say = ["say", "Hello.", "-m", p.model("tiny"), "-o", "x.wav"]
    for option in ("-v", "--continue"):
        refused(p, f"A11: {option}", [*say, option, report(p, "A11-silent.wav")], "A11-silent.wav: .*" + pattern)
    cases = {"a microphone that is off": [2e-5 * (i * 7919 % 13 - 6) / 6 for i in range(20000)],
             "a constant": [0.3] * 20000}
    for name, samples in cases.items():
        wav.save_float(p.file("still.wav"), samples)
        refused(p, f"A11: {name}", ["encode", "still.wav", *into, "--lift"], pattern)
    wav.save_float(p.file("still.wav"), [3e-4 * (i % 100 - 50) / 50 for i in range(60000)])
    encode(p, "A11: nearly", "still.wav", warned="very quiet")
    rate, _, samples = wav.load(report(p, "ok-plain.wav"))
    for name, before, behind in (("before", 3, 0), ("behind", 0, 3)):
        wav.save_float(p.file("padded.wav"), [0.0] * (before * rate) + list(samples) + [0.0] * (behind * rate), rate)
        encode(p, f"A26: {name}", "padded.wav", warned=rf"padded.wav: silence at its ends, {before}.\d s before the "
                                                       rf"sound and {behind}.\d s behind it: cut it off")


def check_lengths(p):
    into = ["-m", p.model("tiny"), "-o", "v.safetensors"]
    refused(p, "A24", ["encode", report(p, "A24-too-short-0.1s.wav"), *into],
            r"too short: 0.10 s .*at least 0.19 s are needed")
    tone = bytes(128 + (i % 40 > 20) * 60 for i in range(8000))
    head = struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8)
    body = b"WAVEfmt " + struct.pack("<I", 16) + head + b"data" + struct.pack("<I", 310 * 8000) + tone * 310
    write(p, "long.wav", b"RIFF" + struct.pack("<I", len(body)) + body)
    for name, args in (("file", ["long.wav"]), ("pipe", ["-"])):  # it is told before it is computed
        with open(p.file("long.wav"), "rb") as f, subprocess.Popen(
                [p.path, "encode", *args, *into, "-q"], cwd=p.folder, env=p.env, stderr=subprocess.PIPE,
                stdin=f) as long:
            line = long.stderr.readline()
            long.terminate()
        p.check(f"A25: {name}", is_one_line(line, r"warning: .*: 310.0 s long, the first 297.2 s of it are used"),
                text(line))
    refused(p, "A25: --continue", ["say", "Hello.", "-m", p.model("tiny"), "-o", "x.wav", "--continue", "long.wav"],
            r"long.wav: 310.0 s long, at most 29.7 s")
    os.remove(p.file("long.wav"))


# ---- what is no sound ----

MEDIA = {"A17-phone.aac": "AAC", "A17-phone.m4a": "M4A", "A17-video.mp4": "MP4", "A17-windows.wma": "Windows Media"}


@contextlib.contextmanager
def without_ffmpeg(p):
    """No program at all is on PATH."""
    before = dict(p.env)
    p.env.update(PATH=p.file("nothing"))
    yield
    p.env.clear()
    p.env.update(before)


def check_media(p):
    """What only ffmpeg reads: as a file, from a pipe, and what it does not read either."""
    into = ["-m", p.model("tiny"), "-o", "v.safetensors"]
    if not shutil.which("ffmpeg"):
        return
    for name in MEDIA:
        path = report(p, name)
        want = encode(p, f"A17: {name}", path)
        same(p, f"A17: {name}, piped", "-", want, stdin=read(path))
        p.check(f"A17: {name}: its length", want and 32 <= len(want) // 320 <= 50, len(want or b""))
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", report(p, "ok-plain.wav"), "-c:a", "libopus", p.file("x.webm")],
                   check=True)
    encode(p, "A17: WebM", "x.webm")
    done = p.run("say", "Hello.", "-v", "x.webm", "-m", p.model("tiny"), "-s", "1", "--frames", "8", "--no-trim", "-q", "-o",
                 "x.wav")
    p.check("A17: say -v x.webm", done.returncode == 0 and not done.stderr, text(done.stderr))
    cut = read(report(p, "A17-phone.m4a"))[:1500]
    for way, args, stdin in (("file", write(p, "cut.m4a", cut), b""), ("pipe", "-", cut)):
        refused(p, f"A17: cut, {way}", ["encode", args, *into], "M4A.*ffmpeg cannot read it: [^[@]*$", stdin=stdin)
    p.env["ECHOTTS_FFMPEG"] = write(p, "fake", b"#!/bin/sh\necho no luck >&2\necho more >&2\nexit 1\n")
    os.chmod(p.file("fake"), 0o755)
    refused(p, "A17: another program", ["encode", report(p, "A17-phone.m4a"), *into], "ffmpeg cannot read it: no luck$")
    write(p, "fake", b"#!/bin/sh\nexec sleep 60\n")
    with subprocess.Popen([p.path, "encode", report(p, "A17-phone.m4a"), *into], cwd=p.folder, env=p.env,
                          stderr=subprocess.PIPE) as slow:
        time.sleep(0.5)
        slow.send_signal(signal.SIGINT)
        began = time.monotonic()
        slow.wait()
        p.check("A17: stopped with its helper", slow.returncode == 130 and time.monotonic() - began < 5, slow.returncode)
    p.env["ECHOTTS_FFMPEG"] = ""
    refused(p, "A17: none", ["encode", report(p, "A17-phone.m4a"), *into], "not read here")
    del p.env["ECHOTTS_FFMPEG"]


def check_names(p):
    into = ["-m", p.model("tiny"), "-o", "v.safetensors"]
    convert = r"which is not read here: convert it, `ffmpeg -i .* out.wav`"
    for name, word in MEDIA.items():
        with without_ffmpeg(p):
            refused(p, name, ["encode", report(p, name), *into], f"{name}: this is .*{word}.*{convert}")
    for name, word in (("A31-lfs-pointer.wav", "Git LFS pointer.*git lfs pull"), ("A31-web-page.wav", "web page.*again")):
        refused(p, name, ["encode", report(p, name), *into], f"{name}: this is .*{word}")

    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as z:
        z.writestr("voice/data.pkl", b"\x80\x02")
    arrays = io.BytesIO()
    with zipfile.ZipFile(arrays, "w") as z:
        z.writestr("latent.npy", b"\x93NUMPY")
    files = {
        "webm": (b"\x1aE\xdf\xa3" + bytes(50), "WebM.*ffmpeg"), "amr": (b"#!AMR\n" + bytes(50), "AMR.*ffmpeg"),
        "mov": (b"\0\0\0\x14ftypqt  " + bytes(50), "QuickTime.*ffmpeg"),
        "ac3": (b"\x0b\x77" + bytes(50), "AC-3.*ffmpeg"), "dsf": (b"DSD " + bytes(50), "DSD.*ffmpeg"),
        "mid": (b"MThd\0\0\0\6" + bytes(50), "MIDI"), "mpc": (b"MPCK" + bytes(50), "Musepack.*ffmpeg"),
        "ape": (b"MAC " + bytes(50), "Monkey.*ffmpeg"), "wv": (b"wvpk" + bytes(50), "WavPack.*ffmpeg"),
        "tta": (b"TTA1" + bytes(50), "TTA.*ffmpeg"), "spx": (b"OggS" + bytes(24) + b"Speex   ", "Speex.*ffmpeg"),
        "avi": (b"RIFF\0\0\0\0AVI LIST" + bytes(50), "AVI.*ffmpeg"),
        "pt": (stored.getvalue(), "PyTorch.*safetensors"), "pickle": (pickle.dumps([1], 2), "pickle.*safetensors"),
        "npy": (b"\x93NUMPY\1\0" + bytes(50), "NumPy.*safetensors"), "npz": (arrays.getvalue(), "npz.*safetensors"),
        "gguf": (b"GGUF\3\0\0\0" + bytes(50), "GGUF"), "json": (b'{"a": 1}', "JSON"), "txt": (b"hello\n", "plain text"),
        "pdf": (b"%PDF-1.4\n" + bytes(50), "PDF"), "png": (b"\x89PNG\r\n\x1a\n" + bytes(50), "PNG"),
        "jpg": (b"\xff\xd8\xff\xe0" + bytes(50), "JPEG"), "html": (b"\n<!DOCTYPE html>", "web page"),
        "wav": (b"RIFF\x10\0\0\0WAVEfmt ", "begins as a WAV file"), "zero": (b"", "empty"),
    }
    for name, (data, pattern) in files.items():
        path = write(p, f"it.{name}", data)
        with without_ffmpeg(p):  # which makes sound of some of them
            refused(p, f"A17: {name}", ["encode", path, *into], rf"it.{name}: .*{pattern}")
        os.remove(path)

    numbers = array.array("f", [0.5] * 640)
    safetensors.save(p.file("H_spk.safetensors"), {"H_spk": safetensors.Array("F32", [1, 8, 80], numbers)})
    refused(p, "L04", ["encode", "H_spk.safetensors", *into],
            "no tensor 'latent' in it but 'H_spk' F32 1x8x80: .*1 x frames x 80")
    safetensors.save(p.file("H_spk.safetensors"),
                     {f"x{i}": safetensors.Array("F32", [2], numbers[:2]) for i in range(5)})
    refused(p, "L04: several", ["encode", "H_spk.safetensors", *into], "'x0' F32 2, 'x1' F32 2, 'x2' F32 2 and 2 more")


# ---- outputs ----

def check_outputs(p):
    say = ["say", "Hello.", "-m", p.model("tiny"), "--sequence-length", "4", "-s", "1", "--no-trim", "-q"]
    for end in ("m4a", "wma", "webm", "aiff", "M4A"):
        for name, args in (("say", say), ("decode", ["decode", "voice.safetensors", "-m", p.model("tiny")])):
            refused(p, f"L01: {name} -o x.{end}", [*args, "-o", f"x.{end}"],
                    rf"x.{end}: this format is not written: name it x.mp3 .*`ffmpeg -i x.wav x.{end}`", USAGE)
    refused(p, "L01: latents as sound", [*say, "-o", "x.safetensors"], "WAV.*--latent-out", USAGE)
    refused(p, "L01: --latent-out x.wav", [*say, "--latent-out", "d.v/x.wav"], "name it d.v/x.safetensors", USAGE)
    clip = report(p, "ok-plain.wav")
    for end in ("wav", "WAV", "mp3", "pt", "npy"):
        refused(p, f"L01: encode -o v.{end}", ["encode", clip, "-m", p.model("tiny"), "-o", f"v.{end}"],
                "name it v.safetensors", USAGE)
    for name in ("x", "x.wav", "x.WAV", "x.v2", "x.mp3/y", ".mp3x"):
        os.makedirs(p.file("x.mp3"), exist_ok=True)
        done = p.run(*say, "-o", name)
        p.check(f"L01: -o {name}", done.returncode == 0 and read(p.file(name))[:4] == b"RIFF", text(done.stderr))

    if os.path.exists("/dev/full"):
        done = subprocess.run(["bash", "-c", '"$@" -o - > /dev/full', "x", *p.command(say)], capture_output=True,
                              cwd=p.folder, env=p.env, timeout=60)
        p.check("L05: full disk", done.returncode == FAILED and
                is_one_line(done.stderr, "^echotts: standard output: .*No space"), text(done.stderr))
    done = subprocess.run(["bash", "-c", '"$@" -o - | true; exit ${PIPESTATUS[0]}', "x", *p.command([*say, "--sequence-length", "60"])],
                          capture_output=True, cwd=p.folder, env=p.env, timeout=60)
    p.check("L05: broken pipe", done.returncode in (0, FAILED) and (done.returncode == 0 or is_one_line(
        done.stderr, "^echotts: standard output: .*pipe")), text(done.stderr))
    check_links(p, say)


def check_links(p, say):
    os.makedirs(p.file("far/deep"))
    links = {"there.wav": "far/there.wav", "dangling.wav": "far/new.wav", "far/twice.wav": "../there.wav",
             "absolute.wav": p.file("far/absolute.wav"), "folder.wav": "far", "loop.wav": "pool.wav",
             "pool.wav": "loop.wav", "lost.wav": "no/where.wav"}
    write(p, "far/there.wav", b"before")
    for link, target in links.items():
        os.symlink(target, p.file(link))
    for link, target in (("there.wav", "far/there.wav"), ("dangling.wav", "far/new.wav"),
                         ("far/twice.wav", "far/there.wav"), ("absolute.wav", "far/absolute.wav")):
        done = p.run(*say, "-o", link)
        p.check(f"L06: {link}", done.returncode == 0 and os.path.islink(p.file(link)) and
                not os.path.islink(p.file(target)) and read(p.file(target))[:4] == b"RIFF", text(done.stderr))
        write(p, target, b"before")
    for link, pattern in (("folder.wav", "folder.wav: .*[Dd]irectory"), ("loop.wav", "loop.wav: .*symbolic links"),
                          ("lost.wav", "lost.wav: .*No such")):
        refused(p, f"L06: {link}", [*say, "-o", link], pattern)
    done = p.run("encode", report(p, "ok-plain.wav"), "-m", p.model("tiny"), "-q", "-o", "dangling.wav")
    p.check("L06: by its own name", done.returncode == USAGE)
    os.symlink("far/v.safetensors", p.file("v"))
    done = p.run("encode", report(p, "ok-plain.wav"), "-m", p.model("tiny"), "-q", "-o", "v")
    p.check("L06: latents", done.returncode == 0 and os.path.islink(p.file("v")) and
            len(read(p.file("far/v.safetensors"))) > 1000, text(done.stderr))
    p.check("L06: nothing beside", not [n for d, _, names in os.walk(p.folder) for n in names if ".part" in n])


def check(p):
    check_headers(p)
    check_mpeg(p)
    check_pipes(p)
    check_voices(p)
    check_silence(p)
    check_lengths(p)
    check_media(p)
    check_names(p)
    check_outputs(p)
