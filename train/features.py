# SPDX-License-Identifier: MIT
"""What a latent stands for: four columns of a mel spectrogram, in 80 numbers.

The encoder and the decoder of the codec see no future, so a frame's columns may not look beyond its end.  Their window
rises for three hops and falls for one: its peaks stand at 0, 512, 1024 and 1536 samples of the frame, and the last
one's fall ends where the frame does.
"""
import functools
import math

import torch

from modules.mel import RATE, mel_matrix
from settings import HOP

COLUMNS = 4                     # in a frame
STEP = HOP // COLUMNS
LENGTH = 4 * STEP               # of a window
RISE = LENGTH - STEP
MELS = 80
TOP = 8000.0                    # hertz
KEPT = int(TOP / RATE * LENGTH) + 2     # bins of the spectrum
FLOOR = 1e-3                    # of a magnitude before its logarithm


@functools.cache
def window():
    rise = 0.5 - 0.5 * torch.cos(math.pi * (torch.arange(RISE) + 0.5) / RISE)
    fall = 0.5 + 0.5 * torch.cos(math.pi * (torch.arange(STEP) + 0.5) / STEP)
    w = torch.cat((rise, fall))
    return w / w.sum() * 2


@functools.cache
def mels():
    return mel_matrix(LENGTH // 2 + 1, MELS, TOP)[:, :KEPT].T.contiguous()


def features(x):
    """Samples (n) to frames x (COLUMNS * MELS), natural logarithms."""
    frames = -(-len(x) // HOP)
    x = torch.nn.functional.pad(x, (RISE, frames * HOP - len(x)))
    columns = x.unfold(0, LENGTH, STEP)[:frames * COLUMNS]
    magnitude = torch.fft.rfft(columns * window()).abs()
    return (magnitude[:, :KEPT] @ mels() + FLOOR).log().view(frames, COLUMNS * MELS)
