# SPDX-License-Identifier: MIT
"""A take: the sentences once, said in one way, and what is heard and measured in it."""
import json
import os

import ears
import end
import errors
import likeness
import sound
import sources
import speaker
import work


# ---- what is done in processes, for one sentence or one voice ----

def say(engine, row, path, options):
    def make(part):
        told = engine.say(row, part, *options)
        work.kept(path + ".json", lambda other: write(other, json.dumps(told)))
    work.kept(path, make)


def through_codec(engine, source, path, zeros):
    work.kept(path, lambda part: engine.through_codec(source, part, zeros))


def speak(voice, seed, texts, paths):
    """All at once, as opening the teacher is the slow part."""
    if not all(os.path.isfile(path) for path in paths):
        parts = [path + ".part" for path in paths]
        sources.speak(texts, voice, seed, parts)
        for part, path in zip(parts, paths):
            os.replace(part, path)


def hear(path):
    file = work.kept(path + ".txt", lambda part: write(part, ears.hear(path)))
    with open(file, encoding="utf-8") as f:
        return f.read()


def measure(path):
    samples = sound.read(path)
    first, last = end.limits(samples)
    return {"first": first, "last": last, "duration": len(samples) / sound.RATE, "energies": sound.energies(samples),
            "embedding": speaker.embedding(path), **sound.faults(samples)}


def measure_end(path, hum):
    return end.end(sound.read(path), hum)


def compare(path, other):
    return likeness.compare(sound.read(path), sound.read(other))


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


# ---- takes ----

class Take:
    def __init__(self, made, name, rows):
        self.made, self.name, self.rows, self.heard, self.facts = made, name, rows, [], []
        folder = made.folder(name)
        self.paths = [os.path.join(folder, row["seed"] + ".wav") for row in rows]

    def listen(self):
        """Errors and words of each sentence."""
        self.heard = self.made.each(f"{self.name}, heard", hear, [(path,) for path in self.paths])
        return errors.score([ears.words(row["text"]) for row in self.rows], map(ears.words, self.heard))

    def measure(self):
        self.facts = self.made.each(f"{self.name}, measured", measure, [(path,) for path in self.paths])

    def all(self, name):
        return [fact[name] for fact in self.facts]

    def lengths(self):
        return [fact["last"] - fact["first"] for fact in self.facts]

    def ends(self, hum):
        """Of uncut sound, which the hum of zeros follows."""
        return self.made.each(f"{self.name}, ends", measure_end, [(path, hum) for path in self.paths])

    def compared(self, other):
        """How alike the same sentences in another take are."""
        return self.made.each(f"{self.name}, against {other.name}", compare, list(zip(self.paths, other.paths)))

    def reports(self):
        out = []
        for path in self.paths:
            with open(path + ".json", encoding="utf-8") as f:
                out.append(json.load(f))
        return out


def of_sources(made, name, rows, seed):
    take = Take(made, name, rows)
    by_voice = {}
    for row, path in zip(rows, take.paths):
        by_voice.setdefault(row["voice"], []).append((row["text"], path))
    made.each(name, speak, [(voice, seed, *zip(*said)) for voice, said in by_voice.items()])
    return take


def of_codec(made, engine, source, zeros=0):
    take = Take(made, f"codec, {zeros} zeros" if zeros else "codec", source.rows)
    made.each(take.name, through_codec, [(engine, a, b, zeros) for a, b in zip(source.paths, take.paths)])
    return take


def of_engine(made, engine, rows, settings, *flags):
    """settings: option and value; flags: options without one."""
    options = [*(x for name, value in settings.items() for x in ("--" + name, str(value))), *flags]
    take = Take(made, "say " + " ".join(options).replace("--", ""), rows)
    made.each(take.name, say, [(engine, row, path, options) for row, path in zip(rows, take.paths)])
    return take
