# SPDX-License-Identifier: MIT
"""Programs that people point at the server: OpenAI's package, curl, and what others send."""
import asyncio
import json
import os
import subprocess

import wav
from hearing import decode, probe
from serving import Server, all_at_once

WORDS = "The train to Berlin leaves at seven."
KEY = "sk-test"
QUICK = {"num_steps": 2, "retakes": 0}


# ---- OpenAI's package ----

def check_package(s):
    import openai
    client = openai.OpenAI(base_url=s.url + "/v1", api_key=KEY, max_retries=0)
    made = client.audio.speech.create(model="tts-1", voice="alloy", input=WORDS)
    s.check("openai: create", probe(made.content)[0] == "mp3" and not decode(made.content)[1],
            made.content[:20])
    for name, codec in (("opus", "opus"), ("flac", "flac"), ("wav", "pcm_s16le")):
        made = client.audio.speech.create(model="tts-1", voice="joe", input=WORDS, response_format=name, extra_body=QUICK)
        s.check(f"openai: {name}", probe(made.content)[0] == codec, made.content[:20])
    out = os.path.join(s.folder, "speech.mp3")
    with client.audio.speech.with_streaming_response.create(
            model="tts-1", voice="joe", input=WORDS, instructions="Calm.", stream_format="audio") as answer:
        answer.stream_to_file(out)
    with open(out, "rb") as f:
        data = f.read()
    s.check("openai: streamed into a file", probe(data)[0] == "mp3" and not decode(data)[1], len(data))
    with client.audio.speech.with_streaming_response.create(
            model="gpt-4o-mini-tts", voice="joe", input=WORDS, response_format="pcm") as answer:
        sound = b"".join(answer.iter_bytes(1024))
    s.check("openai: pcm at 24 kHz", 1 < len(sound) / 48000 < 5 and len(sound) % 2 == 0, len(sound))
    with client.audio.speech.with_streaming_response.create(
            model="gpt-4o-mini-tts", voice="joe", input=WORDS, stream_format="sse") as answer:
        lines = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: ")]
    s.check("openai: events", [e["type"] for e in lines[-2:]] == ["speech.audio.delta", "speech.audio.done"],
            [e["type"] for e in lines])
    one, two = (client.audio.speech.create(model="tts-1", voice={"id": "joe"}, input=WORDS, response_format="wav",
                                           extra_body={"seed": 3, **QUICK}).content for _ in range(2))
    s.check("openai: extra_body and a voice as an object", one == two and wav.parse(one))
    models = client.models.list().data
    s.check("openai: models", models and models[0].id and client.models.retrieve(models[0].id).id == models[0].id, models)
    crowd = asyncio.run(three(openai, s))
    s.check("openai: three at once", all(probe(c)[0] == "mp3" for c in crowd), [c[:20] for c in crowd])


async def three(openai, s):
    async with openai.AsyncOpenAI(base_url=s.url + "/v1", api_key=KEY, max_retries=0) as client:
        made = await asyncio.gather(*(client.audio.speech.create(
            model="tts-1", voice="joe", input=f"This is number {n}.", extra_body=QUICK) for n in ("one", "two", "three")))
        return [m.content for m in made]


def raised(call):
    try:
        return call()
    except Exception as e:  # pylint: disable=broad-except
        return e


def check_errors(s, keyed):
    import openai
    client = openai.OpenAI(base_url=s.url + "/v1", api_key=KEY)  # it repeats what is worth it
    speech = client.audio.speech.create
    for name, kind, call in (
            ("wrong speed", openai.BadRequestError, lambda: speech(model="tts-1", voice="joe", input="Hi.", speed=99)),
            ("no text", openai.BadRequestError, lambda: speech(model="tts-1", voice="joe", input="")),
            ("wrong format", openai.BadRequestError,
             lambda: speech(model="tts-1", voice="joe", input="Hi.", response_format="xyz")),
            ("no such voice", (openai.BadRequestError, openai.NotFoundError),
             lambda: speech(model="tts-1", voice="nobody", input="Hi.")),
            ("no such model", openai.NotFoundError, lambda: client.models.retrieve("nobody")),
            ("no such route", openai.NotFoundError, lambda: client.files.list())):
        error = raised(call)
        s.check(f"openai: {name}", isinstance(error, kind) and error.body and error.body.get("message"), repr(error))
    wrong = openai.OpenAI(base_url=keyed.url + "/v1", api_key="sk-wrong")
    error = raised(lambda: wrong.audio.speech.create(model="tts-1", voice="joe", input="Hi."))
    s.check("openai: wrong key", isinstance(error, openai.AuthenticationError), repr(error))
    right = openai.OpenAI(base_url=keyed.url + "/v1", api_key=KEY)
    made = raised(lambda: right.audio.speech.create(model="tts-1", voice="joe", input="Hi.").content)
    s.check("openai: the right one", isinstance(made, bytes), repr(made)[:200])


# ---- curl ----

def curl(*args):
    done = subprocess.run(["curl", "-sS", *args], capture_output=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr


def check_curl(s):
    out = os.path.join(s.folder, "curl.mp3")
    body = json.dumps({"input": WORDS, "voice": "joe"})
    status, _, told = curl("--fail", s.url + "/v1/audio/speech", "-H", "Content-Type: application/json", "-d", body,
                           "-o", out)
    with open(out, "rb") as f:
        s.check("curl: into a file", status == 0 and not decode(f.read())[1], told)
    status, sound, told = curl("-N", "--fail", s.url + "/v1/audio/speech", "-d", body)
    s.check("curl: -d alone, which calls it a form", status == 0 and probe(sound)[0] == "mp3", (told, sound[:99]))
    status, sound, told = curl("-N", s.url + "/v1/audio/speech", "--json",
                               json.dumps({"input": WORDS, "voice": "joe", "response_format": "wav", "stream": True}))
    s.check("curl: a stream for a player", status == 0 and not decode(sound)[1], told)
    clip = s.site.clip()
    status, made, told = curl(s.url + "/v1/audio/voices", "-F", "name=Anna", "-F", f"file=@{clip}", "-F",
                              "consent=Anna, by mail")
    s.check("curl: -F uploads", status == 0 and json.loads(made).get("id") == "Anna", (told, made))
    status, made, _ = curl("-X", "DELETE", s.url + "/v1/audio/voices/Anna")
    s.check("curl: -X DELETE", status == 0 and json.loads(made).get("deleted") is True, made)
    status, _, told = curl("--max-time", "0.3", s.url + "/v1/audio/speech", "-d",
                           json.dumps({"input": WORDS * 100, "voice": "joe"}))
    s.check("curl: killed, and the job is gone", status == 28 and s.is_idle(5), (status, told, s.load()))
    status, _, told = curl("--fail", s.url + "/v1/audio/speech", "-d", "{}")
    s.check("curl: --fail sees a refusal", status == 22, (status, told))


# ---- recorded requests ----

def recorded(site):
    with open(os.path.join(site.data, "clients.jsonl"), encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def replay(s, r):
    body = json.dumps(r["body"]).encode() if "body" in r else None
    answer = s.ask(r["method"], r["path"], body, r["headers"])
    name = f"{r['client']}: {r['method']} {r['path']} {json.dumps(r.get('body', ''))[:60]}"
    if not s.check(name, answer.status == r["status"] and answer.type == r["answer"], answer.told()[:300]):
        return
    s.check(f"{name}: not compressed", not answer.header("Content-Encoding"), str(answer.headers))
    if answer.type.startswith("audio/"):
        sound, told = decode(answer.body, r["body"].get("response_format", ""))
        s.check(f"{name}: decodes", sound and not told, told)
    else:
        s.check(f"{name}: JSON", answer.json() is not None, answer.body[:200])


def check_recorded(s, keyed):
    for r in recorded(s.site):
        replay(s, r)
        if "Authorization" not in r["headers"] and r["method"] == "GET" and r["status"] == 200:
            answer = keyed.ask("GET", r["path"], headers=r["headers"], authorized=False)
            s.check(f"{r['client']}: lists without the key: {r['path']}", answer.status == 200, answer.told())
    # Open WebUI reads these; wyoming_openai makes Wyoming's chunks of the samples behind the header.
    voices = s.get("/v1/audio/voices").json()["voices"]
    s.check("Open WebUI: a list of id and name", {v["id"]: v["name"] for v in voices}.get("joe"), voices)
    crowd = all_at_once(*(lambda t=t: s.post("/v1/audio/speech", {"input": t, "voice": "joe", "model": "tts-1"})
                          for t in ("The first sentence.", "The second one!", "And the third?", "\"Quoted.\"")))
    s.check("Open WebUI: sentences at once", all(a.status == 200 and a.type == "audio/mpeg" for a in crowd),
            [getattr(a, "status", a) for a in crowd])


def check(site):
    with Server(site) as s, Server(site, key=KEY) as keyed:
        check_package(s)
        check_errors(s, keyed)
        check_curl(s)
        check_recorded(s, keyed)
