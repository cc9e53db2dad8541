#!/usr/bin/env python3
"""h2load against our http2 listener: many connections, many streams on each, every request answered and counted.

Usage: http2_h2load.py PORTILLON_STRANGER_SERVER
"""
import json
import re
import subprocess
import sys
import tempfile

server = subprocess.Popen([sys.argv[1], "http2"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
batch = json.dumps({"run": "0f3a5c7791b2d4e6", "equipment": 12, "first": 9,
                    "validations": [{"equipment": 12, "sequence": 9, "due": 1, "filler": "a" * 80}]})
try:
    word, port = server.stdout.readline().split()
    assert word == "port"
    with tempfile.NamedTemporaryFile("w") as body:
        body.write(batch)
        body.flush()
        for requests, clients, streams in [(20_000, 50, 1), (50_000, 20, 100)]:
            done = subprocess.run(["h2load", "-n", str(requests), "-c", str(clients), "-m", str(streams), "-d", body.name,
                                   f"http://127.0.0.1:{port}/v1/validations"], capture_output=True, text=True, timeout=120)
            print(done.stdout)
            assert done.returncode == 0, done.stderr
            assert re.search(rf"status codes: {requests} 2xx, 0 3xx, 0 4xx, 0 5xx", done.stdout)
            assert re.search(rf"{requests} done, {requests} succeeded, 0 failed, 0 errored, 0 timeout", done.stdout)
    out, _ = server.communicate("", timeout=20)
    print(out)
    assert out == "batches 70000\nvalidations 70000\nmalformed 0\n"
finally:
    server.kill()
    server.wait()
