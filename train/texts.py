# SPDX-License-Identifier: MIT
"""texts.py WORK - ordinary English to learn from: WORK/texts.json, {"train": [...], "rows": [...]}.

Needs the Debian packages wordnet-base, dict-gcide, fortunes, bible-kjv, wamerican and pocketsphinx-en-us.
"""
import csv
import gzip
import json
import os
import random
import re
import subprocess
import sys

from templates import FORMS, LISTS

HERE = os.path.dirname(os.path.abspath(__file__))
GOOD = re.compile(r"[A-Za-z0-9 ,.;:'\"!?\-]+$")
MOST = 190          # bytes of a text
ONES = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen").split()
TENS = "x ten twenty thirty forty fifty sixty seventy eighty ninety".split()
READ = {"Dr.": "Doctor", "Mr.": "Mister", "Mrs.": "Missus", "Ms.": "Miz", "Prof.": "Professor", "Capt.": "Captain",
        "vs.": "versus", "e.g.": "for example", "etc.": "et cetera", "no.": "number", "No.": "Number", "Mt.": "Mount",
        "St.": "Street", "Ave.": "Avenue", "Rd.": "Road", "U.S.": "U S", "a.m.": "A M", "p.m.": "P M"}
LAST = ("etc.", "a.m.", "p.m.", "St.", "Ave.", "Rd.")       # their stop may be the sentence's too
SHORT = re.compile(r"(?<![\w.])(" + "|".join(map(re.escape, READ)) + r")(?=(\W|$))")


def pair(n):
    return ONES[n] if n < 20 else TENS[n // 10] + (" " + ONES[n % 10] if n % 10 else "")


def year(m):
    n = int(m.group())
    if 2000 <= n < 2010 or n % 1000 == 0:
        return m.group()
    rest = n % 100
    return pair(n // 100) + " " + ("hundred" if rest == 0 else "oh " + ONES[rest] if rest < 10 else pair(rest))


def money(m):
    whole, cents = int(m.group(1).replace(",", "")), m.group(2)
    return f"{m.group(1)} dollar{'s' * (whole != 1)}" + (f" and {int(cents)} cents" if cents and int(cents) else "")


def clock(m):
    hour, minute = int(m.group(1)), int(m.group(2))
    return str(hour) + (f" oh {minute}" if 0 < minute < 10 else f" {minute}" if minute else " o'clock")


def spoken(s):
    """A text as it is read: espeak alone stumbles over sums of money, times, years and abbreviations."""
    def full(m):
        ends = m.end() == len(s) or re.match(r" (?=[A-Z])", s[m.end():]) and m.group() in LAST
        return READ[m.group()] + ("." if ends else "")
    s = SHORT.sub(full, s)
    s = re.sub(r"\$(\d[\d,]*)(?:\.(\d\d))?", money, s)
    s = re.sub(r"\b(\d{1,2}):(\d\d)\b", clock, s)
    s = s.replace("%", " percent").replace("&", "and")
    s = re.sub(r"\b\d{3}-\d{4}\b", lambda m: " ".join(ONES[int(c)] for c in m.group() if c != "-"), s)
    return re.sub(r"(?<=[a-z], )(1[1-9]|20)\d\d(?=\W|$)|(?<=\bin )(1[1-9]|20)\d\d(?=\W|$)|(?<=\band )(1[89]|20)\d\d(?=, )|"
                  r"(?<=Between )(1[1-9]|20)\d\d\b|(?<=In )(1[1-9]|20)\d\d(?=,)", year, s)


def tidy(s):
    s = s.replace("`", "'").replace("''", '"').replace("--", ", ")
    s = re.sub(r"\s+", " ", s).strip(" ,;:-")
    return re.sub(r"\s+([,.;:!?])", r"\1", s)


def fine(s, least=8):
    if not (least <= len(s) <= MOST and GOOD.match(s)) or s.count('"') % 2 or "..." in s:
        return False
    if re.search(r"[,;:.!?\-]{2,}|[A-Z]{4,}", s) or re.search(r"[bcdfghjklmnpqrstvwxz]{6,}", s.lower()):
        return False
    return len(re.findall(r"\d", s)) <= 6 and max(map(len, s.split())) <= 18


def end(s):
    s = s[0].upper() + s[1:]
    return s if s[-1] in ".!?\"" else s + "."


def wordnet():
    examples, glosses = set(), set()
    for part in ("noun", "verb", "adj", "adv"):
        for line in open("/usr/share/wordnet/data." + part, encoding="latin-1"):
            gloss = line.partition("|")[2]
            examples |= {q for q in map(tidy, re.findall(r'"([^"]+)"', gloss)) if len(q.split()) >= 3 and fine(q)}
            d = tidy(re.sub(r"\([^)]*\)", "", gloss.split(";")[0].split('"')[0]))
            if len(d.split()) >= 5 and fine(d) and not re.search(r"\d", d):
                glosses.add(d)
    return sorted(examples), sorted(glosses)


def quotations():
    """GCIDE's: the indented lines of an entry."""
    text = gzip.open("/usr/share/dictd/gcide.dict.dz", "rt", encoding="utf-8", errors="replace").read()
    out, block = set(), []
    for line in text.split("\n") + [""]:
        if re.match(r" {9,}\S", line) and "[1913" not in line:
            block.append(line.strip())
        elif block:
            q = tidy(re.sub(r"--\s*\S.*$", "", " ".join(block)))
            if len(q.split()) >= 5 and fine(q) and q[0].isupper() and q[-1] in ".!?":
                out.add(q)
            block = []
    return sorted(out)


def fortunes():
    out, folder = set(), "/usr/share/games/fortunes"
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if not os.path.isfile(path) or "." in name or name in (
                "ascii-art", "perl", "linux", "knghtbrd", "debian", "zippy", "limerick", "translate-me"):
            continue
        for item in open(path, encoding="utf-8", errors="replace").read().split("\n%\n"):
            item = re.sub(r"\n\s*--.*", "", item, flags=re.S)
            if "\t" in item and item.count("\n") > 8:
                continue
            for s in map(tidy, re.split(r"(?<=[.!?]) +(?=[A-Z])", re.sub(r"\s+", " ", item))):
                if len(s.split()) >= 3 and fine(s) and s[0].isupper() and s[-1] in ".!?":
                    out.add(s)
    return sorted(out)


def verses():
    text = subprocess.run(["bible", "-f", "gen1:1-rev22:21"], capture_output=True, text=True, check=True).stdout
    lines = (tidy(line.partition(" ")[2]) for line in text.split("\n"))
    return sorted({s for s in lines if len(s.split()) >= 4 and fine(s) and s[-1] in ".!?"})


def words():
    """Those of the dictionary, those of them that WordNet has, and names."""
    with open("/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict", encoding="latin-1") as f:
        said = [line.split()[0] for line in f]
    said = [w for w in said if re.fullmatch(r"[a-z]{2,14}", w)]
    known = {line.split(" ")[0] for part in ("noun", "verb", "adj", "adv")
             for line in open("/usr/share/wordnet/index." + part, encoding="latin-1")}
    have = set(said)
    with open("/usr/share/dict/words", encoding="utf-8") as f:
        names = [w for w in f.read().split() if re.fullmatch(r"[A-Z][a-z]{2,11}", w) and w.lower() in have]
    return said, [w for w in said if w in known], names


def number(rng):
    low, high = rng.choices(((0, 20), (10, 100), (100, 999), (1000, 9999)), (3, 4, 2, 1))[0]
    return str(rng.randint(low, high))


def ordinal(n):
    return f"{n}" + ("th" if n in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th"))


def template(rng):
    any_of = lambda s: rng.choice(s.split())
    cents = lambda: f"{rng.randint(1, 99)}.{any_of('50 99 25 75 20')}"

    def fill(m):
        kind = re.sub(r"\d$", "", m.group(1))
        value = {
            "n": lambda: number(rng), "d": lambda: str(rng.randint(1, 31)), "h": lambda: str(rng.randint(1, 12)),
            "y": lambda: str(rng.choice((rng.randint(1900, 2030), rng.randint(1700, 1999)))),
            "m": lambda: any_of("15 30 45 10 20 50 05 55 25 40 12 37"),
            "money": lambda: "$" + (number(rng) if rng.random() < 0.5 else cents()),
            "percent": lambda: str(rng.randint(2, 99)), "decimal": lambda: f"{rng.randint(0, 40)}.{rng.randint(1, 9)}",
            "large": lambda: f"{rng.randint(1, 999)},{rng.choice((0, 500, 250, rng.randint(0, 999))):03d}",
            "phone": lambda: f"555-0{rng.randint(100, 199)}",
            "clock": lambda: f"{rng.randint(1, 12)}:{any_of('00 05 15 30 45 10 20 50')}" + rng.choice(("", " a.m.", " p.m.")),
            "th": lambda: ordinal(rng.randint(1, 31)),
            "When": lambda: rng.choice(LISTS["when"].split("|")).capitalize()}.get(kind)
        return value() if value else rng.choice(LISTS[kind].split("|"))
    form = rng.choices([f for f, _ in FORMS], [w for _, w in FORMS])[0]
    s = re.sub(r"\ba (?=[aeio])", "an ", re.sub(r"\{(\w+)\}", fill, form))
    after = r"([!?] |(?<![A-Z.])(?<!Dr|Mr|Ms|vs|no)(?<!Mrs|etc)(?<!Prof|Capt)\. )([a-z])"
    s = re.sub(after, lambda m: m.group(1) + m.group(2).upper(), s)
    i = s[0] == '"'
    return s[:i] + s[i].upper() + s[i + 1:]


def bare(s):
    return re.sub(r"\W+", " ", s.lower()).strip()


def held():
    """The sentences that must stay unseen: those here, and those of the judge."""
    with open(os.path.join(HERE, "held-out.txt"), encoding="utf-8") as f:
        here = f.read().splitlines()
    with open(os.path.join(HERE, "..", "tests", "quality", "sentences.tsv"), encoding="ascii", newline="") as f:
        return {bare(s) for s in [*here, *(row["text"] for row in csv.DictReader(f, delimiter="\t"))]}


def main():
    rng = random.Random(11)
    said, known, names = words()
    source = lambda: rng.choice(known if rng.random() < 0.7 else said)
    examples, glosses, rest = *wordnet(), [quotations(), fortunes(), verses()]
    for part in (examples, glosses, *rest):
        rng.shuffle(part)

    def typed(s):
        k = rng.random()
        return end(s) if k < 0.85 else s if k < 0.95 else s[0].upper() + s[1:]

    pick = [typed(s) for s in examples[:26000]] + [end(s) for s in glosses if len(s) > 30][:7000]
    for part, count in zip(rest, (9000, 7000, 2000)):
        pick += part[:count]
    pick += sorted({template(rng) for _ in range(20000)})
    for _ in range(4500):           # rows of words, and of names
        row = [source() for _ in range(rng.randint(3, 6))]
        how = rng.choice((", ", ", ", " ", ". "))
        pick.append(end(how.join(row)) if how != ". " else ". ".join(w.capitalize() for w in row) + ".")
    for _ in range(2500):
        pick.append(end(", ".join(rng.choice(names) for _ in range(rng.randint(1, 5)))))
        pick.append(end(source()) if rng.random() < 0.7 else source())
    whole = [s for s in pick if len(s) < 100 and s[-1] in ".!?"]
    pick += [" ".join(rng.choice(whole) for _ in range(rng.choice((2, 2, 3)))) for _ in range(9000)]
    pick = [re.sub(r"[.!?]$", "", s.lower()) if rng.random() < 0.04 and len(s) > 2 else s for s in pick]
    unseen = held()
    kept = {s for s in pick if len(s) <= MOST}
    out = sorted(s for s in kept if bare(s) not in unseen)
    print(f"{len(kept) - len(out)} texts left out, which must stay unseen")
    rng.shuffle(out)
    rows = []                       # for spelling
    for _ in range(40000):
        row, of = "", said if rng.random() < 0.45 else known if rng.random() < 0.9 else names
        while len(row) + len(w := rng.choice(of)) + 1 <= 46:
            row = (row + " " + w).strip()
        rows.append(end(row) if rng.random() < 0.3 else row)
    with open(os.path.join(sys.argv[1], "texts.json"), "w", encoding="utf-8") as f:
        json.dump({"train": out, "rows": rows}, f)
    letters = sum(map(len, out))
    print(f"{len(out)} texts of {letters / len(out):.0f} letters, about {letters / 15 / 3600:.0f} hours")


if __name__ == "__main__":
    main()
