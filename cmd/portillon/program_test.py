#!/usr/bin/env python3
"""The program as users and scripts call it: exit codes, files, messages, counts. Usage: program_test.py PORTILLON

Nothing here depends on how fast the machine is: a slow one may make the measurement suspect or invalid (exit code 3),
the books must balance all the same.
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

PORTILLON = os.path.abspath(sys.argv.pop(1))
PROTOCOLS = ["mqtt", "http2", "grpc"]
SCENARIOS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scenarios")


def call(*arguments, **more):
    return subprocess.run([PORTILLON, *arguments], capture_output=True, text=True, timeout=120, **more)


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
    return found


class Program(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.out = os.path.join(self.folder.name, "report.json")

    def report(self):
        with open(self.out) as file:
            return json.load(file)

    def file(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def assert_balanced(self, report, generated):
        tally, ledger, delivery = report["tally"], report["ledger"], report["delivery"]
        self.assertEqual(tally["generated"], generated)
        self.assertEqual(sum(tally[k] for k in ("acknowledged", "rejected", "discarded", "unacknowledged", "cached")), generated)
        self.assertEqual(ledger["delivered"] + delivery["undelivered"], generated)
        self.assertEqual(ledger["unexpected"], 0)

    def test_runs_without_a_file_on_every_protocol(self):
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                done = call("run", "--protocol", protocol, "--equipments", "20", "--rate", "10/s", "--duration", "2s", "-o", self.out)
                self.assertIn(done.returncode, (0, 3), done.stderr)
                report = self.report()
                self.assert_balanced(report, 400)
                self.assertEqual(report["delivery"]["lost"], 0)
                self.assertEqual(report["delivery"]["undelivered"], 0)
                self.assertEqual(report["ledger"]["duplicated"], 0)
                self.assertEqual(report["latency"]["response"]["count"], 400)
                self.assertEqual(report["latency"]["end_to_end"]["count"], 400)
                self.assertEqual(sum(i["due"] for i in report["intervals"]), 400)
                self.assertEqual(sum(i["delivered"] for i in report["intervals"]), 400)
                self.assertGreater(report["resources"]["server"]["cpu_s"], 0)

    def test_quality_of_service_0_has_no_answers_and_loses_nothing(self):
        done = call("run", "--protocol", "mqtt", "--set", "protocols.mqtt.qos=0", "--equipments", "20", "--rate", "10/s",
                    "--duration", "2s", "-o", self.out)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        report = self.report()
        self.assert_balanced(report, 400)
        self.assertEqual(report["tally"]["unacknowledged"], 400)
        self.assertEqual(report["delivery"]["undelivered"], 0)
        self.assertIsNone(report["delivery"]["lost"])
        self.assertIsNone(report["latency"]["response"])
        self.assertEqual(report["latency"]["end_to_end"]["count"], 400)

    def test_the_number_of_shards_changes_nothing_that_is_generated(self):
        generated = []
        for shards in ("1", "3"):
            call("run", "--protocol", "http2", "--equipments", "31", "--duration", "3s", "--rate", "7/s", "--seed", "5",
                 "--set", "traffic.arrival=poisson", "--shards", shards, "-o", self.out)
            report = self.report()
            self.assert_balanced(report, report["tally"]["generated"])
            self.assertEqual(report["context"]["shards"], int(shards))
            generated.append(report["tally"]["generated"])
        self.assertEqual(generated[0], generated[1])

    def test_faults_of_a_scenario_are_what_the_report_names(self):
        scenario = self.file("hurt.yaml", "fleet: { equipments: 30 }\n"
                             "traffic: { stages: [ { duration: 3s, rate: 20/s } ] }\n"
                             "faults:\n  - { at: 500ms, kind: lose, count: 137 }\n  - { at: 500ms, kind: duplicate, count: 20 }\n"
                             "  - { at: 500ms, kind: swap, count: 11 }\n"
                             "thresholds: { lost: ['count==0'] }\n")
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                done = call("run", scenario, "--protocol", protocol, "-o", self.out)
                report = self.report()
                self.assert_balanced(report, 1800)
                self.assertEqual(report["delivery"]["lost"], 137)
                self.assertEqual(report["ledger"]["duplicated"], 20)
                self.assertEqual(report["ledger"]["reordered"], 11)
                self.assertFalse(report["thresholds"][0]["passed"])
                self.assertIn(done.returncode, (99, 3))
                named = sum(e["last"] - e["first"] + 1 for e in report["delivery"]["exceptions"] if e["state"] == "lost")
                self.assertEqual(named, 137)
                gate = call("gate", self.out, "--threshold", "lost: count==137")
                self.assertIn(gate.returncode, (0, 3), gate.stderr)

    def test_a_gate_fails_closed(self):
        call("run", "--protocol", "http2", "--equipments", "5", "--rate", "10/s", "--duration", "1s", "-o", self.out)
        self.assertIn(call("gate", self.out, "--threshold", "generated: count==50").returncode, (0, 3))
        self.assertIn(call("gate", self.out, "--threshold", "generated: count==51").returncode, (99, 3))
        self.assertEqual(call("gate", self.out, "--threshold", "respones: p(95)<1s").returncode, 2)
        self.assertEqual(call("gate", os.path.join(self.folder.name, "none.json"), "--threshold", "lost: count==0").returncode, 2)
        with open(self.out) as file:
            text = file.read()
        cut = self.file("cut.json", text[:len(text) // 2])
        self.assertEqual(call("gate", cut, "--threshold", "lost: count==0").returncode, 2)

    def test_compare_writes_one_table(self):
        folder = os.path.join(self.folder.name, "comparison")
        done = call("compare", os.path.join(SCENARIOS, "smoke.yaml"), "--repeat", "2", "-o", folder)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        with open(os.path.join(folder, "comparison.json")) as file:
            comparison = json.load(file)
        self.assertEqual(comparison["kind"], "comparison")
        order = [run["protocol"] for run in comparison["runs"]]
        self.assertEqual(order, PROTOCOLS + PROTOCOLS[::-1])
        self.assertEqual(len({run["scenario"]["workload_digest"] for run in comparison["runs"]}), 1)
        self.assertEqual(len({run["tally"]["generated"] for run in comparison["runs"]}), 1)
        for protocol in PROTOCOLS:
            self.assertIn(protocol, done.stdout)
        self.assertTrue(os.path.getsize(os.path.join(folder, "comparison.md")) > 100)

    def test_bad_input_is_named_at_once_and_starts_nothing(self):
        scenario = self.file("bad.yaml", "fleet: { equipment: 5 }\ntraffic:\n  stages:\n    - { duration: 5x, rate: -1/s }\n")
        for command in ("run", "validate", "plan"):
            done = call(command, scenario)
            self.assertEqual(done.returncode, 2)
            self.assertIn("bad.yaml:1", done.stderr)
            self.assertIn("equipments", done.stderr)
            self.assertIn("bad.yaml:4", done.stderr)
            self.assertGreaterEqual(len(done.stderr.strip().splitlines()), 3)
        self.assertEqual(call("run", "--protocol", "mqqt", "--equipments", "1", "--rate", "1/s", "--duration", "1s").returncode, 2)
        self.assertEqual(call("run", "--no-such-option").returncode, 2)
        wrong = call("run", "--protocol", "mqtt", "--equipments", "1", "--rate", "1/s", "--duration", "1s", "--target", "http://127.0.0.1:1")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("mqtt://", wrong.stderr)
        elsewhere = call("run", "--protocol", "mqtt", "--equipments", "1", "--rate", "1/s", "--duration", "1s", "--target",
                         "mqtt://192.0.2.1:1883", stdin=subprocess.DEVNULL)
        self.assertEqual(elsewhere.returncode, 2)
        self.assertIn("--yes", elsewhere.stderr)

    def test_a_target_that_refuses_leaves_everything_cached(self):
        done = call("run", "--protocol", "http2", "--equipments", "5", "--rate", "10/s", "--duration", "1s", "--target",
                    "http://127.0.0.1:1", "--set", "fleet.start.within=1s", "--set", "delivery.drain=1s", "-o", self.out)
        report = self.report()
        self.assertEqual(report["tally"]["generated"], 50)
        self.assertEqual(report["tally"]["cached"], 50)
        self.assertIsNone(report["ledger"])
        self.assertIsNone(report["delivery"]["lost"])
        self.assertGreater(report["fleet"]["connect_failures"]["refused"], 0)
        self.assertEqual(done.returncode, 1)
        self.assertIn("could connect", done.stderr)

    def test_ctrl_c_leaves_a_partial_report(self):
        for signal_number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            process = subprocess.Popen([PORTILLON, "run", "--protocol", "http2", "--equipments", "10", "--rate", "10/s", "--duration",
                                        "60s", "-o", self.out], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for line in process.stderr:
                if line.startswith("running"):
                    break
            process.send_signal(signal_number)
            process.communicate(timeout=60)
            self.assertEqual(process.returncode, code)
            report = self.report()
            self.assertFalse(report["verdict"]["complete"])
            self.assert_balanced(report, report["tally"]["generated"])
            self.assertLess(report["tally"]["generated"], 6000)
            os.remove(self.out)

    def test_a_killed_generator_shard_is_named_and_makes_the_measurement_invalid(self):
        process = subprocess.Popen([PORTILLON, "run", "--protocol", "grpc", "--equipments", "40", "--rate", "5/s", "--duration", "5s",
                                    "--shards", "2", "-o", self.out], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in process.stderr:
            if line.startswith("running"):
                break
        os.kill(children_of(process.pid, "generator-shard")[1], signal.SIGKILL)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 3)
        report = self.report()
        self.assertEqual(report["verdict"]["measurement"], "invalid")
        self.assertIn("killed by signal 9", report["verdict"]["reasons"][0])
        self.assert_balanced(report, 500)

    def test_a_killed_server_is_noticed(self):
        process = subprocess.Popen([PORTILLON, "run", "--protocol", "http2", "--equipments", "10", "--rate", "5/s", "--duration", "4s",
                                    "--set", "delivery.drain=1s", "-o", self.out], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in process.stderr:
            if line.startswith("running"):
                break
        os.kill(children_of(process.pid, "serve")[0], signal.SIGKILL)
        process.communicate(timeout=120)
        self.assertEqual(process.returncode, 3)
        report = self.report()
        self.assertEqual(report["tally"]["generated"], 200)
        self.assertEqual(report["verdict"]["measurement"], "invalid")
        self.assertIsNone(report["ledger"])

    def test_a_full_disk_costs_the_file_only(self):
        done = call("run", "--protocol", "http2", "--equipments", "2", "--rate", "5/s", "--duration", "1s", "-o", "/dev/full")
        self.assertEqual(done.returncode, 1)
        self.assertIn("generated", done.stdout)
        self.assertIn("/dev/full", done.stderr)

    def test_json_goes_to_standard_output_alone(self):
        done = call("run", "--protocol", "http2", "--equipments", "2", "--rate", "5/s", "--duration", "1s", "-o", "-")
        self.assertEqual(json.loads(done.stdout)["tally"]["generated"], 10)

    def test_quiet_leaves_the_summary_alone(self):
        done = call("run", "--protocol", "http2", "--equipments", "2", "--rate", "5/s", "--duration", "1s", "--quiet")
        self.assertEqual(done.stderr, "")
        self.assertIn("generated", done.stdout)

    def test_shipped_scenarios_are_valid_and_planned(self):
        for name in sorted(os.listdir(SCENARIOS)):
            if name.endswith(".yaml"):
                path = os.path.join(SCENARIOS, name)
                self.assertEqual(call("validate", path).returncode, 0, name)
                self.assertEqual(call("plan", path, "--compress", "60").returncode, 0, name)

    def test_the_shipped_schemas_are_the_printed_ones(self):
        for kind, path in (("scenario", os.path.join(SCENARIOS, "scenario.schema.json")),
                           ("report", os.path.join(SCENARIOS, "..", "reports", "report.schema.json"))):
            with open(path) as file:
                self.assertEqual(call("schema", kind).stdout, file.read())

    def test_serve_listens_answers_and_stops_cleanly(self):
        server = subprocess.Popen([PORTILLON, "serve", "--ready-json", "--admin", "127.0.0.1:0", "--shards", "2",
                                   *[word for name in PROTOCOLS for word in ("--listen", f"{name}=127.0.0.1:0")]],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        ready = json.loads(server.stdout.readline())
        self.assertEqual(sorted(ready["listeners"]), sorted(PROTOCOLS))
        with urllib.request.urlopen(f"http://{ready['admin']}/v1/health", timeout=10) as answer:
            self.assertEqual(json.load(answer)["status"], "ok")
        taken = call("serve", "--listen", f"mqtt={ready['listeners']['mqtt']}", "--admin", ready["admin"])
        self.assertNotEqual(taken.returncode, 0)
        self.assertIn(ready["listeners"]["mqtt"], taken.stderr)
        for protocol, scheme in (("mqtt", "mqtt"), ("http2", "http"), ("grpc", "grpc")):
            done = call("run", "--protocol", protocol, "--equipments", "10", "--rate", "10/s", "--duration", "1s", "--target",
                        f"{scheme}://{ready['listeners'][protocol]}", "--ledger", f"http://{ready['admin']}", "-o", self.out)
            self.assertIn(done.returncode, (0, 3), done.stderr)
            self.assert_balanced(self.report(), 100)
        server.terminate()
        server.communicate(timeout=30)
        self.assertEqual(server.returncode, 0)

    def test_no_process_outlives_its_run(self):
        process = subprocess.Popen([PORTILLON, "run", "--protocol", "http2", "--equipments", "5", "--rate", "5/s", "--duration", "60s"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in process.stderr:
            if line.startswith("running"):
                break
        family = children_of(process.pid, "")
        self.assertGreaterEqual(len(family), 2)
        process.kill()
        process.wait()
        process.stderr.close()
        for _ in range(600):
            if not any(os.path.exists(f"/proc/{pid}") for pid in family):
                return
            time.sleep(0.1)
        self.fail("children outlived the conductor")


if __name__ == "__main__":
    unittest.main(verbosity=2)
