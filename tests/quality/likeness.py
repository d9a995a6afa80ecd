# SPDX-License-Identifier: MIT
"""How alike two readings of one sentence are, once the windows of one are put beside those of the other."""
import numpy as np

import end
import sound

PITCH = (60.0, 400.0)   # hertz
VOICED = 0.5            # of the autocorrelation at no lag
RANGE = 50.0            # dB below the loudest window; what is quieter counts as that
SEMITONE = np.log(2) / 12
OFF = 2.0               # semitones: no longer the same note


def pitch(windows):
    """Logarithms of the windows' fundamental; not a number where there is none."""
    windows = windows - windows.mean(1, keepdims=True)
    power = np.abs(np.fft.rfft(windows, 2 * windows.shape[1])) ** 2
    same = np.fft.irfft(power)[:, :windows.shape[1]]
    same = same / (same[:, :1] + sound.FLOOR) / np.linspace(1, 0, same.shape[1], endpoint=False)
    first, last = int(sound.RATE / PITCH[1]), int(sound.RATE / PITCH[0])
    lags = first + same[:, first:last].argmax(1)
    return np.where(same[np.arange(len(same)), lags] > VOICED, np.log(sound.RATE / lags), np.nan)


def floored(decibels):
    return np.maximum(decibels, decibels.max() - RANGE)


def path(a, b):
    """Pairs of rows, from both first to both last, whose distances have the least sum (dynamic time warping)."""
    apart = np.sqrt(np.maximum(0, (a ** 2).sum(1)[:, None] + (b ** 2).sum(1) - 2 * a @ b.T))
    best = np.full((len(a) + 1, len(b) + 1), np.inf)
    best[0, 0] = 0
    for diagonal in range(len(a) + len(b) - 1):     # the cells of a diagonal do not wait for each other
        i = np.arange(max(0, diagonal - len(b) + 1), min(len(a), diagonal + 1))
        j = diagonal - i
        best[i + 1, j + 1] = apart[i, j] + np.minimum(best[i, j], np.minimum(best[i, j + 1], best[i + 1, j]))
    i, j, pairs = len(a), len(b), []
    while i and j:
        pairs.append((i - 1, j - 1))
        i, j = min(((i - 1, j - 1), (i - 1, j), (i, j - 1)), key=lambda cell: best[cell])
    return np.array(pairs[::-1]).T


def correlation(a, b):
    return float(np.corrcoef(a, b)[0, 1]) if len(a) > 2 and a.std() and b.std() else 0.0


def compare(one, other):
    """Samples of the same sentence: correlations of pitch and level, and what else tells them apart."""
    levels, bands = zip(*((floored(sound.levels(x)), floored(sound.bands(x))) for x in (one, other)))
    heights = pitch(sound.windows(one)), pitch(sound.windows(other))
    i, j = path(*bands)
    speech = end.loud(levels[1])[j]
    height, true = heights[0][i][speech], heights[1][j][speech]
    voiced = ~np.isnan(height) & ~np.isnan(true)
    higher = (height - true)[voiced] / SEMITONE
    return {"pitch": correlation(height[voiced], true[voiced]), "level": correlation(levels[0][i], levels[1][j]),
            "higher": float(np.median(higher)) if voiced.any() else 0.0,
            "off": 100 * float((np.abs(higher) > OFF).mean()) if voiced.any() else 0.0,
            "voiced": 100 * float((~np.isnan(height)).mean()),
            "apart": float(np.sqrt(((bands[0][i] - bands[1][j])[speech] ** 2).mean(1)).mean())}
