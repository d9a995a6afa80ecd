"""Reading what data.py and pca.py wrote."""
import json
import os

import numpy as np
import torch



class Corpus:
    def __init__(self, work):
        self.samples = np.memmap(os.path.join(work, "corpus.i16"), dtype=np.int16, mode="r")
        with open(os.path.join(work, "corpus.json"), encoding="ascii") as f:
            self.items = json.load(f)

    def __len__(self):
        return len(self.items)

    def audio(self, i, start=0, count=None):
        """Samples of utterance i in float, zeros where it has none."""
        item = self.items[i]
        count = item["n"] - start if count is None else count
        out = np.zeros(count, np.float32)
        first, last = max(0, start), min(item["n"], start + count)
        if last > first:
            out[first - start:last - start] = self.samples[item["at"] + first:item["at"] + last] / np.float32(32768)
        return torch.from_numpy(out)


class Latents:
    """The corpus's latents; audio frames of HOP samples each."""

    def __init__(self, work, file="latents.npz"):
        stored = np.load(os.path.join(work, file))
        self.n = stored["n"]
        self.first = np.cumsum(self.n) - self.n
        self.x = torch.from_numpy(stored["x"])

    def __len__(self):
        return len(self.n)

    def of(self, i):
        return self.x[self.first[i]:self.first[i] + self.n[i]]

