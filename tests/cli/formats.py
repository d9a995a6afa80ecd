# SPDX-License-Identifier: MIT
"""What `say` writes into each format: tags, loudness, speed and rate."""
import json
import os
import re
import shutil
import struct
import subprocess

import wav
from harness import read, text
from long import refused, small, speaking

WORDS = "The rain began at 7 PM. Nobody could see the harbour."
SPOKEN = "The rain began at seven P M. Nobody could see the harbour."


def ours(p, out, *args):
    return speaking(p, WORDS, "-v", "joe", "--rng-seed", 4, "-q", "-o", out, *args)


def tags_of(path):
    """As ffprobe sees them, with names in lower case; those of Ogg belong to the stream."""
    done = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "format_tags:stream_tags", "-of", "json", path],
                          capture_output=True, check=False)
    told = json.loads(done.stdout or "{}")
    found = dict(told.get("format", {}).get("tags", {}))
    for stream in told.get("streams", []):
        found.update(stream.get("tags", {}))
    return {name.lower().partition("-")[0]: value for name, value in found.items()}


def check_tags(p, license):
    for end in ("flac", "mp3", "ogg", "opus"):
        if not p.good(f"tags: {end}", *ours(p, f"t.{end}")):
            continue
        if not shutil.which("ffprobe"):
            continue
        tags = tags_of(p.file(f"t.{end}"))
        everything = " ".join(tags.values())
        p.check(f"tags: {end}: title", tags.get("title") == "The rain began at seven P M", tags)
        p.check(f"tags: {end}: artist", tags.get("artist") == "joe", tags)
        p.check(f"tags: {end}: synthetic", "Synthetic speech. Model: small. Settings: " in everything and
                "num_steps 2, " in everything and "cfg_min_t 0.3, " in everything, tags)
        p.check(f"tags: {end}: no folder of this machine", "/small" not in everything, tags)
        p.check(f"tags: {end}: the words", SPOKEN in everything, tags)
        # MP3 has the name of its encoder, too, which ffprobe prefers.
        p.check(f"tags: {end}: software", "echotts " in everything or b"echotts " in read(p.file(f"t.{end}"))[:2000], tags)
        p.check(f"tags: {end}: license", license in [tags.get("license"), tags.get("copyright")], tags)
        p.check(f"tags: {end}: genre", tags.get("genre") == "Speech", tags)
    if not shutil.which("ffprobe"):
        return
    for name, out, args, wanted in (
            ("none", "none.flac", ["--no-tags"], {}), ("none of WAV", "none.wav", ["--no-tags"], {}),
            ("a title", "title.flac", ["--title", "Rain = \"weather\" é"], {"title": "Rain = \"weather\" é"}),
            ("a title of MP3", "title.mp3", ["--title", "雨 é"], {"title": "雨 é"}),
            ("a title of WAV", "title.wav", ["--title", "Rain"], {"title": "Rain", "artist": "joe"}),
            ("WAV with tags", "some.wav", [], {"title": "The rain began at seven P M", "artist": "joe"})):
        if p.good(f"tags: {name}", *ours(p, out, *args)):
            tags = {k: v for k, v in tags_of(p.file(out)).items() if k != "encoder"}
            p.check(f"tags: {name}", wanted.items() <= tags.items() and bool(tags) == bool(wanted), tags)
    p.check("WAV with tags: the samples", wav_data(read(p.file("some.wav"))) == wav_data(read(p.file("none.wav"))))
    p.check("WAV without: as ever", len(read(p.file("none.wav"))) == 44 + len(wav_data(read(p.file("none.wav")))))
    refused(p, "a title without tags", "--title is one of the tags that --no-tags leaves out",
            *ours(p, "x.flac", "--title", "Rain", "--no-tags"))
    if p.good("tags: no voice", *speaking(p, "Hello there.", "--rng-seed", 4, "-o", "nobody.flac")):
        p.check("tags: no voice, no artist", "artist" not in tags_of(p.file("nobody.flac")))
    done = p.good("tags on standard output", *ours(p, "-", "--format", "flac"))
    if done:
        with open(p.file("out.flac"), "wb") as f:
            f.write(done.stdout)
        p.check("tags on standard output", tags_of(p.file("out.flac")).get("artist") == "joe")


def wav_data(data):
    at = data.index(b"data")
    size = struct.unpack("<I", data[at + 4:at + 8])[0]
    return data[at + 8:at + 8 + size]


def check_sound(p):
    if p.good("--rate", *ours(p, "slow.wav", "--rate", 24000)):
        rate, channels, samples = wav.load(p.file("slow.wav"))
        want = len(wav.load(p.file("none.wav"))[2])
        p.check("--rate 24000", (rate, channels) == (24000, 1) and abs(len(samples) - want * 24000 / 44100) <= 1, (rate, len(samples)))
    if p.good("--rate of Opus", *ours(p, "slow.opus", "--rate", 24000)) and shutil.which("ffprobe"):
        done = subprocess.run(["ffmpeg", "-v", "error", "-i", p.file("slow.opus"), "-f", "s16le", "-ar", "24000", "-"],
                              capture_output=True, check=False)
        p.check("--rate of Opus: its length", abs(len(done.stdout) / 2 / len(samples) - 1) < 0.02, (len(done.stdout), len(samples)))
    if not p.good("--loudness", *ours(p, "loud.wav", "--loudness", -16)) or not shutil.which("ffmpeg"):
        return
    told = text(subprocess.run(["ffmpeg", "-nostats", "-hide_banner", "-i", p.file("loud.wav"), "-af", "ebur128=peak=true",
                                "-f", "null", "-"], capture_output=True, check=False).stderr)
    loud = float(re.findall(r"I: +(-?[0-9.]+) LUFS", told)[-1])
    peak = float(re.findall(r"Peak: +(-?[0-9.]+) dBFS", told)[-1])
    p.check("--loudness -16", abs(loud + 16) <= 0.5 and peak <= -0.95, (loud, peak))


def check(p):
    with open(os.path.join(small(p), "echotts.json"), encoding="utf-8") as f:
        license = json.load(f)["license"]
    check_tags(p, license)
    check_sound(p)
