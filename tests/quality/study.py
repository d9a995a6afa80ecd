# SPDX-License-Identifier: MIT
"""The full run: what is made, and what is measured in it."""
import math
import os
import subprocess

import end
import errors
import report
import sentences
import sound
import speaker
import takes
import work

PLAIN = {"precision": "f32", "codec-precision": "f32"}     # else the model's own settings, its window too
CONDITIONS = [      # what differs from that, and over how many sentences
    ("transformer in bf16", {"precision": "bf16"}, 100),
    ("transformer in int8", {"precision": "int8"}, 100),
    ("codec in bf16", {"codec-precision": "bf16"}, 100),
    ("40 steps", {"num-steps": 40}, 100),
    ("20 steps", {"num-steps": 20}, 100),
    ("10 steps", {"num-steps": 10}, 100),
    ("5 steps", {"num-steps": 5}, 100),
    ("preset fast", {"preset": "fast"}, 100),
    ("preset balanced", {"preset": "balanced"}, 100),
    ("preset best", {"preset": "best"}, 100),
    ("a window of 256 frames", {"sequence-length": 256}, 100),
    ("a window of 640 frames", {"sequence-length": 640}, 40),
    ("no guidance by the voice", {"cfg-scale-speaker": 0}, 40),
    ("guidance by the text 1.5", {"cfg-scale-text": 1.5}, 40),
    ("guidance by the text 6", {"cfg-scale-text": 6}, 40),
    ("no guidance", {"cfg-scale-text": 0, "cfg-scale-speaker": 0}, 40),
]
FRAME = 2048        # samples
ZEROS = 32          # frames of them, to know how they sound


def endings(made, engine, cut, source):
    """What is known about the ends: whether found, how late the cut is, the length against the source's."""
    rows = [dict(row, window=told["frames"]) for row, told in zip(cut.rows, cut.reports())]
    whole = takes.of_engine(made, engine, rows, PLAIN, "--no-trim")
    zeros = work.kept(made.folder() + "/zeros.wav", lambda part: engine.decode_zeros(ZEROS, part))
    hum = end.hum(sound.read(zeros))
    true = whole.ends(hum)
    known = takes.of_codec(made, engine, source, ZEROS).ends(hum)
    out = []
    for i, told in enumerate(cut.reports()):
        frame, fact = FRAME / sound.RATE, source.facts[i]
        taught = math.ceil(fact["duration"] / frame) * frame - fact["last"]
        out.append({"found": told["kept"] < told["frames"], "late": told["audio_s"] - true[i] - taught,
                    "longer": cut.lengths()[i] - source.lengths()[i], "off": known[i] - fact["last"]})
    return out


def near(take, source):
    return errors.share(abs(a - b) <= report.NEAR for a, b in zip(take.lengths(), source.lengths()))


class Clips:
    """Whose clip an utterance is nearest to."""

    def __init__(self, engine):
        self.clips = {voice: speaker.embedding(engine.clip(voice)) for voice in sentences.VOICES}

    def nearest(self, one):
        return max(self.clips, key=lambda voice: self.clips[voice] @ one)

    def followed(self, take):
        return errors.share(self.nearest(e) == row["voice"] for e, row in zip(take.all("embedding"), take.rows))

    def alike(self, take):
        return [float(self.clips[row["voice"]] @ e) for e, row in zip(take.all("embedding"), take.rows)]


def conditions(made, engine, clips, source, plain, score):
    """Each against the model's own settings, over the same sentences and seeds."""
    own = [{**PLAIN, "num-steps": told["steps"], "sequence-length": told["frames"]} for told in plain.reports()]
    out = []
    for name, change, count in CONDITIONS:
        if all(told.get(option) == value for told in own for option, value in change.items()):
            out.append({"name": name, "n": 0})
            continue
        take = takes.of_engine(made, engine, plain.rows[:count], {**PLAIN, **change})
        errors_here = take.listen()
        take.measure()
        out.append({"name": name, "n": len(take.rows), "score": errors_here,
                    "paired": errors.paired(errors_here, score[:count]),
                    "same": errors.share(a == b for a, b in zip(take.heard, plain.heard)),
                    "near": near(take, source), "followed": clips.followed(take)})
    return out


def pictures(three, folder):
    """A sentence of each voice: spectrograms of source, codec and program, one above the other."""
    out, rows = {}, three["source"].rows
    first = {row["voice"]: i for i, row in reversed(list(enumerate(rows)))}
    for voice, i in sorted(first.items(), key=lambda item: item[1]):
        name = f"heard-{voice}.png"
        subprocess.run(["sox", "-M", *(take.paths[i] for take in three.values()), "-n", "spectrogram",
                        *"-x 640 -y 160 -z 90 -c".split(), "From above: source, codec, echotts.", "-t", rows[i]["text"],
                        "-o", os.path.join(folder, name)], check=True)
        out[name] = rows[i]["text"]
    return out


def run(engine, folder, processes, rows, page):
    """Writes the report as Markdown, and its pictures beside it."""
    made = work.Work(folder, engine, processes)
    source = takes.of_sources(made, "source", rows, seed=1)
    again = takes.of_sources(made, "source again", rows, seed=2)
    codec = takes.of_codec(made, engine, source)
    plain = takes.of_engine(made, engine, rows, PLAIN)
    three, clips = {"source": source, "codec": codec, "echotts": plain}, Clips(engine)
    scores = {name: take.listen() for name, take in three.items()}
    for take in three.values():
        take.measure()
    text = report.page({
        "engine": engine.run("info"), "settings": plain.reports(), "rows": rows, "scores": scores,
        "heard": {name: take.heard for name, take in three.items()},
        "paired": {name: errors.paired(scores[name], scores["source"]) for name in ("codec", "echotts")},
        "ends": endings(made, engine, plain, source),
        "followed": {name: clips.followed(take) for name, take in three.items()},
        "alike": {name: clips.alike(take) for name, take in three.items()},
        "nearest": [(row["voice"], clips.nearest(e)) for row, e in zip(rows, plain.all("embedding"))],
        "facts": {name: take.facts for name, take in three.items()},
        "compared": {name: take.compared(source) for name, take in (("source again", again), ("codec", codec),
                                                                    ("echotts", plain))},
        "near": near(plain, source),
        "conditions": conditions(made, engine, clips, source, plain, scores["echotts"]),
        "pictures": pictures(three, os.path.dirname(page) or "."),
    })
    with open(page, "w", encoding="utf-8") as f:
        f.write(text)
