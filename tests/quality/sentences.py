#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The fixed set of sentences, and the grammars they are heard with: files made by train/grammar.py.

Run as a program it writes them anew.
"""
import csv
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TRAIN = os.path.join(HERE, "..", "..", "train")
VOICES = "rms awb kal16 slt ked".split()
COUNT = 100
SEED = 1000         # of the first; they count up

sys.dont_write_bytecode = True
sys.path.append(TRAIN)
import grammar      # noqa: E402


def table():
    """What is to be heard, what is written for it, by whom it is said, and the seed."""
    lines = ["sentence\ttext\tvoice\tseed"]
    for i, sentence in enumerate(grammar.held_out("test", COUNT)):
        lines.append(f"{sentence}\t{grammar.written(sentence)}.\t{VOICES[i % len(VOICES)]}\t{SEED + i}")
    return "\n".join(lines) + "\n"


FILES = {"sentences.tsv": table, "grammar.jsgf": grammar.jsgf, "words.jsgf": grammar.loop}


def stale(name):
    """Whether a file is not what it would be if it were written now."""
    with open(os.path.join(HERE, name), encoding="ascii") as f:
        return f.read() != FILES[name]()


def read():
    with open(os.path.join(HERE, "sentences.tsv"), encoding="ascii", newline="") as f:
        return list(csv.DictReader(f, delimiter="\t"))


def main():
    for name, make in FILES.items():
        with open(os.path.join(HERE, name), "w", encoding="ascii") as f:
            f.write(make())


if __name__ == "__main__":
    main()
