#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A model of full size, with random weights: that it loads, runs and stays within its memory.

Usage: base.py PROGRAM [FOLDER]

Makes 7.5 GB in FOLDER (default: a temporary one, removed in the end) and takes some minutes, so it is
no part of `make check`: `make check-base`.
"""
import array
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import wave

os.environ["ECHOTTS_CONFIG"] = "none"    # no settings of the user are tested

WEIGHTS = 2.80e9 + 0.39e9       # numbers in the files
CODEC_BYTES = 1.87e9            # of the codec's file

passed = failed = 0


def check(name, good, what=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(f"{'ok  ' if good else 'FAIL'} {name}  {what}", flush=True)


def run(program, *args):
    done = subprocess.run([program, *map(str, args)], capture_output=True, text=True, check=False)
    if done.returncode:
        check(" ".join(map(str, args[:2])), False, done.stderr.strip())
        return {}
    return json.loads(done.stdout) if done.stdout.startswith("{") else {"text": done.stdout}


def noise(path, seconds):
    rng = random.Random(1)
    block = array.array("h", (rng.randrange(-3000, 3000) for _ in range(44100)))
    with wave.open(path, "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(44100)
        for _ in range(seconds):
            f.writeframes(block.tobytes())


def main(program, folder):
    model = os.path.join(folder, "base")
    work = lambda name: os.path.join(folder, name)
    if not os.path.exists(os.path.join(model, "pca.safetensors")):
        run(program, "synth", "--size", "base", "-o", model)
    info = run(program, "info", "-m", model, "--json").get("model") or {}
    check("info", info.get("echo_parameters", 0) > 2.79e9 and info.get("layers") == 24, info.get("load_s"))

    text = "The quick brown fox jumps over the lazy dog near the riverbank."
    said = run(program, "say", text, "-m", model, "--num-steps", 5, "--sequence-length", 128, "--no-trim", "--rng-seed", 1,
               "--latent-out", work("l.safetensors"), "-o", work("s.wav"), "--json")
    times = "  ".join(f"{k} {said.get(k, 0):.2f}" for k in ("load_s", "text_s", "sample_s", "decode_s", "total_s"))
    check("63 letters, 5 steps, 128 frames", said.get("samples") == 128 * 2048 and said.get("evaluations") == 8, times)
    limit = 4 * WEIGHTS + 1.5e9
    check("its memory", 0 < said.get("peak_bytes", 0) < limit, f"{said.get('peak_bytes', 0) / 1e9:.2f} GB of {limit / 1e9:.1f}")

    noise(work("ten.wav"), 10)
    noise(work("five.wav"), 300)
    short = run(program, "encode", work("ten.wav"), "-m", model, "-o", work("v.safetensors"), "--json")
    long = run(program, "encode", work("five.wav"), "-m", model, "-o", work("v.safetensors"), "--json")
    check("10 s and 5 minutes of voice", short.get("frames") == 212 and long.get("frames") == 6400,
          f"{short.get('total_s', 0):.1f} s, {long.get('total_s', 0):.1f} s")
    check("memory of 5 minutes", 0 < long.get("peak_bytes", 0) < CODEC_BYTES + 1e9, f"{long.get('peak_bytes', 0) / 1e9:.2f} GB")
    check("memory does not grow", long.get("peak_bytes", 0) < short.get("peak_bytes", 0) + 150e6,
          f"{(long.get('peak_bytes', 0) - short.get('peak_bytes', 0)) / 1e6:.0f} MB, of which 106 are the clip and its copy")
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    place = sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp(prefix="echotts-base-")
    try:
        code = main(os.path.abspath(sys.argv[1]), place)
    finally:
        if len(sys.argv) < 3:
            shutil.rmtree(place)
    sys.exit(code)
