# SPDX-License-Identifier: MIT
"""A dialogue in several voices: who says what, files, subtitles, a job that is interrupted, and casts that are wrong."""
import json
import os
import re
import signal

import wav
from harness import is_one_line, read, text
from long import FAILED, USAGE, left_over, lines_of_log, pieces_of, refused, signal_at, speaking, write

PLAY = """\
Nobody had slept.

Anna: Did you hear that?
Ben: It was only the wind.
**Cleo (née Ray):** The wind does not knock.
ANNA: It knocked three times, I swear.

And now again.

ben: Note: I am afraid.
Anna: Then stay here.
Cleo (née Ray): I will open the door.
"""
CAST = "Anna=joe,Ben=deep,Cleo (n\u00e9e Ray)=bright"
TURNS = [None, "Anna", "Ben", "Cleo (n\u00e9e Ray)", "Anna", "Ben", "Anna", "Cleo (n\u00e9e Ray)"]
FILES = ["001-narrator", "002-anna", "003-ben", "004-cleo-n\u00e9e-ray", "005-anna", "006-ben", "007-anna", "008-cleo-n\u00e9e-ray"]
SEED = 11


def acting(p, *more):
    return speaking(p, "--file", "play.txt", "-q", "--cast", CAST, "-v", "joe", "--rng-seed", SEED, *more)


def samples_of(p, *path):
    return wav.load(os.path.join(p.folder, *path))[2]


# ---- who says what ----

def check_text(p):
    write(p, "cast.txt", "\ufeff# who speaks\n\nAnna = joe\nBen\tdeep\r\n  Cleo (n\u00e9e Ray)=bright\n")
    for name, cast in (("a list", CAST), ("a file", "cast.txt")):
        pieces = pieces_of(p, "play.txt", "--cast", cast)
        turns = {o["turn"]: o["role"] for o in pieces}
        p.check(f"cast by {name}: turns", list(turns) == list(range(8)) and list(turns.values()) == TURNS, turns)
        p.check(f"cast by {name}: names are not said", not re.search(r"(?i)anna|ben:|cleo", " ".join(o["piece"] for o in pieces)), pieces)
        ends = [a["pause"] for a, b in zip(pieces, pieces[1:]) if a["turn"] != b["turn"]]
        p.check(f"cast by {name}: pauses between turns", ends == [0.3] * 7, pieces)
    done = p.good("text of a cast", "text", "-m", p.model("tiny"), "play.txt", "--cast", CAST)
    lines = text(done.stdout).split("\n") if done else []
    p.check("text: a line says who", lines[0] == "Nobody had slept." and lines[1] == "Anna: Did you hear that?" and
            lines[-1] == "Cleo (n\u00e9e Ray): I will open the door.", lines)
    done = p.good("text without a cast", "text", "-m", p.model("tiny"), "--text", "Anna: Hello.", "--json")
    if done:
        piece = json.loads(done.stdout)["pieces"][0]
        p.check("without a cast a name is text", piece["piece"] == "Anna: Hello." and piece["role"] is None, piece)


# ---- sound, files and subtitles ----

def check_files(p):
    """Each turn is what the whole has from its beginning to its end."""
    done = p.good("a dialogue", *acting(p, "-o", "play.wav", "--split-turns", "turns", "--subtitles", "play.srt", "--json"))
    if not done:
        return
    turns, whole = json.loads(done.stdout)["turns"], samples_of(p, "play.wav")
    p.check("turns of the report", [t["role"] for t in turns] == TURNS and [t["file"] for t in turns] ==
            [f + ".wav" for f in FILES], turns)
    p.check("a file for each", sorted(os.listdir(p.file("turns"))) == [f + ".wav" for f in FILES], os.listdir(p.file("turns")))
    for t in turns:
        begin, end = round(t["begin_s"] * 44100), round(t["end_s"] * 44100)
        p.check(f"{t['file']}: its share of the whole", end > begin and samples_of(p, "turns", t["file"]) == whole[begin:end], t)
    gaps = [b["begin_s"] - a["end_s"] for a, b in zip(turns, turns[1:])]
    p.check("0.3 s between turns", all(abs(g - 0.3) < 1e-4 for g in gaps), gaps)
    srt = read(p.file("play.srt")).decode()
    p.check("srt: names where turns begin", re.findall(r"^(\w+)(?: \(n\u00e9e Ray\))?: ", srt, re.M) ==
            ["Anna", "Ben", "Cleo", "Anna", "Ben", "Anna", "Cleo"], srt)
    p.check("nothing left over", not left_over(p), left_over(p))


def check_overlap(p):
    """Subtitles say how far turns overlap; the whole is as much shorter.  A voice can be nobody's own."""
    words = "".join(PLAY.splitlines(True)[:4])
    done = p.good("an overlap", *speaking(p, words, "-q", "--cast", "Anna=,Ben=joe", "-v", "joe", "-o", "over.wav", "--pause-turn", -0.25,
                                          "--subtitles", "over.vtt", "--json"))
    if not done:
        return
    turns = json.loads(done.stdout)["turns"]
    gaps = [b["begin_s"] - a["end_s"] for a, b in zip(turns, turns[1:])]
    p.check("turns overlap", all(abs(g + 0.25) < 1e-4 for g in gaps), gaps)
    p.check("an overlap: the end", abs(turns[-1]["end_s"] - len(samples_of(p, "over.wav")) / 44100) < 1e-4, turns[-1])
    vtt = read(p.file("over.vtt")).decode()
    p.check("vtt: each cue has its voice", re.findall(r"^<v (\w+)>([^<]+)</v>$", vtt, re.M) ==
            [("Anna", "Did you hear that?"), ("Ben", "It was only the wind.")] and "\nNobody had slept.\n" in vtt, vtt)
    p.check("vtt: not in the text", "Anna:" not in vtt, vtt)


# ---- interrupted ----

def check_killed(p):
    """Killed among its turns, without -o: the files are those of a run that nobody killed."""
    folder, job = p.file("gone-on"), os.path.join("gone-on", "turns")
    os.mkdir(folder)
    code, stderr = signal_at(p, acting(p, "--split-turns", "gone-on"), job, signal.SIGKILL, 5)
    p.check("killed among turns", code == -signal.SIGKILL and not stderr and lines_of_log(p.file(job)) >= 5 and
            sorted(os.listdir(folder)) == ["turns.part", "turns.part.log"], (code, stderr))
    refused(p, "turns: not by itself", r"turns\.part has \d+ s of an interrupted job: --resume goes on", *acting(p, "--split-turns",
                                                                                                          "gone-on"))
    refused(p, "turns: another voice", "and cannot be gone on with", *acting(p, "--split-turns", "gone-on", "--resume", "--cast",
                                                                             CAST.replace("deep", "joe")))
    p.good("turns: --resume", *acting(p, "--split-turns", "gone-on", "--resume"))
    names = sorted(os.listdir(folder))
    p.check("turns: as if nobody had killed it", names == sorted(os.listdir(p.file("turns"))) and
            all(read(os.path.join(folder, n)) == read(os.path.join(p.file("turns"), n)) for n in names), names)


def check_formats(p):
    """Files in another format, and what they say of themselves."""
    done = p.good("turns in another format", *speaking(p, "Anna: Hi.\nBen: No.", "--cast", "Anna=joe,Ben=", "-v", "bright", "-q",
                                                       "--split-turns", "flac", "-o", "all.flac"))
    if not done:
        return
    files = [read(p.file(os.path.join("flac", name))) for name in ("001-anna.flac", "002-ben.flac")] + [read(p.file("all.flac"))]
    p.check("turns in FLAC", len(os.listdir(p.file("flac"))) == 2 and all(f[:4] == b"fLaC" for f in files))
    voices = [re.findall(rb"(?i)artist=([a-z, ]+)", f) for f in files]
    p.check("turns: their voices in the tags", voices == [[b"joe"], [b"bright"], [b"bright, joe"]], voices)


# ---- refused ----

def check_wrong(p):
    def say(name, pattern, *args, code=USAGE):
        refused(p, name, pattern, "say", "-m", p.model("tiny"), "-o", "x.wav", *args, code=code)

    write(p, "bad.txt", "Anna = joe\nBen deep\n")
    write(p, "none.txt", "# nobody\n\n")
    hello = "Anna: Hello."
    say("a cast without a voice", "--cast: 'Ben' has no voice: expected NAME=VOICE", hello, "--cast", "Anna=joe,Ben")
    say("a cast without a name", "the voice joe has no name before it", hello, "--cast", "=joe")
    say("a role twice", "--cast: Anna is there twice", hello, "--cast", "Anna=joe,Anna=deep")
    say("a role twice, in other letters", "ANNA is twice in the cast", hello, "--cast", "Anna=joe,ANNA=deep")
    say("a name with a colon", "without a colon", hello, "--cast", "Anna:=joe")
    say("a voice of standard input", "the voice of Anna cannot come from standard input", hello, "--cast", "Anna=-")
    say("a cast that is no file", "--cast: nobody: No such file.*or NAME=VOICE", hello, "--cast", "nobody", code=FAILED)
    say("a line of a cast", r"bad\.txt, line 2: expected NAME = VOICE", hello, "--cast", "bad.txt")
    say("an empty cast", r"none\.txt: there is nobody in it", hello, "--cast", "none.txt", "--split-turns", "t")
    say("a voice that does not exist", "the voice of Anna: nix: No such file", hello, "--cast", "Anna=nix", code=FAILED)
    say("a cast of which nobody speaks", r"no line of the text begins with a name of the cast.* \(Ben\); names that are there: "
        r"Anna \(1 line\)", hello, "--cast", "Ben=joe")
    say("a cast in one pass", "--cast needs a text in pieces", hello, "--cast", "Anna=joe", "--sequence-length", 64)
    say("a pause of a minute and more", "--pause-turn", hello, "--cast", "Anna=joe", "--pause-turn", 61)
    say("turns without a cast", "--split-turns writes the turns of a cast: give --cast", hello, "--split-turns", "t")
    say("turns of a stream", "--split-turns writes files", hello, "--cast", "Anna=joe", "--split-turns", "t", "--stream")
    say("turns that overlap", "--split-turns needs turns that do not overlap", hello, "--cast", "Anna=joe", "--split-turns", "t",
        "--pause-turn", -0.1)
    say("turns in a file", r"cast\.txt: is no folder", hello, "--cast", "Anna=joe", "--split-turns", "cast.txt", code=FAILED)
    p.check("refused: no folder is made", not os.path.exists(p.file("t")))
    done = p.run("text", "-m", p.model("tiny"), "--text", "Anna: Hello.\nDora: Hi.\nDora: Bye.", "--cast", "Anna=joe")
    p.check("a name that is not in the cast is a warning", done.returncode == 0 and
            is_one_line(done.stderr, r"^echotts: warning: not in the cast.*: Dora \(2 lines\)$"), text(done.stderr))


def check(p):
    write(p, "play.txt", PLAY)
    check_text(p)
    check_wrong(p)
    check_files(p)
    check_overlap(p)
    check_killed(p)
    check_formats(p)
