# SPDX-License-Identifier: MIT
"""The fixed sets of sentences: ordinary English, written for this judge, in none of the training texts."""
import csv
import os

HERE = os.path.dirname(os.path.abspath(__file__))
VOICES = "joe deep bright".split()


def read(which):
    """Rows of a set, "check" or "full": what is said, in whose voice, and the seed."""
    with open(os.path.join(HERE, "sentences.tsv"), encoding="ascii", newline="") as f:
        return [row for row in csv.DictReader(f, delimiter="\t") if row["set"] == which]
