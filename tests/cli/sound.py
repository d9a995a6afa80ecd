# SPDX-License-Identifier: MIT
"""What a voice is told by: the pitch of its speech."""
import operator

STEP = 4             # samples to one, before looking: 11 kHz do
FRAME = 440          # of those: 40 ms
LOW, HIGH = 70, 300  # Hz


def pitch(samples, rate=44100):
    """Hertz, the median over what is voiced of every other frame; 0 if nothing is."""
    x = [sum(samples[i:i + STEP]) for i in range(0, len(samples) - STEP + 1, STEP)]
    rate /= STEP
    first, last = int(rate / HIGH), int(rate / LOW)
    loud = 0.1 * max(map(abs, x), default=0)
    found = []
    for at in range(0, len(x) - FRAME - last, 2 * FRAME):
        here = x[at:at + FRAME]
        power = sum(map(operator.mul, here, here))
        if power <= FRAME * loud * loud:
            continue
        like = []
        for lag in range(first, last):
            later = x[at + lag:at + lag + FRAME]
            scale = (power * sum(map(operator.mul, later, later))) ** 0.5
            like.append(sum(map(operator.mul, here, later)) / scale if scale else 0)
        best = max(like)
        if best > 0.6:  # the first peak that is nearly as high: not twice the period
            found.append(rate / (first + next(i for i, c in enumerate(like) if c > 0.9 * best and
                                              (i + 1 == len(like) or like[i + 1] <= c))))
    return sorted(found)[len(found) // 2] if found else 0
