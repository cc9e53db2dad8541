#!/usr/bin/env python3
"""The program as users and scripts call it: exit codes, files, messages, counts. Usage: program_test.py PORTILLON

Nothing here depends on how fast the machine is: a slow one may make the measurement suspect or invalid (exit code 3),
the books must balance all the same.
"""
import fcntl
import json
import os
import pty
import re
import resource
import signal
import struct
import subprocess
import termios
import time
import unittest
import urllib.request

from program import LISTENERS, PORTILLON, PROTOCOLS, SCENARIOS, Case, call, children_of


def first_times(runs):
    """The runs, without repetitions because the machine was too busy to measure."""
    seen = set()
    return [run for run in runs if (key := (run["repeat"], run["name"], run["protocol"])) not in seen and not seen.add(key)]


class Program(Case):
    def test_runs_without_a_file_on_every_protocol(self):
        for protocol in PROTOCOLS:
            with self.subTest(protocol):
                done = call("run", "--protocol", protocol, "--equipments", "20", "--rate", "20/s", "--duration", "1s", "-o", self.out)
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
        self.assert_rendered(self.out, "end to end (due to delivered)")
        self.assertIn(call("gate", self.out, "--threshold", "lost: count==0").returncode, (99, 3))

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
                             "traffic: { stages: [ { duration: 1500ms, rate: 40/s } ] }\n"
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

    def test_compare_writes_one_table(self):
        folder = os.path.join(self.folder.name, "comparison")
        done = call("compare", os.path.join(SCENARIOS, "smoke.yaml"), "--repeat", "2", "-o", folder)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        with open(os.path.join(folder, "comparison.json")) as file:
            comparison = json.load(file)
        self.assertEqual(comparison["kind"], "comparison")
        order = [run["protocol"] for run in first_times(comparison["runs"])]
        first = order[:len(order) // 2]
        self.assertLessEqual(set(PROTOCOLS), set(first))
        encodings = {(run["protocol"], run["variant"]): run["wire"]["encoding"] for run in comparison["runs"]}
        self.assertEqual(encodings["http2", None], "json")
        self.assertEqual(encodings["http2", "protobuf"], "protobuf")  # like the others, so that all can be compared
        self.assertEqual(order, first + first[::-1])
        self.assertEqual(len({run["scenario"]["workload_digest"] for run in comparison["runs"]}), 1)
        self.assertEqual(len({run["tally"]["generated"] for run in comparison["runs"]}), 1)
        for protocol in PROTOCOLS:
            self.assertIn(protocol, done.stdout)
        self.assertTrue(os.path.getsize(os.path.join(folder, "comparison.md")) > 100)
        self.assertTrue(os.path.getsize(os.path.join(folder, "comparison.html")) > 1000)
        json_path = os.path.join(folder, "comparison.json")
        hgrm = os.path.join(folder, "latency.hgrm")
        self.assertEqual(call("render", json_path, "--hgrm", hgrm, "--latency", "service").returncode, 0)
        for protocol in first:
            with open(os.path.join(folder, f"latency-{protocol}.hgrm")) as file:
                self.assertIn("#[Mean", file.read())
        one = call("render", json_path, "--hlog", "-", "--select", "http2")
        self.assertEqual(one.returncode, 0, one.stderr)
        self.assertIn("over http2", one.stdout)
        for wrong, named in ((["--hlog", "-"], "--select"), (["--hgrm", hgrm, "--select", "http3"], "did you mean http2"),
                             (["--hgrm", hgrm, "--latency", "rtt"], "end_to_end"), (["--select", "http2"], "--hgrm")):
            refused = call("render", json_path, *wrong)
            self.assertEqual(refused.returncode, 2, wrong)
            self.assertIn(named, refused.stderr)

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
        self.assert_rendered(self.out, "**FAILED**", "no equipment could connect", "what arrived is not known")
        self.assertIn(call("gate", self.out, "--threshold", "lost: count==0").returncode, (99, 3))
        self.assertIn(call("gate", self.out, "--threshold", "response: max<1h").returncode, (99, 3))

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
            self.assert_rendered(self.out, "**NOT TO BE TRUSTED**", "incomplete")
            self.assertEqual(call("gate", self.out, "--threshold", "lost: count==0").returncode, 3)
            os.remove(self.out)

    def test_a_machine_that_cannot_carry_a_run_is_told_what_it_lacks_and_nothing_is_sent(self):
        def descriptors(most):
            return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

        folder = os.path.join(self.folder.name, "none")
        scenario = self.file("large.yaml", "fleet: { equipments: 1500 }\ntraffic: { stages: [ { duration: 1s, rate: 1/s } ] }\n")
        small = ["--rate", "1/s", "--duration", "1s", "-o", self.out]
        for words, limit, fix in (
                (["run", "--protocol", "mqtt", "--equipments", "50", *small], 230, "ulimit -Hn 20000"),
                (["run", "--protocol", "grpc", "--equipments", "1500", "--shards", "1", *small], 1000, "--shards 2"),
                (["run", "--protocol", "http2", "--equipments", "1500", "--target", "http://127.0.0.1:1", "--shards", "1", *small], 1000,
                 "--shards 2"),
                (["run", "--protocol", "grpc", "--equipments", "70000", "--target", "grpc://192.0.2.1:1", "--yes", *small], 1000,
                 "--source-address"),
                (["compare", scenario, "--shards", "1", "-o", folder], 1000, "--shards 2"),
                (["compare", scenario, "--target", "a=http://127.0.0.1:1", "--target", "b=http://127.0.0.1:2", "-o", folder], 230,
                 "ulimit -Hn 20000")):
            with self.subTest(words):
                done = call(*words, preexec_fn=descriptors(limit))
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(done.stdout, "")
                self.assertIn("FAIL", done.stderr)
                self.assertIn(fix, done.stderr)
                self.assertIn("nothing was sent", done.stderr)
                self.assertEqual(done.stderr.count("FAIL"), 1)
                self.assertFalse(os.path.exists(self.out) or os.path.exists(folder))

    def test_the_peak_that_is_announced_is_that_of_the_schedule(self):
        self.file("t.csv", "0.1\n0.2\n0.3\n0.9\n1.5\n")
        for traffic, said in (("arrival: { kind: trace, file: t.csv }, stages: [ { duration: 2s } ]", "at most 4 validations/s"),
                              ("stages: [ { duration: 1s, rate: 3/s }, { duration: 1s, rate: 9/s, shape: ramp } ]", "at most 18 validations/s"),
                              ("stages: [ { duration: 10m, rate: 1/m } ]", "at most 2 validations/min"),
                              ("stages: [ { duration: 1s, rate: 0/s } ]", "nothing is ever due")):
            scenario = self.file("peak.yaml", f"protocol: http2\nfleet: {{ equipments: 2 }}\ntraffic: {{ {traffic} }}\n")
            done = call("run", scenario, "--target", "http://192.0.2.1:1", stdin=subprocess.DEVNULL)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(said, done.stderr)

    def terminal(self, *words, **environment):
        """The exit code, and the output to a terminal of 100 columns."""
        pid, master = pty.fork()
        if pid == 0:
            try:
                os.environ.update(TERM="xterm", **environment)
                fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
                os.execv(PORTILLON, ["portillon", *words])
            finally:
                os._exit(127)
        shown = b""
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            shown += part
        os.close(master)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()

    def test_how_it_goes_is_redrawn_in_place_on_a_terminal(self):
        small = ["run", "--protocol", "http2", "--equipments", "20", "--rate", "10/s", "--duration", "1s"]
        code, shown = self.terminal(*small)
        self.assertIn(code, (0, 3))
        live = shown[shown.index("running"):]
        for figure in (r"running 1/1 s", r"connected 20/20", r"due [\d.]+/s, answered [\d.]+/s", r"P50 \S+ .?s, P95 \S+ .?s, P99 \S+ .?s",
                       r"\d+ in flight", r"\d+ cached", r"\d+ unanswered", r"(valid|SUSPECT) so far|INVALID"):
            self.assertRegex(live, figure)
        self.assertIn("\r\x1b[2K\x1b[1A\r\x1b[2K", live)
        for line in re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", shown)):
            self.assertLessEqual(len(line), 100, line)
        self.assertRegex(shown, r"\x1b\[1;3\dm")
        code, plain = self.terminal(*small, "--no-progress", NO_COLOR="1")
        self.assertNotIn("\x1b", plain)
        self.assertNotIn("in flight", plain)
        self.assertIn("at most 200 validations/s", plain)
        code, quiet = self.terminal(*small, "--quiet", NO_COLOR="1")
        self.assertTrue(quiet.startswith("ad-hoc over http2"), quiet)
        code, dumb = self.terminal(*small, TERM="dumb", NO_COLOR="1")
        self.assertNotIn("\x1b", dumb)

    def test_how_it_goes_is_a_plain_line_elsewhere(self):
        scenario = self.file("small.yaml", "fleet: { equipments: 4 }\ntraffic: { stages: [ { duration: 1s, rate: 20/s } ] }\n")
        compare = ["compare", scenario, "--protocols", "http2"]
        lines = [line for line in call(*compare).stderr.splitlines() if "running" in line]
        self.assertEqual(len([line for line in lines if line.startswith("1/1 ")]), 1, lines)  # a busy machine has it run again
        self.assertRegex(lines[0], r"^1/1 http2 \| running 1/1 s, .*, 4 connected, .*/s, P50 .* P95 .* P99 .*, \d+ in flight, \d+ cached, \d+ unanswered")
        self.assertNotIn("running", call(*compare, "--no-progress").stderr)
        self.assertNotIn("running", call(*compare, "--quiet").stderr)

    def test_a_threshold_that_aborts_ends_the_run(self):
        scenario = self.file("abort.yaml", "protocol: http2\nfleet: { equipments: 10 }\n"
                             "traffic: { stages: [ { name: calm, duration: 60s, rate: 10/s } ] }\n"
                             "thresholds:\n  'acknowledged{stage:calm}': [ { threshold: 'count<50', abortOnFail: true, delayAbortEval: 2s } ]\n"
                             "  response: [ { threshold: 'p(95)<1h', abortOnFail: true } ]\n")
        done = call("run", scenario, "-o", self.out)
        self.assertIn(done.returncode, (99, 3), done.stderr)
        report = self.report()
        self.assertEqual(done.returncode == 3, report["verdict"]["measurement"] == "invalid")
        self.assertEqual(report["verdict"]["aborted_by"], "acknowledged{stage:calm}: count<50")
        self.assertFalse(report["verdict"]["complete"])
        self.assert_balanced(report, report["tally"]["generated"])
        self.assertGreaterEqual(report["tally"]["generated"], 200)  # of the first 2 s
        self.assertLess(report["tally"]["generated"], 6000)
        self.assertEqual([(t["metric"], t["passed"]) for t in report["thresholds"]],
                         [("acknowledged{stage:calm}", False), ("response", True)])
        self.assertIn("ended early by the threshold", done.stdout)
        self.assertIn("count<50 does not hold", done.stderr)
        self.assertEqual(call("gate", self.out).returncode, done.returncode)
        self.assertEqual(call("diff", self.out, self.out).returncode, 3)
        self.assert_rendered(self.out, "incomplete (ended early by the threshold")

    def test_ctrl_c_ends_a_comparison_with_what_there_is(self):
        scenario = self.file("long.yaml", "fleet: { equipments: 4 }\ntraffic: { stages: [ { duration: 60s, rate: 20/s } ] }\n")
        for at, kept in (("running", True), ("4 equipments over", False)):
            folder = os.path.join(self.folder.name, at.replace(" ", "-"))
            process = subprocess.Popen([PORTILLON, "compare", scenario, "--protocols", "http2,mqtt", "-o", folder], stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)
            for line in process.stderr:
                if at in line:
                    break
            family = children_of(process.pid, "")
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 130)
            self.assertFalse([pid for pid in family if os.path.exists(f"/proc/{pid}")])
            self.assertEqual(os.path.exists(folder), kept)
            if kept:
                with open(os.path.join(folder, "comparison.json")) as file:
                    runs = json.load(file)["runs"]
                self.assertEqual([(run["protocol"], run["verdict"]["complete"]) for run in runs], [("http2", False)])
            else:
                self.assertIn("there is nothing to report", said)

    def test_every_help_has_examples_that_are_valid(self):
        commands = re.findall(r"^  ([a-z]+)  +[A-Z]", call("--help").stdout, re.M)
        self.assertGreaterEqual(len(commands), 10)
        for command in commands:
            with self.subTest(command):
                done = call(command, "--help")
                self.assertEqual(done.returncode, 0)
                examples = re.findall(r"portillon " + command + r"[^\n]*(?:\n    --[^\n]*)*", done.stdout.split("xample", 1)[1])
                self.assertTrue(examples)
                for example in examples:
                    for option in re.findall(r"(?<= )--?[a-z][-a-z]*", example):
                        self.assertRegex(done.stdout, r"(?m)^  (-o,)?(-[a-z],)?" + option + r"\b|^  " + option + ",", example)
                    for name in re.findall(r"scenarios/\S+\.yaml", example):
                        self.assertTrue(os.path.exists(os.path.join(SCENARIOS, "..", name)), name)

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
        self.assert_rendered(self.out, "**NOT TO BE TRUSTED**", "killed by signal 9")
        self.assertEqual(call("gate", self.out, "--threshold", "lost: count==0").returncode, 3)

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

    def test_two_targets_are_run_in_turn_and_compared(self):
        servers = {}
        for name in ("base", "cand"):
            server = subprocess.Popen([PORTILLON, "serve", "--ready-json", "--admin", "127.0.0.1:0", "--listen", "http2=127.0.0.1:0",
                                       "--listen", "grpc=127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.addCleanup(server.communicate)
            self.addCleanup(server.terminate)
            servers[name] = json.loads(server.stdout.readline())
        scenario = self.file("small.yaml", "fleet: { equipments: 4 }\ntraffic: { stages: [ { duration: 500ms, rate: 20/s } ] }\n"
                             "delivery: { drain: 10s }\n")
        folder = os.path.join(self.folder.name, "ab")
        words = []
        for name, ready in servers.items():
            words += ["--target", f"{name}=http://{ready['listeners']['http2']}", "--target",
                      f"{name}=grpc://{ready['listeners']['grpc']}", "--ledger", f"{name}={ready['admin']}"]
        done = call("compare", scenario, *words, "--repeat", "2", "-o", folder)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        path = os.path.join(folder, "comparison.json")
        with open(path) as file:
            runs = json.load(file)["runs"]
        order = [(run["name"], run["protocol"]) for run in first_times(runs)]
        entrants = [("base", "http2"), ("base", "grpc"), ("cand", "http2"), ("cand", "grpc")]
        self.assertEqual(order, entrants + entrants[::-1])
        self.assertEqual([run["ledger"]["delivered"] for run in runs], [40] * len(runs))
        self.assertEqual(len({run["run"] for run in runs}), len(runs))
        self.assertEqual(len({run["seed"] for run in runs}), 1)
        for said in ("base http2", "cand grpc", "verdict"):
            self.assertIn(said, done.stdout)
        hgrm = os.path.join(folder, "l.hgrm")
        self.assertEqual(call("render", path, "--hgrm", hgrm).returncode, 0)
        self.assertTrue(os.path.exists(os.path.join(folder, "l-cand-grpc.hgrm")))
        # Nobody listens at the second target: told, left out, and the first goes on.
        gone = call("compare", scenario, "--target", f"base=http://{servers['base']['listeners']['http2']}", "--target",
                    "cand=http://127.0.0.1:1", "--set", "fleet.start.within=1s", "--set", "delivery.drain=1s", "--repeat", "2", "-o", folder)
        self.assertEqual(gone.returncode, 1, gone.stderr)
        self.assertIn("no equipment could connect to http://127.0.0.1:1", gone.stderr)
        with open(path) as file:
            self.assertEqual([run["name"] for run in first_times(json.load(file)["runs"])], ["base", "cand", "base"])
        with open(os.path.join(folder, "comparison.md")) as file:
            self.assertTrue(file.read().startswith("**FAILED**"))

    def test_targets_that_make_no_comparison_are_named_at_once(self):
        scenario = os.path.join(SCENARIOS, "smoke.yaml")
        for arguments, named in (
                (["--target", "http://127.0.0.1:1", "--target", "cand=http://127.0.0.1:2"], "NAME=URL"),
                (["--target", "a=http://127.0.0.1:1", "--target", "a=http://127.0.0.1:2"], "two URLs"),
                (["--target", "a=http://127.0.0.1:1", "--protocols", "mqtt"], "does not fit --protocols mqtt"),
                (["--target", "a=http://127.0.0.1:1", "--protocols", "http2,mqtt"], "mqtt needs a target a"),
                (["--target", "a=http://127.0.0.1:1", "--protocols", "http3"], "did you mean http2"),
                (["--target", "a=ftp://127.0.0.1:1"], "ftp"),
                (["--target", "a=127.0.0.1"], "SCHEME://HOST:PORT"),
                (["--target", "a=http://127.0.0.1:1", "--ledger", "b=http://127.0.0.1:2"], "names no target"),
                (["--ledger", "http://127.0.0.1:2"], "needs --target"),
                (["--min-effect", "much"], "--min-effect"),
                (["--fail-on", "slower"], "--fail-on"),
                (["--target", "a=http://192.0.2.1:80", "--target", "b=http://127.0.0.1:1"], "--yes")):
            done = call("compare", scenario, *arguments, stdin=subprocess.DEVNULL)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(named, done.stderr)

    def test_serve_listens_answers_and_stops_cleanly(self):
        server = subprocess.Popen([PORTILLON, "serve", "--ready-json", "--admin", "127.0.0.1:0", "--shards", "2",
                                   *[word for name in LISTENERS for word in ("--listen", f"{name}=127.0.0.1:0")]],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        ready = json.loads(server.stdout.readline())
        self.assertEqual(sorted(ready["listeners"]), sorted(LISTENERS))
        with urllib.request.urlopen(f"http://{ready['admin']}/v1/health", timeout=10) as answer:
            self.assertEqual(json.load(answer)["status"], "ok")
        taken = call("serve", "--listen", f"mqtt={ready['listeners']['mqtt']}", "--admin", ready["admin"])
        self.assertNotEqual(taken.returncode, 0)
        self.assertIn(ready["listeners"]["mqtt"], taken.stderr)
        for protocol, listener, scheme in (("mqtt", "mqtt", "mqtt"), ("http2", "http2", "http"), ("grpc", "grpc", "grpc"),
                                           ("grpc-stream", "grpc", "grpc")):
            done = call("run", "--protocol", protocol, "--equipments", "10", "--rate", "10/s", "--duration", "1s", "--target",
                        f"{scheme}://{ready['listeners'][listener]}", "--ledger", f"http://{ready['admin']}", "-o", self.out)
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
