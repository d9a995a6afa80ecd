# SPDX-License-Identifier: MIT
"""Sound in windows of 40 ms, one each 10 ms: its level and its spectrum, in decibels."""
import numpy as np

import sentences    # noqa: F401 - finds train/
import voices

RATE = voices.RATE
LENGTH, STEP = RATE * 4 // 100, RATE // 100
BANDS = 32
LOW, TOP = 60.0, 8000.0         # hertz: the sources have nothing above
FLOOR = 1e-9                    # of a power


def read(path):
    samples, rate = voices.read_wav(path)
    assert rate == RATE, f"{path}: {rate} Hz"
    return np.pad(samples, (0, max(0, LENGTH - len(samples))))


def windows(samples):
    return np.lib.stride_tricks.sliding_window_view(samples, LENGTH)[::STEP]


def seconds(window):
    """The middle of a window."""
    return (window * STEP + LENGTH / 2) / RATE


def levels(samples):
    return 10 * np.log10((windows(samples) ** 2).mean(1) + FLOOR)


def bands(samples):
    """Windows x BANDS, as wide as the ear's."""
    power = np.abs(np.fft.rfft(windows(samples) * np.hanning(LENGTH))) ** 2
    mels = np.linspace(np.log1p(LOW / 700), np.log1p(TOP / 700), BANDS + 1)
    edges = np.round(700 * np.expm1(mels) * LENGTH / RATE).astype(int)
    sums = np.add.reduceat(power, edges, axis=1)[:, :BANDS]
    return 10 * np.log10(sums / LENGTH + FLOOR)
