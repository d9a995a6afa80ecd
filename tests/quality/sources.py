# SPDX-License-Identifier: MIT
"""The synthesisers that the small voice learned from, saying the same sentences."""
import os
import shutil
import wave

import sentences    # noqa: F401 - finds train/
import voices

FESTIVAL = "/usr/share/festival/voices"
NEEDED = {"flite": "", "festival": "", "festvox-us-slt-hts": "us/cmu_us_slt_arctic_hts",
          "festvox-kdlpc16k": "english/ked_diphone"}


def missing():
    return [package for package, folder in NEEDED.items()
            if not (os.path.isdir(os.path.join(FESTIVAL, folder)) if folder else shutil.which(package))]


def speak(texts, voice, paths):
    """Sentences to WAV files."""
    for path, (samples, _) in zip(paths, voices.speak(texts, voice)):
        with wave.open(path, "wb") as f:
            f.setnchannels(1)
            f.setsampwidth(2)
            f.setframerate(voices.RATE)
            f.writeframes(samples.tobytes())
