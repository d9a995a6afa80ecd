#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""windows.py PROGRAM MODEL - short text costs short time, and sound comes before the end.

Four texts in the windows that "auto" begins with for them, beside the largest window, in turns; then the time to the
first sound with first blocks of several sizes.  The model may be of random numbers (echotts synth): its speech never
ends, so windows are given by hand, and untrimmed.  Prints the tables of docs/SPEED.md.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile

os.environ["ECHOTTS_CONFIG"] = "none"    # no settings of the user are measured

TEXTS = (
    "How late is it, Sam?",
    "The quick brown fox jumps over the lazy dog near the riverbank.",
    "On a clear morning in early spring, the old ferry left the harbour with a dozen passengers on board. Nobody spoke "
    "much, because everyone was watching the sun climb slowly over the quiet hills across the bay.",
    "When the library opened its doors for the first time, half the town came to see it. Children ran between the "
    "shelves, and their parents sat down in the tall chairs by the windows and began to read. In the afternoon the mayor "
    "gave a speech, which was short, and a band played on the stairs, which was not. By the evening every single book "
    "about gardens, ships and distant countries had been borrowed. The librarian looked at the empty shelves, smiled and "
    "wrote a long letter to the publishers. She asked them to send more of everything, and soon.",
)
RUNS, LARGEST = 3, 640
BLOCKS = ("16,48,96", "32,128", "64,96", "160")


class Program:
    def __init__(self, path, model, steps):
        self.path, self.model, self.steps = path, model, steps

    def say(self, text, *options, steps=None):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [self.path, "say", text, "-m", self.model, "--num-steps", str(steps or self.steps), "--rng-seed", "1", "--json",
                 "-q", "--clean", "off", "-o", os.path.join(folder, "x.wav"), *options],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode:
            sys.exit(done.stderr.decode())
        return json.loads(done.stdout)


def window_of(program, text):
    """That of the first try, which one step tells too; latents are wanted of one pass only."""
    with tempfile.TemporaryDirectory() as folder:
        return program.say(text, "--latent-out", os.path.join(folder, "x.safetensors"), steps=1)["window"]


def windows(program):
    print("| letters | bytes | first window | sampling, s | decoding, s | of 640 frames: sampling | decoding |")
    print("|---|---|---|---|---|---|---|")
    for text in TEXTS:
        frames = window_of(program, text)
        pairs = []
        for _ in range(RUNS if frames < LARGEST else 1):
            pairs.append([program.say(text, "--no-trim", "--sequence-length", str(n)) for n in (frames, LARGEST)])
        short, full = ([p[i] for p in pairs] for i in (0, 1))
        shares = [statistics.median(a[key] / b[key] for a, b in pairs) for key in ("sample_s", "decode_s")]
        times = [statistics.median(a[key] for a in short) for key in ("sample_s", "decode_s")]
        whole = [statistics.median(b[key] for b in full) for key in ("sample_s", "decode_s")]
        print(f"| {len(text)} | {short[0]['text_tokens'] - 1} | {frames} | {times[0]:.2f} of {whole[0]:.1f} | "
              f"{times[1]:.2f} of {whole[1]:.1f} | {shares[0]:.3f} | {shares[1]:.3f} |", flush=True)


def streams(program):
    print("\n| blocks | first sound after, s | all, s | first sound, of one pass | all, of one pass |")
    print("|---|---|---|---|---|")
    rounds = [{blocks: program.say(TEXTS[1], "--block-sizes", blocks, "--stream") for blocks in BLOCKS}
              for _ in range(RUNS)]
    for blocks in BLOCKS:
        first = statistics.median(r[blocks]["first_audio_s"] for r in rounds)
        work = statistics.median(work_s(r[blocks]) for r in rounds)
        shares = [statistics.median(key(r[blocks]) / key(r["160"]) for r in rounds) for key in (first_s, work_s)]
        print(f"| {blocks} | {first:.2f} | {work:.2f} | {shares[0]:.2f} | {shares[1]:.2f} |", flush=True)


def first_s(told):
    return told["first_audio_s"]


def work_s(told):
    return told["text_s"] + told["sample_s"] + told["decode_s"] - told["overlap_s"]


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    steps = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    program = Program(sys.argv[1], sys.argv[2], steps)
    windows(program)
    streams(Program(sys.argv[1], sys.argv[2], 2 * steps))


main()
