#!/usr/bin/env python3
"""Repeats of a comparison whose measurement is invalid: a generator process is killed on purpose.

Usage: repeats_test.py PORTILLON
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
# Answers take so long that no machine is too slow a generator for them.
SCENARIO = """name: repeats
fleet: {equipments: 20}
traffic:
  stages: [{duration: 2s, rate: 2/s}]
faults:
  - {at: 0s, for: 10s, kind: delay, delay: 500ms}
thresholds:
  lost: ["count==0"]
"""


def expect(holds, what):
    global failures
    failures += not holds
    print("ok  " if holds else "FAIL", what, flush=True)


def generators(pid):
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat") as stat, open(f"/proc/{entry}/cmdline") as command:
                if int(stat.read().rsplit(")", 1)[1].split()[1]) == pid and "generator-shard" in command.read():
                    found.append(int(entry))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return sorted(found)


def compare(folder, runs_to_spoil, *options):
    """Kills a generator of the runs with these numbers, from 1, as soon as they are under way."""
    process = subprocess.Popen([portillon, "compare", scenario, "--shards", "2", "--no-progress", "-o", folder, *options],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    seen, number = set(), 0
    while process.poll() is None:
        now = generators(process.pid)
        if len(now) == 2 and not seen & set(now):
            number += 1
            seen |= set(now)
            if number in runs_to_spoil:
                time.sleep(1.2)
                os.kill(now[1], signal.SIGKILL)
        time.sleep(0.05)
    out, err = process.communicate()
    with open(f"{folder}/comparison.json") as file:
        return process.returncode, out, err, json.load(file)


def gate(folder, *options):
    done = subprocess.run([portillon, "gate", f"{folder}/comparison.json", *options], capture_output=True, text=True)
    return done.returncode, done.stdout


with tempfile.TemporaryDirectory() as root:
    scenario = f"{root}/repeats.yaml"
    with open(scenario, "w") as file:
        file.write(SCENARIO)

    code, out, err, report = compare(f"{root}/again", {2}, "--protocols", "mqtt", "--repeat", "3")
    invalid = [run for run in report["runs"] if run["verdict"]["measurement"] == "invalid"]
    expect(len(invalid) == 1 and invalid[0]["superseded"] and invalid[0]["repeat"] == 2, "an invalid repeat is marked as superseded")
    expect([run["repeat"] for run in report["runs"]] == [1, 2, 2, 3], "and run again after its round")
    expect(report["repeats"] == 3, "the report says how many were asked for")
    expect(code == 0, f"a repeat that was run again costs nothing: exit {code}")
    expect("3 of 3 valid" in out, "the row says how many are valid")
    expect("min-max" in out, "and shows the range of the repeats")
    expect("mqtt, repeat 2: the measurement is invalid: a process was lost" in err, "it is said on stderr")
    expect("1 run measured badly and run again" in out, "and below the table")
    standing = {run["verdict"]["measurement"] for run in report["runs"] if not run["superseded"]}
    expect(gate(f"{root}/again", "--strict")[0] == (0 if standing == {"valid"} else 3),
           f"gate --strict asks those that were not run again: {standing}")
    expect(gate(f"{root}/again", "--each")[0] == 0, "gate --each does not judge what was superseded")

    code, out, err, report = compare(f"{root}/one", {1, 2}, "--protocols", "mqtt", "--repeat", "1")
    expect(len(report["runs"]) == 2 and code == 3, f"no valid repeat: exit {code} after {len(report['runs'])} runs")
    expect("1 repeat stayed invalid" in err, "which is said")
    expect(gate(f"{root}/one")[0] == 3, "gate says 3 as well")

    code, out, err, report = compare(f"{root}/some", {1, 2, 3}, "--protocols", "mqtt", "--repeat", "2")
    expect(len(report["runs"]) == 4 and "1 of 2 valid" in out and code == 0,
           f"one of two repeats stays invalid: exit {code} after {len(report['runs'])} runs")
    code, text = gate(f"{root}/some")
    expect(code == 0 and "1 of 2 repeats valid" in text, f"gate judges the one that is valid: exit {code}")
    expect(gate(f"{root}/some", "--strict")[0] == 3, "gate --strict wants both")
    expect(gate(f"{root}/some", "--each")[0] == 3, "gate --each judges the invalid one too")
sys.exit(failures > 0)
