#!/usr/bin/env python3
"""Does the report name exactly what a lying server lost, duplicated and swapped?

Usage: loss.py PORTILLON mqtt|http2|grpc|grpc-stream
A fleet sends to lossy_gate.py, which acknowledges everything and lets the rest through to `portillon serve`, whose ledger
the run asks. 137 validations are lost, among them a whole equipment and the tail of another; 20 are duplicated, 11 swapped.
"""
import json
import os
import subprocess
import sys
import tempfile

portillon, protocol = sys.argv[1], sys.argv[2]
here = os.path.dirname(os.path.abspath(__file__))

EQUIPMENTS, EACH = 20, 100
plan = {
    "silence": [9],                                                    # 100: nothing of it ever arrives
    "lose": [[5, s] for s in (98, 99, 100)] + [[1, s] for s in range(10, 44)],  # 3, a tail; 34 in the middle
    "duplicate": [[2, s] for s in range(1, 21)],
    "swap": [[3, s] for s in range(1, 33, 3)],
}
expected_lost = {(9, s) for s in range(1, EACH + 1)} | {tuple(x) for x in plan["lose"]}
assert len(expected_lost) == 137 and len(plan["duplicate"]) == 20 and len(plan["swap"]) == 11

processes = []


def start(arguments, **more):
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, **more)
    processes.append(process)
    return process


def fail(what):
    print(f"FAIL {protocol}: {what}")
    sys.exit(1)


try:
    server = start([portillon, "serve", "--ready-json", "--listen", "mqtt=127.0.0.1:0", "--admin", "127.0.0.1:0"])
    ready = json.loads(server.stdout.readline())
    gate = start(["/usr/bin/python3", os.path.join(here, "lossy_gate.py"), "--protocol", protocol,
                  "--forward", ready["listeners"]["mqtt"], "--plan", json.dumps(plan)], stdin=subprocess.PIPE)
    port = json.loads(gate.stdout.readline())["port"]
    scheme = {"mqtt": "mqtt", "http2": "http"}.get(protocol, "grpc")
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "report.json")
        run = subprocess.run([portillon, "run", "--protocol", protocol, "--equipments", str(EQUIPMENTS), "--rate", "20/s",
                              "--duration", "5s", "--target", f"{scheme}://127.0.0.1:{port}", "--ledger", ready["admin"],
                              "--set", "delivery.in_flight=1", "-o", out], capture_output=True, text=True, timeout=120)
        if not os.path.exists(out):
            fail(f"no report, exit {run.returncode}: {run.stderr}")
        report = json.load(open(out))
    gate.stdin.close()
    did = json.loads(gate.stdout.readline())

    if did["seen"] != EQUIPMENTS * EACH:
        fail(f"the server saw {did['seen']} of {EQUIPMENTS * EACH}")
    if {tuple(x) for x in did["lost"]} != expected_lost:
        fail("the server did not lose what it was told to")
    tally, ledger, delivery = report["tally"], report["ledger"], report["delivery"]
    figures = {
        "generated": (tally["generated"], EQUIPMENTS * EACH),
        "acknowledged": (tally["acknowledged"], EQUIPMENTS * EACH),
        "lost": (delivery["lost"], 137),
        "undelivered": (delivery["undelivered"], 137),
        "unconfirmed": (delivery["unconfirmed"], 0),
        "delivered": (ledger["delivered"], EQUIPMENTS * EACH - 137),
        "duplicated": (ledger["duplicated"], 20),
        "reordered": (ledger["reordered"], 11),
        "unexpected": (ledger["unexpected"], 0),
    }
    for name, (said, truth) in figures.items():
        if said != truth:
            fail(f"{name}: the report says {said}, the truth is {truth}\n{run.stdout}")
    named = {}
    for item in delivery["exceptions"]:
        for sequence in range(item["first"], item["last"] + 1):
            named.setdefault(item["state"], set()).add((item["equipment"], sequence))
    for state, truth in (("lost", expected_lost), ("duplicated", {tuple(x) for x in did["duplicated"]}),
                         ("reordered", {tuple(x) for x in did["reordered"]})):
        if named.get(state, set()) != truth:
            fail(f"{state}: the report names {sorted(named.get(state, set()))}, the truth is {sorted(truth)}")
    if run.returncode not in (99, 3):  # 99: something was lost; 3: the machine was too busy to measure, but the books must balance
        fail(f"exit {run.returncode}: {run.stderr}")
    print(f"ok {protocol}: lost 137, duplicated 20, reordered 11, each named")
finally:
    for process in processes:
        process.kill()
        process.wait()
