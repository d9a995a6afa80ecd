# SPDX-License-Identifier: MIT
"""Reading what data.py and pca.py wrote."""
import json
import os

import numpy as np
import torch



class Corpus:
    """The utterances of one or more corpora, and their latents if they have been made."""

    def __init__(self, work, names=("limited",)):
        self.items, self.sound = [], []
        for name in names:
            stem = os.path.join(work, name)
            with open(stem + ".json", encoding="ascii") as f:
                items = json.load(f)
            sound = np.memmap(stem + ".i16", dtype=np.int16, mode="r")
            latents = Latents(stem + ".npz") if os.path.exists(stem + ".npz") else None
            for i, item in enumerate(items):
                self.items.append(dict(item, corpus=name, latents=latents.of(i) if latents else None))
                self.sound.append(sound)

    def __len__(self):
        return len(self.items)

    def audio(self, i, start=0, count=None):
        """Samples of utterance i in float, zeros where it has none."""
        item = self.items[i]
        count = item["n"] - start if count is None else count
        out = np.zeros(count, np.float32)
        first, last = max(0, start), min(item["n"], start + count)
        if last > first:
            out[first - start:last - start] = self.sound[i][item["at"] + first:item["at"] + last] / np.float32(32768)
        return torch.from_numpy(out)

    def latents(self, i):
        """Frames x 80."""
        return self.items[i]["latents"]


class Latents:
    """Rows of many utterances in one file."""

    def __init__(self, path):
        stored = np.load(path)
        self.n, self.x = stored["n"], torch.from_numpy(stored["x"])
        self.first = np.cumsum(self.n) - self.n

    def of(self, i):
        return self.x[self.first[i]:self.first[i] + self.n[i]]
