"""From sound to latents: fit 80 numbers to the mel columns of a frame, and store them for the whole corpus.

    pca.py [--work DIR] [--power P] [--rehearse]

Writes DIR/pca.pt (mean, forward, back) and DIR/latents.npz (x: frames x 80, n: frames of each utterance).  The numbers
are principal components over their deviation to the power P (1 would be white), so that no few of them drown the rest
in the transformer's loss, and of mean square 1 together.
"""
import os

import numpy as np
import torch

import settings
from corpus import Corpus
from features import features

NUMBERS = 80


def main():
    a = settings.arguments(__doc__, power=(0.6, "of the deviation that is divided by"))
    torch.set_num_threads(2)
    corpus = Corpus(a.work)
    rows = [features(corpus.audio(i)) for i in range(len(corpus))]
    n = np.array([len(r) for r in rows])
    y = torch.cat(rows)
    mean = y.mean(0)
    power, axes = torch.linalg.eigh(torch.cov(y.T).double())
    power, axes = power.flip(0)[:NUMBERS].float(), axes.flip(1)[:, :NUMBERS].float()
    kept = power.sum() / (y - mean).square().sum(1).mean()
    scale = power.sqrt() ** -a.power
    scale = scale / (power * scale ** 2).mean().sqrt()
    x = (y - mean) @ (axes * scale)
    print(f"{len(rows)} utterances, {len(x)} frames, {100 * kept:.1f} % of the variance kept, "
          f"deviations {power[0].sqrt():.2f} to {power[-1].sqrt():.2f}, now {x.std(0)[0]:.2f} to {x.std(0)[-1]:.2f}")
    torch.save({"mean": mean, "forward": axes * scale, "back": (axes / scale).T}, os.path.join(a.work, "pca.pt"))
    np.savez(os.path.join(a.work, "latents.npz"), x=x.numpy(), n=n)


if __name__ == "__main__":
    main()
