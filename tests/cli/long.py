# SPDX-License-Identifier: MIT
"""Texts of many pieces: where they are cut, what is written beside the sound, and jobs that are interrupted."""
import json
import os
import re
import shutil
import signal
import subprocess
import time

import wav
from harness import TIMEOUT_S, is_one_line, read, text

FAILED, USAGE, INTERRUPTED = 1, 2, 130

# Markdown as people write it, with what a reader says otherwise.
BOOK = """\
# The Lighthouse at Grey Point

Nobody in the village could say *exactly* when the lighthouse was built. Some said 1823.

## The keeper

Every evening she climbed the 128 steps and wrote **one line** into the book:

- no ships
- fog since noon

Dr. Brown liked to read those pages aloud.

> The sea is patient.

### The storm

The rain began at 7:30 PM. What could she do? She did two things:

1. She filled the lamp to the brim.
2. She rang the bell, three times every minute.

Then a small boat came out of the dark! They followed the light, and
they followed the bell, and they came into the harbour as if somebody had led them by the hand.

---

## Afterwards

One of them mended the [old stairs](https://example.org/stairs). "You gave us a light," he said, "and
that is worth more than $1,000."
"""
HEADINGS = ["The Lighthouse at Grey Point.", "The keeper.", "The storm.", "Afterwards."]

# A piece each, so that there are many places to be interrupted in.
STORY = """The train was late again.

A boy counted to seventeen.

Then his mother called.

They found two seats.

Soon the hills began.

Nobody spoke on the way.
"""
STORY_PIECES = 6

CHAPTERS = """# One = 1; #2
It rained all day long.
## Two
The sun came out, <b>at last</b> & for good.
"""


def small(p):
    return os.path.join(os.path.dirname(p.path), "..", "models", "small")


def speaking(p, *more):
    """The small voice, quick rather than good."""
    return ["say", "-m", small(p), "--precision", "f32", "--codec-precision", "bf16", "--num-steps", 2, "--retakes", 0, *more]


def write(p, name, words):
    with open(p.file(name), "wb") as f:
        f.write(words if isinstance(words, bytes) else words.encode())
    return name


def pieces_of(p, *args, stdin=b""):
    done = p.good(f"text {' '.join(map(str, args))}", "text", "-m", small(p), "--json", *args, stdin=stdin)
    return json.loads(done.stdout)["pieces"] if done else []


def words_of(line):
    return re.findall(r"\w+", line.lower())


def refused(p, name, pattern, *args, stdin=b"", code=USAGE):
    done = p.run(*args, stdin=stdin)
    p.check(f"{name}: refused", done.returncode == code and not done.stdout and is_one_line(done.stderr, pattern),
            f"exit {done.returncode}, {text(done.stderr)!r}")


def left_over(p):
    return sorted(n for n in os.listdir(p.folder) if ".part" in n)


# ---- a whole text ----

def seconds_of(stamp):
    h, m, s = stamp.replace(",", ".").split(":")
    return int(h) * 3600 + int(m) * 60 + float(s)


def cues_of(data, point):
    """(begin, end, words) of each cue; None where it is no file of cues."""
    body = data.decode("utf-8")
    if point == ".":
        if not body.startswith("WEBVTT\n\n"):
            return None
        body = body[len("WEBVTT\n\n"):]
    cues = []
    stamp = rf"\d\d:[0-5]\d:[0-5]\d\{point}\d\d\d"
    for i, block in enumerate(b for b in body.split("\n\n") if b):
        lines = block.split("\n")
        times = re.fullmatch(rf"({stamp}) --> ({stamp})", lines[1]) if len(lines) in (3, 4) else None
        if not times or lines[0] != str(i + 1):
            return None
        cues.append((seconds_of(times[1]), seconds_of(times[2]), lines[2:]))
    return cues


def check_cues(p, name, cues, wanted, length):
    """They follow each other, stay within the sound, and have every word."""
    if not p.check(f"{name}: parses", cues):
        return
    ends = [0.0] + [end for _, end, _ in cues]
    p.check(f"{name}: one after the other", all(before <= begin < end for before, (begin, end, _) in zip(ends, cues)), cues)
    p.check(f"{name}: within the sound", cues[-1][1] <= length + 0.005, (cues[-1], length))
    p.check(f"{name}: lines of a screen", all(len(line) <= 60 for _, _, lines in cues for line in lines), cues)
    got = [w for _, _, lines in cues for line in lines for w in words_of(line)]
    p.check(f"{name}: every word", got == wanted, (len(got), len(wanted)))


def unescaped(words):
    return words.replace("&lt;", "<").replace("&amp;", "&")


def marks_of_ogm(p, name):
    found = re.findall(r"CHAPTER(\d\d)=(\S+)\nCHAPTER\1NAME=(.*)\n", read(p.file(name)).decode())
    return [(seconds_of(at), title) for _, at, title in found]


def marks_of_vtt(p, name, length):
    cues = cues_of(read(p.file(name)), ".") or []
    p.check(f"{name}: ends", cues and abs(cues[-1][1] - length) < 0.005, (cues, length))
    return [(begin, unescaped(lines[0])) for begin, _, lines in cues]


def marks_of_ffmeta(p, name, length):
    meta = read(p.file(name)).decode()
    found = re.findall(r"\[CHAPTER\]\nTIMEBASE=1/1000\nSTART=(\d+)\nEND=(\d+)\ntitle=(.*)\n", meta)
    p.check(f"{name}: its first line", meta.startswith(";FFMETADATA1\n"), meta[:40])
    p.check(f"{name}: ends", found and abs(int(found[-1][1]) / 1000 - length) < 0.005 and
            all(a[1] == b[0] for a, b in zip(found, found[1:])), found)
    return [(int(start) / 1000, re.sub(r"\\(.)", r"\1", title)) for start, _, title in found]


def check_marks(p, name, marks, starts, titles):
    """Where the cues of the headings are, and what they say."""
    p.check(f"{name}: titles", [title for _, title in marks] == titles, marks)
    p.check(f"{name}: times", len(marks) == len(starts) and marks[0][0] == 0 and
            all(abs(a - b) < 0.002 for (a, _), b in zip(marks[1:], starts[1:])), (marks, starts))


def check_with_ffmpeg(p):
    if not shutil.which("ffmpeg") or not shutil.which("ffprobe"):
        return
    done = subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", p.file("book.wav"), "-i", p.file("book.ffmeta"),
                           "-map_metadata", "1", "-map_chapters", "1", p.file("book.mka")], capture_output=True, check=False)
    told = subprocess.run(["ffprobe", "-v", "error", "-show_chapters", "-of", "json", p.file("book.mka")],
                          capture_output=True, check=False)
    titles = [c["tags"]["title"] for c in json.loads(told.stdout or "{}").get("chapters", [])]
    p.check("ffmpeg takes the chapters", titles == HEADINGS, (titles, text(done.stderr)))


def check_book(p):
    write(p, "book.md", BOOK)
    pieces = pieces_of(p, "book.md")
    p.check("a book: pieces", len(pieces) > 5, len(pieces))
    inside = [o["piece"] for o in pieces if not re.search(r"[.!?:;]['\"”’)]*$", o["piece"])]
    p.check("a book: one sentence is too long for a piece, and ends at a comma", inside == ["They followed the light,"], inside)
    p.check("a book: headings", [o["piece"].partition(".")[0] + "." for o in pieces if o["heading"]] == HEADINGS, pieces)
    p.check("a book: their levels", [o["heading"] for o in pieces if o["heading"]] == [1, 2, 3, 2], pieces)
    spoken = " ".join(o["piece"] for o in pieces)
    for said in ("one hundred twenty-eight steps", "seven thirty", "Doctor Brown", "one thousand dollars", "old stairs"):
        p.check(f"a book: {said!r}", said.replace("-", " ") in spoken.replace("-", " ").replace(" and ", " "), spoken)
    p.check("a book: no markup", not re.search(r"[#*>`\[\]]|https|---", spoken), spoken)

    done = p.good("a book", *speaking(p, "--file", "book.md", "-v", "joe", "--rng-seed", 7, "-o", "book.wav", "--json", "--subtitles",
                                      "book.srt", "--chapters", "book.ffmeta"))
    if not done:
        return {}
    report = json.loads(done.stdout)
    rate, channels, samples = wav.load(p.file("book.wav"))
    p.check("a book: one sound", (rate, channels, len(samples)) == (44100, 1, report["samples"]), report)
    p.check("a book: told pieces", report["pieces"] > 5 and report["pieces"] >= len(pieces) // 2, report)
    p.check("a book: long enough", report["audio_s"] > 0.4 * sum(o["seconds"] for o in pieces), report)
    length = len(samples) / 44100
    srt = cues_of(read(p.file("book.srt")), ",")
    check_cues(p, "srt", srt, words_of(spoken), length)
    starts = [begin for begin, _, lines in srt or [] if lines[0].startswith(tuple(HEADINGS))]
    check_marks(p, "ffmeta", marks_of_ffmeta(p, "book.ffmeta", length), starts, HEADINGS)
    check_with_ffmpeg(p)
    p.check("a book: nothing left over", not left_over(p), left_over(p))
    return report


def check_chapters(p):
    """The other formats, of a text with signs that they escape; --speed moves them."""
    write(p, "two.md", CHAPTERS)
    titles = [o["piece"] for o in pieces_of(p, "two.md") if o["heading"]]
    p.check("two chapters", len(titles) == 2, titles)
    ends = {}
    for name, args, speed in (("vtt", [], 1), ("txt", [], 1), ("fast", ["--speed", 1.5], 1.5)):
        written = ["--subtitles", f"two-{name}.vtt", "--chapters", f"marks.{'vtt' if name == 'fast' else name}"]
        if not p.good(f"chapters: {name}", *speaking(p, "--file", "two.md", "-v", "joe", "--rng-seed", 7, *args, *written,
                                                     "-o", f"two-{name}.wav")):
            return
        length = len(wav.load(p.file(f"two-{name}.wav"))[2]) / 44100
        cues = cues_of(read(p.file(f"two-{name}.vtt")), ".")
        check_cues(p, f"{name} of two", cues, words_of(" ".join(o["piece"] for o in pieces_of(p, "two.md"))), length)
        starts = [begin for begin, _, lines in cues or [] if unescaped(lines[0]) in titles]
        marks = marks_of_ogm(p, "marks.txt") if name == "txt" else marks_of_vtt(p, "marks.vtt", length)
        check_marks(p, f"chapters: {name}", marks, starts, titles)
        ends[name] = cues[-1][1] if cues else 0
    p.check("--speed: subtitles end earlier", abs(ends["vtt"] / 1.5 - ends["fast"]) < 0.05, ends)
    plain, fast = (len(read(p.file(f"two-{name}.wav"))) for name in ("vtt", "fast"))
    p.check("--speed: the sound is shorter", abs(plain / 1.5 / fast - 1) < 0.02, (plain, fast))
    refused(p, "subtitles as text", r"x\.txt: subtitles are written as \.srt or \.vtt",
            *speaking(p, "Hi.", "-o", "x.wav", "--subtitles", "x.txt"))
    refused(p, "chapters as .srt", r"x\.srt: chapters are written as", *speaking(p, "Hi.", "-o", "x.wav", "--chapters", "x.srt"))
    refused(p, "subtitles of one pass", "--subtitles needs a text in pieces, and --no-trim makes one pass of it",
            *speaking(p, "Hi.", "-o", "x.wav", "--subtitles", "x.srt", "--no-trim"))


# ---- jobs that are interrupted ----

def lines_of_log(out):
    try:
        return read(out + ".part.log").count(b"\n")
    except OSError:
        return 0


def story(p, out, *args):
    return speaking(p, "--file", "story.txt", "-q", "-o", out, *args)


def interrupt(p, out, number, lines, *args):
    """Signal a story's run when its log has so many lines; (exit code, stderr)."""
    return signal_at(p, story(p, out, *args), out, number, lines)


def signal_at(p, args, out, number, lines):
    """The same of any run whose job is beside `out`."""
    process = subprocess.Popen(p.command(args), cwd=p.folder, env=p.env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    end = time.monotonic() + TIMEOUT_S
    while lines_of_log(p.file(out)) < lines and process.poll() is None and time.monotonic() < end:
        time.sleep(0.002)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=TIMEOUT_S)
    return process.returncode, stderr


def whole(p, name, *args):
    return read(p.file("whole.wav")) if p.good(name, *story(p, "whole.wav", *args)) else b""


def seed_of(p, out):
    return json.loads(read(p.file(out + ".part.log")).split(b"\n")[0])["seed"]


def check_killed(p, name, *how):
    """Killed in its first piece and behind others, again and again: the bytes are those of a run that nobody killed."""
    out, seed = f"{name}.wav", None
    for lines in (1, 2, 4):
        code, stderr = interrupt(p, out, signal.SIGKILL, lines, *how, *(["--resume"] if seed else []))
        p.check(f"{name}: killed at line {lines}", code == -signal.SIGKILL and not stderr and lines_of_log(p.file(out)) >= lines
                and not os.path.exists(p.file(out)) and os.path.exists(p.file(out + ".part")), (code, stderr))
        seed = seed or seed_of(p, out)
        p.check(f"{name}: one seed", seed_of(p, out) == seed)
    refused(p, f"{name}: not by itself", rf"{out}\.part has \d+ s of an interrupted job: --resume goes on with it, "
            "--no-resume starts over$", *story(p, out, *how))
    p.good(f"{name}: --resume", *story(p, out, *how, "--resume", "--subtitles", "gone-on.srt"))
    want = whole(p, f"{name}: whole", *how, "--rng-seed", seed, "--subtitles", "whole.srt")
    p.check(f"{name}: as if nobody had killed it", len(want) > 44 and read(p.file(out)) == want)
    p.check(f"{name}: subtitles, too", read(p.file("gone-on.srt")) == read(p.file("whole.srt")))
    p.check(f"{name}: nothing left over", not left_over(p), left_over(p))


def check_stopped(p, want):
    """Ctrl-C says how to go on; --no-resume begins anew; other settings are another job."""
    how = ["-v", "joe", "--rng-seed", 9]
    code, stderr = interrupt(p, "c.wav", signal.SIGINT, 3, *how)
    p.check("Ctrl-C: how to go on", code == INTERRUPTED and
            re.fullmatch(r"echotts: c\.wav\.part keeps what is done: --resume goes on with it\nechotts: stopped\n",
                         stderr.decode()), (code, stderr))
    interrupt(p, "first.wav", signal.SIGINT, 1, *how)
    p.check("Ctrl-C in the first piece: nothing to go on with", left_over(p) == ["c.wav.part", "c.wav.part.log"], left_over(p))
    kept = read(p.file("c.wav.part")), read(p.file("c.wav.part.log"))
    for name, more in (("another seed", ["--rng-seed", 10]), ("another voice", ["-v", "deep"]),
                       ("other pauses", ["--pause-sentence", 1])):
        refused(p, f"--resume with {name}", "and cannot be gone on with.*--no-resume starts over$",
                *story(p, "c.wav", *how, *more, "--resume"))
    write(p, "other.txt", STORY.replace("seventeen", "eighteen"))
    refused(p, "--resume of another text", "of another text.* cannot be gone on with.*--no-resume starts over$",
            *speaking(p, "--file", "other.txt", "-o", "c.wav", *how, "--resume"))
    refused(p, "--resume of a text of one piece", "c.wav.part.*of another text.* cannot be gone on with.*--no-resume starts over$",
            *speaking(p, "Hello.", "-o", "c.wav", *how, "--resume"))
    p.check("refused: the job is as it was", (read(p.file("c.wav.part")), read(p.file("c.wav.part.log"))) == kept)
    for name, args in (("a pipe", ["-o", "-"]), ("nothing", ["--play"]), ("a stream", ["-o", "x.wav", "--stream"])):
        refused(p, f"--resume of {name}", "--resume goes on with a file: give -o FILE",
                *speaking(p, "--file", "story.txt", *args, "--resume"))
    if p.good("--no-resume", *story(p, "c.wav", *how, "--no-resume")):
        p.check("--no-resume: the same bytes", read(p.file("c.wav")) == want)
    p.check("--no-resume: nothing left over", not left_over(p), left_over(p))
    p.good("--resume of nothing", *story(p, "c.wav", *how, "--resume"))
    p.check("--resume of nothing is a run", read(p.file("c.wav")) == want and not left_over(p), left_over(p))


def check_unfinished(p, want):
    """All is said, and only the file cannot be written: nothing has to be said again."""
    process = subprocess.Popen(p.command(story(p, "end.wav", "-v", "joe", "--rng-seed", 9)), cwd=p.folder, env=p.env,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while lines_of_log(p.file("end.wav")) < 1 and process.poll() is None:
        time.sleep(0.002)
    os.mkdir(p.file("end.wav"))
    _, stderr = process.communicate(timeout=TIMEOUT_S)
    p.check("an output that turns into a folder", process.returncode == FAILED and re.fullmatch(
        r"echotts: end\.wav\.part keeps .*: --resume .*\nechotts: end\.wav: .*[Dd]irectory.*\n", stderr.decode()), stderr)
    os.rmdir(p.file("end.wav"))
    began = time.monotonic()
    done = p.good("--resume of what is all said", *story(p, "end.wav", "-v", "joe", "--rng-seed", 9, "--resume", "--json"))
    p.check("only the file was made", done and read(p.file("end.wav")) == want and json.loads(done.stdout)["steps"] == 0,
            f"{time.monotonic() - began:.1f} s")
    p.check("and nothing is left over", not left_over(p), left_over(p))


def check_damaged(p, want):
    """Files of a job that were cut or overwritten: told, or gone on with from the last piece that is whole."""
    how = ["-v", "joe", "--rng-seed", 9]
    interrupt(p, "d.wav", signal.SIGKILL, 4, *how)
    sound, log = read(p.file("d.wav.part")), read(p.file("d.wav.part.log"))
    lines = log.split(b"\n")

    def put(new_sound, new_log):
        write(p, "d.wav.part", new_sound)
        write(p, "d.wav.part.log", new_log)

    over = "--no-resume starts over$"
    for name, files, pattern in (
            ("an empty log", (sound, b""), rf"d\.wav\.part\.log: no job of echotts: {over}"),
            ("a log of noise", (sound, bytes(range(256)) * 40), rf"d\.wav\.part\.log: no job of echotts: {over}"),
            ("a log of something else", (sound, b"[1, 2]\n{}\n" * 9), rf"d\.wav\.part\.log: no job of echotts: {over}"),
            ("a short sound", (sound[:5000], log), rf"d\.wav\.part: shorter than its log says: {over}"),
            ("no sound", (b"", log), rf"d\.wav\.part: shorter than its log says: {over}")):
        put(*files)
        refused(p, name, pattern, *story(p, "d.wav", *how, "--resume"), code=FAILED)
        p.check(f"{name}: kept", (read(p.file("d.wav.part")), read(p.file("d.wav.part.log"))) == files)
    changed = re.sub(rb'"byte":\d+', b'"byte":123456789', log)
    put(sound, changed)
    refused(p, "a position beyond the text", f"cannot be gone on with.*{over}", *story(p, "d.wav", *how, "--resume"))
    # A log that ends within a line, and a sound that ends with half a sample.
    put(sound + b"xyz", b"\n".join(lines[:3]) + b"\n" + lines[3][:len(lines[3]) // 2])
    if p.good("a log that is cut", *story(p, "d.wav", *how, "--resume")):
        p.check("a log that is cut: the same bytes", read(p.file("d.wav")) == want)
    p.check("damaged: nothing left over", not left_over(p), left_over(p))


def check_two_at_once(p, want):
    """A job that still runs is nobody else's.  It is stopped meanwhile, so that it cannot end before the others begin."""
    how = ["-v", "joe", "--rng-seed", 9]
    process = subprocess.Popen(p.command(story(p, "t.wav", *how)), cwd=p.folder, env=p.env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while lines_of_log(p.file("t.wav")) < 2 and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(signal.SIGSTOP)
    for more in ([], ["--resume"], ["--no-resume"]):
        refused(p, f"at once {more}", r"t\.wav\.part: another echotts is writing it", *story(p, "t.wav", *how, *more), code=FAILED)
    process.send_signal(signal.SIGCONT)
    _, stderr = process.communicate(timeout=TIMEOUT_S)
    p.check("the first one ends", process.returncode == 0 and not stderr and read(p.file("t.wav")) == want, stderr)


def check_jobs(p):
    write(p, "story.txt", STORY)
    p.check("a story: pieces", len(pieces_of(p, "story.txt")) == STORY_PIECES)
    check_killed(p, "no-voice")
    check_killed(p, "voice", "-v", "joe", "--rng-seed", 9)
    want = read(p.file("voice.wav"))
    check_stopped(p, want)
    check_unfinished(p, want)
    check_damaged(p, want)
    check_two_at_once(p, want)


# ---- where a long text comes from ----

def check_sources(p, want):
    how = ["-v", "joe", "--rng-seed", 9, "-q"]
    for name, args, words in (("stdin, CR LF", ["-"], STORY.replace("\n", "\r\n")),
                              ("stdin as a file", ["--file", "-"], STORY)):
        if p.good(f"a story: {name}", *speaking(p, *args, "-o", "from.wav", *how), stdin=words.encode()):
            p.check(f"a story: {name}: the same", read(p.file("from.wav")) == want)
    p.good("a story to a device", *speaking(p, "--file", "story.txt", "-o", "/dev/null", *how))
    p.check("nothing lies beside a device", not os.path.exists("/dev/null.part"))
    plain = p.good("text", "text", "-m", small(p), "story.txt")
    crlf = write(p, "crlf.txt", STORY.replace("\n", "\r\n"))
    done = p.good("text of CR LF", "text", "-m", small(p), crlf)
    p.check("text of CR LF: the same", plain and done and done.stdout == plain.stdout)
    sentence = "All work and no play makes Jack a dull boy. "
    done = p.good("200 kB of stdin", "text", "-m", small(p), "-", stdin=sentence.encode() * 4600)
    p.check("200 kB: every word", done and done.stdout.split() == (sentence * 4600).encode().split())
    for name, args, stdin in (("stdin", ["-"], sentence.encode() * 4600), ("argument", [sentence * 2400], b"")):
        done = p.run("say", "-m", "/nowhere", *args, "-o", "x.wav", stdin=stdin)
        p.check(f"a long text by {name} is no fault of the text", done.returncode == FAILED and
                is_one_line(done.stderr, "/nowhere"), text(done.stderr))


def check_memory(p, short):
    """It does not grow with the text."""
    if "TEST_HEAVY" in os.environ:
        write(p, "huge.md", BOOK * 11)
        done = p.good("20,000 characters", *speaking(p, "--file", "huge.md", "-v", "joe", "--rng-seed", 7, "-o", "huge.wav", "--json"))
        long = json.loads(done.stdout) if done else {}
        p.check("20,000 characters: their memory", long.get("peak_bytes", 1e12) < 1.05 * short["peak_bytes"], (long, short))
        return
    done = p.good("memory", *speaking(p, "--file", "story.txt", "-v", "joe", "--rng-seed", 9, "-o", "story.wav", "--json"))
    few = json.loads(done.stdout) if done else {}
    p.check("a book takes no more memory than a page", few and short and short["peak_bytes"] < 1.2 * few["peak_bytes"],
            (few.get("peak_bytes"), short.get("peak_bytes")))


def check(p):
    book = check_book(p)
    check_chapters(p)
    check_jobs(p)
    check_sources(p, read(p.file("voice.wav")))
    check_memory(p, book)
