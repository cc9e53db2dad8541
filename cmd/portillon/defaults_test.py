#!/usr/bin/env python3
"""No success by default, and nothing that is ignored in silence, as users and scripts see it: default thresholds, the first
line of the summary, warnings, and the order of options. Usage: defaults_test.py PORTILLON

Nothing here depends on how fast the machine is: a slow one may make a measurement invalid (exit code 3), never more.
"""
import json
import re
import subprocess
import unittest

from program import LISTENERS, PORTILLON, PROTOCOLS, Case, call

SMALL = ["--equipments", "5", "--rate", "10/s", "--duration", "1s"]
PATIENT = "delivery: { drain: 10s, timeout: 2s, retry: { base: 50ms, max: 200ms } }\n"
SCENARIO = "name: small\nfleet: { equipments: 5 }\ntraffic: { stages: [ { duration: 1s, rate: 10/s } ] }\n" + PATIENT


def first_line(done):
    return done.stdout.split("\n", 1)[0]


class Defaults(Case):
    def thresholds(self):
        return {threshold["metric"]: threshold for threshold in self.report()["thresholds"]}

    def test_a_run_whose_every_validation_is_rejected_fails_and_names_the_cause(self):
        scenario = self.file("no.yaml", SCENARIO + "faults: [ { at: 0s, for: 30s, kind: reject } ]\n")
        for protocol, cause in zip(PROTOCOLS, ("mqtt_0x87", "http_403", "grpc_permission_denied", "")):
            with self.subTest(protocol):
                done = call("run", scenario, "--protocol", protocol, "-o", self.out)
                self.assertIn(done.returncode, (99, 3), done.stdout + done.stderr)
                self.assertTrue(re.match(r"FAILED: \d+ of 50 validations were rejected: ", first_line(done)), done.stdout)
                self.assertIn(cause, first_line(done).lower())
                found = self.thresholds()
                self.assertEqual(set(found), {"lost", "undelivered", "rejected", "never_connected"})
                self.assertTrue(all(threshold["default"] for threshold in found.values()))
                self.assertFalse(found["rejected"]["passed"])
                self.assertIn(call("gate", self.out).returncode, (99, 3))
                self.assertIn("rejected", call("render", self.out).stdout)

    def test_what_was_lost_fails(self):
        scenario = self.file("lose.yaml", SCENARIO + "faults: [ { at: 0s, kind: lose, count: 3 } ]\n")
        done = call("run", scenario, "--protocol", "http2", "-o", self.out)
        self.assertIn(done.returncode, (99, 3), done.stderr)
        self.assertEqual(first_line(done), "FAILED: 3 of 50 validations were acknowledged and never arrived (lost)")

    def test_an_equipment_that_never_connects_fails(self):
        # Two of three are refused for longer than the run and its drain.
        scenario = self.file("few.yaml", "fleet: { equipments: 3, start: { rate: 100/s, within: 1s } }\n"
                             "traffic: { stages: [ { duration: 1s, rate: 5/s } ] }\ndelivery: { drain: 1s }\n"
                             "faults: [ { at: 0s, for: 60s, kind: refuse, equipments: [2, 3] } ]\n")
        # Faults begin at T0, after everyone connected; so nobody connects before: one that starts with the traffic.
        done = call("run", scenario, "--protocol", "http2", "--set", "fleet.start={step: 1, every: 100ms}", "-o", self.out)
        self.assertIn(done.returncode, (99, 3), done.stderr)
        self.assertEqual(self.report()["fleet"]["never_connected"], 2)
        self.assertTrue(first_line(done).startswith("FAILED: 2 of 3 equipments never connected: refused "), done.stdout)

    def test_an_empty_list_switches_them_off_but_not_the_first_line(self):
        scenario = self.file("no.yaml", SCENARIO + "faults: [ { at: 0s, for: 30s, kind: reject } ]\n")
        for empty in ("{}", "[]"):
            done = call("run", scenario, "--protocol", "http2", "--set", f"thresholds={empty}", "-o", self.out)
            self.assertIn(done.returncode, (0, 3), done.stderr)
            self.assertEqual(self.report()["thresholds"], [])
            self.assertTrue(first_line(done).startswith("NOTE: 50 of 50 validations were rejected"), done.stdout)

    def test_compare_names_the_cause_of_each_protocol(self):
        scenario = self.file("no.yaml", SCENARIO + "faults: [ { at: 0s, for: 30s, kind: reject } ]\n")
        done = call("compare", scenario, "--protocols", "mqtt,http2")
        self.assertIn(done.returncode, (99, 3), done.stderr)
        said = " ".join(done.stdout.split())
        self.assertIn("mqtt: 50 of 50 validations were rejected: ", said)
        self.assertIn("http2: 50 of 50 validations were rejected: ", said)

    def test_without_a_ledger_what_only_it_can_tell_is_skipped_and_said(self):
        server = subprocess.Popen([PORTILLON, "serve", "--ready-json", "--admin", "127.0.0.1:0",
                                   *[word for name in LISTENERS for word in ("--listen", f"{name}=127.0.0.1:0")]],
                                  stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.communicate)
        self.addCleanup(server.terminate)
        target = "http://" + json.loads(server.stdout.readline())["listeners"]["http2"]
        done = call("run", "--protocol", "http2", *SMALL, "--target", target, "-o", self.out)
        self.assertIn(done.returncode, (0, 3), done.stdout + done.stderr)
        said = " ".join(done.stdout.split())
        self.assertIn("Not judged: lost, undelivered, because this target has no record", said)
        self.assertIn("--ledger", said)
        found = self.thresholds()
        for metric in ("lost", "undelivered"):
            self.assertEqual((found[metric]["skipped"], found[metric]["passed"], found[metric]["observed"]), (True, True, None))
        self.assertNotIn("skipped", found["rejected"])
        junit = self.file("junit.xml", "")
        self.assertIn(call("gate", self.out, "--junit", junit).returncode, (0, 3))
        with open(junit) as file:
            self.assertEqual(file.read().count("<skipped "), 2)
        # A threshold that a user wrote fails closed, with a hint.
        strict = call("gate", self.out, "--threshold", "lost: count==0")
        self.assertIn(strict.returncode, (99, 3))
        self.assertIn("--ledger", strict.stdout)
        done = call("run", "--protocol", "http2", *SMALL, "--target", target, "--set", "thresholds={lost: [count==0]}", "-o", self.out)
        self.assertIn(done.returncode, (99, 3))
        self.assertNotIn("skipped", self.thresholds()["lost"])

    def test_qos_0_skips_the_loss_and_counts_what_did_not_arrive(self):
        done = call("run", "--protocol", "mqtt", "--set", "protocols.mqtt.qos=0", *SMALL, "-o", self.out)
        self.assertIn(done.returncode, (0, 3), done.stdout + done.stderr)
        self.assertTrue(self.thresholds()["lost"]["skipped"])
        self.assertEqual(self.thresholds()["undelivered"]["observed"], 0)

    def test_plan_and_validate_show_what_judges(self):
        scenario = self.file("s.yaml", SCENARIO)
        self.assertIn("lost: count==0; undelivered: count==0; rejected: count==0; never_connected: count==0 (by default",
                      call("plan", scenario).stdout)
        self.assertIn("the default thresholds", call("validate", scenario).stdout)
        self.assertIn("none: nothing is judged", call("plan", scenario, "--set", "thresholds={}").stdout)
        self.assertIn("response: p(95)<1s\n", call("plan", scenario, "--set", "thresholds={response: [p(95)<1s]}").stdout)

    def test_a_fault_after_the_end_is_warned_of_alike_and_not_reported_as_one(self):
        scenario = self.file("late.yaml", SCENARIO + "faults: [ { at: 50s, for: 5s, kind: stall } ]\n")
        for done in (call("validate", scenario), call("plan", scenario), call("run", scenario, "--protocol", "http2", "-o", self.out),
                     call("compare", scenario, "--protocols", "http2")):
            self.assertIn(done.returncode, (0, 3), done.stderr)
            self.assertIn("warning: faults.0: begins at 50s, after the end of the traffic", done.stdout + done.stderr)
        self.assertFalse(self.report()["faults"][0]["happened"])
        shown = call("render", self.out).stdout
        self.assertIn("did not happen", shown)
        self.assertNotIn("not seen back to normal", shown)

    def test_of_options_for_one_key_the_last_typed_wins(self):
        def planned(*options):
            done = call("plan", *options)
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stdout
        equipments = "fleet.equipments=9"
        self.assertIn("equipments: 9\n", planned("--equipments", "7", "--set", equipments))
        self.assertIn("equipments: 7\n", planned("--set", equipments, "--equipments", "7"))
        self.assertIn("equipments: 8\n", planned("--equipments", "7", "--equipments", "8"))
        self.assertIn("seed: 2\n", planned("--set", "seed=1", "--seed", "2"))
        self.assertIn("seed: 1\n", planned("--seed", "2", "--set", "seed=1"))
        self.assertIn("rate: 3/s", planned("--rate", "2/s", "--set", "traffic.stages.0.rate=3/s"))
        self.assertIn("rate: 2/s", planned("--set", "traffic.stages.0.rate=3/s", "--rate", "2/s"))
        self.assertIn("duration: 4s", planned("--duration", "3s", "--set", "traffic.stages.0.duration=4s"))
        self.assertIn("protocol: grpc\n", planned("--protocol", "http2", "--set", "protocol=grpc"))
        self.assertIn("protocol: http2\n", planned("--set", "protocol=grpc", "--protocol", "http2"))

    def saved(self):
        call("run", "--protocol", "http2", *SMALL, "-o", self.out)
        return self.out

    def test_options_without_effect_are_refused_or_warned_of(self):
        trace = self.file("t.csv", "seconds,equipment\n0.5,1\n")
        scenario = self.file("trace.yaml", f"fleet: {{ equipments: 5 }}\ntraffic:\n  arrival: {{ kind: trace, file: {trace} }}\n"
                             "  stages: [ { duration: 1s } ]\n")
        for refused, option in (
                (["run", scenario, "--rate", "5/s"], "--rate"), (["plan", scenario, "--rate", "5/s"], "--rate"),
                (["validate", scenario, "--rate", "5/s"], "--rate"),
                (["plan", "--set", "traffic.arrival=closed", "--rate", "5/s"], "--rate"),
                (["run", *SMALL, "--shards", "6"], "--shards"),
                (["compare", self.file("s.yaml", SCENARIO), "--protocols", "http2", "--fail-on", "worse"], "--fail-on"),
                (["gate", "r.json", "--max-regression", "5%"], "--max-regression"),
                (["render", self.saved(), "--latency", "service"], "--latency"),
                (["render", self.saved(), "--markdown", self.file("r.md", ""), "--select", "http2"], "--select"),
                (["run", *SMALL, "--ledger", "127.0.0.1:1"], "--ledger"),
                (["validate", self.file("s.yaml", SCENARIO), "--set", "protocols.mqtt.topic=v/{equipments}"], "{equipment}?")):
            done = call(*refused)
            self.assertEqual(done.returncode, 2, (refused, done.stdout, done.stderr))
            self.assertIn(option, done.stdout + done.stderr)
        idle = ["--set", "protocols.http2.path=/x", "--protocol", "mqtt"]
        for done in (call("plan", *idle), call("validate", self.file("s.yaml", SCENARIO), *idle), call("run", *SMALL, *idle)):
            self.assertIn(done.returncode, (0, 3), done.stderr)
            self.assertIn("warning: --set protocols.http2.path=/x: has no effect: http2 is not run here", done.stdout + done.stderr)

    def test_small_rates_are_not_shown_as_nothing(self):
        done = call("plan", "--equipments", "1", "--rate", "0.4/s", "--set", "traffic.stages.0.shape=ramp")
        self.assertIn("peak            0.4/s", done.stdout)

    def test_a_lower_bound_on_a_counter_is_judged_at_the_end(self):
        scenario = self.file("s.yaml", SCENARIO.replace("1s, rate: 10/s", "3s, rate: 10/s") +
                             "thresholds: { acknowledged: [ { threshold: 'count>100', abortOnFail: true } ] }\n")
        done = call("run", scenario, "--protocol", "http2", "-o", self.out)
        self.assertIn(done.returncode, (0, 3), done.stdout + done.stderr)
        self.assertTrue(self.report()["verdict"]["complete"])
        self.assertIn("abortOnFail has no effect on count>100", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
