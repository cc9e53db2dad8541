#!/usr/bin/env python3
"""curl against our http2 listener: what is accepted, and every way of being refused.

Usage: http2_curl.py PORTILLON_STRANGER_SERVER
"""
import json
import subprocess
import sys
import tempfile

server = subprocess.Popen([sys.argv[1], "http2"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


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


try:
    word, port = server.stdout.readline().split()
    assert word == "port"
    post = ("-H", "content-type: application/json", "--data-binary", "@-")
    for what, got, expected in [
        ("a batch", curl("/v1/validations", *post, body=batch), ("200 2", '{"equipment":12,"first":9,"count":2}')),
        ("below", curl("/v1/validations/12", *post, body=batch), ("200 2", '{"equipment":12,"first":9,"count":2}')),
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
    garbage = subprocess.run(["curl", "-sS", "--http1.1", "--max-time", "20", f"http://127.0.0.1:{port}/"],
                             capture_output=True, timeout=30)
    print("HTTP/1.1", garbage)
    assert garbage.returncode != 0
    out, _ = server.communicate("", timeout=20)
    print(out)
    lines = out.split("\n")
    assert lines[:2] == ["batches 2", "validations 4"], "two were accepted"
    assert "closed malformed 1" in lines and "refused too_large 1" in lines, "and the rest was counted"
finally:
    server.kill()
    server.wait()
