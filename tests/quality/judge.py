#!/usr/bin/python3
"""The ear's check: does a model speak words, and the same words as the reference implementation did?

Usage: judge.py PATH_TO_echotts MODEL_DIR

Numbers can agree to five digits while the sound is noise, or differ while nobody hears it.  Here a speech
recogniser listens.  transcripts.tsv holds what it heard in the PyTorch reference's own audio for the same
text, voice and seed: the small model gets some words wrong, and a right implementation gets the same ones
wrong.  README.md says how the transcripts were made.
"""
import csv
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
HMM = "/usr/share/pocketsphinx/model/en-us/en-us"
DICT = "/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict"
SETTINGS = "--steps 20 --cfg-text 3 --cfg-speaker 1 --cfg-min-t 0.3 --truncation 1 --frames 64".split()
# The default beams lose the right sentence so often that a change in the last bit of the audio changes
# what is heard.  With these a third of the errors go, and noise at -50 dB changes at most one word.
BEAMS = {"-beam": 1e-120, "-pbeam": 1e-120, "-wbeam": 1e-100, "-lpbeam": 1e-100, "-lponlybeam": 1e-100}
FAR = 2         # words by which a sentence may differ from the kept transcript
DRIFT = 4       # and all twelve together: noise at -50 dB moves 2, another seed 12
WORSE = 10.0    # points by which the word error rate may exceed the reference's


def missing():
    """The apt packages to install, so that a missing tool is one readable line and no traceback."""
    packages = []
    try:
        import pocketsphinx    # noqa: F401
    except ImportError:
        packages.append("python3-pocketsphinx")
    if not (os.path.isdir(HMM) and os.path.isfile(DICT)):
        packages.append("pocketsphinx-en-us")
    if not shutil.which("sox"):
        packages.append("sox")
    return packages


def hear(path):
    """The words in a WAV file.

    A new decoder for each file: a used one keeps what it learned of the last speaker's level and channel,
    and one different sentence would then change what is heard in the next.
    """
    from pocketsphinx import pocketsphinx
    raw = subprocess.run(["sox", "-R", path, *"-r 16000 -b 16 -c 1 -e signed -t raw -".split(),
                          *"pad 0.3 0.3 norm -3".split()], check=True, stdout=subprocess.PIPE).stdout
    config = pocketsphinx.Decoder.default_config()
    for key, value in (("-hmm", HMM), ("-dict", DICT), ("-jsgf", os.path.join(HERE, "grammar.jsgf")),
                       ("-logfn", os.devnull)):
        config.set_string(key, value)
    for key, value in BEAMS.items():
        config.set_float(key, value)
    decoder = pocketsphinx.Decoder(config)
    decoder.start_utt()
    decoder.process_raw(raw, False, True)
    decoder.end_utt()
    best = decoder.hyp()
    return best.hypstr.split() if best else []


def distance(a, b):
    """Words to insert, delete or replace: what both a word error rate and a drift are counted in."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


def spoken(sentence):
    """As the small model was trained to read it."""
    return sentence[0].upper() + sentence[1:] + "."


def say(program, model, row, path):
    """One sentence to a WAV file; returns what went wrong, or nothing."""
    command = [program, "say", spoken(row["sentence"]), "-m", model,
               "-v", os.path.join(model, row["voice"] + ".wav"), "--seed", row["seed"], *SETTINGS, "-o", path]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, errors="replace", check=False)
    except OSError as e:
        return f"cannot run {program}: {e.strerror}"
    if done.returncode:
        return f"exit {done.returncode}: " + (done.stderr.strip().splitlines() or ["no message"])[-1]
    return None if os.path.isfile(path) else "no file was written"


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: judge.py PATH_TO_echotts MODEL_DIR")
    if missing():
        sys.exit("judge.py: missing tools; install them with: apt-get install " + " ".join(missing()))
    program, model = os.path.abspath(sys.argv[1]), sys.argv[2]
    with open(os.path.join(HERE, "transcripts.tsv"), encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(f, delimiter="\t"))
    passed = words = ours = theirs = drift = 0
    with tempfile.TemporaryDirectory() as folder:
        for row in rows:
            path = os.path.join(folder, row["seed"] + ".wav")
            true, kept = row["sentence"].split(), row["heard"].split()
            trouble = say(program, model, row, path)
            heard = hear(path) if trouble is None else []
            far = distance(kept, heard)
            good = trouble is None and far <= FAR
            passed += good
            drift += far
            words, theirs = words + len(true), theirs + distance(true, kept)
            ours += distance(true, heard)
            print(f"{'ok  ' if good else 'FAIL'} {row['voice']:5s} {row['seed']}  differs by {far}  "
                  f"\"{row['sentence']}\" heard as \"{trouble or ' '.join(heard)}\""
                  + (f", the reference's as \"{row['heard']}\"" if far else ""), flush=True)
    rate, reference = 100 * ours / words, 100 * theirs / words
    good = rate <= reference + WORSE and drift <= DRIFT
    passed += good
    print(f"{'ok  ' if good else 'FAIL'} word error rate {rate:.1f} %, the reference's {reference:.1f} %, "
          f"{words} words, {len(rows)} sentences, {drift} words heard otherwise")
    failed = len(rows) + 1 - passed
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
