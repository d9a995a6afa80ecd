# SPDX-License-Identifier: MIT
"""docs/QUALITY.md: the tables, and as few words around them as will do."""
import statistics
import textwrap

import errors
import sentences

CUT = 0.1       # seconds, two frames: no worse than it has to be
PAGE = """# What a listener hears

Made by `make quality`; see [tests/quality](../tests/quality/README.md). {n} sentences that training never saw, the
five voices in turn, a seed each; {settings}. Model: {model}. Program: {program}.
In brackets are 95 % intervals by bootstrap over the sentences. An interval of nothing but zeros only says that there
was no error among {words} words: up to {rule} % are possible.

## Understood

Word errors in per cent, by pocketsphinx. *Source* is the synthesiser that the model learned from, *codec* its sound
through the codec's encoder, codebooks and decoder, *echotts* this program. In **grammar** mode the recogniser knows
which sentences are possible; words held against another sentence's would have {chance:.0f} % errors.

{grammar}

In **loop** mode it knows only the words, and any may follow any other:

{loop}

## The end of speech

*Cut too late*: how much more silence is left after the last loud window of speech than the source leaves, in seconds;
negative: too little, or speech is lost. Where speech ends is looked for in the sound of the same generation left
uncut; in the codec's sound of the sources with zeros put behind, where it is known, it is found {off} s late.
*Longer*: speech from its first loud window to its last, against the source's. `tests/quality/end.py` says what is loud.

{ends}

## The voice

The share of utterances nearest to the voice of their reference clip, among {voices} (chance {luck:.0f} %), by a
**home-made** judge: a linear discriminant over means and deviations of cepstra and pitch, fitted to other sentences
by the sources. It knows only these voices, so this is selection, not cloning.

{right}

Clip (rows) and voice nearest to what was said (columns):

{nearest}

## Settings

Each against the model's own ({own}; transformer and codec in f32), over the same sentences and seeds. The
difference of the word errors is paired. *Same*: exactly the same words heard. *Length*: within {near} s of the
source's. *Voice*: as above.

{conditions}
"""


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def figure(pairs):
    low, high = errors.interval(pairs)
    return f"{errors.rate(pairs):.1f} [{low:.1f}, {high:.1f}]"


def per_voice(rows, values):
    """(voice, its values) and, last, those of all."""
    for voice in sentences.VOICES:
        own = [x for row, x in zip(rows, values) if row["voice"] == voice]
        if own:
            yield voice, own
    yield "**all**", values


def understood(found, mode):
    columns = {name: dict(per_voice(found["rows"], score)) for (m, name), score in found["scores"].items() if m == mode}
    rows = []
    for voice, score in columns["source"].items():
        exact = [f"{sum(not wrong for wrong, _ in column[voice])}" for column in columns.values()]
        rows.append([voice, str(len(score)), str(sum(words for _, words in score)),
                     *(figure(column[voice]) for column in columns.values()), " / ".join(exact)])
    return table(["voice", "sentences", "words", *columns, "exact: " + " / ".join(columns)], rows)


def spread(values):
    low, high = errors.middle(values)
    return "{:+.2f} [{:+.2f}, {:+.2f}]".format(*(round(x, 2) + 0.0 for x in (statistics.median(values), low, high)))


def ends(found, near):
    rows = []
    for voice, own in per_voice(found["rows"], found["ends"]):
        late, longer = [e["late"] for e in own], [e["longer"] for e in own]
        counts = [sum(x < -CUT for x in late), sum(abs(x) <= CUT for x in late), sum(x > CUT for x in late)]
        rows.append([voice, f"{sum(e['found'] for e in own)} of {len(own)}", spread(late),
                     " / ".join(map(str, counts)), spread(longer),
                     figure(errors.share(abs(x) <= near for x in longer))])
    return table(["voice", "end found", "cut too late: median, 95 % of them", f"early / within {CUT} s / late",
                  "longer: median, 95 % of them", f"within {near} s, %"], rows)


def right(found):
    columns = {name: dict(per_voice(found["rows"], hits)) for name, hits in found["right"].items()}
    return table(["voice", *columns], [[voice, *(figure(column[voice]) for column in columns.values())]
                                       for voice in columns["source"]])


def nearest(found):
    return table(["", *sentences.VOICES], [[a, *(str(found["nearest"].count((a, b))) for b in sentences.VOICES)]
                                           for a in sentences.VOICES])


def conditions(found):
    rows = [["the model's own", str(len(found["rows"])), figure(found["plain"]["score"]), "", "",
             figure(found["plain"]["near"]), figure(found["plain"]["right"])]]
    for c in found["conditions"]:
        if not c["n"]:
            rows.append([c["name"] + ": the model's own", *[""] * 6])
            continue
        change, low, high = c["paired"]
        rows.append([c["name"], str(c["n"]), figure(c["score"]), f"{change:+.1f} [{low:+.1f}, {high:+.1f}]",
                     f"{errors.rate(c['same']):.0f}", figure(c["near"]), figure(c["right"])])
    return table(["", "sentences", "word errors, %", "difference, points", "same, %", "length, %", "voice, %"], rows)


def page(found, near):
    info, told = found["engine"]["model"], found["settings"]
    words = sum(words for _, words in found["scores"]["grammar", "source"])
    own = f"{told['steps']} steps, a window of {told['frames']} frames"
    text = PAGE.format(
        off=spread([e["off"] for e in found["ends"]]),
        n=len(found["rows"]), words=words, rule=f"{300 / words:.1f}", chance=found["chance"], own=own, near=near,
        settings=f"{own}, the model's own guidance", voices=len(sentences.VOICES), luck=100 / len(sentences.VOICES),
        model=f"{info['echo_parameters'] / 1e6:.1f} + {info['dac_parameters'] / 1e6:.1f} M parameters",
        program=f"{found['engine']['version']}, {info['device'].split(',')[0]}",
        grammar=understood(found, "grammar"), loop=understood(found, "words"), ends=ends(found, near),
        right=right(found), nearest=nearest(found), conditions=conditions(found))
    parts = [part if part[0] in "#|" else textwrap.fill(part, 120) for part in text.strip().split("\n\n")]
    return "\n\n".join(parts) + "\n"
