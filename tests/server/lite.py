# SPDX-License-Identifier: MIT
"""LiteLLM's speech(), by hand: its packages take 380 MB.

    python3 -m venv /tmp/litellm && /tmp/litellm/bin/pip install litellm==1.110.2
    /tmp/litellm/bin/python tests/server/run.py build/echotts models/small tests/data litellm
"""
import os

from hearing import decode, probe
from serving import Server


def check(site):
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it asks the network
    import litellm
    import openai
    with Server(site, key="sk-test") as s:
        for base in (s.url + "/v1", s.url):
            made = litellm.speech(model="openai/echo-tts", voice="joe", input="Hello there.", api_base=base,
                                  api_key="sk-test", response_format="mp3", speed=1)
            s.check(f"litellm: speech by {base}", probe(made.content)[0] == "mp3" and not decode(made.content)[1],
                    made.content[:99])
        for name, kind, fields in (("wrong speed", openai.BadRequestError, {"speed": 99}),
                                   ("wrong key", openai.AuthenticationError, {"api_key": "sk-wrong"})):
            try:
                litellm.speech(**{"model": "openai/tts-1", "voice": "alloy", "input": "Hello.", "api_base": s.url,
                                  "api_key": "sk-test", "max_retries": 0, **fields})
                error = None
            except Exception as e:  # pylint: disable=broad-except
                error = e
            s.check(f"litellm: {name}", isinstance(error, kind), repr(error))
