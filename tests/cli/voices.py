# SPDX-License-Identifier: MIT
"""Voices by name, as a user keeps them."""
import json
import os
import re
import shutil
import wave

from harness import is_one_line, read, text


class Library:
    """The program with a folder of voices of its own."""

    def __init__(self, program):
        self.p = program
        self.folder = program.file("my voices")
        self.clip = program.file("clip.wav")
        shutil.copy(os.path.join(program.model("tiny"), "voice.wav"), self.clip)

    def good(self, name, *args):
        return self.p.good(name, "voices", *args, "--voices", self.folder)

    def refused(self, name, pattern, *args, status=2):
        done = self.p.run("voices", *args, "--voices", self.folder)
        self.p.check(name, done.returncode == status and is_one_line(done.stderr, pattern) and
                     not done.stdout, f"exit {done.returncode}, {text(done.stderr)!r}")

    def listed(self):
        done = self.good("voices list --json", "list", "--json")
        return json.loads(done.stdout)["voices"] if done else []

    def names(self):
        return [v["name"] for v in self.listed()]


def keeping(lib):
    check, clip = lib.p.check, lib.clip
    done = lib.good("an empty library", "list")
    check("an empty library is said to be", done and b"no voices yet" in done.stdout)
    check("and is not made", not os.path.exists(lib.folder))
    done = lib.p.run("voices", "add", "zo\u00eb", clip, "--voices", lib.folder)
    check("without consent a note, and the voice", done.returncode == 0 and
          is_one_line(done.stderr, "no consent is noted.*owner agreed"), text(done.stderr))
    lib.good("voices add", "add", "Anna", clip, clip, "--consent", "Anna, by mail",
             "--license", "CC0-1.0")
    check("two voices", lib.names() == ["Anna", "zo\u00eb"], lib.names())
    done = lib.good("voices list", "list")
    check("the list shows consent", done and
          re.search(r"^Anna  .*CC0-1.0  Anna, by mail$", done.stdout.decode(), re.M) and
          b"no consent noted" in done.stdout, done and text(done.stdout))
    done = lib.good("voices show", "show", "aNNA")
    check("show shows consent and source", done and b"Anna, by mail" in done.stdout and
          b"clip.wav, clip.wav" in done.stdout, done and text(done.stdout))
    done = lib.good("show --json", "show", "anna", "--json")
    about = json.loads(done.stdout) if done else {}
    check("as JSON", about.get("consent") == "Anna, by mail" and about.get("kind") == "clip" and
          about.get("source") == "clip.wav, clip.wav", about)
    lib.refused("a name that is taken", "'anna' already.*--replace", "add", "anna", clip)
    lib.good("--replace", "add", "anna", clip, "--replace", "--consent", "again")
    check("it is replaced", {v["name"]: v["consent"] for v in lib.listed()} ==
          {"anna": "again", "zo\u00eb": ""})
    lib.good("voices rename", "rename", "anna", "Berta")
    lib.refused("rename to a taken name", "already", "rename", "berta", "ZO\u00cb")
    check("renamed", lib.names() == ["Berta", "zo\u00eb"], lib.names())
    lib.refused("show of none", "did you mean Berta", "show", "Bert")
    lib.refused("remove of one and none", "no voice of the library", "remove", "Berta", "nobody")
    check("nothing was removed", len(lib.names()) == 2)


def refusals(lib):
    clip = lib.clip
    lib.refused("a path as name", "slash", "add", "../x", clip)
    lib.refused("a file as name", "ending", "add", clip.rsplit("/", 1)[1], clip)
    lib.refused("no file", "usage: .*voices add NAME FILE", "add", "x")
    lib.refused("a missing file", "nowhere.wav", "add", "x", "nowhere.wav", status=1)
    lib.refused("consent in two lines", "consent: one line", "add", "x", clip, "--consent", "a\nb")
    lib.refused("an option of another action", "--as: voices add", "add", "x", clip, "--as", "y")
    lib.refused("export to nowhere", "-o FILE.voice", "export", "Berta")
    lib.refused("export under a false name", "ends with .voice", "export", "Berta", "-o", "x.wav")
    lib.refused("--as for two", "one file", "import", clip, clip, "--as", "x")
    lib.refused("import of sound", "no voice file", "import", clip, status=1)
    blocked = lib.p.file("blocked")
    open(blocked, "w").close()
    done = lib.p.run("voices", "add", "x", clip, "--voices", blocked)
    lib.p.check("a file for a folder", done.returncode == 1 and is_one_line(done.stderr, "library"),
                text(done.stderr))


def copies(lib):
    p, out = lib.p, lib.p.file("berta.voice")
    lib.good("voices export", "export", "berta", "-o", out)
    lib.refused("import of a taken name", "--as NAME", "import", out)
    lib.good("import --as", "import", out, "--as", "Carla")
    p.check("consent goes with it",
            {v["name"]: v["consent"] for v in lib.listed()}.get("Carla") == "again")
    p.good("import elsewhere", "voices", "import", out, "--voices", p.file("elsewhere"))
    done = p.good("there", "voices", "list", "--voices", p.file("elsewhere"))
    p.check("it has its name", done and done.stdout.startswith(b"Berta "))
    damaged = bytearray(read(out))
    damaged[-5] ^= 1
    with open(out, "wb") as f:
        f.write(damaged)
    lib.refused("a damaged copy", "checksum", "import", out, "--as", "d", status=1)
    with open(os.path.join(lib.folder, "dora.voice"), "wb") as f:
        f.write(damaged[:500])
    done = lib.good("a damaged voice is listed", "list")
    p.check("with what is wrong", done and b"dora  " in done.stdout and
            b"cannot be used" in done.stdout, done and text(done.stdout))
    lib.good("and can be removed", "remove", "dora")


def playing(lib):
    p, out = lib.p, lib.p.file("played.wav")
    lib.good("voices play -o", "play", "berta", "-o", out)
    with wave.open(out) as a, wave.open(lib.clip) as b:
        p.check("the recording", a.readframes(1000) == b.readframes(1000) and
                a.getframerate() == 44100)
    lib.refused("play of none", "did you mean", "play", "bertha", "-o", out)


def speaking(lib):
    p, tiny = lib.p, lib.p.model("tiny")
    env = dict(p.env, ECHOTTS_VOICES=lib.folder)

    def say(name, voice, out, *more):
        return p.run("say", "Words.", "-m", tiny, "-v", voice, "-o", out, "--num-steps", "1",
                     "--sequence-length", "8", "--no-trim", "--rng-seed", "1", *more, env=env)

    done = [say("by name", v, p.file(f"{i}.wav")) for i, v in
            enumerate(("BERTA", "berta", os.path.join(lib.folder, "Berta.voice"), lib.clip))]
    p.check("say -v NAME", all(d.returncode == 0 and not d.stderr for d in done),
            [text(d.stderr) for d in done])
    sounds = [read(p.file(f"{i}.wav")) for i in range(4)]
    p.check("by name, from the cache, by path: the same", sounds[0] == sounds[1] == sounds[2])
    kept = os.listdir(os.path.join(p.folder, "echotts", "voices"))
    p.check("it is encoded once", len(kept) == 1, kept)
    done = say("none", "bertt", "-")
    p.check("a wrong name", done.returncode == 1 and
            is_one_line(done.stderr, "did you mean Berta.*library has .*Berta"), text(done.stderr))
    shutil.copy(lib.clip, p.file("berta"))
    done = say("hidden", "berta", p.file("h.wav"))
    p.check("a file of the name is told of", done.returncode == 0 and
            is_one_line(done.stderr, "voice of the library.*./berta"), text(done.stderr))
    os.remove(p.file("berta"))
    with open(os.path.join(lib.folder, "Eve.voice"), "wb") as f:
        f.write(b"rubbish")
    done = say("damaged", "eve", "-")
    p.check("a damaged voice", done.returncode == 1 and is_one_line(done.stderr, "Eve.voice"),
            text(done.stderr))
    os.remove(os.path.join(lib.folder, "Eve.voice"))
    lib.good("voices add voice", "add", "voice", lib.clip, "--consent", "x")
    done = say("both", "voice", p.file("b.wav"))
    p.check("one of the model's name is told of", done.returncode == 0 and
            is_one_line(done.stderr, "the model has one"), text(done.stderr))
    lib.good("voices remove", "remove", "voice")


def latents(lib):
    p, saved = lib.p, lib.p.file("l.safetensors")
    p.good("encode", "encode", lib.clip, "-m", p.model("tiny"), "-o", saved)
    lib.good("latents", "add", "latents", saved, "--consent", "x")
    done = lib.good("of latents", "show", "latents")
    p.check("are said to be", done and b"latents of codec" in done.stdout)
    lib.good("latents are decoded", "play", "latents", "-o", p.file("l.wav"), "-m",
             p.model("tiny"))
    lib.refused("not by another model", "another", "play", "latents", "-o", p.file("l.wav"), "-m",
                p.model("odd"), status=1)
    packed = p.file("odd.echo")
    p.good("pack", "pack", "-m", p.model("odd"), "-o", packed, "--precision", "bf16")
    done = p.run("say", "Hi.", "-m", packed, "-v", "latents", "--voices", lib.folder, "-o", "-")
    p.check("nor by a packed one", done.returncode == 1 and is_one_line(done.stderr, "another"),
            text(done.stderr))


def listing(lib):
    p, tiny = lib.p, lib.p.model("tiny")
    done = p.good("info", "info", "-m", tiny, "--voices", lib.folder)
    p.check("info lists the library", done and b"\nlibrary       Berta, " in done.stdout)
    done = p.good("info --json", "info", "-m", tiny, "--json", "--voices", lib.folder)
    p.check("as JSON", done and json.loads(done.stdout)["library"][0] == "Berta")
    done = p.good("completion", "completion", "voices", "-m", tiny, "--voices", lib.folder)
    p.check("shells complete both", done and {b"Berta", b"voice"} <= set(done.stdout.split(b"\n")))
    env = {k: v for k, v in p.env.items() if k not in ("HOME", "XDG_DATA_HOME")}
    done = p.run("voices", "add", "x", lib.clip, env=env)
    p.check("nowhere to keep it", done.returncode == 1 and
            is_one_line(done.stderr, "ECHOTTS_VOICES"), text(done.stderr))
    done = p.run("voices", "list", env=env)
    p.check("nothing to list", done.returncode == 0 and not done.stderr)
    lib.good("remove all", "remove", *lib.names())
    p.check("they are gone", lib.names() == [])
    p.check("and what was made of them", not os.listdir(os.path.join(p.folder, "echotts", "voices")))


def check(program):
    lib = Library(program)
    for section in (keeping, refusals, copies, playing, speaking, latents, listing):
        section(lib)
