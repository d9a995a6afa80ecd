# SPDX-License-Identifier: MIT
"""From sound to latents: fit 80 numbers to the mel columns of a frame, and store them for a whole corpus.

    pca.py limited|open [--work DIR] [--power P] [--rehearse]

Writes DIR/pca.pt (mean, forward, back) unless an earlier corpus made it, and DIR/limited.npz or open.npz (x: frames x
80, n: frames of each utterance).  The numbers are principal components over their deviation to the power P (1 would be
white), so that no few of them drown the rest in the transformer's loss, and of mean square 1 together.
"""
import os

import numpy as np
import torch

import settings
from corpus import Corpus
from features import features
from modules.neck import SIZE


def fit(y, whiteness):
    mean = y.mean(0)
    power, axes = torch.linalg.eigh(torch.cov(y.T).double())
    power, axes = power.flip(0)[:SIZE].float(), axes.flip(1)[:, :SIZE].float()
    scale = power.sqrt() ** -whiteness
    scale = scale / (power * scale ** 2).mean().sqrt()
    kept = power.sum() / (y - mean).square().sum(1).mean()
    print(f"{100 * kept:.1f} % of the variance kept, deviations {power[0].sqrt():.2f} to {power[-1].sqrt():.2f}, "
          f"now {(power[0].sqrt() * scale[0]):.2f} to {(power[-1].sqrt() * scale[-1]):.2f}")
    return {"mean": mean, "forward": axes * scale, "back": (axes / scale).T}


def main():
    kind, a = settings.arguments(__doc__, ("limited", "open"), power=(0.6, "of the deviation that is divided by"))
    torch.set_num_threads(1)
    corpus, path = Corpus(a.work, (kind,)), os.path.join(a.work, "pca.pt")
    rows = [features(corpus.audio(i)) for i in range(len(corpus))]
    y = torch.cat(rows)
    if not os.path.exists(path):
        torch.save(fit(y, a.power), path)
    pca = torch.load(path)
    x = (y - pca["mean"]) @ pca["forward"]
    print(f"{len(rows)} utterances, {len(x)} frames, mean square {x.square().mean():.2f}")
    np.savez(os.path.join(a.work, kind + ".npz"), x=x.numpy(), n=np.array([len(r) for r in rows]))


if __name__ == "__main__":
    main()
