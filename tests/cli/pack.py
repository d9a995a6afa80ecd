# SPDX-License-Identifier: MIT
"""Models in one file: the same bits as the files they were made of, and every way to be damaged."""
import json
import os
import random
import shutil
import struct

import models
import refusals
import safetensors
import wav
from harness import is_one_line, read, snr, text
from models import FILES, NAN16

FAILED, USAGE = 1, 2

# How near two ways to say the same must be where they cannot be the same: eight bits more or less of one
# activation change a row's scale, and all roundings with it.  15.7 dB were measured with the odd model.
NEAR_DB = 10

# Precision of the transformer, of the codec.
SHORT = "only 0.25 s of sound"  # short.wav, so that encoding takes no time
KINDS = (("bf16", "f32"), ("int8", "bf16"))
NOTES = {"echotts_packed", "precision", "codec_precision", "echo_dtype", "dac_dtype", "packed_by"}


def folder_of(p, name):
    if name == "small":
        return os.path.normpath(os.path.join(p.data, os.pardir, os.pardir, "models", "small"))
    return p.model(name)


def packed(p, name, precision, codec="f32", *more):
    """The packed file of a model, made at the first call."""
    path = p.file(f"{name}.{precision}.{codec}.echo")
    if not os.path.exists(path):
        p.good(f"pack {name} {precision}", "pack", "-m", folder_of(p, name), "--precision", precision,
               "--codec-precision", codec, "-o", path, *more)
        p.check(f"pack {name} {precision}: the file", os.path.exists(path))
    return path


def info(p, model, *args):
    done = p.good(f"info of {os.path.basename(model)}", "info", "-m", model, "--json", *args)
    return json.loads(done.stdout)["model"] if done else {}


def made(p, name, out, *args, warned=None):
    """The bytes that a command writes, or what differs from all of them."""
    return read(p.file(out)) if p.good(name, *args, "-o", out, warned=warned) else f"{name} failed"


def how_to(p, model, level, threads, *more):
    return ["-m", model, "--isa", level, "--threads", threads, *more], f"{os.path.basename(model)} {level} {more}"


def speech(p, *setting):
    """What say makes with a voice, in blocks: it takes every part of a model."""
    how, case = how_to(p, *setting)
    return made(p, f"say {case}", "o.wav", "say", "Good morning.", "-v", os.path.join(p.data, "short.wav"), "--block-sizes",
                "5,3", "-s", 2, "--rng-seed", 7, "--float", "--no-trim", *how, warned=SHORT)


def work(p, name, *setting):
    """What say, encode and decode make."""
    how, case = how_to(p, *setting)
    clip = os.path.join(p.data, "short.wav")
    return (speech(p, *setting),
            made(p, f"encode {case}", "o.safetensors", "encode", clip, "--all-frames", "--codes", *how,
                 warned=SHORT),
            made(p, f"decode {case}", "o.wav", "decode", f"{name}.latent", "--float", *how))


def loudness(p, one, two):
    """How alike two WAV files of floats are, in dB."""
    if isinstance(one, str) or isinstance(two, str):
        return 0
    return snr(wav.parse(one)[2], wav.parse(two)[2])


def alike(p, case, exactly, got, want):
    """The same bits, or where they cannot be, much the same sound."""
    if exactly:
        return p.check(case, got == want)
    db = loudness(p, got[0], want[0])
    return p.check(case, db > NEAR_DB, f"{db:.1f} dB, at least {NEAR_DB}")


def likes_bf16(p, name, level):
    """What a file packed in bfloat16 is computed in, if nothing is asked for: what is faster here."""
    precision = info(p, packed(p, name, "bf16"), "--isa", level).get("precision")
    forced = os.environ.get("TEST_AUTO_PRECISION")
    if forced in ("f32", "bf16"):
        p.check(f"{name} {level}: auto is {forced}", precision == forced, precision)
    return precision == "bf16"


def check_same_bits(p, name, levels):
    """A packed file sounds as the model it was made of, on every level and any number of threads."""
    folder = folder_of(p, name)
    p.good("latents", "encode", os.path.join(p.data, "short.wav"), "-m", folder, "-o", f"{name}.latent", warned=SHORT)
    stored = info(p, folder).get("echo_dtype") == "BF16"
    for level in levels:
        if level == "c" and name != "tiny":
            continue    # the plain kernels take their time
        quick = likes_bf16(p, name, level)
        for precision, codec in KINDS:
            if level == "c" and precision == "bf16":
                continue
            model, case = packed(p, name, precision, codec), f"{name} {precision} {codec} {level}"
            how = ("--precision", precision, "--codec-precision", codec)
            plain, asked = work(p, name, folder, level, 2, *how), work(p, name, model, level, 2, *how)
            p.check(f"{case}: encode and decode as unpacked", asked[1:] == plain[1:])
            # Of int8 the encoders are in bfloat16; without fast products of that they are computed in float32, on
            # the weights as they are: those are the same only if they were stored so.
            alike(p, f"{case}: say as unpacked", precision == "bf16" or quick or stored, asked, plain)
            p.check(f"{case}: the same on 1 and 2 threads", asked[0] == speech(p, model, level, 1, *how))
            if level != levels[-1]:
                continue
            # Not asked for anything it is what it was packed for, and bfloat16 is float32 where that is faster.
            own = work(p, name, model, level, 2)
            if quick or precision == "int8":
                alike(p, f"{case}: of itself", quick, own, asked)
            else:
                alike(p, f"{case}: of itself", stored, own, work(p, name, folder, level, 2))


def check_defaults(p):
    """What the model brings (echotts.json) is packed too."""
    small = folder_of(p, "small")
    with open(os.path.join(small, "echotts.json"), encoding="utf-8") as f:
        own = json.load(f)
    for precision in ("bf16", "int8"):
        args = ["say", "Good morning.", "--rng-seed", 1, "--precision", precision, "--json", "--no-tags"]
        reports, sounds = [], []
        for model in (small, packed(p, "small", precision)):
            done = p.good(f"small {precision}", *args, "-m", model, "-o", "o.wav")
            reports.append(json.loads(done.stdout) if done else {})
            sounds.append(read(p.file("o.wav")))
        for report in reports:
            p.check(f"small {precision}: its steps and window", report.get("steps") == own["num_steps"] and
                    0 < report.get("frames", 0) < own["max_sequence_length"], report)
        p.check(f"small {precision}: with its defaults", sounds[0] == sounds[1])
    # Settings that tiny lacks, oddly written.
    own = models.lay_out(p, "worded", FILES)
    with open(os.path.join(own, "echotts.json"), "w", encoding="utf-8") as f:
        f.write('{\n "steps": 2,\t"frames": 5 }\n')
    p.good("pack worded", "pack", "-m", own, "-o", "worded.echo")
    shutil.rmtree(own)
    done = p.good("worded", "say", "Hello.", "-m", "worded.echo", "-o", "o.wav", "--no-trim", "--json")
    report = json.loads(done.stdout) if done else {}
    p.check("worded: its settings", report.get("steps") == 2 and report.get("frames") == 5, report)


def check_file(p, name):
    """What is in a file, and that it is the same however it is made."""
    folder = folder_of(p, name)
    plain = info(p, folder)
    for precision, codec in KINDS:
        path, case = packed(p, name, precision, codec), f"{name} {precision} {codec}"
        first, how = read(path), ["--precision", precision, "--codec-precision", codec]
        for args in (["--threads", 1], ["--threads", 2], ["--threads", 3], ["--isa", "c"], ["-q"]):
            again = made(p, f"pack {args}", "again.echo", "pack", "-m", folder, *how, *args)
            p.check(f"{case}: the same with {args}", again == first)
        header, body = models.split(path)
        notes = header.pop("__metadata__")
        p.check(f"{case}: notes", set(notes) - {"settings"} == NOTES and notes["echotts_packed"] == "1" and
                notes["precision"] == precision and notes["codec_precision"] == codec and
                ("settings" in notes) == (name == "small"), notes)
        ends = [about["data_offsets"] for about in header.values()]
        p.check(f"{case}: no gaps", ends[0][0] == 0 and ends[-1][1] == len(body) and
                all(a[1] == b[0] for a, b in zip(ends, ends[1:])))
        panels = [about["dtype"].startswith("PANELS") for about in header.values()]
        p.check(f"{case}: panels first, on lines", panels == sorted(panels, reverse=True) and any(panels) and
                (len(first) - len(body)) % 64 == 0)
        p.check(f"{case}: checksums", all(len(about["xxh3"]) == 16 for about in header.values()))
        p.check(f"{case}: without what nobody needs", not any(word in n for n in header for word in (
            "causal_mask", "freqs_cis", "conv.parametrizations")))
        kinds = {about["dtype"] for n, about in header.items() if n.startswith("blocks.") and ".mlp." in n and
                 ".mlp.w" in n}
        p.check(f"{case}: layers", kinds == {"PANELS_I8" if precision == "int8" else "PANELS_BF16"}, kinds)

        got = info(p, path, "--precision", precision, "--codec-precision", codec)
        for key, value in (("packed", True), ("precision", precision), ("codec_precision", codec), ("path", path),
                           ("echo_file", path), ("dac_file", path), ("pca_file", path), ("file_bytes", len(first))):
            p.check(f"{case}: info {key}", got.get(key) == value, got.get(key))
        for key in ("echo_dtype", "dac_dtype", "echo_parameters", "layers", "model_size", "heads", "text_layers",
                    "text_size", "speaker_layers", "speaker_size", "latent_size", "patch_size", "codec_dim",
                    "frame_samples", "words", "blockwise", "absent"):
            p.check(f"{case}: info {key} as unpacked", got.get(key) == plain.get(key), f"{got.get(key)}, was "
                    f"{plain.get(key)}")
        p.good(f"{case}: --check", "info", "-m", path, "--check")
        quick, own = likes_bf16(p, name, "auto"), info(p, path)
        want = tuple("f32" if kind == "bf16" and not quick else kind for kind in (precision, codec))
        p.check(f"{case}: precision of itself", (own.get("precision"), own.get("codec_precision")) == want, own)
    p.check(f"{name}: unpacked", plain.get("packed") is False and plain.get("file_bytes") == sum(
        os.path.getsize(os.path.join(folder, f)) for f in FILES), plain)
    p.good(f"{name}: --check", "info", "-m", folder, "--check")
    smaller = os.path.getsize(packed(p, name, "int8", "bf16")) < os.path.getsize(packed(p, name, "bf16"))
    p.check(f"{name}: int8 is smaller", smaller)


def check_ways(p):
    """A file where a model's name may be, beside what a directory can be."""
    model = packed(p, "tiny", "int8")
    say = ["say", "Hello.", "--rng-seed", 1, "-s", 2, "--sequence-length", 8, "--no-trim"]
    want = made(p, "named", "o.wav", *say, "-m", model)
    os.symlink(model, p.file("link"))
    p.check("by a link", made(p, "by a link", "o.wav", *say, "-m", "link") == want)
    done = p.good("by the environment", *say, "-o", "o.wav", env=dict(p.env, ECHOTTS_MODEL=model))
    p.check("by the environment", done and read(p.file("o.wav")) == want)
    # Without an offset for lines: where the data begin is of no matter for what they say.
    header, body = models.split(model)
    models.join(p.file("moved.echo"), header, body)
    for pad in range(3):
        with open(p.file("moved.echo"), "r+b") as f:
            head = json.dumps(header).encode() + b" " * pad
            f.write(struct.pack("<Q", len(head)) + head + body)
        p.check(f"data begin elsewhere ({pad})", made(p, "moved", "o.wav", *say, "-m", "moved.echo") == want)
    done = p.good("bench", "bench", "-m", model, "--texts", "short", "--num-steps", 1, "--voices", 0, "--sequence-length", 8,
                  "--runs", 1, "--json")
    p.check("bench tells the precision", done and json.loads(done.stdout)["precision"] == "int8")

    with open(p.file("old.echo"), "wb") as f:
        f.write(b"old")
    p.check("replaces", made(p, "replaces", "old.echo", "pack", "-m", p.model("tiny"), "--precision", "int8") ==
            read(model))
    bf16 = read(packed(p, "tiny", "bf16"))
    for args in ([], ["--precision", "auto"], ["--codec-precision", "auto"], ["--precision="]):
        p.check(f"bf16 by default {args}", made(p, "default", "old.echo", "pack", "-m", p.model("tiny"), *args) == bf16)
    # Of bfloat16 float32 can be made, of the codec too.
    both = packed(p, "tiny", "bf16", "bf16")
    done = p.good("f32 of bf16", "info", "-m", both, "--precision", "f32", "--codec-precision", "f32", "--json")
    got = json.loads(done.stdout)["model"] if done else {}
    p.check("f32 of bf16", (got.get("precision"), got.get("codec_precision")) == ("f32", "f32"), got)
    p.good("f32 of bf16 speaks", *say, "-m", both, "--precision", "f32", "--codec-precision", "f32", "-o", "o.wav")
    p.check("nothing left beside", not [n for n in os.listdir(p.folder) if n.endswith(".part")])


# ---- damage ----

def note(name, value):
    def change(header, _):
        if value is None:
            del header["__metadata__"][name]
        else:
            header["__metadata__"][name] = value
    return change


def without_notes(header, _):
    del header["__metadata__"]


def about(name, **what):
    """Other words about an array, over the same bytes; None: none."""
    def change(header, _):
        for key, value in what.items():
            header[name][key] = value
            if value is None:
                del header[name][key]
    return change


def elsewhere(name, dtype, shape, data):
    """An array of one's own, behind the others."""
    def change(header, body):
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(body), len(body) + len(data)]}
        return body + data
    return change


def sizes(*numbers):
    return elsewhere(SHAPE, "I32", [len(numbers)], struct.pack(f"<{len(numbers)}i", *numbers))


def both(*changes):
    def change(header, body):
        for one in changes:
            body = one(header, body) or body
        return body
    return change


LAYER, ENCODER = "blocks.1.mlp.w1.weight", "text_encoder.blocks.0.mlp.w1.weight"
MATRIX, VECTOR = "decoder.model.0.conv.matrix", "out_norm.weight"
SHAPE = MATRIX + ".shape"
ZEROS = bytes(4096)

# Precision of the file, what is done to it, what the line says (None: it is as good as before).  All of odd.
DAMAGE = [
    ("bf16", note("echotts_packed", "2"), "packed in format 2, this program reads 1"),
    ("bf16", note("echotts_packed", ""), "packed in format"),
    ("bf16", note("echotts_packed", "1" * 1000), "packed in format 1{20},"),
    ("bf16", note("echotts_packed", None), "not a packed model"),
    ("bf16", note("echotts_packed", 1), "not a packed model"),
    ("bf16", without_notes, "not a packed model"),
    ("bf16", lambda header, _: header.update(__metadata__=[]), "not a packed model"),
    ("bf16", note("precision", None), "precision is missing"),
    ("bf16", note("precision", "fp4"), "precision is missing|fp4"),
    ("bf16", note("precision", "f32"), None),
    ("bf16", note("precision", "int8"), "PANELS_BF16.*damaged"),
    ("int8", note("precision", "bf16"), "PANELS_I8.*damaged"),
    ("int8", note("precision", "f32"), "PANELS_I8.*damaged"),
    ("bf16", note("codec_precision", None), "codec_precision is missing"),
    ("bf16", note("codec_precision", "bf16"), None),     # if it is computed in f32, else:
    ("bf16", note("codec_precision", "int8"), "PANELS_F32.*damaged"),
    ("bf16", note("settings", "{"), "damaged.echo: .*(JSON|expected|end of file)"),
    ("bf16", note("settings", '{"steps": 0}'), "steps is 0"),
    ("bf16", note("settings", '{"vocabulary": ["a", "a"]}'), "damaged.echo: 'a' is in the vocabulary twice"),
    ("bf16", note("settings", 7), None),
    ("bf16", note("packed_by", None), None),
    ("bf16", note("echo_dtype", None), None),
    ("int8", about(LAYER, dtype="PANELS_BF16"), "panels of"),
    ("int8", about(LAYER, dtype="U8"), "elements of U8"),
    ("int8", about(LAYER, dtype="PANELS_I4"), "unknown dtype"),
    ("int8", about(LAYER, shape=[64, 128]), "panels of 64 x 128"),
    ("int8", about(LAYER, shape=[128]), "no matrix"),
    ("int8", about(LAYER, shape=[]), "no matrix"),
    ("int8", about(LAYER, shape=[1, 2, 3]), "no matrix"),
    ("int8", about(LAYER, shape=[0, 128]), "no matrix"),
    ("int8", about(LAYER, shape=[-1, 128]), "whole number"),
    ("int8", about(LAYER, shape=[1 << 25, 1]), "no matrix"),
    ("int8", about(LAYER, shape=[1 << 24, 1 << 24]), "panels of"),
    ("int8", about(LAYER, shape=[1 << 62, 4]), "overflows"),
    ("int8", elsewhere(LAYER, "PANELS_I8", [16, 16], ZEROS[:384]), f"'{LAYER}' has shape 16x16, expected"),
    ("int8", elsewhere(ENCODER, "PANELS_I8", [16, 16], ZEROS[:384]), f"'{ENCODER}' has shape"),
    ("bf16", elsewhere(LAYER, "PANELS_BF16", [1, 1], ZEROS[:64]), f"'{LAYER}' has shape 1x1, expected"),
    ("bf16", elsewhere(MATRIX, "PANELS_F32", [16, 1], ZEROS[:64]), f"'{MATRIX}' has shape 16x1, expected"),
    ("bf16", models.gone(LAYER), f"'{LAYER}' is missing"),
    ("bf16", models.gone(MATRIX), f"'{MATRIX}' is missing"),
    ("bf16", models.gone(SHAPE), "decoder.model.0.*missing"),
    ("bf16", sizes(0, 0, 0), "impossible number 0"),
    ("bf16", sizes(-1, 1, 1), "impossible number -1"),
    ("bf16", sizes(1, 1, 65537), "impossible number 65537"),
    ("bf16", sizes(2**31 - 1, 2**31 - 1, 2**31 - 1), "impossible number"),
    ("bf16", sizes(65536, 65536, 65536), "decoder.model.0.conv"),
    ("bf16", sizes(1, 65536, 1), "decoder.model.0.conv"),
    ("bf16", sizes(1, 1, 1), "decoder.model.0.conv"),
    ("bf16", sizes(1, 1), "three integers"),
    ("bf16", sizes(1, 1, 1, 1), "three integers"),
    ("bf16", about(SHAPE, dtype="F32"), "three integers"),
    ("bf16", elsewhere(SHAPE, "PANELS_F32", [16, 3], ZEROS[:192]), "three integers"),
    ("bf16", elsewhere(VECTOR, "PANELS_F32", [128, 1], ZEROS[:512]), f"'{VECTOR}' is of type PANELS_F32"),
    ("bf16", elsewhere(VECTOR, "PANELS_BF16", [1, 128], ZEROS), f"'{VECTOR}' is of type PANELS_BF16"),
    ("bf16", about(VECTOR, dtype="PANELS_F32"), "no matrix"),
    ("bf16", about(VECTOR, xxh3="0123456789abcde"), "checksum"),
    ("bf16", about(VECTOR, xxh3="0123456789abcdeg"), "checksum"),
    ("bf16", about(VECTOR, xxh3="-123456789abcdef"), "checksum"),
    ("bf16", about(VECTOR, xxh3=17), "checksum"),
    ("bf16", about(VECTOR, xxh3=None), None),
    ("bf16", elsewhere("more", "PANELS_I8", [16, 4], ZEROS[:192]), None),
]


def damaged(p, precision, change, out="damaged.echo"):
    header, body = models.split(packed(p, "odd", precision))
    new = change(header, bytearray(body))
    models.join(p.file(out), header, bytes(new) if new else body)
    return out


def check_damage(p):
    say = ["say", "Hello.", "--rng-seed", "1", "-s", "1", "--sequence-length", "4", "--no-trim"]
    how = {"bf16": ["--precision", "f32"], "int8": []}
    want = {kind: made(p, "undamaged", "o.wav", *say, "-m", packed(p, "odd", kind), *how[kind]) for kind in how}
    for i, (precision, change, pattern) in enumerate(DAMAGE):
        model, name = damaged(p, precision, change), f"packed damage {i} ({pattern})"
        if pattern is None:
            done = p.run(*say, "-m", model, "-o", "o.wav", *how[precision])
            p.check(name, done.returncode == 0 and read(p.file("o.wav")) == want[precision] or
                    done.returncode == FAILED and is_one_line(done.stderr, "PANELS_F32.*damaged"), text(done.stderr))
        else:
            refusals.refused(p, name, [*say, "-m", model, "-o", "never.wav"], b"", (FAILED, USAGE), pattern)


def check_cuts(p):
    """A file that ends too early is refused before it is read there."""
    whole = read(packed(p, "odd", "int8"))
    begins = 8 + struct.unpack("<Q", whole[:8])[0]
    panels = max(a["data_offsets"][1] for n, a in models.split(packed(p, "odd", "int8"))[0].items()
                 if a.get("dtype", "").startswith("PANELS"))
    for at in (0, 1, 7, 8, 9, 100, begins // 2, begins - 1, begins, begins + 1, begins + panels // 2,
               begins + panels - 1, begins + panels, len(whole) - 1):
        with open(p.file("cut.echo"), "wb") as f:
            f.write(whole[:at])
        for command in (["info", "-m", "cut.echo"], ["say", "Hi.", "-m", "cut.echo", "-o", "never.wav"]):
            refusals.refused(p, f"{command[0]} with {at} of {len(whole)} bytes", command, b"", FAILED, "cut.echo: ")


def check_flips(p):
    """Any bit of the header: the same model, another one, or a line; never a crash."""
    source = packed(p, "odd", "int8")
    whole, path = bytearray(read(source)), p.file("flipped.echo")
    begins, pick = 8 + struct.unpack("<Q", whole[:8])[0], random.Random(1)
    places = [*range(12), *pick.sample(range(12, 400), 40), *pick.sample(range(400, begins), 250)]
    shutil.copy(source, path)
    os.chmod(path, 0o644)
    outcomes = {"fine": 0, "refused": 0}
    say = ["say", "Hello.", "-v", os.path.join(p.data, "short.wav"), "--rng-seed", 1, "-s", 1, "--sequence-length", 4, "--no-trim",
           "-m", path, "-o", "o.wav"]
    with open(path, "r+b", buffering=0) as f:
        for i, at in enumerate(places):
            f.seek(at)
            f.write(bytes([whole[at] ^ 1 << pick.randrange(8)]))
            done = p.run(*(say if i % 3 else ["info", "-m", path, "--check"]))
            f.seek(at)
            f.write(whole[at:at + 1])
            outcomes["refused" if done.returncode else "fine"] += 1
            if done.returncode not in (0, FAILED, USAGE) or done.returncode and not is_one_line(done.stderr):
                p.check(f"bit flipped at {at}", False, f"exit {done.returncode}, {text(done.stderr)[:300]!r}")
    p.check("bits flipped in the header", outcomes["refused"] > 150, outcomes)
    p.check("all put back", read(path) == bytes(whole))


def check_check(p):
    """info --check names what was changed, by its checksum; without one, by what is no number."""
    for precision in ("bf16", "int8"):
        path = p.file("wrong.echo")
        header, _ = models.split(packed(p, "odd", precision))
        whole = read(packed(p, "odd", precision))
        begins, pick = 8 + struct.unpack("<Q", whole[:8])[0], random.Random(2)
        del header["__metadata__"]
        names = [LAYER, ENCODER, MATRIX, VECTOR, SHAPE, "pca_components",
                 "quantizer.pre_module.layers.0.attention.wqkv.weight", *pick.sample(sorted(header), 12)]
        for name in names:
            first, last = header[name]["data_offsets"]
            data = bytearray(whole)
            data[begins + pick.randrange(first, last)] ^= 1 << pick.randrange(8)
            with open(path, "wb") as f:
                f.write(data)
            refusals.refused(p, f"{precision} with a bit of {name} flipped", ["info", "-m", path, "--check"], b"",
                             FAILED, f"'{name}'" if name != SHAPE else "decoder.model.0.conv")
        # One that made the speech impossible is named by that, too.
        first = header[LAYER]["data_offsets"][0] + begins
        size = header[LAYER]["data_offsets"][1] - header[LAYER]["data_offsets"][0]
        data = whole[:first] + b"\xff" * size + whole[first + size:]
        with open(path, "wb") as f:
            f.write(data)
        refusals.refused(p, f"{precision} with no numbers in {LAYER}",
                         ["say", "Hello.", "-m", path, "-s", "1", "--sequence-length", "4", "-o", "never.wav"], b"", FAILED,
                         f"'{LAYER}'")

        def no_numbers(header, body):
            del header[LAYER]["xxh3"]
            first, last = header[LAYER]["data_offsets"]
            body[first:last] = b"\xff" * (last - first)
            return body
        refusals.refused(p, f"{precision} with no numbers in {LAYER}, and no checksum",
                         ["info", "-m", damaged(p, precision, no_numbers), "--check"], b"", FAILED, f"'{LAYER}'")
        os.remove(path)

    for name, value in ((VECTOR, NAN16), (LAYER, NAN16), ("quantizer.quantizer.quantizers.3.codebook.weight",
                                                          struct.pack("<f", float("inf")))):
        which = "echo" if len(value) == 2 else "dac"
        folder = models.changed(p, "unsound", which, models.bytes_at(name, value, 4))
        refusals.refused(p, f"--check of {name}", ["info", "-m", folder, "--check"], b"", FAILED, f"'{name}'")
        for precision in ("bf16", "int8"):
            refusals.refused(p, f"packing no number in {name} in {precision}",
                             ["pack", "-m", folder, "--precision", precision, "-o", "never.echo"], b"", FAILED,
                             f"'{name}'")
        shutil.rmtree(folder)

    def no_numbers(header, body):
        first, last = header[LAYER]["data_offsets"]
        body[first:last] = b"\xff" * (last - first)
        return body
    folder = models.changed(p, "unsound", "echo", no_numbers)
    for precision in ("f32", "bf16", "int8"):
        refusals.refused(p, f"{precision} of no numbers in {LAYER}",
                         ["say", "Hi.", "-m", folder, "--precision", precision, "-s", "1", "--sequence-length", "4", "-o",
                          "never.wav"], b"", FAILED, f"'{LAYER}'")
    shutil.rmtree(folder)


def cases(p):
    """(name, arguments, exit code, pattern); TINY stands for the model."""
    pack = ["pack", "-m", "TINY"]
    bf16, int8 = packed(p, "tiny", "bf16"), packed(p, "tiny", "int8")
    yield "pack in f32", [*pack, "--precision", "f32", "-o", "out.echo"], USAGE, "bf16 or int8"
    for value in ("fp8", "BF16", "int4", "f32 ", "\x1b"):
        yield f"pack in {value!r}", [*pack, "--precision", value, "-o", "out.echo"], USAGE, "unknown precision"
        yield (f"say in {value!r}", ["say", "Hi.", "-m", "TINY", "--precision", value, "-o", "out.wav"], USAGE,
               "unknown precision '.*bf16 or int8")
    for command in (pack, ["say", "Hi.", "-m", "TINY"], ["info", "-m", "TINY"]):
        output = [] if command[0] == "info" else ["-o", "out"]
        yield (f"{command[0]} with a codec in int8", [*command, "--codec-precision", "int8", *output], USAGE,
               "codec precision 'int8': this device takes auto, f32 or bf16")
    yield "pack without -o", pack, USAGE, "-o FILE.echo"
    yield "pack to stdout", [*pack, "-o", "-"], USAGE, "model.*standard output"
    yield "pack without a name", [*pack, "-o", ""], USAGE, "empty name"
    yield "pack with a word", [*pack, "word", "-o", "out.echo"], USAGE, "options only"
    yield "pack of nothing", ["pack", "-m", "nowhere", "-o", "out.echo"], FAILED, "nowhere"
    yield "pack of a folder", ["pack", "-m", "folder", "-o", "out.echo"], FAILED, "no model is here"
    yield "pack of half a model", ["pack", "-m", "halfmodel", "-o", "out.echo"], FAILED, "dac.safetensors"
    yield "pack on an abacus", [*pack, "--device", "abacus", "-o", "out.echo"], (FAILED, USAGE), "abacus"
    yield "pack above what there is", [*pack, "--isa", "sse9", "-o", "out.echo"], USAGE, "sse9"
    for name, output, pattern in (("into no folder", "no/out", "no/out.*such"), ("onto a folder", "folder", "irectory"),
                                  ("under a file", "empty/out", "[Dd]irectory"), ("to no disk", "/dev/full", "space"),
                                  ("with a long name", "x" * 250, "too long")):
        yield f"pack {name}", [*pack, "-o", output], FAILED, pattern
    for model in (bf16, int8):
        kind = "bf16" if model == bf16 else "int8"
        yield (f"pack of packed {kind}", ["pack", "-m", model, "--precision", kind, "-o", "out.echo"], USAGE,
               "is packed already")
        other = "int8" if kind == "bf16" else "bf16"
        yield (f"pack of packed {kind} in {other}", ["pack", "-m", model, "--precision", other, "-o", "out"], USAGE,
               "is packed already|pack the original files")
    for model, have, asked in ((bf16, "bf16", "int8"), (int8, "int8", "f32"), (int8, "int8", "bf16")):
        for command in (["say", "Hi.", "-o", "out.wav"], ["info"]):
            yield (f"{command[0]} in {asked} of {have}", [*command, "-m", model, "--precision", asked], USAGE,
                   f"its precision is {have}, not {asked}")
    yield ("codec in bf16 of f32", ["info", "-m", bf16, "--codec-precision", "bf16"], USAGE,
           "its codec_precision is f32, not bf16")
    yield "no packed file", ["info", "-m", os.path.join(p.model("tiny"), "expected.safetensors")], FAILED, "tensor .in_proj.weight. is missing"
    for name in ("empty", "text.wav", "cut.safetensors", "good.safetensors", "secret.wav"):
        if name != "secret.wav" or os.geteuid():
            yield f"{name} as a model", ["say", "Hi.", "-m", name, "-o", "out.wav"], FAILED, f"{name}: "


def check(p, levels):
    names = [n for n in ("tiny", "odd", "small") if os.path.exists(os.path.join(folder_of(p, n), FILES[0]))]
    for name in names:
        check_same_bits(p, name, levels)
        check_file(p, name)
    if "small" in names:
        check_defaults(p)
    check_ways(p)
    if "TEST_AUTO_PRECISION" in os.environ:  # what is damaged is refused in the same way
        return
    check_damage(p)
    check_cuts(p)
    check_check(p)
    check_flips(p)
    for name, args, code, pattern in cases(p):
        refusals.refused(p, name, args, b"", code, pattern)
