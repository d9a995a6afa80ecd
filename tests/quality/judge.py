#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The judge: does a trained model speak so that it is understood, does it stop in time, and in the right voice?

    judge.py check PROGRAM MODEL [--sentences N]        a few sentences: part of the tests
    judge.py full PROGRAM MODEL --work DIR [--out FILE] [--processes N] [--sentences N]

PROGRAM is echotts, MODEL the directory of the small voice with its clips.  The full run writes a page of tables, and
keeps what it makes in DIR, so that a run that was stopped goes on.
"""
import argparse
import os
import subprocess
import sys
import tempfile

import sentences
import ears
import errors
from engine import Engine, Trouble

DOZEN = 12
WORST = 10.0    # word errors in per cent that the dozen may have
ENDLESS = 1     # of them may fill the window


def tell(good, text):
    print(f"{'ok  ' if good else 'FAIL'} {text}", flush=True)
    return bool(good)


def one(engine, row, folder):
    """Whether a sentence was made, what was heard, and whether its end was found."""
    path = os.path.join(folder, row["seed"] + ".wav")
    try:
        told = engine.say(row, path)
    except Trouble as trouble:
        return tell(False, f"{row['voice']:5s} {row['seed']} {trouble}"), [], False
    heard = ears.hear(path)
    wrong = errors.distance(row["sentence"].split(), heard)
    tell(True, f"{row['voice']:5s} {row['seed']} {told['kept']} of {told['frames']} frames, {wrong} wrong in "
         f"\"{row['sentence']}\"" + (f": \"{' '.join(heard)}\"" if wrong else ""))
    return True, heard, told["kept"] < told["frames"]


def check(engine, rows):
    results = [tell(not sentences.stale(name), f"{name} is what train/grammar.py makes") for name in sentences.FILES]
    with tempfile.TemporaryDirectory(prefix="echotts-judge-") as folder:
        made, heard, ended = zip(*(one(engine, row, folder) for row in rows))
    results += made
    rate = errors.rate(errors.score([row["sentence"] for row in rows], heard))
    results.append(tell(rate <= WORST, f"word errors {rate:.1f} %, at most {WORST:.0f}"))
    endless = sum(there and not end for there, end in zip(made, ended))
    results.append(tell(endless <= ENDLESS, f"without an end {endless}, at most {ENDLESS}"))
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return not all(results)


def full(engine, rows, a):
    import study
    page = study.run(engine, a.work, a.processes, rows)
    print(page, end="")
    if a.out:
        with open(a.out, "w", encoding="utf-8") as f:
            f.write(page)


def missing(full_run):
    packages = ears.missing()
    if full_run:
        for package, module in (("python3-numpy", "numpy"), ("python3-scipy", "scipy")):
            try:
                __import__(module)
            except ImportError:
                packages.append(package)
        if "python3-numpy" not in packages and "python3-scipy" not in packages:
            import sources
            packages += sources.missing()
    return packages


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=("check", "full"))
    p.add_argument("program")
    p.add_argument("model")
    p.add_argument("--work", help="where the full run keeps what it makes")
    p.add_argument("--out", help="the page to write")
    p.add_argument("--processes", type=int, default=os.cpu_count(), help="at a time (default: one a core)")
    p.add_argument("--sentences", type=int, help=f"only the first of them (default: {DOZEN} or all)")
    a = p.parse_args()
    if a.what == "full" and not a.work:
        p.error("full: say where, by --work DIR")
    if (a.sentences is not None and a.sentences < 1) or a.processes < 1:
        p.error("a number below 1")
    return a


def run(a):
    """Whether it failed."""
    packages = missing(a.what == "full")
    if packages:
        raise Trouble(f"{sys.executable} does not find its tools: apt-get install {' '.join(packages)}, "
                      "and run it with /usr/bin/python3")
    rows = sentences.read()
    if a.what == "check":
        return check(Engine(a.program, a.model), rows[:a.sentences or DOZEN])
    return full(Engine(a.program, a.model, threads=1), rows[:a.sentences], a)


def main():
    try:
        sys.exit(run(arguments()))
    except (Trouble, OSError, subprocess.SubprocessError) as trouble:
        sys.exit(f"judge.py: {trouble}")
    except KeyboardInterrupt:
        sys.exit("judge.py: stopped; the same --work goes on from here")


if __name__ == "__main__":
    main()
