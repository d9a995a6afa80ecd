# SPDX-License-Identifier: MIT
"""Sound in every format: what decode writes, as other programs read it."""
import array
import json
import math
import os
import re
import shutil
import subprocess

import safetensors
import wav
from harness import is_one_line, read, text

USAGE = 2
FRAMES = 40
SAMPLES = FRAMES * 2048

# Ending, name for ffprobe, rate, and by how many samples at 44.1 kHz its length may be off.
FORMATS = {"wav": ("pcm_s16le", 44100, 0), "flac": ("flac", 44100, 0), "mp3": ("mp3", 44100, 0),
           "ogg": ("vorbis", 44100, 0), "opus": ("opus", 48000, 400), "aac": ("aac", 44100, 2100)}


def have(program):
    return shutil.which(program) is not None


def samples_of(path):
    """As ffmpeg decodes it, to 44.1 kHz."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-ar", "44100", "-ac", "1", "-f", "f32le", "-"],
                          capture_output=True, check=False)
    return array.array("f", done.stdout), text(done.stderr)


def probe(path):
    done = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=codec_name,sample_rate,channels",
                           "-of", "json", path], capture_output=True, check=False)
    streams = json.loads(done.stdout or "{}").get("streams") or [{}]
    return streams[0].get("codec_name"), int(streams[0].get("sample_rate", 0)), streams[0].get("channels")


def level(samples):
    """Without the constant that a random model's sound has: Opus drops it, as MP3 does the highest tones."""
    mean = sum(samples) / max(len(samples), 1)
    return math.sqrt(sum((s - mean) ** 2 for s in samples) / max(len(samples), 1))


def check_format(p, decode, end, plain):
    """A file, and the same on standard output."""
    name, rate, slack = FORMATS[end]
    path = p.file(f"x.{end}")
    if not p.good(f"decode -o x.{end}", *decode, "-o", path):
        return
    done = p.good(f"decode -o - --format {end}", *decode, "-o", "-", "--format", end)
    if end in ("wav", "flac", "mp3"):  # Ogg has a random number in each page
        p.check(f"{end}: standard output is the file", done and done.stdout == read(path))
    if not have("ffmpeg"):
        return
    p.check(f"{end}: as ffprobe sees it", probe(path) == (name, rate, 1), probe(path))
    got, complaint = samples_of(path)
    p.check(f"{end}: ffmpeg reads it", not complaint, complaint)
    p.check(f"{end}: length", abs(len(got) - SAMPLES) <= slack, len(got))
    p.check(f"{end}: level", abs(level(got) / level(plain) - 1) < 0.25, level(got) / level(plain))
    if end in ("wav", "flac"):
        p.check(f"{end}: every sample", max(abs(a - b) for a, b in zip(got, plain)) == 0)
    if have("sox") and end in ("wav", "flac", "ogg"):
        told = subprocess.run(["soxi", "-s", path], capture_output=True, check=False)
        p.check(f"{end}: sox", text(told.stdout) == str(SAMPLES), text(told.stderr))


def check_options(p, decode, plain):
    raw = p.good("decode --format pcm", *decode, "-o", "-", "--format", "pcm")
    p.check("pcm: samples alone", raw and raw.stdout == read(p.file("x.wav"))[44:])
    if p.good("--float", *decode, "-o", "f.wav", "--float"):
        _, _, floats = wav.load(p.file("f.wav"))
        p.check("--float: 16 bits are its rounding", all(abs(a - b) <= 0.5 / 32768 or abs(a) > 0.9999
                                                         for a, b in zip(floats, plain)))
    if p.good("--rate", *decode, "-o", "r.wav", "--rate", 16000):
        rate, _, samples = wav.load(p.file("r.wav"))
        p.check("--rate", (rate, len(samples)) == (16000, round(SAMPLES * 16000 / 44100)), (rate, len(samples)))
    if p.good("--speed", *decode, "-o", "s.wav", "--speed", 1.25):
        _, _, samples = wav.load(p.file("s.wav"))
        p.check("--speed", abs(len(samples) * 1.25 / SAMPLES - 1) < 0.01, len(samples))
    for args in (["--bitrate", 32], ["--quality", 0.1]):
        if p.good(f"mp3 {args[0]}", *decode, "-o", "small.mp3", *args):
            p.check(f"mp3 {args[0]}", len(read(p.file("small.mp3"))) < len(read(p.file("x.mp3"))))
    if not p.good("--loudness", *decode, "-o", "l.wav", "--loudness", -20, "--true-peak", -3) or not have("ffmpeg"):
        return
    told = text(subprocess.run(["ffmpeg", "-nostats", "-hide_banner", "-i", p.file("l.wav"), "-af", "ebur128=peak=true",
                                "-f", "null", "-"], capture_output=True, check=False).stderr)
    loud = float(re.findall(r"I: +(-?[0-9.]+) LUFS", told)[-1])
    peak = float(re.findall(r"Peak: +(-?[0-9.]+) dBFS", told)[-1])
    p.check("--loudness", abs(loud + 20) <= 0.5 and peak <= -2.95, (loud, peak))


REFUSED = {
    "an unknown format": (["-o", "y", "--format", "m4a"], "wav, pcm, flac, mp3, ogg, opus"),
    "a format that the name contradicts": (["-o", "y.wav", "--format", "mp3"], "says WAV"),
    "a name that cannot be": (["-o", "y.m4a"], "y.m4a: this format is not written: name it y.mp3 .*ffmpeg -i y.wav y.m4a"),
    "a rate of Opus": (["-o", "y.opus", "--rate", 44100], "48000"),
    "a rate": (["-o", "y.wav", "--rate", 7000], "from 8000 to 48000"),
    "a bitrate of WAV": (["-o", "y.wav", "--bitrate", 64], "WAV has no bitrate"),
    "a bitrate": (["-o", "y.mp3", "--bitrate", 12], "32 to 320"),
    "both": (["-o", "y.mp3", "--bitrate", 64, "--quality", 1], "one of them"),
    "floats": (["-o", "y.mp3", "--float"], "float"),
    "a loudness": (["-o", "y.wav", "--loudness", -3], "from -40 to -5"),
    "a peak alone": (["-o", "y.wav", "--true-peak", -3], "loudness"),
    "a speed": (["-o", "y.wav", "--speed", 5], "from 0.25 to 4"),
}


def check_refusals(p, decode):
    for name, (args, pattern) in REFUSED.items():
        done = p.run(*decode, *args)
        p.check(f"{name}: refused", done.returncode == USAGE and is_one_line(done.stderr, pattern), text(done.stderr))
    p.check("refused: nothing written", not [n for n in os.listdir(p.folder) if n == "y" or n.startswith("y.")])
    if os.path.exists("/dev/full"):
        for end in FORMATS:
            done = p.run(*decode, "-o", "/dev/full", "--format", end)
            p.check(f"{end}: a full disk", done.returncode == 1 and is_one_line(done.stderr, "/dev/full: .*No space"),
                    text(done.stderr))


def check(p):
    tiny = ["-m", p.model("tiny")]
    clip = os.path.join(p.model("tiny"), "voice.wav")
    if not p.good("latents to decode", "encode", clip, *tiny, "-o", "all.safetensors"):
        return
    latent = safetensors.load(p.file("all.safetensors"))["latent"]
    width = latent.shape[2]
    safetensors.save_latent(p.file("some.safetensors"), latent.data[:FRAMES * width], width)
    decode = ["decode", "some.safetensors", *tiny, "-q"]
    if not p.good("decode", *decode, "-o", "x.wav"):
        return
    _, _, plain = wav.load(p.file("x.wav"))
    for end in FORMATS:
        check_format(p, decode, end, plain)
    check_options(p, decode, plain)
    check_refusals(p, decode)
    for name in os.listdir(p.folder):  # others use some of the names
        if name[-4:] in (".wav", ".mp3", ".ogg", ".aac") or name[-5:] in (".flac", ".opus"):
            os.remove(p.file(name))
