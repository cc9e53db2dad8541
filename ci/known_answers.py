#!/usr/bin/env python3
"""Real-time self-tests with known answers. Usage: known_answers.py PORTILLON [PROTOCOL...]

Coordinated omission: a server frozen 1 s in every 10 s under a steady periodic open-loop rate, over whole periods. Of
each period's validations a tenth falls into the freeze and waits 0..1 s, evenly: P95 = 0.5 s, P99 = 0.9 s, the maximum
1 s, and half of all see nothing.

Open loop: a server stopped (SIGSTOP) for 5 s makes validations late, never fewer.
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

portillon = sys.argv[1]
protocols = sys.argv[2:] or ["mqtt", "http2", "grpc", "grpc-stream"]
TOLERANCE = 0.12
failures = 0


def verdict(name, holds, figures):
    global failures
    failures += not holds
    print(f"{'ok  ' if holds else 'FAIL'} {name}: {figures}", flush=True)


def run(arguments):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "report.json")
        done = subprocess.run([portillon, "run", "--quiet", "-o", out, *arguments], capture_output=True, text=True, timeout=300)
        if not os.path.exists(out):
            sys.exit(f"no report, exit {done.returncode}: {done.stderr}")
        return json.load(open(out))


def within(value_us, truth_s):
    return value_us is not None and abs(value_us / 1e6 - truth_s) <= TOLERANCE * truth_s


def coordinated_omission(protocol):
    scenario = """
protocol: mqtt
fleet: { equipments: 100 }
traffic:
  stages:
    - { duration: 40s, rate: 5/s }
delivery: { in_flight: 16, timeout: 15s }
faults:
"""
    for at in (5, 15, 25, 35):
        scenario += f"  - {{ at: {at}s, for: 1s, kind: stall }}\n"
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(scenario)
        file.flush()
        report = run([file.name, "--protocol", protocol])
    latency = report["latency"]["response"]
    figures = {name: latency[name + "_us"] for name in ("p50", "p95", "p99", "max")}
    text = ", ".join(f"{name} {value / 1000:.1f} ms" if value is not None else f"{name} -" for name, value in figures.items())
    holds = (within(figures["p95"], 0.5) and within(figures["p99"], 0.9) and within(figures["max"], 1.0)
             and figures["p50"] < 20_000 and report["tally"]["generated"] == 20_000 and latency["unanswered"] == 0)
    verdict(f"coordinated omission, {protocol}", holds, f"{text}, generated {report['tally']['generated']}, "
            f"verdict {report['verdict']['measurement']}")


def open_loop(protocol):
    listener = "grpc" if protocol == "grpc-stream" else protocol
    server = subprocess.Popen([portillon, "serve", "--ready-json", "--admin", "127.0.0.1:0", "--listen", f"{listener}=127.0.0.1:0"],
                              stdout=subprocess.PIPE, text=True)
    try:
        ready = json.loads(server.stdout.readline())
        admin = ready["admin"]
        with urllib.request.urlopen(f"http://{admin}/v1/figures") as answer:
            shards = [shard["pid"] for shard in json.load(answer)["shards"]]
        scheme = {"mqtt": "mqtt", "http2": "http"}.get(protocol, "grpc")
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "report.json")
            fleet = subprocess.Popen([portillon, "run", "--quiet", "--protocol", protocol, "--equipments", "50", "--rate", "20/s",
                                      "--duration", "12s", "--set", "delivery.timeout=15s", "--set", "delivery.in_flight=2",
                                      "--target", f"{scheme}://{ready['listeners'][listener]}", "--ledger", admin, "-o", out],
                                     stdout=subprocess.DEVNULL)
            time.sleep(4)
            for pid in shards:
                os.kill(pid, signal.SIGSTOP)
            time.sleep(5)
            for pid in shards:
                os.kill(pid, signal.SIGCONT)
            fleet.wait(timeout=120)
            report = json.load(open(out))
        tally, delivery = report["tally"], report["delivery"]
        maximum = report["latency"]["response"]["max_us"]
        holds = (tally["generated"] == 50 * 20 * 12 == tally["acknowledged"] and delivery["lost"] == 0
                 and delivery["undelivered"] == 0 and maximum is not None and maximum > 4_000_000)
        verdict(f"open loop, {protocol}", holds, f"generated {tally['generated']} of {50 * 20 * 12}, acknowledged "
                f"{tally['acknowledged']}, lost {delivery['lost']}, undelivered {delivery['undelivered']}, maximum {(maximum or 0) / 1e6:.2f} s")
    finally:
        server.terminate()
        server.wait(timeout=30)


for each in protocols:
    coordinated_omission(each)
    open_loop(each)
print(f"{2 * len(protocols) - failures} passed, {failures} failed")
sys.exit(1 if failures else 0)
