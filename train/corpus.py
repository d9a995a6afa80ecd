# SPDX-License-Identifier: MIT
"""corpus.py WORK [COUNT] - WORK/texts.json (COUNT short ones) to WORK/corpus.npz, and the teachers' weights to WORK/vits.npz and
WORK/kokoro.npz. The corpus has the texts' bytes, espeak's symbols for them, and rows of words for the spelling loss."""
import collections
import json
import os
import sys

import numpy as np

import kokoro
import vits
from modules import text
from texts import spoken

PAUSE, STRESS = set(",.;:!?\"'()-"), set("ˈˌ")
LONGEST, SPELT, SAID = 250, 56, 90        # symbols of a text; bytes and phones of a row


def classes(heard, half, number):
    """The class of each symbol in its first or second half: a stress belongs to what follows, a mark that is no class to
    what went before."""
    out = []
    for i, both in enumerate(heard):
        c = both[half]
        if c in STRESS:
            c = next((d for d, _ in heard[i + 1:i + 3] if d and d not in STRESS), "")
        out.append(0 if not c else 1 if c in PAUSE else number.get(c, out[-1] if out else 0))
    return out


def phonemizer(known):
    from piper.phonemize_espeak import EspeakPhonemizer
    espeak = EspeakPhonemizer()

    def symbols(s):
        parts = espeak.phonemize("en-us", spoken(s))
        return [c for i, part in enumerate(parts) for c in ([" "] if i else []) + part if c in known]
    return symbols


def flat(rows):
    return np.concatenate([np.array(r, np.uint8) for r in rows]), np.array([len(r) for r in rows], np.uint16)


def main():
    work = sys.argv[1]
    path = lambda name: os.path.join(work, name)
    vits.pack(path("vits.npz"))
    kokoro.pack(path("kokoro.npz"))
    symbols = phonemizer(json.loads(bytes(np.load(path("vits.npz"))["symbols"]).decode()))
    with open(path("texts.json"), encoding="utf-8") as f:
        data = json.load(f)
    if len(sys.argv) > 2:       # short ones, for a rehearsal
        quarter = lambda v: sorted(v, key=len)[len(v) // 4:][:int(sys.argv[2])]
        data = {k: quarter(v) for k, v in data.items()}
    items = [(s, y) for s, y in ((s, symbols(s)) for s in data["train"]) if 2 < len(y) < LONGEST]
    count = collections.Counter(c for _, y in items for c in y)
    names = ["sil", "pause", " "] + [c for c, n in count.most_common() if n > 20 and c not in PAUSE | STRESS | {"ː", " "}]
    number = {c: i for i, c in enumerate(names)}
    every = sorted(count)
    place = {c: i for i, c in enumerate(every)}
    out = {"names": np.array(names), "every": np.array(every)}
    out["text"], out["text_n"] = flat([text.tokens(s) for s, _ in items])
    out["symbols"], out["symbols_n"] = flat([[place[c] for c in y] for _, y in items])
    phones = lambda y: [number[c] for c in y if number.get(c, 0) >= 3]
    rows = [(text.tokens(s), phones(symbols(s))) for s in data["rows"]]
    rows += [(text.tokens(s), phones(y)) for s, y in items[:60000]]
    rows = [(t, y) for t, y in rows if y and len(t) <= SPELT and len(y) <= min(SAID, 2 * len(t))][:60000]
    np.random.default_rng(1).shuffle(rows := np.array(rows, dtype=object))
    out["spell"], out["spell_n"] = flat(rows[:, 0])
    out["said"], out["said_n"] = flat(rows[:, 1])
    np.savez_compressed(path("corpus.npz"), **out)
    print(f"{len(items)} texts, {len(rows)} rows, {len(names)} classes, {os.path.getsize(path('corpus.npz')) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
