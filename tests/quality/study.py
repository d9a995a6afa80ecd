# SPDX-License-Identifier: MIT
"""The full run: what is made, and what is measured in it."""
import math

import ears
import end
import errors
import grammar
import report
import sentences
import sound
import speaker
import takes
import work

PLAIN = {"precision": "f32", "codec-precision": "f32"}     # else the model's own settings
# What differs from the model's settings, and over how many sentences.
CONDITIONS = [
    ("transformer in bf16", {"precision": "bf16"}, 100),
    ("transformer in int8", {"precision": "int8"}, 100),
    ("codec in bf16", {"codec-precision": "bf16"}, 100),
    ("40 steps", {"steps": 40}, 100),
    ("20 steps", {"steps": 20}, 100),
    ("10 steps", {"steps": 10}, 100),
    ("5 steps", {"steps": 5}, 100),
    ("a window of 640 frames", {"frames": 640}, 25),
    ("no guidance", {"cfg-text": 0, "cfg-speaker": 0}, 100),
]
LESSONS = 40        # sentences by each source that the speaker judge learns from
NEAR = 0.3          # seconds by which a length may differ from the source's
FRAME = 2048        # samples
ZEROS = 32          # frames of them, to know how they sound


def learned(made):
    """The speaker judge, from sentences that are not in the test."""
    told = [{"sentence": s, "voice": v, "seed": f"{v}-{i}"} for v in sentences.VOICES
            for i, s in enumerate(grammar.held_out("dev", LESSONS))]
    lessons = takes.of_sources(made, "lessons", told)
    lessons.measure()
    return speaker.Judge({v: [e for row, e in zip(told, lessons.embeddings) if row["voice"] == v]
                          for v in sentences.VOICES})


def endings(made, engine, cut, source):
    """What is known about the ends: whether found, how late the cut is, the length against the source's."""
    whole = takes.of_engine(made, engine, cut.rows, PLAIN, "--no-trim")
    zeros = work.kept(made.folder() + "/zeros.wav", lambda part: engine.decode_zeros(ZEROS, part))
    hum = end.hum(sound.read(zeros))
    true = whole.ends(hum)
    known = takes.of_codec(made, engine, source, ZEROS).ends(hum)
    out = []
    for i, told in enumerate(cut.reports()):
        frame = FRAME / sound.RATE
        taught = math.ceil(source.duration[i] / frame) * frame - source.last[i]
        out.append({"found": told["kept"] < told["frames"], "late": told["audio_s"] - true[i] - taught,
                    "longer": cut.lengths()[i] - source.lengths()[i], "off": known[i] - source.last[i]})
    return out


def near(take, source):
    return errors.share(abs(a - b) <= NEAR for a, b in zip(take.lengths(), source.lengths()))


def right(judge, take):
    return errors.share(judge.nearest(e) == row["voice"] for e, row in zip(take.embeddings, take.rows))


def conditions(made, engine, judge, source, plain, score):
    """Each against the model's own settings, over the same sentences and seeds."""
    own = {**PLAIN, **{name: plain.reports()[0][name] for name in ("steps", "frames")}}
    out = []
    for name, change, count in CONDITIONS:
        if all(own.get(option) == value for option, value in change.items()):
            out.append({"name": name, "n": 0})
            continue
        rows = plain.rows[:count]
        take = takes.of_engine(made, engine, rows, {**PLAIN, **change})
        errors_here = take.listen()
        take.measure()
        out.append({"name": name, "n": len(rows), "score": errors_here,
                    "paired": errors.paired(errors_here, score[:count]),
                    "same": errors.share(a == b for a, b in zip(take.heard["grammar"], plain.heard["grammar"])),
                    "near": near(take, source), "right": right(judge, take)})
    return out


def run(engine, folder, processes, rows):
    """The report as Markdown."""
    made = work.Work(folder, engine, processes)
    source = takes.of_sources(made, "source", rows)
    codec = takes.of_codec(made, engine, source)
    plain = takes.of_engine(made, engine, rows, PLAIN)
    judge = learned(made)
    three = {"source": source, "codec": codec, "echotts": plain}
    scores = {}
    for mode in ears.MODES:
        for name, take in three.items():
            scores[mode, name] = take.listen(mode)
    for take in three.values():
        take.measure()
    others = plain.heard["grammar"][5:] + plain.heard["grammar"][:5]      # by the same voice
    return report.page({
        "engine": engine.run("info"), "settings": plain.reports()[0], "rows": rows, "scores": scores,
        "chance": errors.rate(errors.score([row["sentence"] for row in rows], others)),
        "ends": endings(made, engine, plain, source),
        "right": {name: right(judge, take) for name, take in three.items()},
        "nearest": [(row["voice"], judge.nearest(e)) for row, e in zip(rows, plain.embeddings)],
        "plain": {"score": scores["grammar", "echotts"], "near": near(plain, source), "right": right(judge, plain)},
        "conditions": conditions(made, engine, judge, source, plain, scores["grammar", "echotts"]),
    }, NEAR)
