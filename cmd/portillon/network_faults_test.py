#!/usr/bin/env python3
"""Every fault of the network over every protocol, with the whole program in real time. Usage: network_faults_test.py PORTILLON

Nothing here depends on how fast the machine is: a slow one may make the measurement suspect or invalid (exit code 3), but
what is sent must arrive, and what was done to the connections must be what the report says.
"""
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile
import unittest

PORTILLON = os.path.abspath(sys.argv.pop(1))
PROTOCOLS = ["mqtt", "http2", "grpc", "grpc-stream"]
SCENARIOS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scenarios")
EQUIPMENTS = 20
AT_ONCE = 6  # a run waits more than it works

FAULTS = {
    "latency": "{ at: 500ms, for: 1s, kind: latency, delay: 30ms, jitter: 10ms }",
    "bandwidth": "{ at: 500ms, for: 1s, kind: bandwidth, rate: 4kB/s }",
    "cut": "{ at: 500ms, for: 1s, kind: cut }",
    "reset": "{ at: 500ms, kind: reset }",
    "half_open": "{ at: 500ms, kind: half_open }",
    "refuse": "{ at: 500ms, for: 500ms, kind: refuse }, { at: 600ms, kind: reset }",
    "flapping": "{ at: 500ms, for: 1s, kind: flapping, up: 300ms, down: 100ms, share: 50% }",
    "slow_read": "{ at: 500ms, for: 1s, kind: slow_read, rate: 2kB/s }",
    "one_way": "{ at: 500ms, for: 1s, kind: one_way, direction: up }",
}

SCENARIO = """
seed: 3
fleet: { equipments: %d }
traffic: { stages: [ { duration: 2s, rate: 20/s } ] }
delivery:
  batch: { max: 10 }
  timeout: 700ms
  connect_timeout: 700ms
  retry: { base: 50ms, max: 200ms }
  drain: 40s
protocols: { http2: { keepalive: 1s }, grpc: { keepalive: 1s }, grpc-stream: { keepalive: 1s } }
faults: [ %s ]
"""


def run(name, scenario, protocol, *more):
    """Runs a scenario; returns the report, or raises with the messages if there is none."""
    with tempfile.TemporaryDirectory() as folder:
        path, out = os.path.join(folder, f"{name}.yaml"), os.path.join(folder, "report.json")
        with open(path, "w") as file:
            file.write(scenario)
        done = subprocess.run([PORTILLON, "run", path, "--protocol", protocol, "-o", out, *more], capture_output=True, text=True, timeout=200)
        if done.returncode not in (0, 3, 99):  # 99: a slow machine, where the scenario has thresholds
            raise AssertionError(f"{name} over {protocol}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        with open(out) as file:
            return json.load(file), done


class NetworkFaults(unittest.TestCase):
    def assert_all_arrived(self, report, generated):
        tally, ledger, delivery = report["tally"], report["ledger"], report["delivery"]
        self.assertEqual(tally["generated"], generated)
        self.assertEqual(sum(tally[k] for k in ("acknowledged", "rejected", "discarded", "unacknowledged", "cached")), generated)
        self.assertEqual(tally["acknowledged"], generated, report["errors"])
        self.assertEqual(ledger["delivered"] + delivery["undelivered"], generated)
        self.assertEqual(delivery["lost"], 0)
        self.assertEqual(delivery["undelivered"], 0)
        self.assertEqual(ledger["unexpected"], 0)
        self.assertTrue(report["verdict"]["complete"])

    def test_every_kind_over_every_protocol(self):
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            runs = {(kind, protocol): pool.submit(run, kind, SCENARIO % (EQUIPMENTS, fault), protocol)
                    for kind, fault in FAULTS.items() for protocol in PROTOCOLS}
            victims = set()
            for (kind, protocol), pending in runs.items():
                with self.subTest(f"{kind} over {protocol}"):
                    report, done = pending.result()
                    self.assert_all_arrived(report, EQUIPMENTS * 40)
                    self.assert_told(report, done.stdout)
                    self.assert_struck(kind, report)
                    if kind == "flapping":
                        victims.add(report["faults"][0]["equipments_digest"])
            self.assertEqual(len(victims), 1, "the seed says who suffers, whatever the protocol")

    def assert_told(self, report, summary):
        """The fault is in the report, with the phases around it, and in the summary."""
        for number, fault in enumerate(report["faults"], 1):
            around = [phase for phase in report["phases"] if phase["kind"] == "fault" and phase["fault"] == number]
            self.assertEqual([phase["part"] for phase in around], ["before", "during", "after"])
            self.assertEqual([phase["lost"] for phase in around], [0, 0, 0])
            self.assertEqual((fault["back_to_normal_s"] is None), (fault["back_to_normal_reason"] is not None))
            self.assertIn(f"{number} {fault['kind']}", summary)
        for reason in report["verdict"]["reasons"]:
            self.assertNotRegex(reason, "process was lost|descriptors|local ports|account|nothing held them back")

    def assert_struck(self, kind, report):
        fault = report["faults"][0]
        if len(report["faults"]) == 1:
            around = [phase for phase in report["phases"] if phase["kind"] == "fault"]
            self.assertEqual(sum(phase["generated"] for phase in around), report["tally"]["generated"])
            self.assertEqual(sum(phase["retries"] for phase in around), report["tally"]["retries"])
        response, failures = report["latency"]["response"], report["fleet"]["connect_failures"]
        self.assertEqual(failures.get("refused", 0), fault["dials_refused"])
        self.assertGreaterEqual(failures.get("timed_out", 0), fault["dials_hung"])  # a slow machine may add to it
        if kind == "flapping":
            self.assertEqual(sum(last - first + 1 for first, last in fault["which"]), fault["equipments"])
            self.assertTrue(0 < fault["equipments"] < EQUIPMENTS)
            self.assertTrue(0 < fault["connections"] <= report["fleet"]["reconnects"])
        else:
            self.assertEqual(fault["which"], [[1, EQUIPMENTS]])
        if kind in ("reset", "half_open"):
            self.assertEqual(fault["connections"], EQUIPMENTS)
            self.assertGreaterEqual(report["fleet"]["reconnects"], EQUIPMENTS)
        elif kind == "refuse":
            self.assertEqual(fault["connections"], 0)
            self.assertGreaterEqual(fault["dials_refused"], EQUIPMENTS)
            self.assertEqual(report["faults"][1]["connections"], EQUIPMENTS)
        elif kind != "flapping":
            self.assertGreaterEqual(fault["connections"], EQUIPMENTS)
        if kind in ("cut", "one_way"):
            self.assertGreater(response["max_us"], 700_000)
        if kind == "latency":
            self.assertGreater(response["max_us"], 60_000)

    def test_an_outage_is_made_up_for_in_order(self):
        with open(os.path.join(SCENARIOS, "outage.yaml")) as file:
            outage = file.read()
        changes = {"fleet.equipments": 40, "traffic.stages.1.rate": "20/s", "delivery.timeout": "1s", "delivery.connect_timeout": "1s",
                   "delivery.retry.base": "100ms", "delivery.retry.max": "500ms", "protocols.http2.keepalive": "1s",
                   "protocols.grpc.keepalive": "1s"}
        sets = [word for key, value in changes.items() for word in ("--set", f"{key}={value}")]
        with concurrent.futures.ThreadPoolExecutor(len(PROTOCOLS)) as pool:
            runs = {protocol: pool.submit(run, "outage", outage, protocol, "--compress", "20", *sets) for protocol in PROTOCOLS}
            for protocol, pending in runs.items():
                with self.subTest(protocol):
                    report, done = pending.result()
                    self.assert_all_arrived(report, report["tally"]["generated"])
                    self.assertEqual(report["ledger"]["reordered"], 0)
                    self.assert_told(report, done.stdout)
                    self.assertEqual(report["faults"][0]["equipments"], 40)
                    # One of them was due in the first fiftieth of a second of the 3 s.
                    self.assertGreaterEqual(report["latency"]["response"]["max_us"], 2_950_000)

    def test_what_ships_holds_in_small(self):
        def run_small(name):
            with open(os.path.join(SCENARIOS, f"{name}.yaml")) as file:
                return run(name, file.read(), "mqtt", "--set", "fleet.equipments=200", "--compress", "20")

        names = ["outage", "reconnect-storm", "flapping"]
        with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
            for name, (report, done) in zip(names, pool.map(run_small, names)):
                with self.subTest(name):
                    self.assert_all_arrived(report, report["tally"]["generated"])
                    self.assert_told(report, done.stdout)
                    self.assertGreater(report["faults"][0]["connections"], 0)
                    for threshold in report["thresholds"]:
                        if threshold["metric"] != "response":  # that is the machine's
                            self.assertTrue(threshold["passed"], threshold)

    def test_faults_of_the_way_need_no_embedded_server(self):
        server = subprocess.Popen([PORTILLON, "serve", "--listen", "http2=127.0.0.1:0", "--admin", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        endpoint = next(line.split()[-1] for line in server.stdout if line.startswith("http2 listening on "))
        scenario = SCENARIO % (EQUIPMENTS, FAULTS["reset"])
        report, _ = run("reset", scenario, "http2", "--target", f"http://{endpoint}")
        self.assertEqual(report["tally"]["acknowledged"], EQUIPMENTS * 40)
        self.assertGreaterEqual(report["fleet"]["reconnects"], EQUIPMENTS)
        with self.assertRaisesRegex(AssertionError, "faults of the server, which need the embedded one or --ledger"):
            run("both", scenario.replace("faults: [", "faults: [ { kind: stall, for: 1s },"), "http2", "--target", f"http://{endpoint}")


if __name__ == "__main__":
    unittest.main()
