#!/usr/bin/env python3
"""The verdicts of `portillon diff` on known differences, in real time. Usage: known_differences.py PORTILLON [PROTOCOL...]

A/A: pairs of runs of one server, and comparisons of it with itself over 5 rounds: nothing is worse or better.
A/B: the candidate answers later by 20 % of the base's median: worse or inconclusive, and no latency is better. Twice: of
the median as it is, and of one that is made of 5 ms of service time, which is worse for sure unless the machine is mad.
"""
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request

portillon = sys.argv[1]
protocols = sys.argv[2:] or ["mqtt", "http2", "grpc", "grpc-stream"]
PAIRS, ROUNDS = 12, 5
WORKLOAD = ["--set=traffic.stages.0.duration=1s", "--set=traffic.stages.1.duration=4s", "--set=fleet.equipments=100"]
SCENARIO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../scenarios/compare.yaml")
failures = 0


def verdict(name, holds, what):
    global failures
    failures += not holds
    print(f"{'ok  ' if holds else 'FAIL'} {name}: {what}", flush=True)


@contextlib.contextmanager
def server(protocol):
    listener = "grpc" if protocol == "grpc-stream" else protocol
    scheme = {"mqtt": "mqtt", "http2": "http"}.get(protocol, "grpc")
    process = subprocess.Popen([portillon, "serve", "--ready-json", "--admin", "127.0.0.1:0",
                                "--listen", f"{listener}=127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    try:
        ready = json.loads(process.stdout.readline())
        yield f"{scheme}://{ready['listeners'][listener]}", f"http://{ready['admin']}"
    finally:
        process.terminate()
        process.wait(30)


def delay(admin, seconds):
    body = json.dumps({"kind": "delay", "delay_ns": round(seconds * 1e9)}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{admin}/v1/faults", body), timeout=10).read()


def call(*arguments):
    done = subprocess.run([portillon, *arguments], capture_output=True, text=True, timeout=600)
    if done.returncode not in (0, 3, 99):
        sys.exit(f"exit {done.returncode} of {arguments}:\n{done.stderr}")
    return done


def rows(text):
    """The table of a diff: {metric: verdict}."""
    if re.search(r"^verdict +incomparable", text, re.M | re.I):
        return {"all": "incomparable"}  # a measurement was invalid: the machine had something else to do
    line = re.compile(r"^  (better|worse|same|inconclusive|incomparable) +(\S+(?: \S+)*)  ", re.M | re.I)
    return {match[2]: match[1].lower() for match in line.finditer(text)}


def summed(found):
    return ", ".join(f"{list(found.values()).count(each)} {each}" for each in sorted(set(found.values())))


def called(found):
    """The metrics that are worse or better, for a message."""
    return "".join(f"; {verdict_}: {metric}" for metric, verdict_ in found.items() if verdict_ in ("worse", "better"))


def pairs(folder):
    for number in range(PAIRS):
        protocol = protocols[number % len(protocols)]
        for side in ("base", "candidate"):
            call("run", SCENARIO, "--quiet", "--protocol", protocol, *WORKLOAD, "-o", f"{folder}/{side}.json")
        done = call("diff", f"{folder}/base.json", f"{folder}/candidate.json", "--fail-on", "worse,better")
        found = rows(done.stdout)
        verdict(f"A/A, pair {number + 1}, {protocol}", found and not {"worse", "better"} & set(found.values()), summed(found) + called(found))


def duel(protocol, name, folder, base_s, candidate_s, expected):
    with server(protocol) as (base, base_admin), server(protocol) as (candidate, candidate_admin):
        for admin, seconds in ((base_admin, base_s), (candidate_admin, candidate_s)):
            if seconds:
                delay(admin, seconds)
        call("compare", SCENARIO, "--quiet", "--protocols", protocol, *WORKLOAD, "--repeat", str(ROUNDS), "-o", folder,
             "--target", f"base={base}", "--target", f"cand={candidate}", "--ledger", f"base={base_admin}", "--ledger",
             f"cand={candidate_admin}")
    done = call("diff", f"{folder}/comparison.json")
    found = rows(done.stdout)
    response = {metric: each for metric, each in found.items() if metric.startswith(("response", "service", "end", "all"))}
    others = {metric: each for metric, each in found.items() if metric not in response}
    verdict(f"{name}, {protocol}", response and expected(found, response),
            f"latencies {summed(response)}; all {summed(found)}{called(others)}")


def median_s(protocol, folder):
    call("run", SCENARIO, "--quiet", "--protocol", protocol, *WORKLOAD, "-o", f"{folder}/median.json")
    with open(f"{folder}/median.json") as file:
        return json.load(file)["latency"]["response"]["p50_us"] / 1e6


with tempfile.TemporaryDirectory() as root:
    pairs(root)
    for protocol in protocols:
        duel(protocol, "A/A over 5 rounds", root, 0, 0, lambda all_, _: not {"worse", "better"} & set(all_.values()))
        median = median_s(protocol, root)
        duel(protocol, f"later by 20 % of {median * 1e6:.0f} us", root, 0, median / 5,
             lambda _, latencies: "better" not in latencies.values())
        duel(protocol, "6 ms instead of 5 ms", root, 0.005, 0.006,
             lambda _, latencies: "better" not in latencies.values() and {"worse", "incomparable"} & set(latencies.values()))
sys.exit(failures > 0)
