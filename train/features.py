# SPDX-License-Identifier: MIT
"""What a latent stands for: four columns of a mel spectrogram, in 80 numbers (see train/features.py)."""
import functools
import math

import torch

from common import HOP, MELS, RATE, TOP
from modules.mel import mel_matrix
from modules.neck import DIM

COLUMNS = 4
STEP = HOP // COLUMNS
LENGTH = 4 * STEP
RISE = LENGTH - STEP
KEPT = int(TOP / RATE * LENGTH) + 2
FLOOR = 1e-3


@functools.cache
def window(device):
    rise = 0.5 - 0.5 * torch.cos(math.pi * (torch.arange(RISE) + 0.5) / RISE)
    fall = 0.5 + 0.5 * torch.cos(math.pi * (torch.arange(STEP) + 0.5) / STEP)
    w = torch.cat((rise, fall))
    return (w / w.sum() * 2).to(device)


@functools.cache
def mels(device):
    return mel_matrix(LENGTH // 2 + 1, MELS, TOP)[:, :KEPT].T.contiguous().to(device)


def features(x):
    """B x frames * HOP samples to B x frames x (COLUMNS * MELS), natural logarithms."""
    columns = torch.nn.functional.pad(x, (RISE, 0)).unfold(1, LENGTH, STEP)
    out = []
    for part in columns.split(8):
        magnitude = torch.fft.rfft(part * window(x.device)).abs()[..., :KEPT]
        out.append((magnitude @ mels(x.device) + FLOOR).log())
    return torch.cat(out).view(len(x), -1, COLUMNS * MELS)


def fit(y, whiteness=0.6, size=80):
    """Principal components over their deviation to a power, of mean square 1 together.  The neck's groups are of numbers that
    lie together (modules/neck.py): strong and weak ones are mixed, so that each group has as much to do."""
    mean = y.mean(0)
    c = y - mean
    power, axes = torch.linalg.eigh((c.T.double() @ c.double() / len(c)).cpu())
    order = torch.arange(size).view(DIM, -1).T.flatten()
    power, axes = power.flip(0)[order].float(), axes.flip(1)[:, order].float()
    scale = power.sqrt() ** -whiteness
    scale = scale / (power * scale ** 2).mean().sqrt()
    kept = power.sum() / c.square().sum(1).mean().cpu()
    return {"mean": mean.cpu(), "forward": axes * scale, "back": (axes / scale).T.contiguous()}, float(kept)
