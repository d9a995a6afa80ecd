# SPDX-License-Identifier: MIT
"""Where speech ends, and how long it is.

A window is loud if it is less than RANGE below the speech's level (the level that 5 % of the windows exceed), so
speech lasts from the first loud window to the last.  In a whole, uncut, generation zero latents follow, which decode
to a hum.  There the end is looked for from behind: over the windows that sound like the hum (their bands differ from
those of decoded zeros by less than ALIKE), over at most ONSET in which the hum rises, over the silence before it, to
the last loud window.
"""
import numpy as np

import sound

RANGE = 30.0        # dB
ALIKE = 10.0        # dB, root mean square over the bands; the hum's own windows differ by 1 to 3
ONSET = 5           # windows


def loud(levels):
    return levels > np.percentile(levels, 95) - RANGE


def limits(samples):
    """The seconds between which there is speech."""
    at = np.flatnonzero(loud(sound.levels(samples)))
    return sound.seconds(at[0]), sound.seconds(at[-1])


def hum(samples):
    """What decoded zeros sound like once they have settled."""
    bands = sound.bands(samples)
    return bands[len(bands) // 2:].mean(0)


def end(samples, hum_bands):
    """Seconds at which the speech of an uncut generation ends."""
    is_loud = loud(sound.levels(samples))
    other = np.sqrt(((sound.bands(samples) - hum_bands) ** 2).mean(1)) > ALIKE
    last = np.flatnonzero(other)[-1] if other.any() else 0      # before the hum
    if last < len(other) - 1:
        quiet = np.flatnonzero(~is_loud[max(0, last - ONSET):last + 1])
        last = max(0, last - ONSET) + quiet[-1] if len(quiet) else last
    before = np.flatnonzero(is_loud[:last + 1])
    return sound.seconds(before[-1] if len(before) else 0)
