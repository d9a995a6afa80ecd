# SPDX-License-Identifier: MIT
"""Models as they are found on disks: every layout, parts absent, and damage of many kinds."""
import array
import json
import os
import shutil
import struct

from harness import is_one_line, read, text

FILES = ("echo.safetensors", "dac.safetensors", "pca.safetensors")
BLOCKWISE = ("latent_encoder.", "latent_norm.", ".wk_latent.", ".wv_latent.")


def split(path):
    """The header of a safetensors file as a dict, and the bytes behind it."""
    data = read(path)
    size = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8:8 + size]), data[8 + size:]


def join(path, header, body):
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(head)) + head + body)


def lay_out(p, folder, names):
    """The tiny model under other names; a name is echo, dac, pca in this order."""
    for have, want in zip(FILES, names):
        path = os.path.join(p.file(folder), want)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy(os.path.join(p.model("tiny"), have), path)
    return p.file(folder)


def changed(p, folder, which, change):
    """The tiny model with one file's header (and body) changed."""
    lay_out(p, folder, FILES)
    path = os.path.join(p.file(folder), which + ".safetensors")
    header, body = split(path)
    new = change(header, bytearray(body))
    join(path, header, bytes(new) if new is not None else body)
    return p.file(folder)


def say(p, folder, *args, env=None):
    return p.run("say", "Hello.", "-v", os.path.join(p.model("tiny"), "voice.wav"), "--rng-seed", "1", "-s", "1", "--sequence-length", "4", "--no-trim", "-m", folder,
                 "-o", "out.wav", *args, env=env)


def check_layouts(p):
    base, codec = "models--jordand--echo-tts-base/snapshots", "models--jordand--fish-s1-dac-min/snapshots"
    weights, pca = "pytorch_model.safetensors", "pca_state.safetensors"
    layouts = {
        "plain": FILES,
        "hub": (f"echo-tts-base/{weights}", f"fish-s1-dac-min/{weights}", f"echo-tts-base/{pca}"),
        "cache": (f"{base}/0123abc/{weights}", f"{codec}/4567def/{weights}", f"{base}/0123abc/{pca}"),
        "home [1]*": (f"hub/{base}/0123abc/{weights}", f"hub/{codec}/4567def/{weights}", f"hub/{base}/0123abc/{pca}"),
    }
    sounds = set()
    for name, names in layouts.items():
        folder = lay_out(p, name, names)
        done = say(p, folder)
        p.check(f"layout {name}", done.returncode == 0, text(done.stderr))
        sounds.add(read(p.file("out.wav")) if done.returncode == 0 else name)
    p.check("layouts sound alike", len(sounds) == 1)

    found = {"ECHOTTS_MODEL": p.file("cache"), "HF_HUB_CACHE": p.file("cache"), "HF_HOME": p.file("home [1]*")}
    for name, value in found.items():
        done = p.run("info", "--json", env=dict(p.env, **{name: value}))
        where = json.loads(done.stdout).get("model", {}) if done.returncode == 0 else {}
        p.check(f"found by {name}", value in json.dumps(where), text(done.stderr) or where)

    os.makedirs(p.file("cache/" + base + "/unfinished"))
    p.check("an unfinished snapshot beside", say(p, p.file("cache")).returncode == 0)
    for name, gone in (("hub", f"fish-s1-dac-min/{weights}"), ("hub", f"echo-tts-base/{pca}")):
        os.remove(os.path.join(p.file(name), gone))
        done = say(p, p.file(name))
        p.check(f"{gone} gone", done.returncode == 1 and is_one_line(done.stderr, "is missing"), text(done.stderr))


def check_without_blockwise(p):
    def drop(header, _):
        for name in [n for n in header if any(part in n for part in BLOCKWISE)]:
            del header[name]
    folder = changed(p, "plainer", "echo", drop)
    whole = say(p, lay_out(p, "whole", FILES))
    sound = read(p.file("out.wav"))
    done = say(p, folder)
    p.check("no blockwise part: speaks", whole.returncode == done.returncode == 0 and
            read(p.file("out.wav")) == sound, text(done.stderr))
    info = p.run("info", "-m", folder, "--json")
    p.check("no blockwise part: info", b"blockwise" in info.stdout and b"no continuation" in info.stdout)
    os.remove(p.file("out.wav"))
    for args in (["--block-sizes", "2,2"], ["--continue", os.path.join(p.model("tiny"), "voice.wav"), "--sequence-length", "4"]):
        done = p.run("say", "Hello.", "-s", "1", "-m", folder, "-o", "out.wav", *args)
        p.check(f"no blockwise part: {args[0]}", done.returncode == 2 and is_one_line(done.stderr, "blockwise") and
                not os.path.exists(p.file("out.wav")), text(done.stderr))

    def half(header, _):
        del header["latent_norm.weight"]
    done = say(p, changed(p, "halfway", "echo", half))
    p.check("half a blockwise part", done.returncode == 1 and is_one_line(done.stderr, "blockwise"), text(done.stderr))


def shape(name, *size):
    """Another shape over the same bytes, where they allow it."""
    def change(header, _):
        header[name]["shape"] = list(size)
    return change


def dtype(name, kind):
    def change(header, _):
        header[name]["dtype"] = kind
    return change


def gone(name):
    def change(header, _):
        del header[name]
    return change


def bytes_at(name, value, at=0):
    def change(header, body):
        first = header[name]["data_offsets"][0] + at
        body[first:first + len(value)] = value
        return body
    return change


def zeros(name):
    def change(header, body):
        first, last = header[name]["data_offsets"]
        body[first:last] = bytes(last - first)
        return body
    return change


def offsets(name, first, last):
    def change(header, _):
        header[name]["data_offsets"] = [first, last]
    return change


NAN16, NAN32 = b"\xc0\x7f", struct.pack("<f", float("nan"))
NORM, KERNEL = "blocks.1.mlp.w1.weight", "decoder.model.0.conv.parametrizations.weight.original1"

# File, what is done to it, and what the line says.
DAMAGE = [
    ("echo", gone("out_norm.weight"), "'out_norm.weight' is missing"),
    ("echo", gone("blocks.1.mlp.w2.weight"), "'blocks.1.mlp.w2.weight' is missing"),
    ("echo", gone("text_encoder.text_embedding.weight"), "text_embedding"),
    ("echo", gone("in_proj.weight"), "'in_proj.weight' is missing"),
    ("echo", shape("out_norm.weight", 64, 2), None),
    ("echo", shape("out_proj.weight", 128, 80), r"shape 128x80, expected 80x128"),
    ("echo", shape("blocks.0.attention.q_norm.weight", 8, 16), "heads"),
    ("echo", shape("blocks.0.attention.q_norm.weight", 128, 1), "heads"),
    ("echo", shape("cond_module.0.weight", 64, 128), "cond_module"),
    ("echo", shape("speaker_encoder.in_proj.weight", 320, 96), "speaker_encoder|frames"),
    ("echo", dtype("out_norm.weight", "I16"), "type|dtype"),
    ("echo", dtype("out_norm.weight", "BF17"), "BF17"),
    ("echo", dtype("out_norm.weight", "F32"), "bytes|size|shape"),
    ("echo", offsets("out_norm.weight", 0, 1 << 60), "truncated|damaged|bytes"),
    ("echo", offsets("out_norm.weight", 0, 256), "overlap"),
    ("echo", offsets("out_norm.weight", 256, 0), "out_norm"),
    ("echo", offsets("out_norm.weight", -256, 0), "out_norm"),
    ("echo", bytes_at("out_norm.weight", NAN16), "'out_norm.weight'.*not finite"),
    ("echo", bytes_at("blocks.1.mlp.w1.weight", NAN16, 100), "'blocks.1.mlp.w1.weight'.*not finite"),
    ("echo", bytes_at("blocks.0.attention.wv.weight", NAN16), "'blocks.0.attention.wv.weight'.*not finite"),
    ("dac", gone(KERNEL), "decoder.model.0"),
    ("dac", gone("quantizer.post_module.norm.weight"), "post_module.norm"),
    ("dac", zeros(KERNEL), "zeros"),
    ("dac", bytes_at(KERNEL, NAN32), "not finite"),
    ("dac", bytes_at("quantizer.pre_module.layers.0.attention.wo.weight", NAN32), "not finite"),
    ("dac", bytes_at("quantizer.post_module.layers.0.attention.wo.weight", NAN32), "not finite"),
    ("dac", shape("decoder.model.1.block.1.conv.parametrizations.weight.original1", 96, 96, 8), None),
    ("dac", shape("encoder.block.1.block.4.conv.parametrizations.weight.original1", 16, 32, 1), "strides|taps|channels"),
    ("dac", gone("encoder.block.1.block.3.alpha"), "alpha"),
    ("dac", gone("quantizer.quantizer.quantizers.3.codebook.weight"), "codebook"),
    ("pca", gone("latent_scale"), "latent_scale"),
    ("pca", zeros("latent_scale"), "latent_scale is 0"),
    ("pca", bytes_at("latent_scale", struct.pack("<f", 1e-45)), "latent_scale is"),
    ("pca", bytes_at("pca_mean", NAN32), "'pca_mean'.*not finite"),
    ("pca", shape("pca_components", 128, 80), "expected|rows"),
]


def check_damage(p):
    for i, (which, change, pattern) in enumerate(DAMAGE):
        folder = changed(p, f"damaged{i}", which, change)
        if os.path.exists(p.file("out.wav")):
            os.remove(p.file("out.wav"))
        done = say(p, folder)
        if pattern is None:     # the same numbers in another shape that means the same, or a refusal
            good = done.returncode in (0, 1) and (done.returncode == 0 or is_one_line(done.stderr))
        else:
            good = (done.returncode == 1 and is_one_line(done.stderr, pattern) and
                    f"{which}.safetensors" in text(done.stderr) and not os.path.exists(p.file("out.wav")))
        p.check(f"damage {i} ({which}, {pattern})", good, f"exit {done.returncode}, {text(done.stderr)!r}")
        shutil.rmtree(folder)


def check_settings(p):
    """echotts.json beside the weights: a model's own defaults."""
    folder = lay_out(p, "own", FILES)
    cases = [('{"steps": 2, "frames": 5}', 0, ""), ("{", 1, "echotts.json"), ("[]", 1, "object"),
             ('{"steps": 0}', 1, "steps is 0"), ('{"steps": 1.5}', 1, "whole"), ('{"colour": 1}', 1, "colour"),
             ('{"frames": "many"}', 1, "number"), ('{"steps": 1, "steps": 2}', 1, "echotts.json"),
             ('{"vocabulary": ["hello", "a"], "steps": 2, "frames": 5}', 0, ""), ('{"vocabulary": []}', 1, "list of"),
             ('{"vocabulary": ["a", 7]}', 1, "number 2"), ('{"vocabulary": ["Pizza"]}', 1, "'Pizza'")]
    for content, code, pattern in cases:
        with open(os.path.join(folder, "echotts.json"), "w", encoding="ascii") as f:
            f.write(content)
        done = p.run("say", "Hello.", "-m", folder, "-o", "out.wav", "--no-trim", "--json")
        good = done.returncode == code and (code == 0 or is_one_line(done.stderr, pattern))
        if good and code == 0:
            report = json.loads(done.stdout)
            good = report["steps"] == 2 and report["frames"] == 5
        p.check(f"settings {content}", good, f"exit {done.returncode}, {text(done.stderr)!r}")


def with_words(p, folder, *words):
    """The tiny model, trained on these."""
    lay_out(p, folder, FILES)
    with open(os.path.join(p.file(folder), "echotts.json"), "w", encoding="utf-8") as f:
        json.dump({"vocabulary": words}, f)
    return p.file(folder)


def check_words(p):
    """What a model was not trained on is spoken, with a warning that names it."""
    words = ["the", "hello", "don't", "grün", "five", "twenty"]
    folder, odd = (with_words(p, name, *words) for name in ("of words", "wor\nded"))
    packed = p.file("worded.echo")
    p.good("words: pack", "pack", "-m", folder, "--precision", "int8", "-o", packed)
    six = "one two Three four 5 six".split()
    # Text, what is not known of it, what the warning says.
    cases = [("[S1] HELLO, don’t! 'Twenty-five' [S2] grün...", [], None),
             ("Hello pizza.", ["pizza"], '"pizza" ('),
             ("Pizza, hello pizza; PIZZA the tractor", ["Pizza", "tractor"], '"Pizza", "tractor" ('),
             ("twenty-six 7 five's Grün", ["six", "7", "five's"], '"six", "7", "five\'s" ('),
             ("GRÜN “the”", ["GRÜN"], '"GRÜN" ('),
             (" ".join(six[:5]), six[:5], '"one", "two", "Three", "four", "5" ('),
             (" ".join(six), six, '"one", "two", "Three", "four", "5" and 1 more ('),
             (" ".join(f"w{i}" for i in range(120)), [f"w{i}" for i in range(120)], '"w4" and 115 more ('),
             ("é" * 30, ["é" * 30], f'"{"é" * 20}..." ('),
             ("x" + "é" * 30, ["x" + "é" * 30], f'"x{"é" * 19}..." (')]
    for model in (folder, packed):
        for words_of, unknown, warned in cases:
            done = say_words(p, words_of, "-m", model, "--json")
            p.check(f"words {words_of[:30]!r}: spoken", done.returncode == 0, text(done.stderr))
            got = json.loads(done.stdout).get("unknown_words") if done.returncode == 0 else None
            p.check(f"words {words_of[:30]!r}: listed", got == unknown, got)
            line = text(done.stderr)
            want = "warning: this model knows 6 words, and may not say these right: "
            p.check(f"words {words_of[:30]!r}: warned of", not line if warned is None else
                    is_one_line(done.stderr) and want in line and warned in line and
                    f"(echotts info -m {model} --words lists" in line, line)
    quiet = say_words(p, "Pizza.", "-m", folder, "-q")
    p.check("words: quiet or not", quiet.returncode == 0 and is_one_line(quiet.stderr, '"Pizza"'), text(quiet.stderr))
    found = say_words(p, "Pizza.", env=dict(p.env, ECHOTTS_MODEL=folder))
    p.check("words: without -m", is_one_line(found.stderr, "\\(echotts info --words lists"), text(found.stderr))
    done = say_words(p, "Pizza.", "-m", odd)
    p.check("words: one line", done.returncode == 0 and is_one_line(done.stderr, "wor.ded"), text(done.stderr))
    check_listing(p, folder, packed, sorted(words))


def say_words(p, words, *args, env=None):
    return p.run("say", words, "-o", "out.wav", "-s", "1", "--sequence-length", "4", "--no-trim", *args, env=env)


def check_listing(p, folder, packed, words):
    """info tells what a model knows."""
    for model in (folder, packed):
        done = p.good("words: info --words", "info", "-m", model, "--words")
        p.check("words: info --words", done and done.stdout.decode() == "".join(w + "\n" for w in words), done)
        done = p.good("words: info", "info", "-m", model)
        p.check("words: info", done and "\n  words       6, --words lists them\n" in done.stdout.decode(), done)
        for args, want in (([], None), (["--words"], words)):
            done = p.good("words: info --json", "info", "-m", model, "--json", *args)
            about = json.loads(done.stdout)["model"] if done else {}
            p.check(f"words: info --json {args}", about.get("words") == 6 and about.get("vocabulary") == want, about)
    tiny = p.model("tiny")
    done = p.good("no list: info --words", "info", "-m", tiny, "--words")
    p.check("no list: info --words", done and b"brings no list of words" in done.stdout, done)
    done = p.good("no list: info --json", "info", "-m", tiny, "--words", "--json")
    about = json.loads(done.stdout)["model"] if done else {}
    p.check("no list: info --json", about.get("words") == 0 and about.get("vocabulary") == [], about)
    done = p.run("info", "--words", env=dict(p.env, ECHOTTS_MODEL="/nowhere"))
    p.check("no model, no words", done.returncode == 1 and is_one_line(done.stderr, "/nowhere"), text(done.stderr))


def check_half_precision(p):
    """F16 and F32 files of the same (BF16) numbers give the same bits."""
    def to_f32(header, body):
        new = bytearray()
        for name, about in header.items():
            first, last = about["data_offsets"]
            halves = array.array("H", bytes(body[first:last]))
            wide = array.array("I", (h << 16 for h in halves))
            about["data_offsets"] = [len(new), len(new) + 4 * len(halves)]
            about["dtype"] = "F32"
            new += wide.tobytes()
        return new
    first = say(p, lay_out(p, "bf16", FILES), "--float")
    sound = read(p.file("out.wav"))
    done = say(p, changed(p, "f32", "echo", to_f32), "--float")
    p.check("F32 weights", first.returncode == done.returncode == 0 and read(p.file("out.wav")) == sound,
            text(done.stderr))


def check(p):
    check_layouts(p)
    check_without_blockwise(p)
    check_damage(p)
    check_settings(p)
    check_words(p)
    check_half_precision(p)
