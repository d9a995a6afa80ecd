# SPDX-License-Identifier: MIT
"""Voices by the API: uploads of every kind, names of every kind, and their end."""
import os
import struct
import subprocess
import urllib.parse

from harness import read
from hearing import decode
from serving import Server, all_at_once

PATH = "/v1/audio/voices"
CLIP_S = 4


def made(s, ending, *options):
    """joe's clip as another kind of file, by ffmpeg."""
    out = os.path.join(s.folder, "clip." + ending)
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", s.site.clip(), *options, out], check=True)
    return read(out)


def wav_of(samples, rate=44100):
    return (b"RIFF" + struct.pack("<I", 36 + len(samples)) + b"WAVEfmt " +
            struct.pack("<IHHIIHH", 16, 1, 1, rate, rate * 2, 2, 16) + b"data" + struct.pack("<I", len(samples)) + samples)


def path_of(name):
    return f"{PATH}/{urllib.parse.quote(name, safe='')}"


def listed(s):
    return {v["id"]: v for v in (s.get(PATH).json() or {}).get("voices", [])}


def add(s, name, data, *more, file_name="clip.wav"):
    return s.upload(PATH, [("name", name), ("file", file_name, data), *more])


def files_under(folder):
    return sorted(os.path.join(at, name) for at, _, names in os.walk(folder) for name in names)


# ---- a voice's life ----

def check_life(s):
    clip = read(s.site.clip())
    answer = add(s, "Anna", clip, ("consent", "Anna, by mail"), ("license", "CC0-1.0"))
    about = answer.json() or {}
    s.check("added", answer.status == 201 and about.get("id") == "Anna" and isinstance(about.get("warnings"), list) and
            abs(about.get("seconds", 0) - CLIP_S) < 1, answer.told())
    mine = listed(s).get("Anna") or {}
    s.check("listed", mine.get("source") == "library" and mine.get("license") == "CC0-1.0", mine)
    s.check("alone", (s.get(path_of("aNNa")).json() or {}).get("id") == "Anna", s.get(path_of("aNNa")).told())
    joe = s.speak(seed=1, response_format="wav").body
    s.check("it speaks as its clip does", s.speak(voice="Anna", seed=1, response_format="wav").body == joe)
    preview = s.get(path_of("Anna") + "/preview?response_format=mp3")
    s.check("its preview", preview.status == 200 and preview.type == "audio/mpeg" and not decode(preview.body)[1],
            preview.told()[:200])
    done = s.program.good("voices show", "voices", "show", "anna", "--voices", s.voices)
    s.check("the program knows it, with the consent", done and b"Anna, by mail" in done.stdout)
    s.refused("the name is taken", add(s, "anna", clip), (400, 409), pattern="Anna|anna|replace")
    deep = read(s.site.clip("deep"))
    answer = add(s, "anna", deep, ("replace", "true"))
    s.check("replaced", answer.status == 201, answer.told())
    s.check("the new clip counts at once", s.speak(voice="Anna", seed=1, response_format="wav").body ==
            s.speak(voice="deep", seed=1, response_format="wav").body)
    s.refused("replace: neither yes nor no", add(s, "anna", deep, ("replace", "perhaps")), param="replace")
    answer = s.ask("DELETE", path_of("Anna"))
    s.check("deleted", answer.status == 200 and (answer.json() or {}).get("deleted") is True, answer.told())
    s.check("gone from the list", not {"anna", "Anna"} & set(listed(s)))
    s.refused("gone alone", s.get(path_of("Anna")), 404)
    s.refused("gone for speech", s.speak(voice="Anna"), (400, 404), "voice")
    s.refused("gone for previews", s.get(path_of("Anna") + "/preview"), 404)
    s.refused("deleted again", s.ask("DELETE", path_of("Anna")), 404)
    s.refused("a model's voice stays", s.ask("DELETE", path_of("joe")), 403)
    s.check("and is there", "joe" in listed(s))


def check_kinds(s):
    """What people upload."""
    for name, data in (("mp3", made(s, "mp3", "-b:a", "96k")), ("flac", made(s, "flac")), ("ogg", made(s, "ogg")),
                       ("m4a", made(s, "m4a")), ("webm", made(s, "webm")),
                       ("stereo", made(s, "wav", "-ac", "2", "-ar", "48000"))):
        answer = add(s, "kind-" + name, data, file_name="My recording (1)." + name)
        s.check(f"upload: {name}", answer.status == 201 and abs(answer.json()["seconds"] - CLIP_S) < 1, answer.told())
        s.ask("DELETE", path_of("kind-" + name))
    clip = read(s.site.clip())
    for name, data in (("text", b"Dear Sir, please find my voice attached. " * 50), ("nothing", b""),
                       ("half a header", clip[:30]), ("zeros", bytes(50000)), ("silence", wav_of(bytes(44100 * 6))),
                       ("a moment", wav_of(clip[9000:9400])), ("no WAV inside", b"RIFF\xff\xff\xff\xffWAVE" + b"x" * 9000),
                       ("a page", b"<html><body>404 not found</body></html>" * 9)):
        s.refused(f"upload: {name}", add(s, "bad", data))
    s.refused("upload: an m4a cut off", add(s, "bad", made(s, "m4a")[:3000]))
    s.check("none of them became a voice", "bad" not in listed(s), list(listed(s)))


def check_forms(s):
    clip = read(s.site.clip())
    s.refused("no file", s.upload(PATH, [("name", "x")]), pattern="file")
    s.refused("a file that is only text", s.upload(PATH, [("name", "x"), ("file", "joe.wav")]))
    s.refused("no name", s.upload(PATH, [("file", "x.wav", clip)]), param="name")
    answer = s.upload(PATH, [("file", "1.wav", clip), ("audio", "2.wav", read(s.site.clip("joe"))), ("name", "Two")])
    s.check("two files, of any field, are one voice", answer.status == 201 and
            2 * CLIP_S - 1 < answer.json()["seconds"] < 2 * CLIP_S + 2, answer.told())
    s.ask("DELETE", path_of("Two"))
    answer = s.upload(PATH, [("name", "Far"), ("file", "../../../evil.wav", clip)])
    s.check("a file's name is only a name", answer.status == 201, answer.told())
    s.ask("DELETE", path_of("Far"))
    body, kind = b"--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nx", "multipart/form-data; boundary=x"
    for name, data, form in (("cut off", body, kind), ("no boundary", body, "multipart/form-data"),
                             ("JSON", b'{"name": "x"}', "application/json"), ("raw sound", clip, "audio/wav"),
                             ("nothing", b"", kind), ("another boundary", body, kind + "y")):
        s.refused(f"a form that is {name}", s.ask("POST", PATH, data, {"Content-Type": form}), (400, 415))
    for name in ("trim", "lift"):
        answer = add(s, "With " + name, clip, (name, "true"))
        s.check(f"{name}", answer.status == 201, answer.told())
        s.ask("DELETE", path_of("With " + name))
    s.refused("trim: neither yes nor no", add(s, "x", clip, ("trim", "perhaps")), param="trim")
    s.refused("consent in two lines", add(s, "x", clip, ("consent", "a\nb")), param="consent")
    s.refused("an endless licence", add(s, "x", clip, ("license", "a" * 100000)), (400, 413))
    s.check("none of them became a voice", "x" not in listed(s), list(listed(s)))


# ---- names ----

def check_names(s):
    clip = read(s.site.clip())
    around = os.path.dirname(s.folder)
    before = files_under(around)
    for name in ("../evil", "..", ".", ".evil", "/tmp/evil", "a/b", "..\\evil", "a\\b", "", " ", "x" * 65, "\u00eb" * 65,
                 "a\nb", "a\tb", "a\rb", "a\x7fb", b"a\0b", b"\xff\xfe", "evil.wav", "-" * 65, "a\u202eb"):
        answer = add(s, name, clip)
        if answer.status == 201 and isinstance(name, str) and name in ("a\\b", "..\\evil", "a\u202eb"):
            s.ask("DELETE", path_of(name))  # letters like any other here, if they are taken
        else:
            s.refused(f"name {name[:20]!r}", answer, param=None if name == b"a\0b" else "name")
    for path in ("..%2f..%2fetc%2fpasswd", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "../../../../etc/passwd", "..", "%2e%2e",
                 ".lock", "%00", "joe%00.wav", "%2fetc%2fpasswd", "x" * 3000, "%", "%zz", "a%2fb", "%ff%fe"):
        for method in ("GET", "DELETE"):
            answer = s.ask(method, f"{PATH}/{path}")
            s.check(f"{method} .../{path[:30]}", 400 <= answer.status < 500 and b"root:" not in answer.body, answer.told())
        answer = s.get(f"{PATH}/{path}/preview")
        s.check(f"preview of {path[:30]}", 400 <= answer.status < 500, answer.told())
    for path in ("/../../../etc/passwd", "/..%2f..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd", "/.git/config",
                 "//etc/passwd", "/models/small/joe.wav", "/page.js/../../etc/passwd", "/..;/etc/passwd"):
        answer = s.get(path)
        s.check(f"GET {path}", 400 <= answer.status < 500 and b"root:" not in answer.body, answer.told())
    s.check("no file came or went", files_under(around) == before, set(files_under(around)) ^ set(before))
    s.check("nor anywhere near", not os.path.exists("/tmp/evil") and not os.path.exists(os.path.join(around, "evil")))


def check_good_names(s):
    clip = read(s.site.clip())
    for name in ("Zo\u00eb", "\u5c71\u7530", "Dr. No", "a b c", "50% off", "x" * 64, "a&b=c?d#e", "semi;colon", "quote\"'",
                 "con", "preview", "co:lon", "\U0001f642"):
        answer = add(s, name, clip)
        if not s.check(f"name {name!r} is taken", answer.status == 201 and answer.json()["id"] == name, answer.told()):
            continue
        s.check(f"name {name!r} is listed", name in listed(s), list(listed(s)))
        s.check(f"name {name!r} has an address", (s.get(path_of(name)).json() or {}).get("id") == name,
                s.get(path_of(name)).told())
        answer = s.ask("DELETE", path_of(name))
        s.check(f"name {name!r} goes", answer.status == 200, answer.told())
    s.check("an own voice comes before OpenAI's", add(s, "alloy", read(s.site.clip("deep"))).status == 201 and
            s.speak(voice="alloy", seed=1, response_format="wav").body ==
            s.speak(voice="deep", seed=1, response_format="wav").body)
    s.check("decomposed letters are the same name", add(s, "Zoe\u0308", clip).status == 201 and
            s.get(path_of("Zo\u00eb")).status == 200)
    for name in ("alloy", "Zo\u00eb"):
        s.ask("DELETE", path_of(name))


# ---- sizes ----

def check_sizes(s):
    long = made(s, "mp3", "-filter_complex", "aloop=loop=99:size=220500,atrim=duration=360", "-b:a", "48k")
    answer = add(s, "Long", long, file_name="six minutes.mp3")
    about = answer.json() or {}
    s.check("six minutes: what counts of them, and a word of it", answer.status == 201 and
            290 < about.get("seconds", 0) <= 300 and about.get("warnings"), answer.told())
    s.ask("DELETE", path_of("Long"))
    clip = read(s.site.clip())
    got = all_at_once(*(lambda: add(s, "Once", clip) for _ in range(4)))
    s.check("four at once of one name: one", sorted(a.status for a in got).count(201) == 1 and
            all(a.status in (201, 400, 409) for a in got), [a.told() for a in got])
    s.ask("DELETE", path_of("Once"))


def check_limit(site):
    with Server(site, "--max-upload", "1") as s:
        s.refused("an upload over the limit", add(s, "Big", bytes(3 << 20)), 413, pattern="1")
        s.good("one below it", add(s, "Small", read(site.clip())), status=201)


def check(site):
    with Server(site) as s:
        for part in (check_life, check_kinds, check_forms, check_names, check_good_names, check_sizes):
            part(s)
    check_limit(site)
