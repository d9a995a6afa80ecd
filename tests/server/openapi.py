# SPDX-License-Identifier: MIT
"""Whatever /openapi.json allows is sent, and some that it does not: no answer may be a server's fault."""
import json
import os
import re

from serving import Server

EXAMPLES = int(os.environ.get("TEST_EXAMPLES", "12"))  # of each operation and kind; always the same ones
PATHS = {"/v1/audio/speech", "/v1/audio/speech/estimate", "/v1/audio/convert", "/v1/audio/voices",
         "/v1/models", "/v1/parameters", "/health", "/ready", "/metrics", "/openapi.json"}
# A valid request may take minutes: bounded, for the machine's sake.
BOUNDS = {"num_steps": 2, "steps": 2, "retakes": 0, "sequence_length": 64, "pause_sentence": 0.5,
          "pause_paragraph": 0.5, "block_sizes": [32]}
SLOWEST_S = 30


def bounded(fields):
    """A request that takes a moment; what is wrong in it stays wrong."""
    if not isinstance(fields, dict):
        return fields
    out = dict(fields, retakes=fields.get("retakes", 0), num_steps=fields.get("num_steps", 2))
    for name, limit in BOUNDS.items():
        value = out.get(name)
        if isinstance(limit, list):
            if isinstance(value, list) and len(value) > 1:
                out[name] = limit
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and value > limit:
            out[name] = limit
    if isinstance(out.get("input"), str):
        out["input"] = out["input"][:200]
    if isinstance(out.get("extra_body"), dict):
        out["extra_body"] = bounded(out["extra_body"])
    return out


def told_of(error):
    """The kinds of failures in what schemathesis raised, and the request that makes them again."""
    found = getattr(error, "exceptions", [error])
    return "; ".join(re.sub(r"\s+", " ", f"{type(e).__name__}: {e}")[:400] for e in found)


def check_document(s):
    document = s.get("/openapi.json").json() or {}
    paths = set(document.get("paths", {}))
    s.check("it has all routes", PATHS <= paths, PATHS - paths)
    speech = document.get("paths", {}).get("/v1/audio/speech", {}).get("post", {})
    s.check("it says what the routes answer", {"200", "400"} <= set(speech.get("responses", {})), speech.get("responses"))
    missing = [f"{m} {p}" for p, ms in document.get("paths", {}).items() for m, o in ms.items()
               if m in ("get", "post", "delete") and not o.get("summary")]
    s.check("each route has a summary", not missing, missing)


def check_operations(s):
    import hypothesis
    import schemathesis
    from schemathesis import checks
    from schemathesis.specs.openapi import checks as conform
    schema = schemathesis.openapi.from_dict(s.get("/openapi.json").json())
    judges = [checks.not_a_server_error, conform.status_code_conformance, conform.content_type_conformance,
              conform.response_schema_conformance, conform.response_headers_conformance]
    settings = hypothesis.settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck))
    for result in schema.get_all_operations():
        operation = result.ok()
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
            judge(s, operation, mode, settings, judges, hypothesis)


def judge(s, operation, mode, settings, judges, hypothesis):
    sent = []

    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    @settings
    def run(case):
        if isinstance(case.body, dict) and "speech" in operation.path:
            case.body = bounded(case.body)
        sent.append(case)
        case.call_and_validate(base_url=s.url, checks=judges, timeout=SLOWEST_S)

    name = f"openapi: {operation.method.upper()} {operation.path}, {mode.value}"
    try:
        run()
    except hypothesis.errors.Unsatisfiable:
        return  # there is nothing wrong that could be sent
    except Exception as e:  # pylint: disable=broad-except
        body = sent[-1].body if sent else None
        s.check(name, False, f"{told_of(e)}; body {body!r:.300}")
        return
    s.check(name, len(sent) > 0 and s.process.poll() is None, f"{len(sent)} sent, exit {s.process.poll()}")


def check(site):
    with Server(site) as s:
        check_document(s)
        check_operations(s)
        s.good("and it still speaks", s.speak(), "audio/mpeg")
        s.check("nothing is left in the queue", s.is_idle(5), json.dumps(s.load()))
