# SPDX-License-Identifier: MIT
"""docs/QUALITY.md: the tables, and as few words around them as will do."""
import statistics
import textwrap

import errors
import sentences
import sound

CUT = 0.15      # seconds, three frames: no worse than it has to be
NEAR = 0.3      # seconds by which a length may differ from the source's
PAGE = """# What a listener hears

Made by `make quality`; see [tests/quality](../tests/quality/README.md). {n} ordinary sentences ({words} words) that are
in no training text; {voices} voices in turn, a seed each. The program runs with {own} and the model's own guidance, in
f32. Model: {model}. Program: {program}. Figures in brackets are 95 % intervals by bootstrap over the sentences. Where
all sentences are alike, an interval says nothing: up to {rule} % of others may differ.

## What is asked

{asked}

## Understood

Word errors in per cent, by Whisper tiny.en. *Source* is the teacher, *codec* its sound through the codec's encoder,
codebooks and decoder, *echotts* this program.

{understood}

Of the sentences with errors, these are echotts's worst:

{worst}

## The end of speech

*Cut too late* says how many seconds more silence is left after speech than the source leaves. It is negative where
there is less, or where speech is lost. The end of speech is looked for in the same generation left uncut. In the
codec's sound of the sources with zeros put behind, where it is known, it is found {off} s late. *Longer* compares
speech, from its first loud window to its last, with the source's. `tests/quality/end.py` says what is loud.

{ends}

## The voice

The share of utterances that are nearest to the clip of their voice, among {voices} (chance {luck:.0f} %), by
Resemblyzer's embedding, which never heard these voices. In parentheses: the mean cosine to that clip.

{followed}

Clip (rows) and clip nearest to what was said (columns):

{nearest}

## Melody and sound

Each sentence is held against the source's, window by window, after time warping. *Source again* is the teacher with
other noise: no closer can be asked. *Off*: the share of windows with a pitch in both that are more than 2 semitones
apart. *Pitched*: the share of windows of speech that have a pitch; what buzzes or is hoarse has less. *Spectra apart*:
of 40 ms, in {bands} bands, over speech.

{compared}

Levels in dB, means over the sentences. *Level*: of speech, full scale 0. *Pauses*: the quietest 5 % against speech.
*Click*: 3 ms with sound above {high:.0f} kHz louder than {click:.0f} dB against speech.

{faults}

## Energy by band

Third octaves of all sentences against the source's, in dB, each against its whole.

{thirds}

Sound above {high:.0f} kHz against the whole, in dB:

{highs}

{pictures}

## Settings

Each against the model's own ({own}; transformer and codec in f32), over the same sentences and seeds. The difference of
the word errors is paired. *Same*: exactly the same words heard. *Length*: within {near} s of the source's. *Voice*: the
nearest clip is the right one.

{conditions}
"""


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def figure(pairs):
    low, high = errors.interval(pairs)
    return f"{errors.rate(pairs):.1f} [{low:.1f}, {high:.1f}]"


def change(paired):
    return "{:+.1f} [{:+.1f}, {:+.1f}]".format(*(round(x, 1) + 0.0 for x in paired))


def per_voice(rows, values):
    """(voice, its values) and, last, those of all."""
    for voice in sentences.VOICES:
        own = [x for row, x in zip(rows, values) if row["voice"] == voice]
        if own:
            yield voice, own
    yield "**all**", values


def by_voice(found, columns, show):
    """A row for each voice, a column for each of columns, name: values."""
    split = {name: dict(per_voice(found["rows"], values)) for name, values in columns.items()}
    return table(["voice", *columns], [[voice, *(show(split[name][voice]) for name in columns)]
                                       for voice in next(iter(split.values()))])


def asked(found):
    """What the small voice has to reach, what it reaches, and whether that is enough."""
    scores, more, ends, facts = found["scores"], found["paired"], found["ends"], found["facts"]
    settings = {c["name"]: c["paired"] if c["n"] else (0.0, 0.0, 0.0) for c in found["conditions"]}
    high = sound.high([fact["energies"] for fact in facts["echotts"]])
    third = abs(apart(found, "echotts", range(len(ends)))).max()
    late = errors.share(abs(e["late"]) <= CUT for e in ends)
    ended = errors.share(e["found"] for e in ends)
    voice = found["followed"]["echotts"]
    rows = [
        ("word errors, %", "≤", 4, errors.rate(scores["echotts"]), figure(scores["echotts"])),
        ("... more than the source's, points", "≤", 2, more["echotts"][0], change(more["echotts"])),
        ("the codec alone: more than the source's", "≤", 2, more["codec"][0], change(more["codec"])),
        ("end of speech found, %", "≥", 98, errors.rate(ended), figure(ended)),
        (f"end of speech within {CUT} s, %", "≥", 90, errors.rate(late), figure(late)),
        ("the clip's voice followed, %", "≥", 95, errors.rate(voice), figure(voice)),
        *((f"{name}: more word errors, points", "≤", 1, settings[name][0], change(settings[name]))
          for name in ("transformer in bf16", "transformer in int8", "10 steps")),
        (f"sound above {sound.HIGH / 1000:.0f} kHz, dB of the whole", "≤", -50, high, f"{high:.1f}"),
        ("third octaves to 10 kHz: farthest from the source's, dB", "≤", 3, third, f"{third:.1f}"),
    ]
    reached = {"≤": lambda value, limit: value <= limit, "≥": lambda value, limit: value >= limit}
    return table(["what", "asked", "measured", "reached"],
                 [[what, f"{sign} {limit}", shown, "yes" if reached[sign](value, limit) else "**no**"]
                  for what, sign, limit, value, shown in rows])


def understood(found):
    columns = {name: dict(per_voice(found["rows"], score)) for name, score in found["scores"].items()}
    rows = []
    for voice, score in columns["source"].items():
        exact = [f"{sum(not wrong for wrong, _ in column[voice])}" for column in columns.values()]
        rows.append([voice, str(len(score)), str(sum(words for _, words in score)),
                     *(figure(column[voice]) for column in columns.values()), " / ".join(exact)])
    return table(["voice", "sentences", "words", *columns, "exact: " + " / ".join(columns)], rows)


def worst(found, count=8):
    order = sorted(range(len(found["rows"])), key=lambda i: -found["scores"]["echotts"][i][0])[:count]
    return table(["voice", "said", "heard", "errors", "source's"],
                 [[found["rows"][i]["voice"], found["rows"][i]["text"], found["heard"]["echotts"][i],
                   str(found["scores"]["echotts"][i][0]), str(found["scores"]["source"][i][0])]
                  for i in order if found["scores"]["echotts"][i][0]])


def spread(values):
    low, high = errors.middle(values)
    return "{:+.2f} [{:+.2f}, {:+.2f}]".format(*(round(x, 2) + 0.0 for x in (statistics.median(values), low, high)))


def ends(found):
    rows = []
    for voice, own in per_voice(found["rows"], found["ends"]):
        late, longer = [e["late"] for e in own], [e["longer"] for e in own]
        counts = [sum(x < -CUT for x in late), sum(abs(x) <= CUT for x in late), sum(x > CUT for x in late)]
        rows.append([voice, f"{sum(e['found'] for e in own)} of {len(own)}", spread(late),
                     " / ".join(map(str, counts)), spread(longer),
                     figure(errors.share(abs(x) <= NEAR for x in longer))])
    return table(["voice", "end found", "cut too late: median, 95 % of them", f"early / within {CUT} s / late",
                  "longer: median, 95 % of them", f"within {NEAR} s, %"], rows)


def followed(found):
    both = {name: list(zip(hits, found["alike"][name])) for name, hits in found["followed"].items()}
    return by_voice(found, both, lambda values: f"{figure([hit for hit, _ in values])} "
                                                f"({statistics.mean(x for _, x in values):.2f})")


def nearest(found):
    return table(["", *sentences.VOICES], [[a, *(str(found["nearest"].count((a, b))) for b in sentences.VOICES)]
                                           for a in sentences.VOICES])


def compared(found):
    columns = {"pitch": ("correlation of pitch", 2), "off": ("pitch off, %", 0), "voiced": ("pitched, %", 0),
               "higher": ("semitones higher", 1), "level": ("correlation of level", 2),
               "apart": ("spectra apart, dB", 1)}
    rows = []
    for name, each in found["compared"].items():
        values = {what: [c[what] for c in each] for what in columns}
        rows.append([name, *("{:.{n}f} [{:.{n}f}, {:.{n}f}]".format(
            *(round(x, digits) + 0.0 for x in (statistics.mean(values[what]), *errors.middle(values[what]))), n=digits)
            for what, (_, digits) in columns.items())])
    return table(["means, 95 % of the sentences", *(head for head, _ in columns.values())], rows)


def faults(found):
    mean = lambda facts, what: f"{statistics.mean(fact[what] for fact in facts):.1f}"
    rows = [[name, mean(facts, "level"), f"{max(fact['peak'] for fact in facts):.1f}", mean(facts, "pauses"),
             f"{sum(fact['clicks'] for fact in facts)} in {sum(fact['clicks'] > 0 for fact in facts)} sentences"]
            for name, facts in found["facts"].items()]
    return table(["", "level", "loudest sample", "pauses", "clicks"], rows)


def apart(found, name, rows):
    energies = {take: [found["facts"][take][i]["energies"] for i in rows] for take in (name, "source")}
    return sound.spectra_apart(energies[name], energies["source"])


def thirds(found):
    rows = []
    for voice, own in per_voice(found["rows"], range(len(found["rows"]))):
        for name in ("codec", "echotts"):
            rows.append([voice, name, *(f"{x + 0.0:+.1f}" for x in apart(found, name, own).round(1))])
    short = [f"{x / 1000:.1f}".rstrip("0").rstrip(".") + "k" if x >= 1000 else f"{x:.0f}" for x in sound.THIRDS]
    return table(["voice", "", *short], rows)


def highs(found):
    columns = {name: [fact["energies"] for fact in facts] for name, facts in found["facts"].items()}
    return by_voice(found, columns, lambda values: f"{sound.high(values):.1f}")


def pictures(found):
    return "\n".join(f"![Spectrograms of \"{text}\", source above, codec, echotts below]({name})\n"
                     for name, text in found["pictures"].items()).strip()


def conditions(found):
    rows = [["the model's own", str(len(found["rows"])), figure(found["scores"]["echotts"]), "", "",
             figure(found["near"]), figure(found["followed"]["echotts"])]]
    for c in found["conditions"]:
        rows.append([c["name"], str(c["n"]), figure(c["score"]), change(c["paired"]), f"{errors.rate(c['same']):.0f}",
                     figure(c["near"]), figure(c["followed"])] if c["n"] else
                    [c["name"] + ": the model's own", *[""] * 6])
    return table(["", "sentences", "word errors, %", "difference, points", "same, %", "length, %", "voice, %"], rows)


def page(found):
    info, steps = found["engine"]["model"], found["settings"][0]["steps"]
    windows = sorted({told["frames"] for told in found["settings"]})
    count, words = len(found["rows"]), sum(words for _, words in found["scores"]["source"])
    text = PAGE.format(
        n=count, rule=f"{300 / count:.0f}", words=words, near=NEAR,
        own=f"{steps} steps, a window of {' to '.join(map(str, dict.fromkeys((windows[0], windows[-1]))))} frames",
        bands=sound.BANDS,
        voices=len(sentences.VOICES), luck=100 / len(sentences.VOICES), high=sound.HIGH / 1000, click=sound.CLICK,
        model=f"{info['echo_parameters'] / 1e6:.1f} + {info['dac_parameters'] / 1e6:.1f} M parameters",
        program=f"{found['engine']['version']}, {info['device'].split(',')[0]}",
        off=spread([e["off"] for e in found["ends"]]),
        **{part.__name__: part(found) for part in (asked, understood, worst, ends, followed, nearest, compared, faults,
                                                   thirds, highs, pictures, conditions)})
    parts = [part if part[0] in "#|!" else textwrap.fill(part, 120) for part in text.strip().split("\n\n")]
    return "\n\n".join(parts) + "\n"
