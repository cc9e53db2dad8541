#!/usr/bin/env python3
"""curl against `portillon serve`: what is accepted, and every way of being refused.

Usage: http2_curl.py PORTILLON
"""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../hostile"))
import program  # noqa: E402


def validation(sequence):
    return {"equipment": 12, "sequence": sequence, "due": 31000000000, "kind": 1, "card": "b1307d31a7ce7e14",
            "line": 317, "stop": 4242, "product": 31, "result": 1,
            "position": {"latitude": 40123456, "longitude": -3123456}, "filler": "ekokbfid"}


batch = json.dumps({"run": "0f3a5c7791b2d4e6", "equipment": 12, "first": 9,
                    "validations": [validation(9), validation(10)]})


def curl(path, *options, body=None):
    with tempfile.NamedTemporaryFile() as answer:
        done = subprocess.run(["curl", "-sS", "--http2-prior-knowledge", "--max-time", "20", "-o", answer.name,
                               "-w", "%{http_code} %{http_version}", *options, f"http://127.0.0.1:{port}{path}"],
                              input=body, capture_output=True, text=True, timeout=30)
        return done.stdout, answer.read().decode(), done.stderr


with program.Server(sys.argv[1], listeners=("http2",)) as server:
    port = server.addresses["http2"][1]
    post = ("-H", "content-type: application/json", "--data-binary", "@-")
    for what, got, expected in [
        ("a batch", curl("/v1/validations", *post, body=batch), ("200 2", '{"equipment":12,"first":9,"count":2}')),
        ("below", curl("/v1/validations/12", *post, body=batch), ("200 2", '{"equipment":12,"first":9,"count":2}')),
        ("asking first", curl("/v1/validations", *post, "-H", "expect: 100-continue", body=batch), ("200 2", '{"equipment":12')),
        ("not saying how much", curl("/v1/validations", "-X", "POST", "-T", "-", body=batch), ("200 2", '{"equipment":12')),
        ("packed", curl("/v1/validations", *post, "-H", "content-encoding: gzip", body=batch), ("415 2", '{"error":"compressed"}')),
        ("no batch", curl("/v1/validations", *post, body="{]"), ("400 2", '{"error":"decode_')),
        ("nothing", curl("/v1/validations", "-X", "POST"), ("400 2", '{"error":"decode_')),
        ("elsewhere", curl("/", *post, body=batch), ("404 2", "")),
        ("GET", curl("/v1/validations"), ("405 2", "")),
        ("HEAD", curl("/v1/validations", "-I"), ("405 2", "")),
        ("too large", curl("/v1/validations", *post, body="{" + " " * 3_000_000),
         ("413 2", '{"error":"too_large"}')),
        ("headers", curl("/v1/validations", *post, "-H", "x: " + "x" * 20_000, body=batch),
         ("431 2", '{"error":"headers_too_large"}')),
    ]:
        print(what, got)
        assert got[0] == expected[0] and got[1].startswith(expected[1]), f"{what}: expected {expected}"
    for version in ("--http1.1", "--http1.0", "--http2"):  # --http2 asks for an upgrade
        told = subprocess.run(["curl", "-sS", version, "--max-time", "20", "-w", "%{http_code}", f"http://127.0.0.1:{port}/"],
                              capture_output=True, text=True, timeout=30)
        print(version, told)
        assert told.returncode == 0 and "--http2-prior-knowledge" in told.stdout and told.stdout.endswith("505"), told
    assert server.wait_until(lambda figures: figures["totals"]["closed"].get("malformed") == 3), server.figures()["totals"]
    totals, causes = server.figures()["totals"], server.causes()
    print(totals)
    assert totals["batches"] == 4 and totals["validations"] == 8, "four were accepted"
    assert causes == {"refused.decode_wrong_type": 1, "refused.decode_missing": 1, "closed.malformed": 3, "refused.too_large": 1, "refused.headers_too_large": 1, "refused.not_found": 1,
                      "refused.wrong_method": 2, "refused.compressed": 1}, causes
print("passed")
