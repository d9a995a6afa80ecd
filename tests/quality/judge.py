#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The judge: does a trained model speak so that it is understood, does it stop in time, and in the right voice?

    judge.py check PROGRAM MODEL [--sentences N]        a few sentences: part of the tests
    judge.py full PROGRAM MODEL --work DIR --out FILE [--processes N] [--sentences N]

PROGRAM is echotts, MODEL the directory of the small voice with its clips.  install.sh makes the environment to run
this in.  The full run writes a page of tables and pictures, and keeps what it makes in DIR, so that a run that was
stopped goes on.
"""
import argparse
import os
import subprocess
import sys
import tempfile

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")      # numpy's matrices here are small, the processes many
try:
    import faster_whisper   # noqa: F401
    import ears
    import errors
    import sentences
    import sound
    from engine import Engine, Trouble
except ImportError as trouble:
    sys.exit(f"judge.py: {trouble}: tests/quality/install.sh VENV, and run this by VENV/bin/python")

WORST = 12.0    # word errors in per cent that the dozen may have
ENDLESS = 1     # of them may fill the window
HIGH = -50.0    # dB of the whole that may be above sound.HIGH
IMAGE = 13.0    # dB below the whole: a mirror image that was there once and that no recogniser heard


def tell(good, text):
    print(f"{'ok  ' if good else 'FAIL'} {text}", flush=True)
    return bool(good)


def one(engine, row, path):
    """Whether a sentence was made, how many words are wrong, and whether its end was found."""
    said = ears.words(row["text"])
    try:
        told = engine.say(row, path)
    except Trouble as trouble:
        return tell(False, f"{row['voice']:6s} {row['seed']} {trouble}"), (len(said), len(said)), False
    heard = ears.hear(path)
    wrong = errors.distance(said, ears.words(heard))
    tell(True, f"{row['voice']:6s} {row['seed']} {told['kept']} of {told['frames']} frames, {wrong} wrong in "
         f"\"{row['text']}\"" + (f": \"{heard}\"" if wrong else ""))
    return True, (wrong, len(said)), told["kept"] < told["frames"]


def check(engine, rows):
    with tempfile.TemporaryDirectory(prefix="echotts-judge-") as folder:
        paths = [os.path.join(folder, row["seed"] + ".wav") for row in rows]
        made, scores, ended = zip(*(one(engine, row, path) for row, path in zip(rows, paths)))
        samples = [sound.read(path) for there, path in zip(made, paths) if there]
    results, rate = list(made), errors.rate(scores)
    results.append(tell(rate <= WORST, f"word errors {rate:.1f} %, at most {WORST:.0f}"))
    endless = sum(there and not end for there, end in zip(made, ended))
    results.append(tell(endless <= ENDLESS, f"without an end {endless}, at most {ENDLESS}"))
    if samples:
        high = sound.high([sound.energies(x) for x in samples])
        image = sound.high([sound.energies(sound.mirrored(x, IMAGE)) for x in samples])
        results.append(tell(high <= HIGH, f"above {sound.HIGH:.0f} Hz {high:.1f} dB of the whole, at most {HIGH:.0f}"))
        results.append(tell(image > HIGH, f"a mirror image {IMAGE:.0f} dB below the whole is seen: {image:.1f} dB"))
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return not all(results)


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=("check", "full"))
    p.add_argument("program")
    p.add_argument("model")
    p.add_argument("--work", help="where the full run keeps what it makes")
    p.add_argument("--out", help="the page to write")
    p.add_argument("--processes", type=int, default=os.cpu_count(), help="at a time (default: one a core)")
    p.add_argument("--sentences", type=int, help="only the first of them")
    a = p.parse_args()
    if a.what == "full" and not (a.work and a.out):
        p.error("full: say where, by --work DIR and --out FILE")
    if (a.sentences is not None and a.sentences < 1) or a.processes < 1:
        p.error("a number below 1")
    return a


def run(a):
    """Whether it failed."""
    rows = sentences.read(a.what)[:a.sentences]
    if a.what == "check":
        return check(Engine(a.program, a.model), rows)
    import study
    study.run(Engine(a.program, a.model, threads=1), a.work, a.processes, rows, a.out)
    return False


def main():
    try:
        sys.exit(run(arguments()))
    except (Trouble, OSError, subprocess.SubprocessError) as trouble:
        sys.exit(f"judge.py: {trouble}")
    except KeyboardInterrupt:
        sys.exit("judge.py: stopped; the same --work goes on from here")


if __name__ == "__main__":
    main()
