# SPDX-License-Identifier: MIT
"""Sound for text: formats, rates, speed, voices, seeds, and that it is what `echotts say` says."""
import array
import base64
import os
import struct
import time

import wav
from harness import read
from hearing import COARSE, FORMATS, decode, end_likeness, probe
from serving import CODEC, QUICK, SPEECH, Server, all_at_once

WORDS = "The train to Berlin leaves at seven."
LONG = ("The rain began at seven. By midnight nobody could see the harbour, and the boats were tied up. "
        "In the morning the sun came out again.\n\nThen everybody went back to work.")
PLAY = "They met at the door.\n\nAnna: Hello there, my friend.\nBen: Good morning to you.\nAnna: Shall we go?"
# OpenAI's, which programs send that know no others.
USUAL = ("alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer", "verse",
         "marin", "cedar")


def frames(answer):
    """How many samples a whole WAV has; 0: it is none."""
    try:
        return len(wav.parse(answer.body)[2])
    except (ValueError, TypeError, struct.error):
        return 0


# ---- formats ----

def check_default(s):
    answer = s.post(SPEECH, {"model": "tts-1", "input": "Hello.", "voice": "alloy"})
    s.good("no format is MP3", answer, "audio/mpeg")
    s.check("its bytes are MP3", probe(answer.body)[0] == "mp3", probe(answer.body))
    s.check("a whole answer has a length", answer.header("Content-Length") == str(len(answer.body)) and
            not answer.header("Transfer-Encoding"), str(answer.headers))
    s.check("and the seed", (answer.header("X-Echotts-Seed") or "").isdigit(), str(answer.headers))


def check_formats(s):
    whole = s.speak(WORDS, seed=1, response_format="wav")
    s.good("wav", whole, "audio/wav")
    want, told = decode(whole.body, out=COARSE)
    for name, (kind, codec, rate) in FORMATS.items():
        answer = s.speak(WORDS, seed=1, response_format=name)
        if not s.good(f"{name}: content type", answer, kind):
            continue
        s.check(f"{name}: rate in the header", answer.header("X-Audio-Sample-Rate") == str(rate),
                str(answer.headers))
        s.check(f"{name}: bytes are what the header says", probe(answer.body, name) == (codec, rate, 1),
                probe(answer.body, name))
        got, told = decode(answer.body, name, out=COARSE)
        s.check(f"{name}: ffmpeg decodes all of it", got and not told, told)
        s.check(f"{name}: nothing is cut", len(want) - 40 <= len(got) <= len(want) + 800,
                f"{len(got)}, not {len(want)} samples")
        alike = end_likeness(got, array.array("h", want))
        s.check(f"{name}: the end of it is there", alike > 0.9, alike)
    flac, _ = decode(s.speak(WORDS, seed=1, response_format="flac").body)
    s.check("flac has the samples of wav", flac == decode(whole.body)[0])
    for name in ("MP3", "aac", "mp4", "", "exe", 3, ["wav"]):
        answer = s.speak(WORDS, response_format=name)
        if answer.status == 200:
            s.check(f"format {name!r}", {"MP3": "audio/mpeg", "aac": "audio/aac"}.get(name) == answer.type,
                    answer.told())
        else:
            s.refused(f"format {name!r}", answer, param="response_format", pattern="mp3|string|text")


def check_wav(s):
    for name, text in (("short", WORDS), ("long", LONG)):
        answer = s.speak(text, response_format="wav")
        body = answer.body
        size, data = struct.unpack("<I", body[4:8])[0], body.index(b"data")
        s.check(f"{name} wav: exact sizes", size == len(body) - 8 and frames(answer) > 44100 and
                struct.unpack("<I", body[data + 4:data + 8])[0] <= len(body) - data - 8, (size, len(body)))
        s.check(f"{name} wav: Content-Length", answer.header("Content-Length") == str(len(body)),
                str(answer.headers))


def check_rates(s):
    whole = frames(s.speak(seed=1, response_format="wav")) / 44100
    for name, rate in (("pcm", 16000), ("pcm", 44100), ("wav", 24000), ("mp3", 24000), ("opus", 24000)):
        answer = s.speak(seed=1, response_format=name, sample_rate=rate)
        if not s.good(f"{name} at {rate}", answer, FORMATS[name][0]):
            continue
        got = decode(answer.body, name, rate)[0]
        s.check(f"{name} at {rate}: said and kept", answer.header("X-Audio-Sample-Rate") == str(rate) and
                abs(len(got) / 44100 - whole) < 0.15, f"{len(got) / 44100} s, not {whole}; {answer.headers}")
    for rate in (-1, 7, 1e9, "fast", 44100.5):
        s.refused(f"sample_rate {rate!r}", s.speak(response_format="wav", sample_rate=rate),
                  param="sample_rate")
    small, large = (len(s.speak(WORDS, seed=1, bitrate=b).body) for b in (32, 192))
    s.check("bitrate", small * 3 < large, (small, large))
    s.refused("bitrate and quality", s.speak(bitrate=64, quality=0.2), pattern="bitrate|quality")
    s.refused("bitrate of wav", s.speak(response_format="wav", bitrate=64), param="bitrate")


# ---- speed, voices, text ----

def check_speed(s):
    usual = frames(s.speak(WORDS, seed=1, response_format="wav"))
    for speed in (1, 1.0, "1.0", None):
        answer = s.speak(WORDS, seed=1, response_format="wav", speed=speed)
        s.check(f"speed {speed!r} is as it is", answer.status == 200 and frames(answer) == usual, answer.told())
    for speed in (0.8, 1.5, 0.25, 4, "0.8"):
        answer = s.speak(WORDS, seed=1, response_format="wav", speed=speed)
        ratio = frames(answer) * float(speed) / usual
        s.check(f"speed {speed!r} changes the length", answer.status == 200 and 0.9 < ratio < 1.1,
                f"{ratio}, {answer.told()}")
    for speed in (99, 0, -1, 0.2, 4.1, "fast", [1], True):
        s.refused(f"speed {speed!r}", s.speak(speed=speed), param="speed")


def check_voices(s):
    plain = s.speak(seed=1, response_format="wav").body
    for voice in ("JOE", {"id": "joe"}, {"id": "joe", "name": "Joe"}, "joe.wav"):
        answer = s.speak(seed=1, response_format="wav", voice=voice)
        s.check(f"voice {voice!r} is joe", answer.body == plain, answer.told())
    s.check("another voice is another", s.speak(seed=1, response_format="wav", voice="deep").body != plain)
    default = s.post(SPEECH, {"input": "Hello there.", "seed": 1, "num_steps": QUICK["num_steps"], "response_format": "wav"})
    s.good("no voice is the default one", default, "audio/wav")
    for voice in USUAL + (None, ""):
        answer = s.speak(seed=1, response_format="wav", voice=voice)
        s.check(f"voice {voice!r} is the default one", answer.body == default.body, answer.told())
    for voice in ("/etc/passwd", "../x", "../../models/small/joe.wav", s.site.clip(), "./joe", "nobody", "jo\u00eb",
                  "joe\n", " ", 7, True, ["joe"], {}, {"id": None}, {"id": "../x"}, {"name": "joe"}):
        answer = s.speak(voice=voice)
        s.refused(f"voice {voice!r}", answer, (400, 404), "voice")
        s.check(f"voice {voice!r}: no word of files", "No such file" not in answer.body.decode("utf-8", "replace"),
                answer.told())
    s.refused("an unknown voice: what there is", s.speak(voice="nobody"), (400, 404), "voice", "joe")
    s.refused("a near one", s.speak(voice="jow"), (400, 404), "voice", "joe")


def check_clips(s):
    """A clip in the request is the voice: joe's recording is joe."""
    data = base64.b64encode(read(s.site.clip())).decode()
    want = s.speak(seed=1, response_format="wav").body
    for name, fields in (("base64", {"voice": data}), ("data: URL", {"voice": "data:audio/wav;base64," + data}),
                         ("reference_audio", {"voice": None, "reference_audio": data}),
                         ("speaker_audio", {"voice": None, "speaker_audio": "data:audio/x-wav;base64," + data}),
                         ("extra_body", {"voice": None, "extra_body": {"reference_audio": data}})):
        answer = s.speak(seed=1, response_format="wav", **fields)
        s.check(f"a clip as {name}", answer.body == want, answer.told()[:200])
    text = base64.b64encode(b"This is no sound at all. " * 50).decode()
    for name, clip in (("text", "data:audio/wav;base64," + text), ("half a file", "data:audio/wav;base64," + data[:60]),
                       ("no base64", "data:audio/wav;base64,%%%"), ("an address", "http://127.0.0.1:1/x.wav"),
                       ("a file", "file:///etc/passwd"), ("nothing", "data:,"), ("silence", silence())):
        s.refused(f"a clip that is {name}", s.speak(voice=clip), (400, 404))


def silence():
    form = struct.pack("<HHIIHH", 1, 1, 16000, 32000, 2, 16)
    data = bytes(96000)
    return "data:audio/wav;base64," + base64.b64encode(
        b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" +
        struct.pack("<I", len(data)) + data).decode()


def check_text(s):
    for text in ("", None, 7, ["Hello."], {"text": "Hello."}):
        s.refused(f"input {text!r}", s.speak(text), param="input")
    s.refused("no input", s.post(SPEECH, {"voice": "joe"}), param="input")
    for text in ("...", ".", "\U0001f642", "---"):
        answer = s.speak(text, response_format="wav")
        s.check(f"{text!r} is silence, and says so", answer.status == 200 and answer.header("X-Echotts-Silence") and
                0 < frames(answer) and not any(wav.parse(answer.body)[2]), answer.told())
        mp3 = s.speak(text)
        s.check(f"{text!r} as MP3", mp3.status == 200 and mp3.header("X-Echotts-Silence") and
                not decode(mp3.body)[1], mp3.told())
    s.check("speech does not say that it is silence", not s.speak().header("X-Echotts-Silence"))
    for clean, word in ((True, "dollars"), (False, "$"), ("false", "$")):
        told = s.post(SPEECH + "/estimate", {"input": "**It** costs $5.", "clean": clean})
        pieces = (told.json() or {}).get("pieces") or [{"text": ""}]
        s.check(f"clean {clean!r}", word in pieces[0]["text"], told.told())
    s.refused("a control character", s.speak("Hello\1there.", clean=False), pattern="control")
    s.good("any script is tried", s.speak("Gr\u00fc\u00dfe, \u041c\u043e\u0441\u043a\u0432\u0430!"), "audio/mpeg")
    odd = s.post(SPEECH, {"input": "Good morning, how are you all today?", "voice": "joe", "num_steps": 4,
                          "sequence_length": 12})
    s.check("warnings are in a header", odd.status == 200 and odd.header("X-Echotts-Warnings"), str(odd.headers))


# ---- the same again, and the same as the program ----

def check_seeds(s):
    def one(seed, **more):
        return s.speak(WORDS, response_format="wav", seed=seed, **more).body

    first = one(7)
    s.check("a seed again: the same bytes", one(7) == first)
    s.check("by its long name", s.speak(WORDS, response_format="wav", rng_seed=7).body == first)
    s.check("another seed: others", one(8) != first)
    drawn = s.speak(WORDS, response_format="wav")
    s.check("the seed that was drawn makes it again",
            one(int(drawn.header("X-Echotts-Seed") or 0)) == drawn.body, str(drawn.headers))
    other = s.speak(WORDS, response_format="wav")
    s.check("each request draws one", other.header("X-Echotts-Seed") != drawn.header("X-Echotts-Seed"))
    crowd = all_at_once(lambda: one(7), lambda: s.speak(LONG, voice="deep").body,
                        lambda: s.speak(WORDS, seed=9, voice="bright").body, lambda: one(7))
    s.check("the same while three others run", crowd[0] == crowd[3] == first,
            [c if isinstance(c, Exception) else len(c) for c in crowd])


def check_agreement(s):
    """What the server sends is what the program writes."""
    for name, text, fields, options in (
            ("a sentence", WORDS, {}, ()),
            ("a long text", LONG, {"pause_sentence": 0.3}, ("--pause-sentence", 0.3)),
            ("settings", WORDS, {"cfg_scale_text": 2, "preset": "fast"}, ("--cfg-scale-text", 2, "--preset", "fast")),
            ("no cleaning", "It costs $5.", {"clean": False}, ("--clean", "off")),
            ("roles", PLAY, {"cast": {"Anna": "deep", "ben": {"id": "bright"}}, "pause_turn": 0.5},
             ("--cast", "Anna=deep,ben=bright", "--pause-turn", 0.5)),
            ("speed", WORDS, {"speed": 0.8}, ("--speed", 0.8))):
        out = os.path.join(s.folder, "said.wav")
        done = s.program.run("say", text, "-m", s.site.model, "-v", "joe", "--rng-seed", 5, "-o", out, "-q",
                             "--no-tags", "--num-steps", 5, *CODEC, *options)
        answer = s.post(SPEECH, {"input": text, "voice": "joe", "seed": 5, "num_steps": 5, "response_format": "wav", **fields})
        if s.check(f"{name}: both are made", done.returncode == 0 and answer.status == 200,
                   (done.stderr, answer.told())):
            s.check(f"{name}: server and program say the same", wav.parse(answer.body) == wav.load(out))


def check_cast(s):
    for name, cast in (("no object", ["Anna"]), ("a number", {"Anna": 5}), ("an unknown voice", {"Anna": "nobody"}),
                       ("nobody who speaks", {"Carl": "joe"}), ("a name with a colon", {"An:na": "joe"}),
                       ("no name", {"": "joe"}), ("the same twice", {"Anna": "joe", "ANNA": "deep"}),
                       ("too many", {f"n{i}": "joe" for i in range(65)}), ("a broken clip", {"Anna": "data:audio/wav,x"})):
        s.refused(f"a cast with {name}", s.speak(PLAY, cast=cast), pattern="")
    clip = "data:audio/wav;base64," + base64.b64encode(read(s.site.clip("deep"))).decode()
    by_clip = s.speak(PLAY, seed=1, response_format="wav", cast={"Anna": clip})
    by_name = s.speak(PLAY, seed=1, response_format="wav", cast={"Anna": "deep"})
    s.check("a clip in a cast", by_clip.status == 200 and by_clip.body == by_name.body, by_clip.told()[:100])
    told = s.post(SPEECH + "/estimate", {"input": PLAY, "cast": {"Anna": "deep", "Ben": "joe"}}).json() or {}
    s.check("pieces of a cast", [p.get("role") for p in told.get("pieces", [])] == [None, "Anna", "Ben", "Anna"], told)


def check_pauses(s):
    def length(pause):
        return frames(s.speak("One. Two is here now. Three.\n\nFour.", seed=3, response_format="wav",
                              pause_paragraph=pause)) / 44100

    short, long = length(0.5), length(2.5)
    s.check("silence between pieces is there, and can be set", 1.9 < long - short < 2.1, (short, long))


def check_loudness(s):
    quiet, loud = (s.speak(WORDS, seed=1, response_format="wav", loudness=lufs) for lufs in (-30, -16))
    peaks = [max(map(abs, wav.parse(a.body)[2]), default=0) for a in (quiet, loud)]
    s.check("loudness", peaks[0] * 3 < peaks[1], peaks)


# ---- beside speech ----

def check_estimate(s):
    began = time.monotonic()
    answer = s.post(SPEECH + "/estimate", {"input": LONG * 20, "voice": "joe"})
    took, about = time.monotonic() - began, answer.json() or {}
    pieces = about.get("pieces") or []
    s.check("an estimate", answer.status == 200 and about.get("seconds", 0) > 60 and len(pieces) > 20 and
            [p["index"] for p in pieces] == list(range(len(pieces))) and
            all({"index", "text", "expected_s", "pause_s"} <= set(p) for p in pieces) and
            isinstance(about.get("warnings"), list), answer.told())
    s.check("takes no sampling", took < 2, took)
    spoken = frames(s.speak(LONG, response_format="wav")) / 44100
    guess = (s.post(SPEECH + "/estimate", {"input": LONG, "voice": "joe"}).json() or {}).get("seconds", 0)
    s.check("comes near", 0.5 < guess / spoken < 2, (guess, spoken))
    s.refused("an estimate of nothing", s.post(SPEECH + "/estimate", {"input": ""}), param="input")
    s.refused("of a wrong field", s.post(SPEECH + "/estimate", {"input": "Hi.", "speed": 99}), param="speed")


def check_convert(s):
    path = "/v1/audio/convert"
    sound = s.speak(WORDS, seed=1, response_format="wav").body
    length = frames(s.speak(WORDS, seed=1, response_format="wav")) / 44100
    for name, (kind, codec, rate) in FORMATS.items():
        answer = s.upload(path, [("response_format", name), ("file", "x.wav", sound)])
        rate = int(answer.header("X-Audio-Sample-Rate") or rate) if name == "pcm" else rate
        got, told = decode(answer.body, name, rate)
        s.check(f"convert to {name}", answer.status == 200 and answer.type == kind and not told and
                probe(answer.body, name, rate) == (codec, rate, 1) and abs(len(got) / 44100 - length) < 0.15,
                (answer.told()[:100], told, len(got) / 44100, length))
    answer = s.upload(path, [("file", "x.wav", sound), ("response_format", "wav"), ("sample_rate", 16000)])
    s.check("convert to another rate", probe(answer.body)[1] == 16000, answer.told()[:100])
    s.refused("convert to nothing known", s.upload(path, [("file", "x.wav", sound), ("response_format", "xyz")]),
              param="response_format")
    s.refused("convert no file", s.upload(path, [("response_format", "mp3")]), pattern="file")
    for name, data in (("text", b"This is no sound." * 99), ("nothing", b""), ("half a header", sound[:20])):
        s.refused(f"convert {name}", s.upload(path, [("file", "x.wav", data)]))
    s.refused("convert JSON", s.post(path, {"file": "x"}), (400, 415))


def check(site):
    with Server(site) as s:
        for part in (check_default, check_formats, check_wav, check_rates, check_speed, check_voices, check_clips,
                     check_text, check_seeds, check_agreement, check_cast, check_pauses, check_loudness, check_estimate,
                     check_convert):
            part(s)
