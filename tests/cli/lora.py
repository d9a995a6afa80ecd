# SPDX-License-Identifier: MIT
"""Adapters: the weights that PyTorch makes with them, the same speech however they are added, and what is refused."""
import array
import json
import os
import shutil
import struct

import models
import safetensors
import wav
from checkpoints import save_torch
from harness import is_one_line, read, snr, text
from safetensors import Array

FAILED, USAGE = 1, 2

# By these names PyTorch's results are in expected.safetensors (tests/data/lora/make.py).
ADAPTERS = {"peft": "peft", "kohya": "kohya.safetensors", "plain": "plain.safetensors:-0.5"}

# Beside packed weights: against the merged originals in float32 37.6 and 24.8 dB were measured, where the same merged
# and then packed has 37.2 and 22.6, and the adapter itself changes the sound to 1.9 dB.
BESIDE_DB = {"bf16": 32, "int8": 18}


def adapter(p, name):
    return os.path.join(p.data, "lora", ADAPTERS.get(name, name))


def merge(p, model, loras, out, *args):
    """The arrays of a merged file of float32."""
    done = p.good(f"merge {loras}", "merge", model, "--lora", loras, "-o", out, *args)
    return safetensors.load(p.file(out)) if done else {}


def say(p, out, model, *args):
    done = p.good(f"say {args}", "say", "Hello.", "-m", model, "--rng-seed", 1, "-s", 2, "--sequence-length", 8,
                  "--no-trim", "--float", "-q", "-o", out, *args)
    return read(p.file(out)) if done else f"no {out}"


def rounded(values, dtype):
    """float32 to the bytes of a type, to nearest even."""
    if dtype == "F32":
        return values.tobytes()
    if dtype == "F16":
        return struct.pack(f"<{len(values)}e", *values)
    bits = array.array("I", values.tobytes())
    return array.array("H", ((u + 0x7fff + (u >> 16 & 1)) >> 16 & 0xffff for u in bits)).tobytes()


def check_numbers(p):
    """W + s (B A) as PyTorch has it, and the types of merged tensors."""
    odd, want = p.model("odd"), safetensors.load(os.path.join(p.data, "lora", "expected.safetensors"))
    for kind in ADAPTERS:
        got = merge(p, odd, adapter(p, kind), f"{kind}.safetensors", "--dtype", "f32")
        for name, value in want.items():
            which, weight = name.split(".", 1)
            if which != kind:
                continue
            have = got.get(weight + ".weight", Array("", [], array.array("f")))
            off = max(map(lambda x, y: abs(x - y) / max(abs(y), 1e-3), have.data, value.data), default=9)
            # PyTorch may add up in another order: an ulp or two of a sum of at most four products.
            p.check(f"{name}: as PyTorch", len(have.data) == len(value.data) and off < 3e-7, off)
    exact = safetensors.load(p.file("peft.safetensors"))
    before, raw = models.split(os.path.join(odd, "echo.safetensors"))
    for dtype in ("keep", "bf16"):
        p.good(f"--dtype {dtype}", "merge", "-m", odd, "--lora", adapter(p, "peft"), "-o", "m.safetensors", "--dtype", dtype)
        header, body = models.split(p.file("m.safetensors"))
        p.check(f"{dtype}: the same tensors", {n for n in header if n[0] != "_"} == {n for n in before if n[0] != "_"})
        for name, about in header.items():
            if name == "__metadata__":
                continue
            kind = before[name]["dtype"] if dtype == "keep" else "BF16"
            first, last = about["data_offsets"]
            good = about["dtype"] == kind and body[first:last] == rounded(exact[name].data, kind)
            p.check(f"{dtype}: {name}", good and about["shape"] == before[name]["shape"], about)
    untouched = before["blocks.0.mlp.w2.weight"]["data_offsets"]
    header, body = models.split(p.file("m.safetensors"))
    p.good("keep", "merge", odd, "--lora", adapter(p, "peft"), "-o", "m.safetensors")
    header, body = models.split(p.file("m.safetensors"))
    first, last = header["blocks.0.mlp.w2.weight"]["data_offsets"]
    p.check("keep: others keep their bytes", body[first:last] == raw[untouched[0]:untouched[1]])


def merged_model(p, folder, loras):
    os.makedirs(p.file(folder), exist_ok=True)
    for name in models.FILES:
        shutil.copy(os.path.join(p.model("odd"), name), p.file(folder))
    merge(p, p.model("odd"), loras, os.path.join(folder, "echo.safetensors"), "--dtype", "f32", "-q")
    return p.file(folder)


def check_speech(p):
    """--lora says what the merged model says; and so does a packed one, as far as it can."""
    odd, lora = p.model("odd"), adapter(p, "peft")
    both = f"{lora},{adapter(p, 'kohya')}:0.5"
    plain = say(p, "plain.wav", odd, "--precision", "f32")
    for name, loras in (("one", lora), ("two", both)):
        folder = merged_model(p, name, loras)
        for precision in ("f32", "bf16", "int8"):
            want = say(p, "want.wav", folder, "--precision", precision)
            p.check(f"{name} in {precision}: as merged", say(p, "o.wav", odd, "--precision", precision, "--lora", loras) == want)
            p.check(f"{name} in {precision}: is heard", want != plain)
    exact = want = say(p, "want.wav", odd, "--precision", "f32", "--lora", lora)
    for threads in (1, 2):
        p.check("on any number of threads", say(p, "o.wav", odd, "--precision", "f32", "--lora", lora, "--threads", threads) == want)
    p.check("a scale of 0 is none", say(p, "o.wav", odd, "--precision", "f32", "--lora", lora + ":0") == plain)
    header, body = models.split(lora if os.path.isfile(lora) else os.path.join(lora, "adapter_model.safetensors"))
    shutil.copytree(lora, p.file("torch-lora"))
    save_torch(p.file("torch-lora/adapter_model.pt"), {k: (v["dtype"], v["shape"], body[slice(*v["data_offsets"])])
                                                       for k, v in header.items() if k != "__metadata__"})
    p.check("by torch.save()", say(p, "o.wav", odd, "--precision", "f32", "--lora", "torch-lora/adapter_model.pt") == want)
    p.check("no name is none", say(p, "o.wav", odd, "--precision", "f32", "--lora=") == plain)
    for precision, most in BESIDE_DB.items():
        want = say(p, "want.wav", p.file("one"), "--precision", precision)
        p.good(f"pack {precision}", "pack", "-m", odd, "--precision", precision, "-o", "plain.echo")
        p.good(f"pack {precision} --lora", "pack", "-m", odd, "--precision", precision, "--lora", lora, "-o", "with.echo")
        p.check(f"packed with it in {precision}", say(p, "o.wav", "with.echo", "--precision", precision) == want)
        say(p, "o.wav", "plain.echo", "--precision", precision, "--lora", lora)
        db = snr(wav.parse(read(p.file("o.wav")))[2], wav.parse(exact)[2])
        p.check(f"beside one packed in {precision}", db > most, f"{db:.1f} dB")
        p.check(f"beside one packed in {precision}: threads", say(p, "p.wav", "plain.echo", "--precision", precision, "--lora",
                lora, "--threads", 1) == read(p.file("o.wav")))
    done = p.run("merge", "plain.echo", "--lora", lora, "-o", "x.safetensors")
    p.check("a packed file cannot be merged", done.returncode == USAGE and is_one_line(done.stderr, "is packed"), text(done.stderr))


def check_info(p):
    odd = p.model("odd")
    done = p.good("info", "info", "-m", odd, "--lora", f"{adapter(p, 'peft')},{adapter(p, 'kohya')}:-0.25", "--json")
    got = json.loads(done.stdout)["model"]["loras"] if done else []
    p.check("info: both", [(o["layout"], o["scale"], o["weights"], o["rank_least"], o["rank_most"]) for o in got] ==
            [("PEFT", 1, 8, 2, 3), ("kohya", -0.25, 8, 1, 4)], got)
    done = p.good("info", "info", "-m", odd, "--lora", adapter(p, "peft"))
    p.check("info: a line", done and b"scale 1, 8 weights, rank 2 to 3 (PEFT)" in done.stdout)
    done = p.run("info", "-m", odd, "--lora", adapter(p, "plain"))
    p.check("no alpha: a warning", done.returncode == 0 and is_one_line(done.stderr, "warning: .*taken to be the rank"),
            text(done.stderr))
    # Paths that exist win over commas and colons.
    os.makedirs(p.file("a,b"), exist_ok=True)
    shutil.copy(adapter(p, "kohya"), p.file("a,b/c:0.5"))
    for given, scales in (("a,b/c:0.5", [1]), ("a,b/c:0.5:2", [2]), ("a,b/c:0.5:2,a,b/c:0.5", [2, 1])):
        done = p.good(given, "info", "-m", odd, "--lora", given, "--json")
        p.check(f"{given}: scales", done and [o["scale"] for o in json.loads(done.stdout)["model"]["loras"]] == scales)


# ---- refusals ----

W, KEY = "blocks.0.attention.wq", "base_model.model.blocks.0.attention.wq"


def floats(*shape, value=0.01, kind="F32"):
    n = 1
    for size in shape:
        n *= size
    return Array(kind, shape, array.array("f", [value]) * n)


def pair(name=KEY, rank=2, k=128, n=128, a=".lora_A.weight", b=".lora_B.weight"):
    return {name + a: floats(rank, k), name + b: floats(n, rank)}


NAN = Array("F32", [2, 128], array.array("f", [0.0] * 255 + [float("nan")]))

# Name, arrays, what the line says.
BAD = [
    ("nothing", {}, "no tensor"),
    ("another model", pair("base_model.model.layers.0.q_proj"), "'base_model.model.layers.0.q_proj.lora_A.weight' fits no weight"),
    ("half a pair", {KEY + ".lora_A.weight": floats(2, 128)}, "no partner.*lora_A and lora_B"),
    ("half a pair of kohya", {"lora_unet_blocks_0_mlp_w1.lora_up.weight": floats(40, 2)}, "no partner"),
    ("alpha alone", {"lora_unet_blocks_0_mlp_w1.alpha": floats()}, "no partner"),
    ("wrong width", pair(k=64), "shape 2x64, expected 2x128"),
    ("wrong height", pair(n=64), "shape 64x2, expected 128x2"),
    ("ranks differ", {**pair(), KEY + ".lora_B.weight": floats(128, 3)}, "shape 128x3, expected 128x2"),
    ("rank 0", {**pair(), KEY + ".lora_A.weight": floats(0, 128), KEY + ".lora_B.weight": floats(128, 0)}, "rank 0, expected 1|damaged|shape"),
    ("huge rank", pair(rank=4097), "rank 4097, expected 1 to 4096"),
    ("one dimension", {**pair(), KEY + ".lora_A.weight": floats(256)}, "shape 256, expected"),
    ("NaN", {**pair(), KEY + ".lora_A.weight": NAN}, "not finite"),
    ("whole numbers", {**pair(), KEY + ".lora_A.weight": Array("I32", [2, 128], array.array("i", [1] * 256))}, "of type I32, expected"),
    ("two for one", {**pair(), **pair(W)}, "are both for"),
    ("two adapters", {**pair(a=".lora_A.x.weight", b=".lora_B.x.weight"), **pair(a=".lora_A.y.weight", b=".lora_B.y.weight")}, "are both for"),
    ("a norm", pair("blocks.0.attention.q_norm", k=64, n=2), "no weight of a matrix product"),
    ("a vector", pair("out_norm", k=1), "no weight of a matrix product"),
    ("an embedding", pair("text_encoder.text_embedding", k=32, n=256), "no weight of a matrix product"),
    ("an embedding of PEFT", {KEY + ".lora_embedding_A": floats(2, 128)}, "a LoRA of an embedding"),
    ("DoRA", {**pair(), KEY + ".lora_magnitude_vector": floats(128)}, "DoRA"),
    ("DoRA of kohya", {**pair(), "lora_unet_blocks_0_attention_wq.dora_scale": floats(128, 1)}, "DoRA"),
    ("LoHa", {"lora_unet_blocks_0_attention_wq.hada_w1_a": floats(128, 2)}, "LoHa"),
    ("LoKr", {"lora_unet_blocks_0_attention_wq.lokr_w1": floats(4, 4)}, "LoKr"),
    ("IA3", {KEY + ".ia3_l": floats(128, 1)}, "IA3"),
    ("OFT", {KEY + ".oft_r": floats(2, 8)}, "OFT"),
    ("modules_to_save", {**pair(), "base_model.model.out_proj.modules_to_save.weight": floats(48, 128)}, "modules_to_save"),
    ("a bias", {**pair(), KEY + ".bias": floats(128)}, "no tensor of a LoRA"),
    ("a whole model", {"blocks.0.attention.wq.weight": floats(128, 128)}, "no tensor of a LoRA"),
    ("alpha of two", {**pair(W), W + ".alpha": floats(2)}, "2 numbers, expected one"),
    ("too much", {W + ".lora_A": floats(1, 128, value=3e38), W + ".lora_B": floats(128, 1, value=3e38), W + ".alpha": floats(value=1)}, "not finite, with what its LoRA adds"),
]

# Of adapter_config.json: what it has instead, what the line says.
BAD_CONFIGS = [
    ({"lora_alpha": None}, "lora_alpha is missing"),
    ({"lora_alpha": "3"}, "lora_alpha is not a number"),
    ({"r": 4}, "r of .* is 4, but its tensors have rank 2"),
    ({"rank_pattern": {}}, "is 2, but its tensors have rank 3"),
    ({"rank_pattern": {".*w1": 3}}, "regular expression"),
    ({"peft_type": "LOHA"}, "peft_type is LOHA"),
    ({"bias": "all"}, "bias: "),
    ({"use_dora": True}, "use_dora"),
    ({"modules_to_save": ["out_proj"]}, "modules_to_save"),
    ({"fan_in_fan_out": True}, "fan_in_fan_out"),
    ({"init_lora_weights": "pissa_niter_4"}, "init_lora_weights"),
]


def refused(p, case, lora, pattern, status=FAILED, how=("info",), model="odd"):
    done = p.run(*how, "-m", p.model(model), "--lora", lora)
    p.check(f"refused: {case}", done.returncode == status and is_one_line(done.stderr, pattern), text(done.stderr))


def check_refusals(p):
    for case, arrays, pattern in BAD:
        safetensors.save(p.file("bad.safetensors"), arrays)
        how = ("say", "Hello.", "-s", 1, "--sequence-length", 4, "-q", "-o", "bad.wav") if case == "too much" else ("info",)
        refused(p, case, "bad.safetensors", f"bad.safetensors: .*({pattern})" if case != "too much" else pattern, how=how)
        p.check(f"{case}: nothing left", not os.path.exists(p.file("bad.wav")))
    done = p.run("merge", p.model("odd"), "--lora", "bad.safetensors", "-o", "bad.out")
    p.check("merge: too much", done.returncode == FAILED and is_one_line(done.stderr, "not finite") and
            not os.path.exists(p.file("bad.out")), text(done.stderr))
    whole = read(adapter(p, "kohya"))
    for cut in (0, 7, 100, len(whole) - 1):
        with open(p.file("bad.safetensors"), "wb") as f:
            f.write(whole[:cut])
        refused(p, f"cut at {cut}", "bad.safetensors", "bad.safetensors")
    shutil.copytree(adapter(p, "peft"), p.file("peft-folder"))
    with open(p.file("peft-folder/adapter_config.json"), encoding="utf-8") as f:
        config = json.load(f)
    for change, pattern in BAD_CONFIGS:
        with open(p.file("peft-folder/adapter_config.json"), "w", encoding="utf-8") as f:
            json.dump({**config, **change}, f)
        refused(p, f"{change}", "peft-folder", f"adapter_config.json: .*{pattern}|adapter_config.json: {pattern}")
    with open(p.file("peft-folder/adapter_config.json"), "w", encoding="utf-8") as f:
        f.write('{"r": 2, "r": 3}')
    refused(p, "a doubled setting", "peft-folder", "adapter_config.json: ")
    with open(p.file("peft-folder/adapter_config.json"), "w", encoding="utf-8") as f:
        json.dump({**config, "use_rslora": True}, f)
    strong = merge(p, p.model("odd"), "peft-folder", "strong.safetensors", "--dtype", "f32")
    plain = merge(p, p.model("odd"), f"{adapter(p, 'peft')}:{2 ** 0.5:.9g}", "s.safetensors", "--dtype", "f32")
    near = max(map(lambda x, y: abs(x - y), strong["out_proj.weight"].data, plain["out_proj.weight"].data))
    p.check("rslora: alpha / sqrt(r)", near < 1e-6, near)
    os.remove(p.file("peft-folder/adapter_model.safetensors"))
    refused(p, "a folder without it", "peft-folder", "no adapter_model.safetensors")
    refused(p, "no such file", "missing.safetensors", "missing.safetensors")
    done = p.run("info", "--lora", "missing.safetensors")
    p.check("no such file, of no named model", done.returncode == FAILED and is_one_line(done.stderr, "missing.safetensors|no model"),
            text(done.stderr))
    good = adapter(p, "kohya")
    for given, pattern in ((good + ":9", "scale.*-8 to 8"), (good + ":nan", "scale"), (good + ":x", "no scale"),
                           (good + ",", "name is missing"), (",".join([good] * 17), "at most 16")):
        refused(p, given[-20:], given, pattern, USAGE)
    refused(p, "a model that it does not fit", good, "fits no weight|expected", model="tiny")
    for args, pattern in (([], "give -o"), (["-o", "x.safetensors"], "give --lora"),
                          (["--lora", good, "-o", "x.safetensors", "--dtype", "f16"], "expected keep, f32 or bf16"),
                          (["--lora", good, "-o", "x.safetensors", "--precision", "int8"], "--dtype")):
        done = p.run("merge", p.model("odd"), *args)
        p.check(f"merge {args[-2:]}", done.returncode == USAGE and is_one_line(done.stderr, pattern) and
                not os.path.exists(p.file("x.safetensors")), text(done.stderr))


def check(p):
    check_numbers(p)
    check_speech(p)
    check_info(p)
    check_refusals(p)
