#!/usr/bin/env python3
"""Variants of a scenario in a comparison: rows, labels, the plan, what is refused, and diff between two of them.

Usage: vary_test.py PORTILLON
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

portillon = sys.argv[1]
failures = 0
SCENARIO = """name: vary
fleet: {equipments: 10}
traffic:
  stages: [{duration: 1s, rate: 4/s}]
faults:
  - {at: 0s, for: 10s, kind: delay, delay: 300ms}
thresholds:
  lost: ["count==0"]
"""


def expect(holds, what):
    global failures
    failures += not holds
    print("ok  " if holds else "FAIL", what, flush=True)


def portillon_run(*words):
    return subprocess.run([portillon, *words], capture_output=True, text=True, timeout=120)


def variants(report):
    return [(turn["protocol"], turn["variant"]) for turn in report["runs"] if not turn.get("superseded")]


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    with open("s.yaml", "w") as file:
        file.write(SCENARIO)

    plan = portillon_run("plan", "s.yaml", "--protocols", "mqtt,http2", "--vary", "protocols.mqtt.qos=0,2",
                         "--vary", "delivery.batch.max=1,10", "--repeat", "3")
    expect(plan.returncode == 0 and "18 runs (6 rows, 3 repeats)" in plan.stdout, "plan counts rows and runs")
    expect("mqtt qos=2, batch.max=10" in plan.stdout and "http2 batch.max=1" in plan.stdout, "plan names the rows")

    answer = json.loads(portillon_run("plan", "s.yaml", "--protocols", "mqtt,http2", "--vary", "delivery.batch.max=1,10",
                                      "--repeat", "3", "--format", "json").stdout)["comparison"]
    expect(answer["runs"] == 12 and answer["rows"][1]["varied"] == {"delivery.batch.max": "10"}, "plan as JSON")

    out = portillon_run("compare", "s.yaml", "--protocols", "mqtt,http2", "--vary", "protocols.mqtt.qos=1,2",
                        "--repeat", "2", "-o", "out", "--no-progress")
    report = json.load(open("out/comparison.json"))
    expect(sorted(set(variants(report))) == [("http2", None), ("mqtt", "qos=1"), ("mqtt", "qos=2")],
           f"one row for each value, and http2 alone: {set(variants(report))}")
    expect(len(variants(report)) == 6, "each row has two repeats")
    expect("http2 has no such key" in out.stderr, "what http2 does not have is said")
    expect("6 runs (3 rows, 2 repeats)" in out.stderr, "how many runs is said before they start")
    for name in ("comparison.md", "comparison.html"):
        text = open(f"out/{name}").read()
        expect("mqtt qos=1" in text and "mqtt qos=2" in text, f"{name} names the variants")
    csv = portillon_run("render", "out/comparison.json", "--csv", "out/rows.csv")
    expect(csv.returncode == 0 and "qos=2" in open("out/rows.csv").read(), "CSV has the variants")
    diff = portillon_run("diff", "out/comparison.json#mqtt qos=1", "out/comparison.json#mqtt qos=2")
    expect(diff.returncode == 0 and "incomparable" not in diff.stdout, f"diff between two variants: {diff.stderr}")

    refused = portillon_run("compare", "s.yaml", "--vary", "protocols.mqtt.quality=0", "--vary",
                            "traffic.payload.encoding=json,xml", "--vary", "protocols.nats.subject=a", "-o", "none")
    expect(refused.returncode == 2 and not os.path.exists("none"), "what the scenario refuses ends with 2")
    for words in ("quality: unknown key", '"xml" is not known', "there is no protocol 'nats'"):
        expect(words in refused.stderr, f"all at once: {words}")
    for typed, words in ((("protocols.mqtt.qos=1,1",), "there twice"), (("protocols.mqtt.qos",), "no value"),
                         (("seed=1", "seed=2"), "varied twice"), (("protocol=mqtt",), "--protocols"),
                         (("seed=1,,2",), "empty")):
        refused = portillon_run("compare", "s.yaml", *[word for each in typed for word in ("--vary", each)])
        expect(refused.returncode == 2 and words in refused.stderr, f"{typed}: {words}")
    only = portillon_run("compare", "s.yaml", "-p", "http2", "--vary", "protocols.mqtt.qos=0,1")
    expect(only.returncode == 2 and "is not among the protocols that are compared" in only.stderr,
           "an axis that no row has")
    many = portillon_run("compare", "s.yaml", "--vary", "seed=" + ",".join(map(str, range(300))))
    expect(many.returncode == 2 and "more than 200 rows" in many.stderr, "too many rows")

    # A repeat that is run again takes the place of the same variant's, and of no other's.
    process = subprocess.Popen([portillon, "compare", "s.yaml", "-p", "mqtt", "--vary", "protocols.mqtt.qos=1,2",
                                "--shards", "2", "-o", "again", "--no-progress"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    killed = False
    while process.poll() is None:
        for entry in [] if killed else filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{entry}/stat") as stat, open(f"/proc/{entry}/cmdline") as command:
                    is_ours = int(stat.read().rsplit(")", 1)[1].split()[1]) == process.pid
                    if is_ours and "generator-shard" in command.read():
                        time.sleep(0.8)
                        os.kill(int(entry), signal.SIGKILL)
                        killed = True
                        break
            except (FileNotFoundError, ProcessLookupError):
                pass
        time.sleep(0.05)
    runs = json.load(open("again/comparison.json"))["runs"]
    counts = sorted(variant for _, variant in variants({"runs": runs}))
    expect(killed and counts == ["qos=1", "qos=2"], f"every variant keeps a run that counts: {counts}")

sys.exit(failures > 0)
