# SPDX-License-Identifier: MIT
"""The sentences of the limited vocabulary: what the small voice learns to say and a judge may hear.

    grammar.py jsgf|loop|words        prints the grammar for a recogniser, a loop of all its words, or the words
    grammar.py sentences SET COUNT    prints sentences of a set (dev or test), which training never sees
"""
import random
import sys
import textwrap

LISTS = {
    "digit": "zero one two three four five six seven eight nine",
    "hour": "one two three four five six seven eight nine ten eleven twelve",
    "teen": "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
    "tens": "twenty thirty forty fifty sixty seventy eighty ninety",
    "unit": "one two three four five six seven eight nine",
    "unitth": "first second third fourth fifth sixth seventh eighth ninth",
    "teenth": "tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth "
              "nineteenth twentieth thirtieth",
    "month": "january february march april may june july august september october november december",
    "day": "monday tuesday wednesday thursday friday saturday sunday",
    "part": "morning afternoon evening",
    "when": "today tomorrow tonight",
    "color": "red blue green white black yellow orange brown pink purple grey golden",
    "thing": "box house river table garden window door ball book chair car clock cup lamp hat key",
    "things": "boxes houses tables windows doors books chairs cars cups lamps keys",
    "size": "big small old new long short heavy",
    "verb": "open close find move take bring clean check",
    "room": "kitchen bedroom office garden bathroom hall garage",
    "device": "light music radio heater camera fan television alarm",
    "state": "on off",
    "city": "london paris berlin rome tokyo madrid vienna boston chicago dublin",
    "vehicle": "train bus plane ship",
    "weather": "sunny cloudy rainy cold warm windy hot dry",
    "person": "you me them him her us",
    "name": "anna peter john mary tom lucy david sarah",
    "family": "mother father brother sister friend",
    "drink": "tea coffee water milk juice",
    "food": "bread cheese soup rice cake fish apples",
    "animal": "dog cat horse bird",
}
RULES = {
    "time": ["<hour> <teen>", "<hour> <tens> <unit>", "<hour> thirty", "half past <hour>", "quarter to <hour>"],
    "number": ["<teen>", "<tens>", "<tens> <unit>", "<unit> hundred", "<unit> hundred and <tens>",
               "<unit> thousand", "<tens> <unit>"],
    "date": ["the <unitth> of <month>", "the <teenth> of <month>", "the twenty <unitth> of <month>"],
}
# A sentence form and how often it is drawn.
FORMS = {
    "<digit> <digit> <digit>": 1,
    "<digit> <digit> <digit> <digit>": 2,
    "<digit> <digit> <digit> <digit> <digit>": 2,
    "the number is <number>": 4,
    "the time is <time>": 4,
    "it is <time> in <city>": 2,
    "wake me at <time>": 2,
    "set the <device> to <number>": 3,
    "<verb> the <size> <color> <thing>": 4,
    "<verb> the <color> <thing> please": 3,
    "where is the <color> <thing>": 2,
    "there are <number> <color> <things> in the <room>": 3,
    "turn <state> the <device> in the <room>": 4,
    "turn <state> the <room> <device>": 2,
    "is the <device> in the <room> <state>": 1,
    "see <person> on <day> at <hour>": 3,
    "good <part> today is <day>": 2,
    "good <part> <name> how are you": 2,
    "hello <name> how are you <when>": 2,
    "today is <day> <date>": 4,
    "my birthday is on <date>": 2,
    "the <vehicle> to <city> leaves at <time>": 4,
    "the weather in <city> is <weather> and <weather>": 3,
    "it will be <weather> <when>": 2,
    "welcome to <city> <name>": 2,
    "my name is <name>": 1,
    "thank you very much <name>": 1,
    "i would like <drink> and <food> please": 3,
    "my <family> lives in <city>": 2,
    "please call my <family> on <day> <part>": 2,
    "the <size> <color> <animal> is in the <room>": 2,
    "yes please": 1,
    "no thank you": 1,
}
PROPER = {w for n in ("month", "day", "city", "name") for w in LISTS[n].split()} | {"i"}


def words_of(form):
    return [w for w in form.split() if not w.startswith("<")]


def vocabulary():
    lists = {w for text in LISTS.values() for w in text.split()}
    return sorted(lists | {w for forms in (*RULES.values(), FORMS) for form in forms for w in words_of(form)})


def expand(form, rng):
    words = []
    for part in form.split():
        name = part.strip("<>")
        if part == name:
            words.append(part)
        elif name in RULES:
            words += expand(rng.choice(RULES[name]), rng)
        else:
            words.append(rng.choice(LISTS[name].split()))
    return words


def written(sentence):
    """As one writes it, but for the stop at its end."""
    text = " ".join(w.capitalize() if w in PROPER else w for w in sentence.split())
    return text[0].upper() + text[1:]


def draw(rng):
    return " ".join(expand(rng.choices(list(FORMS), FORMS.values())[0], rng))


def held_out(name, count=100):
    """`dev` is for looking while training; `test` is what is reported."""
    rng, out = random.Random({"dev": 777, "test": 20260}[name]), []
    others = held_out("dev") if name == "test" else []
    while len(out) < count:
        sentence = draw(rng)
        if sentence not in out + others and len(sentence.split()) > 2:
            out.append(sentence)
    return out


def training(count, seed=1):
    """Different sentences, none of them held out; the few short forms repeat."""
    held, rng, out = set(held_out("dev") + held_out("test")), random.Random(seed), []
    seen = set()
    while len(out) < count:
        sentence = draw(rng)
        if sentence in held or (sentence in seen and len(sentence.split()) > 4):
            continue
        seen.add(sentence)
        out.append(sentence)
    return out


def rule(name, parts, before="", after=""):
    return textwrap.fill(f"{before}<{name}> = ({' | '.join(parts)}){after};", 120, subsequent_indent="    ") + "\n"


def jsgf():
    rules = [rule(name, text.split()) for name, text in LISTS.items()]
    rules += [rule(name, forms) for name, forms in RULES.items()]
    return "#JSGF V1.0;\ngrammar small_voice;\n" + "".join(rules) + rule("sentence", FORMS, "public ")


def loop():
    return "#JSGF V1.0;\ngrammar words;\n" + rule("sentence", vocabulary(), "public ", "+")


def main(what, *rest):
    if what == "sentences":
        print("\n".join(held_out(rest[0], int(rest[1]))))
    else:
        print({"jsgf": jsgf, "loop": loop, "words": lambda: "\n".join(vocabulary())}[what](), end="")


if __name__ == "__main__":
    main(*sys.argv[1:])
