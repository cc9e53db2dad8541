#!/usr/bin/env python3
"""Does `portillon reconcile` name exactly what a lying server without a ledger lost and duplicated?

Usage: reconcile.py PORTILLON
A fleet sends to lossy_gate.py over each protocol, which acknowledges everything and exports what it has let through, as CSV
or as lines of JSON. A comparison is reconciled with the rows of all its runs.
"""
import json
import os
import subprocess
import sys
import tempfile

portillon = os.path.abspath(sys.argv[1])
here = os.path.dirname(os.path.abspath(__file__))

EQUIPMENTS, EACH = 20, 60
plan = {
    "silence": [9],                                                                 # 60: nothing of it ever arrives
    "lose": [[5, s] for s in (58, 59, 60)] + [[1, s] for s in range(10, 44)],         # 3, a tail; 34 in the middle
    "duplicate": [[2, s] for s in range(1, 21)],
    "swap": [],
}
expected = {
    "lost": {(9, s) for s in range(1, EACH + 1)} | {tuple(x) for x in plan["lose"]},
    "duplicated": {tuple(x) for x in plan["duplicate"]},
}
LOST, DOUBLED = len(expected["lost"]), len(expected["duplicated"])


def require(holds, what):
    if not holds:
        print(f"FAIL {what}")
        sys.exit(1)


def call(*arguments, **more):
    return subprocess.run([portillon, *arguments], capture_output=True, text=True, timeout=120, **more)


class Gate:
    def __init__(self, protocol, export):
        self.process = subprocess.Popen(["/usr/bin/python3", os.path.join(here, "lossy_gate.py"), "--protocol", protocol, "--export", export,
                                         "--plan", json.dumps(plan)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        scheme = {"mqtt": "mqtt", "http2": "http"}.get(protocol, "grpc")
        self.url = f"{scheme}://127.0.0.1:{json.loads(self.process.stdout.readline())['port']}"

    def finish(self):
        self.process.stdin.close()
        did = json.loads(self.process.stdout.readline())
        self.process.kill()  # python3-grpcio may hang when it is to end
        self.process.wait()
        return did


def load(path):
    with open(path) as file:
        return json.load(file)


def named_in(report):
    named = {}
    for item in report["delivery"]["exceptions"]:
        for sequence in range(item["first"], item["last"] + 1):
            named.setdefault(item["state"], set()).add((item["equipment"], sequence))
    return named


def check_report(what, report):
    total = EQUIPMENTS * EACH
    figures = [report["ledger"]["delivered"], report["ledger"]["duplicated"], report["ledger"]["reordered"], report["ledger"]["unexpected"],
               report["delivery"]["lost"], report["delivery"]["undelivered"], report["delivery"]["unconfirmed"]]
    require(report["tally"]["acknowledged"] == total, f"{what}: {report['tally']}")
    require(figures == [total - LOST, DOUBLED, None, 0, LOST, LOST, 0], f"{what}: {figures}")
    require(named_in(report) == expected, f"{what}: it names {named_in(report)}")


def load_options():
    return ["--equipments", str(EQUIPMENTS), "--rate", "20/s", "--duration", "3s", "--set", "delivery.in_flight=1"]


def reconcile_runs(folder):
    for protocol, ending in (("mqtt", "csv"), ("http2", "jsonl"), ("grpc", "csv"), ("grpc-stream", "jsonl")):
        rows, out = os.path.join(folder, f"{protocol}.{ending}"), os.path.join(folder, f"{protocol}.json")
        gate = Gate(protocol, rows)
        run = call("run", "--protocol", protocol, *load_options(), "--target", gate.url, "-o", out)
        did = gate.finish()
        require(os.path.exists(out), f"{protocol}: no report: {run.stderr}")
        require(did["seen"] == EQUIPMENTS * EACH, f"{protocol}: the server saw {did['seen']}")
        before = load(out)
        require(before["ledger"] is None and before["delivery"]["lost"] is None, f"{protocol}: there was no ledger")
        done = call("reconcile", out, "--arrived", rows)
        require(done.returncode in (3, 99), f"{protocol}: exit {done.returncode}: {done.stderr}")
        check_report(protocol, load(out))
        require(f"{LOST} validations were acknowledged and then LOST" in done.stdout, f"{protocol}: {done.stdout}")
        require(call("render", out, "--html", os.path.join(folder, "page.html")).returncode == 0, f"{protocol}: it cannot be rendered")
        print(f"ok {protocol}: lost {LOST}, duplicated {DOUBLED}, each named; the account of {EQUIPMENTS} equipments takes "
              f"{len(before['equipment_account'])} bytes")


def reconcile_comparison(folder):
    """The rows of both targets come together, from standard input, beside those of a run that nobody asks about."""
    gates = [Gate("http2", os.path.join(folder, f"target{number}.jsonl")) for number in (0, 1)]
    place = os.path.join(folder, "comparison")
    scenario = os.path.join(folder, "scenario.yaml")
    with open(scenario, "w") as file:
        file.write("fleet: { equipments: %d }\ntraffic: { stages: [ { duration: 3s, rate: 20/s } ] }\ndelivery: { in_flight: 1 }\n" % EQUIPMENTS)
    run = call("compare", scenario, "--target", f"a={gates[0].url}", "--target", f"b={gates[1].url}", "-o", place)
    for gate in gates:
        gate.finish()
    require(os.path.exists(os.path.join(place, "comparison.json")), f"no comparison: {run.stderr}")
    rows = '{"run":"0000000000000001","equipment":1,"sequence":1}\n'
    for number in (0, 1):
        with open(os.path.join(folder, f"target{number}.jsonl")) as file:
            rows += file.read()
    page = os.path.join(place, "comparison.html")
    old = os.stat(page).st_mtime_ns
    done = call("reconcile", place, "--arrived", "-", "--format", "jsonl", input=rows)
    require(done.returncode in (3, 99), f"comparison: exit {done.returncode}: {done.stderr}")
    require("1 row of another run, 0000000000000001, left out" in done.stderr, done.stderr)
    for turn in load(os.path.join(place, "comparison.json"))["runs"]:
        check_report(turn["name"], turn)
        require(turn["reconciliation"]["of_other_runs"] == 1, turn["reconciliation"])
    require(os.stat(page).st_mtime_ns > old, "the page beside it was made again")
    print("ok comparison: two targets, rows from standard input")


def refuse_what_is_wrong(folder):
    report, rows = os.path.join(folder, "mqtt.json"), os.path.join(folder, "mqtt.csv")
    before = load(report)
    with open(rows) as file:
        lines = file.read().splitlines()
    with open(os.path.join(folder, "bad.csv"), "w") as file:
        file.write("\n".join(lines[:3] + ["x,0,1,abc"] * 60 + lines[3:]))
    done = call("reconcile", report, "--arrived", os.path.join(folder, "bad.csv"))
    require(done.returncode == 2, f"exit {done.returncode}")
    require("bad.csv:4: run: " in done.stderr and "bad.csv:28: sequence: " in done.stderr and "nothing was written" in done.stderr, done.stderr)
    require("70 more problems" in done.stderr, done.stderr)
    require(load(report) == before, "the report is as it was")
    require(call("reconcile", report, "--arrived", os.path.join(folder, "none.csv")).returncode == 2, "no such file")
    require("--format" in call("reconcile", report, "--arrived", "-", input="").stderr, "standard input has no ending")
    old = dict(before)
    del old["equipment_account"], old["reconciliation"]
    old["ledger"] = None
    with open(os.path.join(folder, "old.json"), "w") as file:
        json.dump(old | {"delivery": before["delivery"] | {"lost": None, "undelivered": None, "unconfirmed": None, "exceptions": []}, "thresholds": []}, file)
    done = call("reconcile", os.path.join(folder, "old.json"), "--arrived", rows)
    require(done.returncode == 2 and "a run of this version" in done.stderr, done.stderr)
    altered = dict(before, equipment_account=before["equipment_account"][:-8] + "AAAAAA==")
    with open(os.path.join(folder, "altered.json"), "w") as file:
        json.dump(altered, file)
    done = call("reconcile", os.path.join(folder, "altered.json"), "--arrived", rows)
    require(done.returncode == 2 and "equipment_account" in done.stderr, done.stderr)
    print("ok refusals")


with tempfile.TemporaryDirectory() as folder:
    reconcile_runs(folder)
    reconcile_comparison(folder)
    refuse_what_is_wrong(folder)
