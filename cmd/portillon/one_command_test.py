#!/usr/bin/env python3
"""One command does the whole job: short options, thresholds and files of run and compare, and what is kept of a run.
Usage: one_command_test.py PORTILLON

Nothing here depends on how fast the machine is: a slow one may make a measurement invalid (exit code 3), never more.
"""
import json
import os
import re
import subprocess
import tempfile
import time
import unittest
import xml.etree.ElementTree as xml

from program import LISTENERS, PORTILLON, Case, call

SMALL = ["-n", "5", "-r", "10/s", "-d", "1s"]


class OneCommand(Case):
    def assert_ended_well(self, done):
        self.assertIn(done.returncode, (0, 3), done.stdout + done.stderr)

    def in_folder(self, *words, **more):
        return call(*words, cwd=self.folder.name, **more)

    def path(self, *names):
        return os.path.join(self.folder.name, *names)

    def load(self, *names):
        with open(self.path(*names)) as file:
            return json.load(file)

    def serve(self):
        """The embedded server's program as somebody else's server: {protocol: URL}."""
        server = subprocess.Popen([PORTILLON, "serve", "--ready-json", "--admin", "127.0.0.1:0",
                                   *[word for name in LISTENERS for word in ("--listen", f"{name}=127.0.0.1:0")]],
                                  stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.communicate)
        self.addCleanup(server.terminate)
        ready = json.loads(server.stdout.readline())["listeners"]
        return {"mqtt": "mqtt://" + ready["mqtt"], "http2": "http://" + ready["http2"], "grpc": "grpc://" + ready["grpc"]}

    # --- options ---

    def test_short_options_are_the_long_ones(self):
        long = call("plan", "--protocol", "grpc", "--equipments", "7", "--rate", "2/s", "--duration", "9s", "--set", "seed=3")
        short = call("plan", "-p", "grpc", "-n", "7", "-r", "2/s", "-d", "9s", "-s", "seed=3")
        self.assertEqual(long.returncode, 0, long.stderr)
        self.assertEqual(short.stdout, long.stdout)
        self.assertIn("equipments: 7\n", call("plan", "-n", "5", "--equipments", "7").stdout)
        self.assertIn("equipments: 5\n", call("plan", "--equipments", "7", "-n", "5").stdout)
        for command in ("validate", "doctor", "run", "compare"):
            done = call(command, "smoke", "-n", "none")
            self.assertEqual(done.returncode, 2)
            self.assertIn("--equipments none: ", done.stdout + done.stderr)
        self.assertIn("unknown protocol 'mqt'", call("compare", "smoke", "-p", "mqt").stderr)

    def test_a_percentage_may_have_its_sign_or_not(self):
        for option, words in (("--min-effect", ["diff", "none.json"]), ("--max-regression", ["gate", "none.json", "--baseline", "none.json"]),
                              ("--min-effect", ["compare", "none.yaml"])):
            for good in ("10", "10%", "10 %", "0", "2.5"):
                done = call(*words, option, good)
                self.assertEqual(done.returncode, 2)
                self.assertNotIn("percentage", done.stderr)
            for bad in ("", "ten", "10 percent", "-1", "1001", "%"):
                done = call(*words, option, bad)
                self.assertEqual(done.returncode, 2)
                self.assertIn(f'{option}: "{bad}" is no percentage (allowed: 0 to 1000, as in 5, 5% or 5 %)', done.stderr)

    def test_an_empty_list_switches_one_default_threshold_off(self):
        self.assertIn("undelivered: count==0; rejected: count==0; never_connected: count==0 (by default",
                      call("plan", "-s", "thresholds.lost=[]").stdout)
        done = call("run", "-p", "http2", *SMALL, "-s", "thresholds.lost=[]", "-o", self.out)
        self.assert_ended_well(done)
        self.assertEqual([each["metric"] for each in self.report()["thresholds"]], ["undelivered", "rejected", "never_connected"])

    # --- thresholds and files ---

    def test_thresholds_of_the_command_line_replace_those_of_the_scenario(self):
        scenario = self.file("s.yaml", "fleet: { equipments: 5 }\ntraffic: { stages: [ { duration: 1s, rate: 10/s, name: rush } ] }\n"
                             "thresholds: { rejected: ['count==0'] }\n")
        run = ["run", scenario, "-p", "http2", "--quiet", "-o", self.out]
        done = call(*run, "--threshold", "acknowledged: count==50", "--threshold", "response{stage:rush}: p(50)<1h")
        self.assert_ended_well(done)
        self.assertEqual([(each["metric"], each["expression"], each["passed"], each.get("default", False)) for each in self.report()["thresholds"]],
                         [("acknowledged", "count==50", True, False), ("response{stage:rush}", "p(50)<1h", True, False)])
        done = call(*run, "--threshold", "acknowledged: count>50")
        self.assertIn(done.returncode, (99, 3), done.stderr)
        for command in (run, ["compare", scenario, "-p", "http2", "--no-report"]):
            for wrong, said in (("lost", "names no metric"), ("lst: count==0", "unknown metric"),
                                ("response{stage:rash}: p(50)<1h", 'there is no stage "rash"')):
                done = call(*command, "--threshold", wrong)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn("--threshold", done.stderr)
                self.assertIn(said, done.stderr)
        done = call("compare", scenario, "-p", "http2,grpc", "--no-report", "--threshold", "acknowledged: count>50")
        self.assertIn(done.returncode, (99, 3), done.stderr)

    def test_run_writes_what_gate_and_render_write(self):
        files = {option: self.path(name) for option, name in (("--junit", "j.xml"), ("--html", "r.html"), ("--markdown", "r.md"))}
        done = call("run", "-p", "http2", *SMALL, "-o", self.out, *[word for pair in files.items() for word in pair])
        self.assert_ended_well(done)
        self.assert_files_are_those_of_gate_and_render(self.out, files)
        suites = xml.parse(files["--junit"]).getroot()
        self.assertEqual({case.get("name") for case in suites.iter("testcase")} & {"lost: count==0", "rejected: count==0"},
                         {"lost: count==0", "rejected: count==0"})

    def test_compare_writes_what_gate_and_render_write(self):
        files = {option: self.path(name) for option, name in (("--junit", "j.xml"), ("--html", "r.html"), ("--markdown", "r.md"))}
        done = call("compare", "smoke", "--compress", "10", "-p", "http2,grpc", "-o", self.path("both"),
                    *[word for pair in files.items() for word in pair])
        self.assertIn(done.returncode, (0, 3, 99), done.stderr)
        self.assert_files_are_those_of_gate_and_render(self.path("both", "comparison.json"), files)
        with open(files["--html"]) as one, open(self.path("both", "comparison.html")) as other:
            self.assertEqual(one.read(), other.read())

    def assert_files_are_those_of_gate_and_render(self, report, files):
        again = {option: path + ".again" for option, path in files.items()}
        call("gate", report, "--junit", again["--junit"])
        call("render", report, "--html", again["--html"], "--markdown", again["--markdown"])
        for option, path in files.items():
            with open(path) as one, open(again[option]) as other:
                # Only the keys of the scenario, which is shown in full, have another order in a report that was read.
                self.assertEqual(sorted(one.read()), sorted(other.read()), option)

    def test_a_file_that_cannot_be_written_is_refused_before_anything_is_sent(self):
        for command in (["run"], ["compare", "smoke"]):
            for option in ("--junit", "--html", "--markdown"):
                done = self.in_folder(*command, option, self.path("none", "file"))
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertTrue(done.stderr.startswith(option + ": "), done.stderr)
        self.assertEqual(os.listdir(self.folder.name), [])

    # --- the target's scheme ---

    def test_the_protocol_follows_from_the_scheme_of_the_target(self):
        targets = self.serve()
        scenario = self.file("s.yaml", "protocol: mqtt\nfleet: { equipments: 5 }\ntraffic: { stages: [ { duration: 1s, rate: 10/s } ] }\n")
        for scheme, options, expected in (("http2", [], "http2"), ("grpc", [], "grpc"), ("mqtt", [], "mqtt"),
                                          ("grpc", ["-p", "grpc-stream"], "grpc-stream")):
            done = call("run", scenario, "--target", targets[scheme], *options, "-o", self.out)
            self.assert_ended_well(done)
            self.assertEqual(self.report()["protocol"], expected)
            said = f"over {expected} (the target's scheme; the scenario says mqtt) to "
            self.assertEqual(said in done.stderr, expected in ("http2", "grpc"), done.stderr)
        # What the scenario says is kept where it fits, and what an option says always.
        streams = self.file("t.yaml", "protocol: grpc-stream\nfleet: { equipments: 2 }\ntraffic: { stages: [ { duration: 1s, rate: 5/s } ] }\n")
        self.assert_ended_well(call("run", streams, "--target", targets["grpc"], "-o", self.out))
        self.assertEqual(self.report()["protocol"], "grpc-stream")
        for options in (["-p", "mqtt"], ["-s", "protocol=mqtt"]):
            done = call("run", scenario, "--target", targets["http2"], *options, "-o", self.out)
            self.assertEqual(done.returncode, 2)
            self.assertIn("does not fit protocol mqtt", done.stderr)
        done = call("run", scenario, "--target", targets["http2"], "-s", "protocols.mqtt.qos=2", "-o", self.out)
        self.assertIn("warning: --set protocols.mqtt.qos=2: has no effect: mqtt is not run here", done.stderr)

    # --- a dead target ---

    def test_a_dead_target_ends_the_run_after_a_few_seconds_with_the_cause_in_the_first_line(self):
        for target in ("http://127.0.0.1:1", "mqtt://127.0.0.1:1"):
            began = time.monotonic()
            done = call("run", "-n", "50", "-r", "1/s", "-d", "10m", "--target", target, "-o", self.out)
            self.assertLess(time.monotonic() - began, 30)
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.assertEqual(done.stdout.splitlines()[0], f"FAILED: no equipment could connect to {target}: connection refused (50 of 50)")
            self.assertIn("incomplete: ended early, because no equipment could connect", done.stdout)
            verdict = self.report()["verdict"]
            self.assertEqual((verdict["complete"], verdict["ended_because"]), (False, "no equipment could connect"))
            self.assert_rendered(self.out, "no equipment could connect")

    # --- kept reports ---

    def test_a_run_keeps_its_report_and_names_it_in_the_last_line(self):
        kept = []
        for _ in range(2):  # within one second, mostly
            done = self.in_folder("run", "-p", "http2", *SMALL, "-d", "200ms", "--quiet")
            self.assert_ended_well(done)
            kept.append(done.stdout.splitlines()[-1])
            self.assertTrue(re.fullmatch(r"portillon-results/ad-hoc-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ(-2)?", kept[-1]), kept[-1])
            self.assertEqual(sorted(os.listdir(self.path(kept[-1]))), ["report.html", "report.json"])
            self.assertEqual(self.load(kept[-1], "report.json")["kind"], "run")
        self.assertEqual(len(set(kept)), 2)
        done = self.in_folder("compare", "smoke", "--compress", "20", "-p", "http2,grpc")
        self.assertIn(done.returncode, (0, 3, 99), done.stderr)
        folder = done.stdout.splitlines()[-1]
        self.assertTrue(folder.startswith("portillon-results/smoke-"), folder)
        self.assertEqual(sorted(os.listdir(self.path(folder))), ["comparison.html", "comparison.json", "comparison.md"])
        # These folders are reports to the other commands.
        self.assertIn(self.in_folder("gate", kept[0], "--threshold", "acknowledged: count==10").returncode, (0, 3))
        report, comparison = kept[0] + "/report.json", folder + "/comparison.json"
        for by_folder, by_file in ((["gate", kept[0]], ["gate", report]), (["gate", folder + "/#grpc", "--each"], ["gate", comparison + "#grpc", "--each"]),
                                   (["render", folder], ["render", comparison]), (["render", kept[0]], ["render", report]),
                                   (["diff", *kept], ["diff", *(each + "/report.json" for each in kept)]),
                                   (["diff", folder + "#http2", folder + "#grpc"], ["diff", comparison + "#http2", comparison + "#grpc"]),
                                   (["clean", kept[0]], ["clean", report])):
            one, other = self.in_folder(*by_folder), self.in_folder(*by_file)
            self.assertEqual(one.returncode, other.returncode, one.stderr)
            self.assertIn(one.returncode, (0, 3, 99), one.stderr)
            if by_folder[0] in ("gate", "render"):  # the others repeat the names that were typed
                self.assertEqual(one.stdout, other.stdout)
        done = self.in_folder("gate", "portillon-results")
        self.assertEqual(done.returncode, 2)
        self.assertIn("portillon-results: it is a folder without report.json or comparison.json", done.stderr)
        self.assertEqual(self.in_folder("render", kept[0], "--html", kept[0] + "/report.json").returncode, 2)

    def test_a_name_is_made_fit_for_a_file(self):
        for name, stem in (("../../etc/pass wd", "etc-pass-wd"), ("Peak é 50%", "Peak-50"), ("...", "scenario"), ("x" * 99, "x" * 60)):
            scenario = self.file("s.yaml", f"name: {json.dumps(name)}\nprotocol: http2\nfleet: {{ equipments: 2 }}\n"
                                 "traffic: { stages: [ { duration: 200ms, rate: 10/s } ] }\n")
            done = self.in_folder("run", scenario, "--quiet")
            self.assert_ended_well(done)
            self.assertTrue(done.stdout.splitlines()[-1].startswith(f"portillon-results/{stem}-20"), done.stdout.splitlines()[-1])

    def test_no_report_keeps_none(self):
        for command in (["run", "-p", "http2", *SMALL], ["compare", "smoke", "--compress", "20", "-p", "http2"]):
            done = self.in_folder(*command, "--no-report")
            self.assertIn(done.returncode, (0, 3, 99), done.stderr)
            self.assertNotIn("portillon-results", done.stdout + done.stderr)
            self.assertEqual(os.listdir(self.folder.name), [])
            self.assertEqual(self.in_folder(*command, "--no-report", "-o", "x.json").returncode, 2)

    def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_sent(self):
        self.file("portillon-results", "not a folder")
        for command in (["run", *SMALL], ["compare", "smoke"]):
            done = self.in_folder(*command)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertEqual(done.stderr, "portillon-results: 'portillon-results' cannot be written: it is no folder "
                             "(-o keeps the report elsewhere, --no-report nowhere)\n")
        done = call("run", *SMALL, cwd="/proc")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("portillon-results: 'portillon-results' cannot be written: ", done.stderr)

    def test_a_run_without_report_leaves_no_folder(self):
        done = self.in_folder("run", "-p", "http2", *SMALL, "--target", "http://192.0.2.1:1", stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 2, done.stderr)  # nobody said yes
        self.assertEqual(os.listdir(self.folder.name), [])

    def test_the_output_of_a_run_may_be_a_folder(self):
        os.mkdir(self.path("old"))
        with tempfile.NamedTemporaryFile(dir=self.path("old"), delete=False) as other:
            other.write(b"kept")
        for typed, folder in (("new/", "new"), ("old", "old"), ("deep/er/", "deep/er"), ("old/", "old")):
            done = self.in_folder("run", "-p", "http2", *SMALL, "-d", "200ms", "-o", typed)
            self.assert_ended_well(done)
            self.assertLessEqual({"report.html", "report.json"}, set(os.listdir(self.path(folder))))
            self.assertEqual(self.load(folder, "report.json")["kind"], "run")
            self.assertIn(f"Reports: {folder}/report.json, {folder}/report.html", done.stderr)
        self.assertTrue(os.path.exists(other.name))
        done = self.in_folder("run", "-p", "http2", *SMALL, "-d", "200ms", "-o", "-")
        self.assert_ended_well(done)
        self.assertEqual(json.loads(done.stdout)["kind"], "run")

    # --- what differs between two reports ---

    def test_diff_names_the_keys_that_differ_and_lets_settings_of_the_client_differ(self):
        for name, options in (("base", []), ("batched", ["-s", "delivery.batch.max=5"]), ("more", ["-s", "fleet.equipments=6"])):
            self.assert_ended_well(call("run", "-p", "http2", *SMALL, *options, "-o", self.path(name + "/")))
        base, batched, more = self.path("base"), self.path("batched"), self.path("more")
        done = call("diff", base, batched)
        self.assertEqual(done.returncode, 3)
        self.assertIn("delivery.batch.max: 1 against 5", " ".join(done.stdout.split()))
        self.assertIn("this compares them all the same: --allow delivery.batch.max", done.stderr)
        for key in ("delivery", "delivery.batch", "delivery.batch.max"):
            done = call("diff", base, batched, "--allow", key, "--force")  # the machine may be too busy for valid measurements
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertIn("delivery.batch.max: 1 against 5, as allowed", " ".join(done.stdout.split()))
        done = call("diff", base, more, "--allow", "delivery")
        self.assertEqual(done.returncode, 3)
        self.assertIn("fleet.equipments: 5 against 6", " ".join(done.stdout.split()))
        self.assertNotIn("--allow", done.stderr)
        for key in ("fleet.equipments", "traffic", "seed", ""):
            done = call("diff", base, more, "--allow", key)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn(f"--allow {key}: may not differ", done.stderr)
            self.assertIn("allowed: delivery, fleet.start, protocols, traffic.payload.encoding", done.stderr)

    # --- JSON ---

    def test_answers_are_one_json_document_on_request(self):
        self.assert_ended_well(call("run", "-p", "http2", *SMALL, "-o", self.out))
        for command, words in (("plan", ["smoke"]), ("doctor", []), ("doctor", ["smoke"]), ("gate", [self.out]),
                               ("gate", [self.out, "--baseline", self.out]), ("diff", [self.out, self.out])):
            text, done = call(command, *words), call(command, *words, "--format", "json")
            self.assertEqual(done.returncode, text.returncode, done.stderr)
            answer = json.loads(done.stdout)
            self.assertEqual((answer["schema"], answer["kind"], answer["exit_code"]), (1, command, done.returncode))
            self.assertEqual(call(command, *words, "--format", "text").stdout.splitlines()[0], text.stdout.splitlines()[0])
            self.assertEqual(call(command, *words, "--format", "xml").returncode, 2)

    def test_the_json_of_a_plan_has_what_the_text_says(self):
        answer = json.loads(call("plan", "-n", "5", "-r", "10/s", "-d", "2s", "--format", "json").stdout)
        self.assertEqual(answer["scenario"]["fleet"]["equipments"], 5)
        totals = answer["totals"]
        self.assertEqual((totals["counting"], totals["validations"], totals["duration_s"], totals["peak_per_s"]), ("exact", 100, 2, 50))
        self.assertEqual((totals["fewest_of_an_equipment"], totals["most_of_an_equipment"], totals["payload_bytes"]), (20, 20, 10_000))
        self.assertEqual(sum(row["validations"] for row in answer["rows"]), 100)
        self.assertEqual(answer["needs"]["generator"]["shards"], 1)
        self.assertEqual([each["metric"] for each in answer["thresholds"]], ["lost", "undelivered", "rejected", "never_connected"])
        closed = json.loads(call("plan", "-s", "traffic.arrival=closed", "--format", "json").stdout)
        self.assertEqual((closed["totals"]["counting"], closed["totals"]["validations"]), ("unknown", None))

    def test_the_json_of_gate_doctor_and_diff_has_what_the_text_says(self):
        self.assert_ended_well(call("run", "-p", "http2", *SMALL, "-o", self.out))
        answer = json.loads(call("gate", self.out, "--threshold", "acknowledged: count>50", "--format", "json").stdout)
        self.assertFalse(answer["passed"])
        (row,) = answer["rows"]
        self.assertEqual(row["name"], "http2")
        (threshold,) = row["thresholds"]
        self.assertEqual((threshold["metric"], threshold["expression"], threshold["observed"], threshold["passed"]),
                         ("acknowledged", "count>50", 50, False))
        doctor = json.loads(call("doctor", "-n", "5", "--format", "json").stdout)
        self.assertTrue(doctor["can_run"])
        self.assertEqual(doctor["scenario"]["equipments"], 5)
        self.assertLessEqual({each["health"] for each in doctor["findings"]}, {"good", "doubtful"})
        diff = json.loads(call("diff", self.out, self.out, "--force", "--format", "json").stdout)
        (group,) = diff["groups"]
        self.assertEqual((group["base"], group["candidate"], diff["differing_keys"]), ("http2", "http2", []))
        by_key = {metric["key"]: metric for metric in group["metrics"]}
        with open(self.out) as file:
            p95 = json.load(file)["latency"]["response"]["p95_us"]
        self.assertAlmostEqual(by_key["latency.response.p95_us"]["base"], p95, places=6)
        self.assertEqual(by_key["latency.response.p95_us"]["unit"], "us")
        self.assertEqual(by_key["latency.response.p95_us"]["candidate_runs"][0]["value"], p95)


if __name__ == "__main__":
    unittest.main(verbosity=2)
