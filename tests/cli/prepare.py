# SPDX-License-Identifier: MIT
"""`echotts text`: what would be spoken, from wherever it comes."""
import json

from harness import is_one_line, text
from long import refused, small, write

USAGE, FAILED = 2, 1
WORDS = "# It is 7:30 PM\n\nDr. Smith has *three* cats & 2 dogs."
SPOKEN = ["It is seven thirty P M.", "Doctor Smith has three cats and two dogs."]


def lines(p, name, *args, stdin=b""):
    done = p.good(f"text: {name}", "text", "-m", small(p), *args, stdin=stdin)
    return done.stdout.decode().splitlines() if done else None


def check_sources(p):
    write(p, "words.md", WORDS)
    write(p, "words", "\ufeff" + WORDS + "\r\n\x1a")
    for name, args, stdin in (("FILE", ["words.md"], b""), ("-", ["-"], WORDS.encode()), ("nothing", [], WORDS.encode()),
                              ("--text", ["--text", WORDS], b""), ("--text=", [f"--text={WORDS}"], b""),
                              ("a mark and Ctrl-Z", ["words"], b"")):
        got = lines(p, name, *args, stdin=stdin)
        p.check(f"text: {name}: pieces", got == SPOKEN, got)
    got = lines(p, "a dash", "--text=-5 degrees")
    p.check("text: a dash", got == ["minus five degrees"], got)


def check_json(p):
    done = p.good("text --json", "text", "-m", small(p), "words.md", "--json")
    report = json.loads(done.stdout) if done else {}
    p.check("text --json: keys", list(report) == ["pieces"] and
            all(list(o) == ["piece", "seconds", "pause", "heading", "role", "turn"] for o in report["pieces"]), report)
    p.check("text --json: pieces", [o["piece"] for o in report["pieces"]] == SPOKEN, report)
    p.check("text --json: headings", [o["heading"] for o in report["pieces"]] == [1, 0], report)
    p.check("text --json: seconds", all(0.3 < o["seconds"] < 12 for o in report["pieces"]), report)
    p.check("text --json: short numbers", b"0.800000" not in done.stdout and b"99999" not in done.stdout, done.stdout)
    done = p.good("pauses", "text", "-m", small(p), "words.md", "--json", "--pause-paragraph", 1.5)
    p.check("--pause-paragraph", json.loads(done.stdout)["pieces"][0]["pause"] == 1.5, done.stdout)
    long = "The rain began at seven in the evening, long before anybody thought of it. " * 6
    for pause in (0.4, 2.5):
        done = p.good("pauses", "text", "-m", small(p), "--text", long, "--json", "--pause-sentence", pause)
        got = [o["pause"] for o in json.loads(done.stdout)["pieces"][:-1]]
        p.check(f"--pause-sentence {pause}", len(got) > 2 and all(abs(g - pause) < 1e-6 for g in got), got)
    done = p.good("SSML", "text", "-m", small(p), "--json", "--text",
                  "<speak>Stop here, now.<break time='2s'/>Go on with the rest of it.</speak>")
    pieces = json.loads(done.stdout)["pieces"]
    p.check("a break of SSML", [o["piece"] for o in pieces] == ["Stop here, now.", "Go on with the rest of it."] and
            pieces[0]["pause"] == 2, pieces)


def check_options(p):
    star = "It was *very* cold &amp; <b>wet</b>."
    for args, wanted in ((["--markup", "plain"], None), (["--markup", "markdown"], "It was very cold and wet."),
                         (["--markup", "html"], "It was very cold and wet."), (["--clean", "off"], star),
                         (["--clean", "on"], "It was very cold and wet.")):
        got = lines(p, str(args), "--text", star, *args)
        p.check(f"{args}", got and (got == [wanted] if wanted else "very" in got[0]), got)
    for words in ("Just words.", "7:30  and\ttabs", "* * *\nA list\r\n- of two"):
        done = p.good("--clean off", "text", "-m", small(p), "--clean", "off", "--text", words)
        p.check(f"--clean off: {words!r}", done and done.stdout.decode() == words + "\n", done and done.stdout)
    got = lines(p, "de", "--language", "de", "--text", "Er hat 7 Katzen.")
    p.check("--language de: no English numbers", got and "seven" not in got[0] and "Katzen" in got[0], got)
    got = lines(p, "en-GB", "--language", "en-GB", "--text", "It was 110 miles.")
    p.check("--language en-GB", got == ["It was one hundred and ten miles."], got)
    base = ["text", "-m", small(p), "--text", "Hello."]
    for args, pattern in ((["--markup", "rtf"], "^echotts: --markup 'rtf': expected auto, plain, markdown, html or ssml$"),
                          (["--clean", "yes"], "^echotts: --clean 'yes': expected auto, on or off$"),
                          (["--language", "klingon"], "^echotts: .*language.*klingon"), (["--language", ""], "language"),
                          (["--language", "e!"], "language"), (["--pause-sentence", 61], "from 0 to 60"),
                          (["--pause-paragraph", "nan"], "from 0 to 60")):
        refused(p, f"text {args}", pattern, *base, *args)
        refused(p, f"say {args}", pattern, "say", "Hello.", "-m", small(p), "-o", "x.wav", *args)
    refused(p, "text twice", "the text is given twice: FILE and --text", *base, "words.md")


def check_refusals(p):
    for name, words in (("dots.txt", "... — ..."), ("empty marks.md", "# \n\n* * *\n"), ("page.html", "<p><br></p>")):
        refused(p, f"no letters: {name}", f"^echotts: {name}: text has nothing to speak: no letter or digit", "text", "-m", small(p),
                write(p, name, words))
    refused(p, "nothing", "standard input: text is empty", "text", "-m", small(p))
    refused(p, "blanks", "standard input: text is blank", "text", "-m", small(p), "-", stdin=b" \n ")
    refused(p, "--text ''", "text is empty", "text", "-m", small(p), "--text", "")
    refused(p, "--text -", "text has nothing to speak", "text", "-m", small(p), "--text", "-")
    refused(p, "no file", "nowhere.txt: .*No such", "text", "-m", small(p), "nowhere.txt", code=FAILED)
    refused(p, "a control character that stays", r"bell.txt: text has a control character \(0x07\)", "text", "-m", small(p),
            "--clean", "off", write(p, "bell.txt", b"ding \x07"))
    p.check("controls are not said", lines(p, "controls", "bell.txt") == ["ding"])
    refused(p, "an encoding", "latin.txt: not UTF-8 at byte 4", "text", "-m", small(p), write(p, "latin.txt", b"caf\xe9"))
    refused(p, "two files", "words", "text", "-m", small(p), "words.md", "words")
    done = p.run("text", "-m", "/nowhere", "words.md")
    p.check("text without a model", done.returncode == FAILED and is_one_line(done.stderr, "/nowhere"), text(done.stderr))


def check(p):
    check_sources(p)
    check_json(p)
    check_options(p)
    check_refusals(p)
