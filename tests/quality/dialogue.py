#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""dialogue.py PROGRAM MODEL [LINES] - a dialogue of three voices through `say`, heard turn by turn.

Says whether each line is understood, and whether each is in the voice of its role.  Prints the table of docs/TEXT.md;
exits with 1 where something that is asked is missed.  Needs the ears that tests/quality/install.sh VENV full installs.
"""
import os
import subprocess
import sys
import tempfile

import ears
import errors
import sentences
import speaker
from engine import Engine, Trouble

ROLES = {"Anna": "bright", "Ben": "deep", "Joe": "joe"}
WORST = 6.0     # word errors in per cent
PAUSE = 0.3     # seconds between turns


def play(lines):
    """Sentences of the full set, by three in turn."""
    names = list(ROLES)
    return [(names[i % len(names)], row["text"]) for i, row in enumerate(sentences.read("full")[:lines])]


def perform(engine, script, folder):
    """The turns as the program reports them."""
    with open(os.path.join(folder, "play.txt"), "w", encoding="utf-8") as f:
        f.writelines(f"{name}: {text}\n" for name, text in script)
    cast = ",".join(f"{name}={engine.clip(voice)}" for name, voice in ROLES.items())
    return engine.run("say", "--file", f.name, "--cast", cast, "--split-turns", folder, "--pause-turn", str(PAUSE), "--rng-seed", "1",
                      "-q")["turns"]


def main(program, model, lines):
    engine, script, missed = Engine(program, model), play(lines), []
    clips = {voice: speaker.embedding(engine.clip(voice)) for voice in ROLES.values()}

    def line(what, asked, measured, good):
        print(f"| {what} | {asked} | {measured} |", flush=True)
        missed.extend([] if good else [what])

    with tempfile.TemporaryDirectory(prefix="echotts-dialogue-") as folder:
        turns = perform(engine, script, folder)
        paths = [os.path.join(folder, turn["file"]) for turn in turns]
        heard = [ears.hear(path) for path in paths]
        near = [max(clips, key=lambda v, e=speaker.embedding(path): float(clips[v] @ e)) for path in paths]
    scores = errors.score([ears.words(text) for _, text in script], [ears.words(text) for text in heard])
    right = [ROLES[name] == voice for (name, _), voice in zip(script, near)]
    gaps = [b["begin_s"] - a["end_s"] for a, b in zip(turns, turns[1:])]
    for (name, text), said, (wrong, _), voice in zip(script, heard, scores, near):
        print(f"{name} ({voice}): {text}" + (f" - heard \"{said}\"" if wrong else ""), file=sys.stderr)

    print(f"| a dialogue of {len(script)} lines, three voices | asked | measured |\n|---|---|---|")
    line("turns, each by its role", len(script), len(turns), [t["role"] for t in turns] == [name for name, _ in script])
    line("word errors, %", f"at most {WORST:.0f}", f"{errors.rate(scores):.1f}", errors.rate(scores) <= WORST)
    line("lines without a wrong word", "", f"{sum(not wrong for wrong, _ in scores)} of {len(scores)}", True)
    line("lines nearest to the clip of their role", "all", f"{sum(right)} of {len(right)}", all(right))
    line("seconds between turns", PAUSE, f"{min(gaps):.2f} to {max(gaps):.2f}", all(abs(g - PAUSE) < 0.001 for g in gaps))
    return bool(missed)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    try:
        sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 10))
    except (Trouble, OSError, subprocess.SubprocessError) as trouble:
        sys.exit(f"dialogue.py: {trouble}")
