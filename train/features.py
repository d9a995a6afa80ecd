"""What a latent stands for: four columns of a mel spectrogram, in 80 numbers.

The encoder and the decoder of the codec see no future, so a frame's columns may not look beyond its end.  Their window
rises for three hops and falls for one: its peaks stand at 0, 512, 1024 and 1536 samples of the frame, and the last
one's fall ends where the frame does.
"""
import math

import torch

from settings import HOP

COLUMNS = 4                     # in a frame
STEP = HOP // COLUMNS
LENGTH = 4 * STEP               # of a window
RISE = LENGTH - STEP
MELS = 80
LOW, TOP = 40.0, 8000.0         # hertz
FLOOR = 1e-3                    # of a magnitude before its logarithm
RATE = 44100


def mel_matrix(bins, mels, top, low=LOW, rate=RATE):
    """mels x bins, triangles whose weights sum to one."""
    mel = lambda f: 2595 * math.log10(1 + f / 700)
    hertz = lambda m: 700 * (10 ** (m / 2595) - 1)
    edges = [hertz(mel(low) + i * (mel(top) - mel(low)) / (mels + 1)) for i in range(mels + 2)]
    f = torch.arange(bins) * (rate / 2 / (bins - 1))
    rows = [torch.minimum((f - a) / (b - a), (c - f) / (c - b)).clamp_min(0)
            for a, b, c in zip(edges, edges[1:], edges[2:])]
    m = torch.stack(rows)
    return m / m.sum(1, keepdim=True).clamp_min(1e-6)


def window():
    rise = 0.5 - 0.5 * torch.cos(math.pi * (torch.arange(RISE) + 0.5) / RISE)
    fall = 0.5 + 0.5 * torch.cos(math.pi * (torch.arange(STEP) + 0.5) / STEP)
    w = torch.cat((rise, fall))
    return w / w.sum() * 2


def features(x):
    """Samples (n) to frames x (COLUMNS * MELS), natural logarithms."""
    frames = -(-len(x) // HOP)
    x = torch.nn.functional.pad(x, (RISE, frames * HOP - len(x)))
    columns = x.unfold(0, LENGTH, STEP)[:frames * COLUMNS]
    magnitude = torch.fft.rfft(columns * window()).abs()
    kept = int(TOP / RATE * LENGTH) + 2
    mel = mel_matrix(LENGTH // 2 + 1, MELS, TOP)[:, :kept]
    return (magnitude[:, :kept] @ mel.T + FLOOR).log().view(frames, COLUMNS * MELS)
