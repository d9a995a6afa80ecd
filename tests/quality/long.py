#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""long.py PROGRAM MODEL [LETTERS] - a long text through `say`: heard piece by piece, beside its sentences one by one.

Says whether words are lost at the cuts, whether joins click, whether pieces are equally loud, and whether memory grows
with the text.  Prints the table of docs/QUALITY.md; exits with 1 where something that is asked is missed.  Needs the
ears that tests/quality/install.sh installs.
"""
import json
import os
import random
import re
import subprocess
import sys
import tempfile

import numpy as np

from ears import whisper, words
from sentences import read as read_sentences

os.environ["ECHOTTS_CONFIG"] = "none"    # no settings of the user are judged

RATE = 44100
VOICE = "joe"


def say(program, model, text, path, *options):
    done = subprocess.run([program, "say", "-", "-m", model, "-v", VOICE, "--rng-seed", "1", "-o", path, "--float", "--json",
                           "-q", "--no-resume", *options], input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout), done.stderr


def book(sentences, letters):
    """Paragraphs of three to seven of the sentences, in an order of their own each time round."""
    draw, paragraphs, left = random.Random(1), [], []
    while sum(map(len, paragraphs)) < letters:
        if len(left) < 7:
            left = draw.sample(sentences, len(sentences))
        n = draw.randint(3, 7)
        paragraphs.append(" ".join(left[:n]))
        left = left[n:]
    return "\n\n".join(paragraphs)


def read(path):
    with open(path, "rb") as f:
        data = f.read()
    at = data.index(b"data") + 8
    return np.frombuffer(data[at:len(data) - (len(data) - at) % 4], "<f4").astype(np.float64)


def pieces_of(path):
    """Spans of sound without a gap between their subtitles, in seconds."""
    with open(path, encoding="utf-8") as f:
        times = re.findall(r"(\d+):(\d+):([\d,]+) --> (\d+):(\d+):([\d,]+)", f.read())
    seconds = [[int(t[i]) * 3600 + int(t[i + 1]) * 60 + float(t[i + 2].replace(",", ".")) for i in (0, 3)] for t in times]
    spans = []
    for begin, end in seconds:
        if spans and begin - spans[-1][1] < 0.05:
            spans[-1][1] = end
        else:
            spans.append([begin, end])
    return spans


def hear(sound):
    """What Whisper understands of samples at 44.1 kHz."""
    at = np.arange(0, len(sound) - 1, RATE / 16000)
    parts, _ = whisper().transcribe(np.interp(at, np.arange(len(sound)), sound).astype(np.float32), language="en",
                                    beam_size=5, temperature=0.0, condition_on_previous_text=False, without_timestamps=True)
    return " ".join(p.text.strip() for p in parts)


def errors(said, heard):
    a, b = words(said), words(heard)
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        before, row[0] = row[:], i + 1
        for j, y in enumerate(b):
            row[j + 1] = min(before[j + 1] + 1, row[j] + 1, before[j] + (x != y))
    return row[-1], len(a)


def clicks(sound, near, span=0.03):
    """Places with a jump within `span`: a sample where the wave bends far more than on both sides of it.  Consonants bend
    as much, but for longer."""
    bend, side, found = np.diff(sound, 2), 64, 0
    for place in near:
        first, last = max(side + 2, int((place - span) * RATE)), min(len(bend) - side - 3, int((place + span) * RATE))
        for i in first + np.flatnonzero(np.abs(bend[first:last]) > 0.02):
            around = max(np.sqrt(np.mean(bend[i - side - 2:i - 2] ** 2)), np.sqrt(np.mean(bend[i + 3:i + 3 + side] ** 2)))
            if abs(bend[i]) > 8 * (around + 0.002):
                found += 1
                break
    return found


def planted(sound, places):
    """The same sound with a step at each place, which dies away in 10 ms."""
    broken, step = sound.copy(), 0.1 * np.exp(-np.arange(2000) / 441)
    for place in places:
        at = min(int(place * RATE), len(sound) - len(step))
        broken[at:at + len(step)] += step
    return broken


def loudness(sound, spans):
    rms = [np.sqrt(np.mean(sound[int(b * RATE):int(e * RATE)] ** 2)) for b, e in spans if e - b > 1]
    return 20 * np.log10(np.array(rms) / np.median(rms))


def one_by_one(program, model, sentences, folder):
    wrong = total = 0
    path = os.path.join(folder, "one.wav")
    for s in sentences:
        say(program, model, s, path)
        e, n = errors(s, hear(read(path)))
        wrong, total = wrong + e, total + n
    return 100 * wrong / total


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    program, model = sys.argv[1:3]
    letters = int(sys.argv[3]) if len(sys.argv) > 3 else 20000
    sentences = [row["text"] for row in read_sentences("full")]
    missed = []

    def line(what, asked, measured, good):
        print(f"| {what} | {asked} | {measured} | {'yes' if good else '**no**'} |", flush=True)
        missed.extend([] if good else [what])

    print("| a text of %d letters | asked | measured | reached |\n|---|---|---|---|" % letters)
    with tempfile.TemporaryDirectory() as folder:
        path, subtitles = os.path.join(folder, "book.wav"), os.path.join(folder, "book.srt")
        short, _ = say(program, model, book(sentences, letters // 10), path)
        text = book(sentences, letters)
        told, warnings = say(program, model, text, path, "--subtitles", subtitles)
        sound, spans = read(path), pieces_of(subtitles)
        joins = [place for b, e in spans for place in (b, e)]
        line("pieces cut or silent in the end", 0, warnings.count("warning"), not warnings.count("warning"))
        grown = told["peak_bytes"] / short["peak_bytes"] - 1
        line("more memory than for a tenth of it, %", "<= 5", f"{100 * grown:+.1f}", grown <= 0.05)
        line("clicks at joins", 0, f"{clicks(sound, joins)} of {len(joins)}", not clicks(sound, joins))
        line("... planted ones that are found, %", ">= 95", f"{100 * clicks(planted(sound, joins), joins) / len(joins):.0f}",
             clicks(planted(sound, joins), joins) >= 0.95 * len(joins))
        off = loudness(sound, spans)
        line("levels of pieces: 95 % within, dB", "<= 3", f"{np.percentile(np.abs(off), 95):.1f}",
             np.percentile(np.abs(off), 95) <= 3)
        heard = [hear(sound[int(max(0, b - 0.1) * RATE):int((e + 0.2) * RATE)]) for b, e in spans]
        e, n = errors(text, " ".join(heard))
        alone = one_by_one(program, model, sentences, folder)
        line("word errors, points above the sentences one by one", "<= 2", f"{100 * e / n - alone:+.1f} ({100 * e / n:.1f} and "
             f"{alone:.1f} %)", 100 * e / n - alone <= 2)
        print(f"\n{told['pieces']} pieces, {told['retakes']} made again, {told['retries']} went on behind their first window; "
              f"{told['audio_s']:.0f} s of sound in {told['total_s']:.0f} s.")
    sys.exit(bool(missed))


main()
