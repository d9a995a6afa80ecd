# SPDX-License-Identifier: MIT
"""The voices that the small model learns from: free synthesisers, each with the times of its phones.

flite's rms, awb and kal16 and festival's slt (HTS) and ked (diphones): five speakers.  A voice always says a
sentence the same way, so how long it takes is a function of the text.
"""
import os
import re
import subprocess
import tempfile
import wave

import numpy as np
from scipy.signal import resample_poly

RATE = 44100
FLITE = {"rms": "rms", "awb": "awb", "kal16": "kal16"}
FESTIVAL = {"slt": "cmu_us_slt_arctic_hts", "ked": "ked_diphone"}
NAMES = [*FLITE, *FESTIVAL]
PHONES = ("pau aa ae ah ao aw ax axr ay b ch d dh dx eh el em en er ey f g hh hv ih iy jh k l m n nx ng ow oy p r s sh "
          "t th uh uw v w y z zh").split()
TOP = 8000          # hertz: what the 16 kHz voices can fill
LEVEL = 0.08        # root mean square of an utterance
BEFORE, AFTER = 0.05, 0.10      # seconds of silence that are kept


def read_wav(path):
    with wave.open(path) as f:
        x = np.frombuffer(f.readframes(f.getnframes()), "<i2").astype(np.float64) / 32768
        return x.reshape(-1, f.getnchannels()).mean(1), f.getframerate()


def finish(x, rate, phones):
    """44.1 kHz samples with little silence around, at one level, and [(phone, end in seconds)] to match."""
    if rate != 16000:
        x, rate = resample_poly(x, 16000, rate), 16000
    loud = np.flatnonzero(np.abs(x) > 0.01 * np.abs(x).max())
    first = max(0, loud[0] - int(BEFORE * rate))
    x = x[first:loud[-1] + int(AFTER * rate)]
    x = x * min(LEVEL / np.sqrt(np.mean(x ** 2)), 0.9 / np.abs(x).max())
    x = resample_poly(x, 441, 160).clip(-1, 1)
    ends = [(name, end - first / rate) for name, end in phones if end > first / rate]
    return (x * 32767).astype(np.int16), ends


def flite(text, voice):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.wav")
        done = subprocess.run(["flite", "-voice", FLITE[voice], "-t", text, "-psdur", "-o", path], check=True,
                              stdout=subprocess.PIPE, text=True)
        phones = [(n, float(t)) for n, t in re.findall(r"([a-z]+):([0-9.]+)", done.stdout)]
        return finish(*read_wav(path), phones)


SCHEME = """(voice_%s)
(define (say_into text stem)
  (let ((utt (eval (list 'Utterance 'Text text))))
    (utt.synth utt) (utt.save.wave utt (string-append stem ".wav")) (utt.save.segs utt (string-append stem ".seg"))))
"""


def festival(texts, voice):
    """Many sentences in one process: starting it is the slow part."""
    with tempfile.TemporaryDirectory() as folder:
        stem = os.path.join(folder, "%d")
        with open(os.path.join(folder, "all.scm"), "w", encoding="ascii") as f:
            f.write(SCHEME % FESTIVAL[voice])
            f.writelines(f'(say_into "{text}." "{stem % i}")\n' for i, text in enumerate(texts))
        subprocess.run(["festival", "--batch", f.name], check=True, stdout=subprocess.DEVNULL)
        out = []
        for i in range(len(texts)):
            with open(stem % i + ".seg", encoding="ascii") as f:
                rows = [line.split() for line in f if line[0] != "#"]
            out.append(finish(*read_wav(stem % i + ".wav"), [(r[2], float(r[0])) for r in rows]))
        return out


def speak(texts, voice):
    """[(int16 samples at 44.1 kHz, [(phone, end in seconds)])] for lower-case sentences without punctuation."""
    return festival(texts, voice) if voice in FESTIVAL else [flite(text, voice) for text in texts]
