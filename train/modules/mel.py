"""Triangles on the mel scale."""
import math

import torch

RATE = 44100


def mel_matrix(bins, mels, top, low=40.0, rate=RATE):
    """mels x bins for magnitudes of a spectrum of that many bins; the weights of each mel sum to one."""
    mel = lambda f: 2595 * math.log10(1 + f / 700)
    hertz = lambda m: 700 * (10 ** (m / 2595) - 1)
    edges = [hertz(mel(low) + i * (mel(top) - mel(low)) / (mels + 1)) for i in range(mels + 2)]
    f = torch.arange(bins) * (rate / 2 / (bins - 1))
    rows = [torch.minimum((f - a) / (b - a), (c - f) / (c - b)).clamp_min(0)
            for a, b, c in zip(edges, edges[1:], edges[2:])]
    m = torch.stack(rows)
    return m / m.sum(1, keepdim=True).clamp_min(1e-6)
