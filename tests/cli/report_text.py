# SPDX-License-Identifier: MIT
"""Texts that people reported: tests/data/reports/README.md, second table."""
import json
import os

import models
import stream
from harness import is_one_line, read, text

UNUSUAL = r"^echotts: warning: the model may never have seen these characters, .*: "


class Reports:
    """Texts, spoken by tiny in 4 frames: what is refused, warned of and given to the model."""

    def __init__(self, p):
        self.p = p
        self.folder = os.path.join(p.data, "reports", "text")
        self.quick = ["-m", p.model("tiny"), "--precision", "f32", "--rng-seed", 1, "--sequence-length", 4, "-s", 1,
                      "--no-trim", "--latent-out", "said.safetensors", "--json"]

    def file(self, name):
        return os.path.join(self.folder, name)

    def own(self, name, data):
        with open(self.p.file(name), "wb") as f:
            f.write(data)
        return name

    def say(self, *words, stdin=b""):
        return self.p.run("say", *self.quick, *words, stdin=stdin)

    def refused(self, name, pattern, *words, stdin=b""):
        done = self.say(*words, stdin=stdin)
        self.p.check(f"{name}: refused", done.returncode == 2 and not done.stdout and
                     is_one_line(done.stderr, pattern), f"exit {done.returncode}, {text(done.stderr)!r}")

    def spoken(self, name, *words, stdin=b"", warned=None, tokens=None, unusual=None):
        """The latents, if all is as it should be."""
        done = self.say(*words, stdin=stdin)
        good = done.returncode == 0 and (is_one_line(done.stderr, warned) if warned else not done.stderr)
        self.p.check(f"{name}: spoken", good, f"exit {done.returncode}, {text(done.stderr)!r}")
        if done.returncode:
            return None
        report = json.loads(done.stdout)
        if tokens is not None:
            self.p.check(f"{name}: tokens", report["text_tokens"] == tokens, report["text_tokens"])
        got = report["unusual_characters"]
        self.p.check(f"{name}: unusual", got == (unusual or []), got)
        return read(self.p.file("said.safetensors"))


def check_nothing_to_speak(r):
    """T08, T09, T10, T22, T02: no letter, no digit."""
    for name in ("T08-only-dash", "T08-only-dots", "T08-only-hyphen", "T08-only-quote", "T09-only-emoji"):
        for how in ([], ["--no-normalize"]):
            r.refused(f"{name} {how}", rf"{name}\.txt: text has nothing to speak: no letter or digit",
                      "--file", r.file(f"{name}.txt"), *how)
    for words in ("...", "—", "*", "()", "[S1]", "[S2] [S1]", "[S1] ...", "[S12]", "\u00a0\u200b", "\u2060\u202f\u3000",
                  "“”", "؟", "।", "\u0301", "🙂", "👍🏽", "\ufffd", "\ue000", "\u3164", "❤️", "\u2028.", "%", "—\n—"):
        r.refused(repr(words), "text has nothing to speak: no letter or digit", "--", words)
    r.refused("stdin", "standard input: text has nothing to speak", "-", stdin=b"...\n")
    r.refused("T10-empty", "T10-empty.txt: text is empty", "--file", r.file("T10-empty.txt"))
    r.refused("T10-blank", "T10-blank.txt: text is blank", "--file", r.file("T10-blank.txt"))
    for words in ("7", "A", "Hi", "(laughs)", "你好", "مرحبا", "ß", "½", "[S1] a", "...a"):
        r.spoken(repr(words), words)


def check_line_ends(r):
    """T04, T07: whatever ends a line is one."""
    want = r.spoken("T04-lf", "--file", r.file("T04-lf.txt"), tokens=len("[S1] Turn on the light.") + 1)
    plain = r.spoken("T04-lf raw", "--file", r.file("T04-lf.txt"), "--no-normalize", tokens=19)
    for name in ("T04-crlf", "T07-c1-next-line"):
        for how, sound in ((["--file", r.file(name + ".txt")], want),
                           (["--file", r.file(name + ".txt"), "--no-normalize"], plain)):
            r.p.check(f"{name} {how[2:]}", r.spoken(name, *how) == sound, "other latents")
    for end in ("\r\n", "\r", "\f", "\v", "\u0085", "\u2028", "\u2029"):
        words = f"Turn on{end}the light."
        name = f"line end {end!r}"
        r.p.check(f"{name}, argument", r.spoken(name, words) == want, "other latents")
        r.p.check(f"{name}, stdin", r.spoken(name, "-", stdin=(words + end * 2).encode()) == want, "other latents")
        r.p.check(f"{name}, raw", r.spoken(name, words, "--no-normalize") == plain, "other latents")
    light = len("[S1] Turn on the light.") + 1
    r.spoken("T07-ctrl-z", "--file", r.file("T07-ctrl-z.txt"), tokens=light)
    r.spoken("Ctrl-Z behind a line", "-", stdin=b"Turn on the light.\r\n\x1a\x1a", tokens=light)
    r.spoken("T07-form-feed", "--file", r.file("T07-form-feed.txt"), tokens=light + len(" Good morning."))
    r.refused("T07-terminal-escapes", r"escapes\.txt: text has a control character \(0x1b\) at byte 6$",
              "--file", r.file("T07-terminal-escapes.txt"))
    r.refused("control character of a later line", r"\(0x07\) at byte 2 of line 3", "-", stdin=b"a\r\nb\r\nc\x07")
    r.refused("Ctrl-Z inside", r"\(0x1a\) at byte 2", "-", stdin=b"a\x1ab")
    r.refused("C1", r"control character \(U\+0092\) at byte 4", "don\u0092t")


def check_encodings(r):
    """T05, T06: not UTF-8, but what is it, and what now?"""
    r.refused("T05", r"T05-cp1252\.txt: not UTF-8 at byte 19, but probably Windows-1252 or Latin-1: "
                     r"try iconv -f WINDOWS-1252 -t UTF-8 \S*T05-cp1252\.txt > utf8\.txt$",
              "--file", r.file("T05-cp1252.txt"))
    r.spoken("T06-utf8-bom", "--file", r.file("T06-utf8-bom.txt"), tokens=39)
    words = "Turn on the light.\nПривет, мир.\n"
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"):
        wide = encoding.upper().replace("-LE", "LE").replace("-BE", "BE")
        for what in (words, "Turn on the light.", "Привет, мир, как дела?"):
            name = r.own("wide text.txt", what.encode(encoding))
            r.refused(f"{encoding} {what!r}", rf'wide text\.txt: this is {wide}, not UTF-8: try iconv -f {wide} -t '
                      r'UTF-8 "wide text\.txt" > utf8\.txt$', "--file", name)
    r.refused("UTF-16 on stdin", "standard input: this is UTF-16, .* pipe it through iconv -f UTF-16 -t UTF-8", "-",
              stdin=words.encode("utf-16"))
    r.refused("long UTF-16", "long.txt: this is UTF-16,", "--file", r.own("long.txt", (words * 200).encode("utf-16")))
    r.refused("Latin-1 argument", "the text: not UTF-8 at byte 4, .*WINDOWS-1252", "caf\udce9")
    for encoding in ("koi8-r", "cp1251", "shift-jis", "gbk"):
        other = "Привет, мир" if encoding[0] in "kc" else "你好世界，你好"
        r.refused(encoding, "not UTF-8 at byte 1, but in another encoding: .*-f ENCODING", "-",
                  stdin=other.encode(encoding, "ignore"))
    r.refused("damaged UTF-8", "damaged UTF-8, byte 7 is no part", "-", stdin="naïve\xff".encode()[:6] + b"\xff.")
    r.refused("long damaged UTF-8", "damaged UTF-8", "-", stdin=b"\xff" + "é".encode() * 3000)
    r.refused("long UTF-8", "standard input: the text is 6006 bytes long, one pass takes at most 767", "-", stdin=b"a" + "é".encode() * 3000)
    for data, what in ((b"%PDF-1.7\n%\xe2\xe3", "a PDF"), (b"PK\x03\x04\x14\0", "a ZIP archive"),
                       (b"{\\rtf1\\ansi Hello.}", "RTF")):
        r.refused(what, f"document: this is {what}.*: save it as plain text", "--file", r.own("document", data))


def check_unusual(r):
    """T01, T02, T09, T13, T28: what a model may never have seen is named; the rest is not."""
    cases = [("T01-soft-hyphen-zero-width", ["U+200B", "U+200D", "U+00AD"], r"U\+200B, U\+200D, U\+00AD$"),
             ("T02-no-break-spaces", ["U+00A0", "U+202F"], r"U\+00A0, U\+202F$"),
             ("T09-emoji-inside", ["U+1F600", "U+1F468", "U+200D", "U+1F469", "U+1F467", "U+2705"],
              r"U\+1F600, U\+1F468, U\+200D \(2\), U\+1F469, U\+1F467 and 1 more$"),
             ("T13-fullwidth", ["U+FF34", "U+FF55", "U+FF52", "U+FF4E"], r"U\+FF34"),
             ("T13-math-letters", ["U+1D413", "U+1D42E", "U+1D42B", "U+1D427"], r"U\+1D413"),
             ("T28-arabic-rtl-marks", ["U+200F", "U+202E"], r"U\+200F, U\+202E$"),
             ("T13-nfc", [], None), ("T28-chinese", [], None), ("T03-curly-quotes", [], None),
             ("T03-german-french-quotes", [], None), ("T16-numbers", [], None), ("T23-laughs", [], None)]
    for name, unusual, warned in cases:
        r.spoken(name, "--file", r.file(name + ".txt"), unusual=unusual, warned=warned and UNUSUAL + warned)
    r.spoken("T13 decomposed", "Cafe\u0301, u\u0308ber", unusual=["U+0301", "U+0308"], warned=UNUSUAL + r"U\+0301, U\+0308$")
    r.spoken("box", "┌─┐ yes", unusual=["U+250C", "U+2500", "U+2510"], warned=r"U\+250C, U\+2500, U\+2510$")


def check_words_and_characters(r):
    """Where a model has a vocabulary, what an unknown word is made of is not warned of again."""
    words = models.with_words(r.p, "few words", "good", "morning", "turn", "on", "the", "light", "in")
    args = ["-m", words, "--no-trim", "--sequence-length", 4, "-s", 1, "-o", "out.wav"]
    done = r.p.run("say", "Good 𝐭𝐮𝐫𝐧 morning.", *args, "--json")
    r.p.check("letters of an unknown word", is_one_line(done.stderr, 'may not say these right: "𝐭𝐮𝐫𝐧"') and
              json.loads(done.stdout)["unusual_characters"] == ["U+1D42D", "U+1D42E", "U+1D42B", "U+1D427"],
              text(done.stderr))
    done = r.p.run("say", "--file", r.file("T01-soft-hyphen-zero-width.txt"), *args)
    lines = text(done.stderr).split("\n")
    r.p.check("T01 with a vocabulary", len(lines) == 2 and '"kit", "chen"' in lines[0] and "U+00AD" in lines[1], lines)


def small(p):
    return os.path.join(os.path.dirname(p.path), "..", "models", "small")


ORDINARY = ("She put the letter into the drawer.", "It rained all afternoon.", "Who left the gate open?",
            "The train to the coast leaves at noon.", "He never liked the taste of coffee.", "Bring me the red book, please.")


def check_missing_speech(p, r):
    """T25: what was asked for is not all there.  tests/unit/test_warn.c has what this voice does not do."""
    said = ["-m", small(p), "-v", "joe", "--precision", "f32", "--codec-precision", "bf16", "--rng-seed", 1, "-o", "out.wav", "--json"]
    light = "Turn on the light in the kitchen."
    reported = ["--file", r.file("T25-197-bytes.txt")]
    cases = [("T25", [*reported, "--sequence-length", 96], False,
              "speech goes on to the last of the 96 frames, so its end may be missing: the text has 204 bytes, which "
              "take about 204 to 388 frames; give a larger sequence_length, or split the text$"),
             ("T25 whole", reported, True, None),
             ("T25 in pieces", [" ".join([light] * 5)], True, None),
             ("T25 short window", [light, "--sequence-length", 20], False,
              "speech goes on to the last of the 20 frames, so its end may be missing: the text has 38 bytes, which "
              "take about 38 to 73 frames; give a larger sequence_length, or split the text$"),
             ("T25 blocks", [light, "--block-sizes", "12,8"], False, "goes on to the last of the 20 frames"),
             ("T25 not trimmed", [light, "--sequence-length", 20, "--no-trim"], None, None),
             ("T25 wide window", [light, "--sequence-length", 200], True, None)]
    for name, args, ended, warned in cases:
        done = p.run("say", *args, *said, "--num-steps", 10)
        p.check(f"{name}: warned", done.returncode == 0 and
                (is_one_line(done.stderr, warned) if warned else not done.stderr), text(done.stderr))
        report = json.loads(done.stdout) if done.returncode == 0 else {}
        p.check(f"{name}: ended", report.get("ended", "") is ended, report.get("ended", ""))
        if name == "T25 in pieces":
            p.check("T25 in pieces: all of it", report.get("pieces", 0) > 2 and 5 * 1.2 < report["audio_s"] < 5 * 3.5, report)
    if p.good("T25 before", "say", "Good morning.", *said, "-o", "before.wav"):
        done = p.run("say", f"Good morning. {light}", "--continue", "before.wav", "--sequence-length", 8, *said)
        p.check("T25 continued", is_one_line(done.stderr, "goes on to the last"), text(done.stderr))
    for i, words in enumerate(ORDINARY):
        done = p.good(f"no alarm: {words}", "say", words, *said, "-v", ("joe", "deep", "bright")[i % 3], "--rng-seed", i)
        p.check(f"ends: {words}", done and not done.stderr and json.loads(done.stdout)["ended"] is True)


def check_dashes(p, r):
    """T27: a text that begins with a dash; and what to write at all."""
    behind = "TEXT that begins with a dash goes after --"
    for words in ("-5 degrees", "- Turn on the light.", "-- Turn on", "--5 degrees", "-to be or not", "-quick fox"):
        r.refused(words, f'{behind}, as in: echotts say -o FILE -- "{words}"$', words)
    for words in ("-z", "--xyzzy", "-é"):
        r.refused(words, f"^echotts: {words}: unknown option .*{behind}$", words)
    r.refused("quotes in it", f"{behind}, as in: echotts say -o FILE -- '-5 \"a\"'$", '-5 "a"')
    r.refused("both quotes in it", f"{behind}, as in: echotts say -o FILE -- TEXT$", "-5 \"a' b\"")
    p.check("behind --", r.spoken("-5", "--", "-5", tokens=8) is not None)
    for args, example in ((["Hello there."], '"Hello there."'), (["Hi!"], "'Hi!'"), (["a\nb"], '"Hello."'),
                          (["x" * 80], '"Hello."'), (["it's \"$5\""], '"Hello."'), (["--", "-5"], '-- "-5"'),
                          (["-"], "-"), (["--file", "my text.txt"], '--file "my text.txt"'), (["--file", "a.txt"],
                                                                                              "--file a.txt")):
        if os.path.exists(stream.player_folder(p)):  # it plays where it can
            done = p.run("say", *args, env=stream.player(p, fail="device"))
            p.check(f"no output: {args}", done.returncode == 2 and is_one_line(done.stderr, "there is no sound card") and
                    text(done.stderr).endswith(f"; -o FILE writes a file instead, as in: echotts say -o hello.wav {example}"),
                    text(done.stderr))
    for args in ([], ["say"]):
        done = p.run(*args)
        p.check(f"alone: {args}", is_one_line(done.stderr, 'echotts say "Hello." -o hello.wav'), text(done.stderr))


def check_as_the_reference(r):
    """In one exact pass, what cleaning would mend goes to the model as the reference gives it."""
    cases = [("T03-curly-quotes", "[S1] “Turn on the light\" in the kitchen's room."),
             ("T03-german-french-quotes", "[S1] „Turn on the light“ ‘now' «now»."),
             ("T14-all-caps", None), ("T15-exclamations", None), ("T17-url-email", None), ("T18-markdown", None),
             ("T20-ssml", None), ("T21-html-entities", None), ("T23-laughs", None), ("T29-quoted-sentence", None),
             ("T22-speakers-in-the-middle", None), ("T22-S3", None), ("T22-S1-in-a-sentence", None)]
    for name, given in cases:
        words = read(r.file(name + ".txt")).decode().rstrip("\n")
        tag = "" if words[0] in "[(" or "S1" in words or "S2" in words else "[S1] "
        r.spoken(name, "--file", r.file(name + ".txt"), tokens=1 + len((given or tag + words).encode()))
    r.refused("T24", r"T24-800-bytes\.txt: the text is 821 bytes long, one pass takes at most 767: without --sequence-length "
              "it is said in pieces$",
              "--file", r.file("T24-800-bytes.txt"))


ON = "Turn on the light."
NOTHING = "text has nothing to speak: no letter or digit"

# Each file: its pieces, or why there are none.
CLEANED = {
    "T01-soft-hyphen-zero-width": ["Turn on the light in the kitchen."],
    "T02-no-break-spaces": ["Turn on the light in the kitchen."],
    "T03-curly-quotes": ["\"Turn on the light\" in the kitchen's room."],
    "T03-german-french-quotes": ["\"Turn on the light\" 'now' \"now\"."],
    "T04-crlf": [ON], "T04-lf": [ON], "T05-cp1252": "not UTF-8 at byte 19, but probably Windows-1252",
    "T06-utf8-bom": ["Turn on the light in the kitchen."], "T07-c1-next-line": [ON], "T07-ctrl-z": [ON],
    "T07-form-feed": [ON + " Good morning."], "T07-terminal-escapes": [ON], "T08-only-dash": NOTHING,
    "T08-only-dots": NOTHING, "T08-only-hyphen": NOTHING, "T08-only-quote": NOTHING,
    "T09-emoji-inside": ["Turn on the light now."], "T09-only-emoji": NOTHING, "T10-blank": "text is blank",
    "T10-empty": "text is empty", "T11-one-digit": ["seven"], "T11-one-letter": ["A"], "T11-one-word": ["Hi"],
    "T13-fullwidth": [ON], "T13-math-letters": [ON], "T13-nfc": ["Café, naïve, über."],
    "T14-all-caps": ["Turn on the light in the kitchen."], "T15-exclamations": ["Turn on the light! Really? Wait..."],
    "T16-numbers": ["It is seven thirty P M, five point three billion dollars,", "twenty-one point five degrees Celsius,",
                    "forty to sixty degrees Celsius, three quarters,",
                    "fifty percent, one thousand two hundred thirty-four and January second, twenty twenty-four."],
    "T16-polish-decimal": ["Jest twelve, five stopni."],
    "T17-url-email": ["See example dot com slash a or mail a dot b at example dot com."],
    "T18-markdown": ["Lights.", "Turn on the light. Good morning.", "a, b. a one, b two. int x;", "link mark gone"],
    "T20-ssml": ["Turn on", "the light. Good morning."],
    "T21-html-entities": ["Turn on the light and the fan 'now'.", "Good morning."],
    "T22-S1-in-a-sentence": ["The S1 light is red."], "T22-S3": ["[S3] Good morning."],
    "T22-speakers-in-the-middle": ["[S1] Turn on the light.", "[S2] The kitchen is red. [S1] Good morning."],
    "T23-laughs": ["(laughs) Turn on the light. [sigh] Good morning."], "T24-800-bytes": 24, "T25-197-bytes": 7,
    "T28-arabic-rtl-marks": ["مرحبا"], "T28-chinese": ["你好，世界。"], "T29-quoted-sentence": ["'Turn on the light.'"],
    "ok-plain": ["Turn on the light in the kitchen."],
}


def check_cleaned(p, r):
    """As they are said unless one exact pass is asked for.  A number: so many sentences, all of them."""
    files = sorted(n[:-4] for n in os.listdir(r.folder) if n.endswith(".txt"))
    p.check("cleaned: every file", files == sorted(CLEANED), set(files) ^ set(CLEANED))
    for name in files:
        want, path = CLEANED.get(name), r.file(f"{name}.txt")
        done = p.run("text", "-m", small(p), path)
        if isinstance(want, str):
            p.check(f"cleaned: {name}", done.returncode == 2 and not done.stdout and
                    is_one_line(done.stderr, rf"{name}\.txt: {want}"), text(done.stderr))
            continue
        got = done.stdout.decode().splitlines()
        good = " ".join(got) == " ".join(read(path).decode().split()) and len(got) > 1 if isinstance(want, int) else got == want
        p.check(f"cleaned: {name}", done.returncode == 0 and not done.stderr and good, got)
    for accent in ("Cafe\u0301, nai\u0308ve, u\u0308ber.", "Café, naïve, über."):
        done = p.good("cleaned: accents", "text", "-m", small(p), "--text", accent)
        p.check(f"cleaned: {accent!r}", done and text(done.stdout) == "Café, naïve, über.", done and done.stdout)
    # `say` speaks what `text` tells, and does not warn of characters that it leaves out.
    for name in ("T01-soft-hyphen-zero-width", "T09-emoji-inside", "T13-math-letters", "T24-800-bytes"):
        done = p.good(f"said: {name}", "say", "--file", r.file(f"{name}.txt"), "-m", small(p), "-v", "joe", "--rng-seed", 1,
                      "--num-steps", 3, "--codec-precision", "bf16", "-o", "said.wav", "--json")
        report = json.loads(done.stdout) if done else {}
        p.check(f"said: {name}", report.get("unusual_characters") == [] and report["ended"] is True and
                (report["pieces"] > 1) == (name[:3] == "T24"), report)
    done = p.good("T27 as text", "text", "-m", small(p), "--text=-5 degrees")
    p.check("T27 as text", done and text(done.stdout) == "minus five degrees", done and done.stdout)


def check(p):
    r = Reports(p)
    check_nothing_to_speak(r)
    check_line_ends(r)
    check_encodings(r)
    check_unusual(r)
    check_words_and_characters(r)
    check_missing_speech(p, r)
    check_dashes(p, r)
    check_as_the_reference(r)
    check_cleaned(p, r)
