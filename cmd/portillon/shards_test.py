#!/usr/bin/env python3
"""Processes of a run that are killed while it lasts: noticed, named, and survived. Usage: shards_test.py PORTILLON

Small fleets on many processes: a hard limit of 300 descriptors makes as many shards as 50,000 equipments need with 20,000.
Nothing here depends on how fast the machine is; how soon a loss was noticed is printed.
"""
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PORTILLON = os.path.abspath(sys.argv.pop(1))
PROTOCOLS = ["mqtt", "http2", "grpc", "grpc-stream"]
FEW_DESCRIPTORS = 300
LOST = 7  # that the server acknowledges and forgets


def children_of(pid, word):
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as stat, open(f"/proc/{entry}/cmdline") as command:
                    if int(stat.read().rsplit(")", 1)[1].split()[1]) == pid and word in command.read():
                        found.append(int(entry))
            except (FileNotFoundError, ProcessLookupError):
                pass
    return sorted(found)


def few_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW_DESCRIPTORS, FEW_DESCRIPTORS))


class Killed:
    """A run during which processes are killed; its report, its messages, its exit code."""

    def __init__(self, folder, arguments, victims, at="running", **more):
        """Kills those that `victims`, given the run's process id, names, once a line begins with `at`."""
        self.out = os.path.join(folder, "report.json")
        self.process = subprocess.Popen([PORTILLON, "run", *arguments, "-o", self.out], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, **more)
        self.lines = []
        self.noticed_after_s = None
        self.pids = []
        killed_at = None
        for line in self.process.stderr:
            self.lines.append(line.rstrip())
            if self.pids and self.noticed_after_s is None and "killed by signal 9" in line:
                self.noticed_after_s = time.monotonic() - killed_at
            if not self.pids and line.startswith(at):
                self.pids = victims(self.process.pid)
                killed_at = time.monotonic()
                for pid in self.pids:
                    os.kill(pid, signal.SIGKILL)
        self.summary = self.process.stdout.read()
        self.code = self.process.wait(timeout=60)
        self.report = None
        if os.path.exists(self.out):
            with open(self.out) as file:
                self.report = json.load(file)

    def place_of(self, start):
        return next((i for i, line in enumerate(self.lines) if line.startswith(start)), None)


class Shards(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def killed(self, *arguments, **more):
        run = Killed(self.folder, *arguments, **more)
        self.addCleanup(run.process.stdout.close)
        self.addCleanup(run.process.stderr.close)
        return run

    def assert_noticed_at_once(self, run):
        """While the run goes on, not at its end."""
        self.assertTrue(run.pids, run.lines)
        noticed = next((i for i, line in enumerate(run.lines) if "killed by signal 9" in line), None)
        self.assertIsNotNone(noticed, run.lines)
        self.assertLess(noticed, run.place_of("closing"))
        print(f"{self.id()}: noticed after {run.noticed_after_s * 1e3:.1f} ms", file=sys.stderr)

    def assert_invalid(self, run, *said):
        self.assertEqual(run.code, 3, run.lines)
        verdict = run.report["verdict"]
        self.assertEqual(verdict["measurement"], "invalid")
        self.assertTrue(verdict["complete"])
        for words in said:
            self.assertIn(words, verdict["reasons"][0])
            self.assertIn(words, re.sub(r"\s+", " ", run.summary))
        self.assertFalse([reason for reason in verdict["reasons"] if "balance" in reason])

    def assert_balanced(self, report):
        tally = report["tally"]
        self.assertEqual(tally["generated"], sum(tally[state] for state in
                                                 ("acknowledged", "rejected", "unacknowledged", "cached", "discarded")))
        self.assertEqual(report["ledger"]["delivered"] + report["delivery"]["undelivered"], tally["generated"])

    # A third of 60 equipments dies with its process.
    GENERATORS = ["--equipments", "60", "--rate", "5/s", "--duration", "4s", "--shards", "3"]

    def assert_a_third_is_named(self, run):
        named = re.search(r"generator process (\d) \(pid (\d+)\) killed by signal 9, and with it equipments (\d+), (\d+), "
                          r"\.\.\. (\d+) \(20 of them\)", run.report["verdict"]["reasons"][0])
        self.assertIsNotNone(named, run.report["verdict"]["reasons"])
        shard, pid, first, second, last = map(int, named.groups())
        self.assertEqual(pid, run.pids[0])
        self.assertEqual((first, second, last), (shard + 1, shard + 4, shard + 58))
        return shard

    def test_the_other_generators_finish_and_balance(self):
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                run = self.killed(["--protocol", protocol, *self.GENERATORS], lambda pid: children_of(pid, "generator-shard")[1:2])
                self.assert_noticed_at_once(run)
                self.assert_invalid(run, "a process was lost: generator process")
                shard = self.assert_a_third_is_named(run)
                report = run.report
                self.assertEqual(report["tally"]["generated"], 40 * 20)
                self.assertEqual(report["tally"]["acknowledged"], 40 * 20)
                self.assert_balanced(report)
                for figure in ("lost", "undelivered", "unconfirmed"):
                    self.assertEqual(report["delivery"][figure], 0)
                for figure in ("duplicated", "reordered", "unexpected"):
                    self.assertEqual(report["ledger"][figure], 0)
                self.assertEqual([each for each in report["delivery"]["exceptions"] if each["equipment"] % 3 == shard + 1], [])
                self.assertEqual(report["latency"]["response"]["count"], 40 * 20)
                # The server's times include validations of the dead third, so they are not reported.
                self.assertIsNone(report["latency"]["end_to_end"])
                self.assertIsNone(report["throughput"]["delivered_per_s"])
                self.assertEqual({each["delivered"] for each in report["intervals"]}, {None})

    def test_a_generator_that_dies_while_connecting_takes_no_other_with_it(self):
        run = self.killed(["--protocol", "mqtt", *self.GENERATORS, "--set", "fleet.start.rate=20/s"],
                          lambda pid: children_of(pid, "generator-shard")[1:2], at="connecting")
        self.assert_invalid(run, "a process was lost: generator process")
        self.assert_a_third_is_named(run)
        self.assertEqual(run.report["tally"]["acknowledged"], 40 * 20)
        self.assertEqual(run.report["fleet"]["connected_max"], 40)
        self.assert_balanced(run.report)

    def test_the_only_generator_that_dies_accuses_nobody_else(self):
        run = self.killed(["--protocol", "mqtt", "--equipments", "20", "--rate", "5/s", "--duration", "4s", "--shards", "1"],
                          lambda pid: children_of(pid, "generator-shard"))
        self.assert_invalid(run, "a process was lost: generator process", "equipments 1 to 20 (20 of them)")
        self.assertNotIn("could connect", " ".join(run.lines))
        self.assertEqual(run.report["tally"]["generated"], 0)
        self.assertEqual(run.report["delivery"]["lost"], 0)

    def test_the_connections_of_a_dead_server_shard_go_to_the_others(self):
        scenario = os.path.join(self.folder, "lossy.yaml")
        with open(scenario, "w") as file:
            file.write("name: lossy\nfleet: { equipments: 150, start: { rate: 1000/s, within: 60s } }\n"
                       "traffic: { stages: [ { duration: 5s, rate: 5/s } ] }\n"
                       f"faults: [ {{ at: 0s, kind: lose, count: {LOST} }} ]\n")
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                run = self.killed([scenario, "--protocol", protocol],
                                  lambda pid: children_of(children_of(pid, "serve")[0], "server-shard")[-1:], preexec_fn=few_descriptors)
                self.assertIn("3 server processes", run.lines[1])
                self.assert_noticed_at_once(run)
                self.assert_invalid(run, "a process was lost: server process", f"(pid {run.pids[0]}) killed by signal 9")
                report = run.report
                self.assertEqual(report["tally"]["generated"], 150 * 25)
                self.assertEqual(report["tally"]["acknowledged"], 150 * 25)
                self.assert_balanced(report)
                # Validations that the server acknowledged and lost, and none that the dead shard had recorded.
                self.assertEqual(report["delivery"]["lost"], LOST)
                self.assertEqual(report["delivery"]["undelivered"], LOST)
                self.assertEqual(report["delivery"]["unconfirmed"], 0)
                self.assertEqual(report["ledger"]["unexpected"], 0)
                self.assertEqual(report["fleet"]["connected_max"], 150)
                self.assertGreater(report["fleet"]["reconnects"], 0)
                self.assertEqual(report["fleet"]["connects"], 150 + report["fleet"]["reconnects"])
                self.assertEqual(report["latency"]["end_to_end"]["count"], 150 * 25 - LOST)

    def test_a_session_of_mqtt_follows_its_client_from_shard_to_shard(self):
        """At QoS 2, while connections break and messages are held: each is recorded once, and in order."""
        scenario = os.path.join(self.folder, "wander.yaml")
        with open(scenario, "w") as file:
            file.write("name: wander\nfleet: { equipments: 150, start: { rate: 1000/s, within: 60s } }\n"
                       "traffic: { stages: [ { duration: 4s, rate: 5/s } ] }\nprotocols: { mqtt: { qos: 2 } }\n"
                       "delivery: { timeout: 2s, connect_timeout: 1s, retry: { base: 50ms, max: 200ms }, drain: 60s }\n"
                       "faults:\n  - { at: 500ms, for: 3s, kind: close, every: 300ms }\n  - { at: 1s, for: 300ms, kind: stall }\n"
                       "  - { at: 2s, for: 300ms, kind: stall }\n")
        out = os.path.join(self.folder, "wander.json")
        done = subprocess.run([PORTILLON, "run", scenario, "--protocol", "mqtt", "-o", out], capture_output=True, text=True,
                              timeout=180, preexec_fn=few_descriptors)
        self.assertIn("3 server processes", done.stderr)
        with open(out) as file:
            report = json.load(file)
        self.assertGreater(report["fleet"]["reconnects"], 1000)
        self.assertEqual(report["tally"]["acknowledged"], 150 * 20)
        self.assertEqual(report["ledger"]["delivered"], 150 * 20)
        for figure in ("duplicated", "reordered", "unexpected"):
            self.assertEqual(report["ledger"][figure], 0)

    def test_a_scenario_that_kills_the_server_loses_nothing_and_is_no_invalid_measurement(self):
        scenario = os.path.join(self.folder, "crash.yaml")
        with open(scenario, "w") as file:
            file.write("name: crash\nfleet: { equipments: 60, start: { rate: 1000/s, within: 60s } }\n"
                       "traffic: { stages: [ { duration: 6s, rate: 5/s } ] }\n"
                       "delivery: { timeout: 2s, connect_timeout: 1s, retry: { base: 50ms, max: 200ms }, drain: 60s }\n"
                       "faults:\n  - { at: 1s, for: 500ms, kind: kill }\n  - { at: 3s, for: 300ms, kind: restart }\n"
                       "  - { at: 5s, for: 300ms, kind: restart }\n")
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                out = os.path.join(self.folder, f"{protocol}.json")
                done = subprocess.run([PORTILLON, "run", scenario, "--protocol", protocol, "-o", out], capture_output=True, text=True,
                                      timeout=180)
                self.assertNotIn("killed by signal", done.stderr)
                with open(out) as file:
                    report = json.load(file)
                self.assertNotIn("a process was lost", " ".join(report["verdict"]["reasons"]))
                self.assertTrue(report["verdict"]["complete"])
                self.assertEqual(report["tally"]["generated"], 60 * 30)
                self.assertEqual(report["tally"]["acknowledged"], 60 * 30)
                self.assertEqual(report["delivery"]["lost"], 0)
                self.assertEqual(report["delivery"]["undelivered"], 0)
                self.assertEqual(report["ledger"]["unexpected"], 0)
                self.assertEqual([fault["injected"] for fault in report["faults"]], [{"shards": 1}, {"shards": 2}, {"shards": 2}])
                self.assertGreaterEqual(report["fleet"]["reconnects"], 120)

    def test_a_server_shard_that_was_dead_before_is_no_fault_of_the_run(self):
        server = subprocess.Popen([PORTILLON, "serve", "--ready-json", "--listen", "http2=127.0.0.1:0", "--admin", "127.0.0.1:0", "--shards",
                                   "3"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(server.stderr.close)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        ready = json.loads(server.stdout.readline())
        target = ["--protocol", "http2", "--target", "http://" + ready["listeners"]["http2"], "--ledger", "http://" + ready["admin"],
                  "--equipments", "60", "--rate", "5/s", "--duration", "4s"]
        run = self.killed(target, lambda _: children_of(server.pid, "server-shard")[-1:])
        self.assertIn(f"(pid {run.pids[0]}) killed by signal 9", server.stderr.readline())
        self.assert_invalid(run, "a process was lost: server process", f"(pid {run.pids[0]}) died during the run")
        self.assertEqual(run.report["tally"]["acknowledged"], 60 * 20)
        self.assertEqual(run.report["delivery"]["lost"], 0)
        self.assert_balanced(run.report)
        again = self.killed(target, lambda _: [])
        self.assertEqual(again.report["tally"]["acknowledged"], 60 * 20)
        self.assertFalse([reason for reason in again.report["verdict"]["reasons"] if "a process was lost" in reason])

    def test_the_server_gives_way_to_the_generator_once_the_fleet_has_connected(self):
        run = subprocess.Popen([PORTILLON, "run", "--protocol", "mqtt", "--equipments", "20", "--rate", "5/s", "--duration", "60s", "--set",
                                "fleet.start.rate=10/s", "--no-report"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               preexec_fn=lambda: os.nice(3))
        self.addCleanup(run.wait)
        self.addCleanup(run.terminate)
        seen = {"server-shard": [], "generator-shard": []}
        while run.poll() is None and 8 not in seen["server-shard"]:
            servers = [shard for server in children_of(run.pid, "serve") for shard in children_of(server, "server-shard")]
            for word, pids in (("server-shard", servers), ("generator-shard", children_of(run.pid, "generator-shard"))):
                for pid in pids:
                    try:
                        niceness = os.getpriority(os.PRIO_PROCESS, pid)
                    except ProcessLookupError:
                        continue
                    if niceness not in seen[word]:
                        seen[word].append(niceness)
            time.sleep(0.02)
        self.assertEqual(seen, {"server-shard": [3, 8], "generator-shard": [3]})

    def test_a_killed_server_takes_the_ledger_with_it_and_nothing_else(self):
        run = self.killed(["--protocol", "grpc-stream", "--equipments", "20", "--rate", "5/s", "--duration", "4s", "--set", "delivery.drain=1s"],
                          lambda pid: children_of(pid, "serve"))
        self.assert_noticed_at_once(run)
        self.assert_invalid(run, f"a process was lost: the embedded server (pid {run.pids[0]}) killed by signal 9, and with it the record")
        self.assertEqual(run.report["tally"]["generated"], 20 * 20)
        self.assertGreater(run.report["tally"]["cached"], 0)
        self.assertIsNone(run.report["ledger"])
        self.assertIsNone(run.report["delivery"]["lost"])
        self.assertFalse([line for line in run.lines if "no answer from the admin endpoint" in line])


if __name__ == "__main__":
    unittest.main(verbosity=2)
