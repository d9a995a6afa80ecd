# SPDX-License-Identifier: MIT
"""A take: the sentences once, said in one way, and what is heard in it."""
import json
import os

import ears
import end
import errors
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


def speak(voice, sentences, paths):
    """All at once, as starting a synthesiser is the slow part."""
    if not all(os.path.isfile(path) for path in paths):
        parts = [path + ".part" for path in paths]
        sources.speak(sentences, voice, parts)
        for part, path in zip(parts, paths):
            os.replace(part, path)


def hear(path, mode):
    file = work.kept(f"{path}.{mode}", lambda part: write(part, " ".join(ears.hear(path, mode))))
    with open(file, encoding="ascii") as f:
        return f.read().split()


def measure(path):
    samples = sound.read(path)
    return speaker.embedding(samples), *end.limits(samples), len(samples) / sound.RATE


def measure_end(path, hum):
    return end.end(sound.read(path), hum)


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


# ---- takes ----

class Take:
    def __init__(self, made, name, rows):
        self.made, self.name, self.rows, self.heard = made, name, rows, {}
        folder = made.folder(name)
        self.paths = [os.path.join(folder, row["seed"] + ".wav") for row in rows]

    def listen(self, mode="grammar"):
        """Errors and words of each sentence."""
        self.heard[mode] = self.made.each(f"{self.name}, {mode}", hear, [(path, mode) for path in self.paths])
        return errors.score([row["sentence"] for row in self.rows], self.heard[mode])

    def measure(self):
        facts = self.made.each(f"{self.name}, measured", measure, [(path,) for path in self.paths])
        self.embeddings, self.first, self.last, self.duration = zip(*facts)

    def lengths(self):
        return [last - first for first, last in zip(self.first, self.last)]

    def ends(self, hum):
        """Of uncut sound, which the hum of zeros follows."""
        return self.made.each(f"{self.name}, ends", measure_end, [(path, hum) for path in self.paths])

    def reports(self):
        out = []
        for path in self.paths:
            with open(path + ".json", encoding="ascii") as f:
                out.append(json.load(f))
        return out


def of_sources(made, name, rows):
    take = Take(made, name, rows)
    by_voice = {}
    for row, path in zip(rows, take.paths):
        by_voice.setdefault(row["voice"], []).append((row["sentence"], path))
    made.each(name, speak, [(voice, *zip(*said)) for voice, said in by_voice.items()])
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
