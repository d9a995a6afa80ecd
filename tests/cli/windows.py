# SPDX-License-Identifier: MIT
"""--sequence-length auto: short windows for short texts, and on, or once more, where they were too short."""
import json
import os
import shutil

import models
from harness import read

SHORT, LONG = "Hello there.", "The weather in the old town was wet, and nobody minded very much."


def with_settings(p, name, **settings):
    """The small voice, with other settings in its card."""
    folder = p.file(name)
    shutil.copytree(os.path.join(p.data, os.pardir, os.pardir, "models", "small"), folder)
    path = os.path.join(folder, "echotts.json")
    with open(path, encoding="utf-8") as f:
        own = json.load(f)
    own.update(settings)
    with open(path, "w", encoding="utf-8") as f:
        json.dump(own, f)
    return folder, own


def speak(p, name, text, folder, *options):
    out = p.file("window.wav")
    done = p.good(name, "say", text, "-m", folder, "-v", "joe", "--rng-seed", 3, "--precision", "f32", "--codec-precision", "bf16",
                  "--num-steps", 8, "-o", out, "--json", "--no-tags", *options)
    return (json.loads(done.stdout), read(out)) if done else ({}, b"")


def check_card(p):
    """The window that the card gives is enough, and is not more than the text wants."""
    folder, own = with_settings(p, "fitting")
    short, sound = speak(p, "a short text", SHORT, folder)
    long, _ = speak(p, "a longer text", LONG, folder)
    for report in (short, long):
        p.check("ends in its first window", report.get("ended") is True and report.get("retries") == 0, report)
    p.check("windows fit", 0 < short.get("frames", 0) < long.get("frames", 0) < own["max_sequence_length"], (short, long))
    for spelling in ("0", "auto"):
        again = speak(p, f"--sequence-length {spelling}", SHORT, folder, "--sequence-length", spelling)
        p.check(f"{spelling} is the card's window", again[1] == sound)
    whole, _ = speak(p, "untrimmed", SHORT, folder, "--no-trim")
    p.check("untrimmed: all there is", whole.get("frames") == own["max_sequence_length"], whole)


def drop_blocks(folder):
    """As many fine-tuned models are: without the tensors for going on behind a prefix."""
    path = os.path.join(folder, "echo.safetensors")
    header, body = models.split(path)
    kept, data = {}, b""
    for name, about in header.items():
        if name != "__metadata__" and not any(part in name for part in models.BLOCKWISE):
            first, last = about["data_offsets"]
            kept[name] = dict(about, data_offsets=[len(data), len(data) + last - first])
            data += body[first:last]
    os.remove(path)
    models.join(path, kept, data)


def check_retry(p):
    """A window that was too short costs time, never words: the model goes on behind it, or begins anew in its largest."""
    folder, own = with_settings(p, "tight", frames_per_byte=0.3, frames_margin=2)
    report, sound = speak(p, "too short a window", LONG, folder)
    p.check("goes on", report.get("retries", 0) >= 1 and report.get("ended") is True and
            report["window"] < report["kept"] <= report["frames"] < own["max_sequence_length"], report)
    p.check("goes on: one sound", report.get("pieces") == 1 and report["blocks"] == 1 + report["retries"] and
            len(sound) == 44 + 2 * report["samples"], report)
    whole, _ = speak(p, "a window that is enough", LONG, folder, "--sequence-length", 120)
    p.check("goes on: as long as in one window", whole and 0.75 < report["kept"] / whole["kept"] < 1.33, (report, whole))

    drop_blocks(folder)
    report, sound = speak(p, "too short a window, no blocks", LONG, folder)
    p.check("once more", report.get("retries") == 1 and report.get("frames") == own["max_sequence_length"] and
            report.get("ended") is True, report)
    _, full = speak(p, "the largest window", LONG, folder, "--sequence-length", own["max_sequence_length"])
    p.check("as if it was the first", len(full) > 44 and sound == full)
    refused = p.run("info", "-m", with_settings(p, "wrong", frames_per_byte="many")[0])
    p.check("a wrong card", refused.returncode == 1 and b"frames_per_byte is not a number" in refused.stderr, refused.stderr)


def check(p):
    check_card(p)
    check_retry(p)
