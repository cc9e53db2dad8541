#!/usr/bin/env python3
"""h2load against `portillon serve`: many connections, many streams on each, every request answered and counted.

Usage: http2_h2load.py PORTILLON
"""
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../hostile"))
import program  # noqa: E402

batch = json.dumps({"run": "0f3a5c7791b2d4e6", "equipment": 12, "first": 9,
                    "validations": [{"equipment": 12, "sequence": 9, "due": 1, "filler": "a" * 80}]})
with program.Server(sys.argv[1], listeners=("http2",), shards=2) as server:
    port = server.addresses["http2"][1]
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
    assert server.wait_until(lambda figures: figures["totals"]["batches"] == 70_000), server.figures()["totals"]
    totals = server.figures()["totals"]
    print(totals)
    assert totals["validations"] == 70_000 and totals["accepted"] == 70 and totals["refused"] == totals["closed"] == {}, totals
print("passed")
