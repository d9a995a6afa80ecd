# SPDX-License-Identifier: MIT
"""Sentences of any words: the examples in WordNet's glosses (Debian: wordnet-base)."""
import random
import re

WORDNET = "/usr/share/wordnet/data."
SHORTEST, LONGEST = 3, 9        # words
LETTERS = 48
HELD_OUT = 100


def examples():
    found = set()
    for part in ("noun", "verb", "adj", "adv"):
        with open(WORDNET + part, encoding="latin-1") as f:
            for line in f:
                for quoted in re.findall(r'"([^"]+)"', line.partition("|")[2]):
                    text = quoted.strip().lower()
                    if (re.fullmatch(r"[a-z' ]+", text) and len(text) <= LETTERS
                            and SHORTEST <= len(text.split()) <= LONGEST):
                        found.add(text)
    return sorted(found)


def shuffled():
    out = examples()
    random.Random(5).shuffle(out)
    return out


def held_out():
    """Whole sentences of at least five words that training never sees, though it may see their words."""
    return [t for t in shuffled()[:4 * HELD_OUT] if len(t.split()) > 4][:HELD_OUT]


def training(count):
    return shuffled()[4 * HELD_OUT:][:count]
