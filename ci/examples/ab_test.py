#!/usr/bin/env python3
"""The example for other people's pipelines, run as they would run it. Usage: ab_test.py PORTILLON

Nothing here depends on how fast the machine is: a slow one may make a measurement invalid (exit code 3) and a difference
inconclusive, but what is slower on purpose is never called better.
"""
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree

import yaml

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from ports import free_ports  # noqa: E402

PORTILLON = os.path.abspath(sys.argv.pop(1))
HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPT = os.path.join(HERE, "ab.sh")
SCENARIO = """
fleet: { equipments: 4, start: { rate: 1000/s, within: 5s } }
traffic: { stages: [ { duration: 500ms, rate: 40/s } ] }
delivery: { drain: 10s }
thresholds: { lost: ["count==0"], undelivered: ["count==0"] }
"""
DELAY = """
import json, sys, urllib.request
body = json.dumps({"kind": "delay", "delay_ns": 100_000_000}).encode()
urllib.request.urlopen(urllib.request.Request(sys.argv[1] + "/v1/faults", body), timeout=10).read()
"""


def options_of(text):
    """The options with which a text calls ab.sh, over continued lines."""
    call = text[text.index("ab.sh"):]
    return re.findall(r"(?<![\w-])--[a-z-]+", call)


class Example(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.out = os.path.join(self.folder, "out")
        self.scenario = os.path.join(self.folder, "scenario.yaml")
        with open(self.scenario, "w") as file:
            file.write(SCENARIO)
        self.ports = dict(zip(("base", "base_admin", "cand", "cand_admin"), free_ports(4)))

    def arguments(self, *more):
        words = [SCRIPT, "--portillon", PORTILLON, "--scenario", self.scenario, "--output", self.out]
        for name in ("base", "cand"):
            server = shlex.join([PORTILLON, "serve", "--listen", f"http2=127.0.0.1:{self.ports[name]}", "--admin",
                                 f"127.0.0.1:{self.ports[name + '_admin']}"])
            words += [f"--{name}-start", "exec " + server,
                      f"--{name}-target", f"http://127.0.0.1:{self.ports[name]}",
                      f"--{name}-ledger", f"http://127.0.0.1:{self.ports[name + '_admin']}",
                      f"--{name}-health", f"http://127.0.0.1:{self.ports[name + '_admin']}/v1/health"]
        return words + list(more)

    def call(self, *more):
        done = subprocess.run(self.arguments(*more), capture_output=True, text=True, timeout=120)
        self.assert_nothing_left()
        return done

    def assert_nothing_left(self):
        mine = {str(port) for port in self.ports.values()}
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    with open(f"/proc/{entry}/cmdline", errors="replace") as file:
                        words = file.read()
                except (FileNotFoundError, ProcessLookupError, PermissionError):
                    continue
                self.assertFalse(any(f":{port}\0" in words + "\0" for port in mine), f"still runs: {words!r}")

    def read(self, name):
        with open(os.path.join(self.out, name)) as file:
            return file.read()

    def runs(self):
        """The runs, without those that were repeated because the machine was too busy to measure."""
        return [run for run in json.loads(self.read("comparison.json"))["runs"] if not run["superseded"]]

    def verdict(self):
        return re.match(r"\*\*([A-Za-z ]+)\*\*: ", self.read("comparison.md")).group(1).lower()

    def test_identical_servers_pass(self):
        done = self.call("--repeat", "1")
        self.assertIn(done.returncode, (0, 3), done.stdout + done.stderr)
        if done.returncode == 0:
            self.assertIn(self.verdict(), ("same", "inconclusive"))
        runs = self.runs()
        self.assertEqual([run["protocol"] for run in runs], ["http2", "http2"])
        self.assertEqual([run["ledger"]["delivered"] for run in runs], [80, 80])
        self.assertNotEqual(runs[0]["target"], runs[1]["target"])
        cases = list(xml.etree.ElementTree.fromstring(self.read("junit.xml")).iter("testcase"))
        self.assertEqual(len(cases), 6)
        self.assertIn("<html", self.read("comparison.html"))
        self.assertIn("base", done.stdout)
        self.assertIn("cand", done.stdout)

    def test_a_server_made_slower_is_never_called_better(self):
        slower = shlex.join([sys.executable, "-c", DELAY, f"http://127.0.0.1:{self.ports['cand_admin']}"])
        done = self.call("--repeat", "4", "--cand-ready", slower)
        self.assertIn(done.returncode, (99, 0, 3), done.stdout + done.stderr)
        expected = {99: ("worse",), 0: ("inconclusive",), 3: ("worse", "inconclusive", "incomparable")}
        self.assertIn(self.verdict(), expected[done.returncode], done.stdout)
        medians = {"base": [], "cand": []}
        for run in self.runs():
            name = "base" if str(self.ports["base"]) in run["target"] else "cand"
            medians[name].append(run["latency"]["response"]["p50_us"])
        self.assertEqual([len(runs) for runs in medians.values()], [4, 4])
        self.assertGreaterEqual(min(medians["cand"]), 100_000)

    def test_a_server_that_does_not_start_fails_the_job_and_stops_the_other(self):
        done = self.call("--cand-start", "echo out of disk; exit 7")
        self.assertEqual(done.returncode, 1)
        self.assertIn("out of disk", done.stderr)
        self.assertIn("cand server", done.stderr)

    def test_a_failed_threshold_fails_the_job(self):
        done = self.call("--repeat", "1", "--threshold", "generated: count==81")
        self.assertIn(done.returncode, (99, 3), done.stdout + done.stderr)
        self.assertIn("<failure", self.read("junit.xml"))

    def test_servers_are_stopped_when_the_job_is(self):
        process = subprocess.Popen(self.arguments("--set", "traffic.stages.0.duration=60s"), stderr=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL, text=True, start_new_session=True)
        for line in process.stderr:
            if "running" in line:
                break
        else:
            self.fail("it never ran")
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 143)
        for _ in range(600):
            try:
                return self.assert_nothing_left()
            except AssertionError:
                time.sleep(0.1)
        self.assert_nothing_left()

    def test_wrong_options_are_named(self):
        for arguments, named in ((["--scenario"], "--scenario"), (["--scenrio", "x"], "--scenrio"), ([], "--scenario"),
                                 (["--scenario", "x", "--base-target", "y"], "--cand-target")):
            done = subprocess.run([SCRIPT, *arguments], capture_output=True, text=True, timeout=10)
            self.assertEqual(done.returncode, 2)
            self.assertIn(named, done.stderr)

    def test_the_pipelines_use_options_that_exist(self):
        with open(SCRIPT) as file:
            script = file.read()
        known = set(re.findall(r"^  (--[a-z-]+)[ |)]", script, re.M)) | {"--help"}
        for name in ("github.yml", "gitlab.yml"):
            with open(os.path.join(HERE, name)) as file:
                pipeline = yaml.safe_load(file)
            if name == "github.yml":
                steps = pipeline["jobs"]["ab"]["steps"]
                call = next(step["run"] for step in steps if "/ab.sh" in step.get("run", ""))
                uploaded = next(step["with"]["path"] for step in steps if "upload" in step.get("uses", ""))
                self.assertEqual(uploaded, "ab-report/")
            else:
                call = next(line for line in pipeline["ab"]["script"] if "ab.sh" in line)
                self.assertEqual(pipeline["ab"]["artifacts"]["reports"]["junit"], "ab-report/junit.xml")
            used = options_of(call)
            self.assertGreater(len(used), 7)
            self.assertLessEqual(set(used) - {"--port"}, known)
            self.assertIn("--output ab-report", call)
        # every documented option is understood
        documented = set(re.findall(r"^  (--[a-z-]+) ", script[:script.index("END\n}")], re.M))
        parsed = set(re.findall(r"^  (--[a-z-]+)[ |)]", script[script.index("END\n}"):], re.M))
        self.assertEqual(documented, parsed - {"--help"})

    def gate_steps(self):
        """The scripts of the jobs named gate, each as its runner would run it."""
        with open(os.path.join(HERE, "github.yml")) as file:
            steps = yaml.safe_load(file)["jobs"]["gate"]["steps"]
            yield "github", next(step["run"] for step in steps if "portillon run" in step.get("run", ""))
        with open(os.path.join(HERE, "gitlab.yml")) as file:
            yield "gitlab", next(line for line in yaml.safe_load(file)["gate"]["script"] if "portillon run" in line)

    def run_gate(self, script, bound):
        """The script in a folder with a scenario, against a server that answers its health check."""
        folder = tempfile.mkdtemp(dir=self.folder)
        os.mkdir(os.path.join(folder, "load"))
        with open(os.path.join(folder, "load", "gate.yaml"), "w") as file:
            file.write(SCENARIO.replace("thresholds: { lost: [\"count==0\"], undelivered: [\"count==0\"] }", ""))
        server = os.path.join(folder, "start")
        with open(server, "w") as file:
            file.write(f"#!/bin/sh\nexec {shlex.quote(PORTILLON)} serve --listen http2=127.0.0.1:$1 --admin "
                       f"127.0.0.1:{self.ports['base_admin']}\n")
        os.chmod(server, 0o755)
        script = script.replace("8080/health", f"{self.ports['base_admin']}/v1/health").replace("8080", str(self.ports["base"]))
        script = script.replace("p(95)<50ms", bound)
        environment = {**os.environ, "START": server, "PATH": os.path.dirname(PORTILLON) + ":" + os.environ["PATH"]}
        done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", script], cwd=folder, env=environment, capture_output=True,
                              text=True, timeout=120)
        for _ in range(600):
            try:
                self.assert_nothing_left()
                break
            except AssertionError:
                time.sleep(0.1)
        return folder, done

    def test_the_gate_of_the_pipelines_passes_and_fails_on_p95(self):
        for name, script in self.gate_steps():
            folder, done = self.run_gate(script, "p(95)<30s")
            self.assertIn(done.returncode, (0, 3), (name, done.stdout + done.stderr))
            self.assertIn("<html", open(os.path.join(folder, "report.html")).read())
            folder, done = self.run_gate(script, "p(95)<1us")
            self.assertIn(done.returncode, (99, 3), (name, done.stdout + done.stderr))
            self.assertIn("<failure", open(os.path.join(folder, "gate.xml")).read())

    def test_the_pipelines_name_no_host(self):
        for name in ("github.yml", "gitlab.yml"):
            with open(os.path.join(HERE, name)) as file:
                hosts = set(re.findall(r"://([^/\s:\"']+)", file.read()))
            self.assertLessEqual(hosts, {"127.0.0.1"}, name)

    @unittest.skipUnless(shutil.which("shellcheck"), "no shellcheck here")
    def test_the_script_is_clean(self):
        done = subprocess.run(["shellcheck", SCRIPT], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    unittest.main(verbosity=2)
