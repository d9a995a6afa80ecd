# SPDX-License-Identifier: MIT
"""Make a corpus: sentences, each said by one of the voices.

    data.py limited|open [--work DIR] [--sentences N] [--rehearse]

limited: the forms of grammar.py; open: any words (texts.py).  Writes DIR/limited.i16 (44.1 kHz) and DIR/limited.json
(text, voice, place, length, the phone of each frame), or the same of open.
"""
import json
import os
from concurrent.futures import ProcessPoolExecutor

import numpy as np

import grammar
import settings
import texts
import voices

CHUNK = 50


def phone_of_frames(ends, samples):
    """The phone in the middle of each frame, as numbers into voices.PHONES."""
    frames = -(-samples // settings.HOP)
    times = (np.arange(frames) + 0.5) * settings.HOP / voices.RATE
    at = np.searchsorted([end for _, end in ends], times).clip(max=len(ends) - 1)
    return [voices.PHONES.index(ends[i][0]) for i in at]


def make(job):
    sentences, voice = job
    return [(text, voice, x, phone_of_frames(ends, len(x)))
            for text, (x, ends) in zip(sentences, voices.speak(sentences, voice))]


def main():
    kind, a = settings.arguments(__doc__, ("limited", "open"), sentences=(7500, "how many, over all voices"))
    sentences = (grammar if kind == "limited" else texts).training(100 if a.rehearse else a.sentences)
    share = -(-len(sentences) // len(voices.NAMES))
    jobs = [(sentences[v * share:(v + 1) * share][i:i + CHUNK], name)
            for i in range(0, share, CHUNK) for v, name in enumerate(voices.NAMES)]
    index, at = [], 0
    with open(os.path.join(a.work, kind + ".i16"), "wb") as f, ProcessPoolExecutor() as pool:
        for rows in pool.map(make, [job for job in jobs if job[0]]):
            for text, voice, x, phones in rows:
                f.write(x.tobytes())
                index.append({"text": text, "voice": voice, "at": at, "n": len(x), "phones": phones})
                at += len(x)
    with open(os.path.join(a.work, kind + ".json"), "w", encoding="ascii") as f:
        json.dump(index, f)
    for name in voices.NAMES:
        n = np.array([i["n"] for i in index if i["voice"] == name]) / voices.RATE
        print(f"{name}: {len(n)} utterances, {n.sum() / 60:.1f} min, mean {n.mean():.2f} s, longest {n.max():.2f} s")


if __name__ == "__main__":
    main()
