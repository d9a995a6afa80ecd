# SPDX-License-Identifier: MIT
"""Sound read, and measured: levels and bands of windows of 40 ms, one each 10 ms; the spectrum of the whole; faults."""
import wave

import numpy as np

RATE = 44100
LENGTH, STEP = RATE * 4 // 100, RATE // 100
BANDS = 32
LOW, TOP = 60.0, 10000.0        # hertz: the teacher has little above
FLOOR = 1e-9                    # of a power
THIRDS = 1000 * 2.0 ** (np.arange(-10, 11) / 3)     # middles of third octaves, 100 Hz to 10 kHz
HIGH = 12000.0                  # hertz; the teacher ends at 11 kHz
SPECTRUM = 8192                 # samples, so that the lowest third octave has four lines
INSTANT = 128                   # samples, 3 ms
CLICK = -40.0                   # dB, of an instant's sound above HIGH against the level of speech


def read(path):
    with wave.open(path, "rb") as f:
        assert (f.getnchannels(), f.getsampwidth(), f.getframerate()) == (1, 2, RATE), path
        samples = np.frombuffer(f.readframes(f.getnframes()), "<i2") / 32768
    return np.pad(samples, (0, max(0, LENGTH - len(samples))))


def write(path, samples):
    with wave.open(path, "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(RATE)
        f.writeframes(np.round(samples * 32767).astype("<i2").tobytes())


def decibels(power):
    return 10 * np.log10(power + FLOOR)


def windows(samples, length=LENGTH, step=STEP):
    return np.lib.stride_tricks.sliding_window_view(samples, length)[::step]


def seconds(window):
    """The middle of a window."""
    return (window * STEP + LENGTH / 2) / RATE


def levels(samples):
    return decibels((windows(samples) ** 2).mean(1))


def bands(samples):
    """Windows x BANDS, as wide as the ear's."""
    power = np.abs(np.fft.rfft(windows(samples) * np.hanning(LENGTH))) ** 2
    mels = np.linspace(np.log1p(LOW / 700), np.log1p(TOP / 700), BANDS + 1)
    edges = np.round(700 * np.expm1(mels) * LENGTH / RATE).astype(int)
    return decibels(np.add.reduceat(power, edges, axis=1)[:, :BANDS] / LENGTH)


def energies(samples):
    """Of the third octaves, of what is above HIGH, of the whole."""
    padded = np.pad(samples, SPECTRUM)
    power = (np.abs(np.fft.rfft(windows(padded, SPECTRUM, SPECTRUM // 2) * np.hanning(SPECTRUM))) ** 2).sum(0)
    at = np.arange(len(power)) * RATE / SPECTRUM
    edges = np.append(THIRDS * 2 ** (-1 / 6), THIRDS[-1] * 2 ** (1 / 6))
    thirds = [power[(a <= at) & (at < b)].sum() for a, b in zip(edges, edges[1:])]
    return np.array([*thirds, power[at >= HIGH].sum(), power.sum()])


def high(several):
    """How loud all that is above HIGH is against the whole, in dB, from the energies of one sound or of many."""
    total = np.sum(several, 0)
    return float(10 * np.log10((total[-2] + FLOOR) / (total[-1] + FLOOR)))


def spectra_apart(several, others):
    """Third octaves of sounds against those of others, in dB, each against its whole."""
    a, b = np.sum(several, 0), np.sum(others, 0)
    return 10 * np.log10((a[:-2] / a[-1] + FLOOR) / (b[:-2] / b[-1] + FLOOR))


def faults(samples):
    """The level of speech, its loudest sample and how loud pauses are against it, in dB; clicks: instants apart."""
    here = levels(samples)
    speech = decibels((10 ** (here[here > here.max() - 30] / 10)).mean())
    cut = np.abs(np.fft.rfft(windows(samples, INSTANT, INSTANT // 2) * np.blackman(INSTANT))) ** 2
    above = cut[:, round(HIGH * INSTANT / RATE):].sum(1) / INSTANT / (np.blackman(INSTANT) ** 2).sum() * 2
    loud = decibels(above) > speech + CLICK
    return {"level": speech, "peak": decibels(np.abs(samples).max() ** 2), "pauses": np.percentile(here, 5) - speech,
            "clicks": int((loud[1:] & ~loud[:-1]).sum() + loud[0])}


def mirrored(samples, below):
    """With a mirror image of its spectrum, low notes on top, so many dB below it: the fault of a poor upsampler."""
    return samples + 10 ** (-below / 20) * samples * (-1.0) ** np.arange(len(samples))
