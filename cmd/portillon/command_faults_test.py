#!/usr/bin/env python3
"""Faults of kind command, with the whole program in real time. Usage: command_faults_test.py PORTILLON"""
import os
import shlex
import signal
import subprocess
import time
import unittest

from program import PORTILLON, Case, call, children_of

SCENARIO = """
seed: 3
fleet: { equipments: 10 }
traffic: { stages: [ { duration: %s, rate: 20/s } ] }
delivery: { timeout: 20s, drain: 40s }
thresholds: { rejected: ["count==0"] }
faults:
  - %s
"""


class Commands(Case):
    def scenario(self, duration, **keys):
        fault = "{ kind: command, " + ", ".join(f"{key.rstrip('_')}: {value}" for key, value in keys.items()) + " }"
        return self.file("scenario.yaml", SCENARIO % (duration, fault))

    def test_nothing_is_executed_or_sent_unless_it_is_allowed(self):
        trace = os.path.join(self.folder.name, "trace")
        path = self.scenario("1s", run=f"'touch {trace}'")
        for command in (["run", path], ["compare", path, "--protocols", "mqtt,http2"]):
            done = call(*command)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertEqual(done.stderr.count("--allow-commands: is missing"), 1, done.stderr)
            self.assertIn(f"touch {trace}", done.stderr)
        self.assertFalse(os.path.exists(trace))
        self.assertEqual(call("validate", path).returncode, 0)
        self.assertIn(f"command touch {trace}, on this machine", call("plan", path).stdout)

    def test_a_server_of_ones_own_is_stopped_and_goes_on(self):
        server = subprocess.Popen([PORTILLON, "serve", "--listen", "http2=127.0.0.1:0", "--admin", "127.0.0.1:0", "--shards", "1"],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        port = None
        while port is None:
            line = server.stdout.readline()
            self.assertTrue(line, "the server ended")
            port = line.rsplit(":", 1)[1].strip() if line.startswith("http2 listening") else None
        pids = " ".join(map(str, children_of(server.pid, "shard")))
        path = self.scenario("3s", at="1s", for_="1s", run=f"sh -c 'kill -STOP {pids}; echo stopped'", until=f"sh -c 'kill -CONT {pids}'")
        done = call("run", path, "--protocol", "http2", "--target", f"http://127.0.0.1:{port}", "--allow-commands", "-o", self.out)
        self.assertIn(done.returncode, (0, 3), done.stdout + done.stderr)
        report = self.report()
        stop, go = report["faults"][0]["commands"]
        self.assertEqual([stop["key"], stop["exit_status"], stop["ended"], stop["last_line"]], ["run", 0, "exited with 0", "stopped"])
        self.assertEqual([go["key"], go["exit_status"], go["last_line"]], ["until", 0, None])
        self.assertGreaterEqual(stop["at_s"], 1)
        self.assertGreaterEqual(go["at_s"], 2)
        self.assertEqual(report["tally"]["acknowledged"], report["tally"]["generated"])
        self.assertGreater(report["latency"]["response"]["max_us"], 800_000)
        self.assertIn("run exited with 0", done.stdout)
        self.assertNotIn("\nstopped\n", done.stdout + done.stderr)

    def test_a_command_that_fails_makes_the_measurement_suspect(self):
        path = self.scenario("1s", at="200ms", run="/no/such/program")
        done = call("run", path, "--allow-commands", "-o", self.out)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        reasons = self.report()["verdict"]["reasons"]
        self.assertIn("a command of a fault failed: fault 1: /no/such/program could not be started: No such file or directory", reasons)
        self.assert_rendered(self.out, "could not be started")

    def test_ctrl_c_ends_the_fault_too(self):
        trace = os.path.join(self.folder.name, "trace")
        path = self.scenario("60s", at="0s", for_="50s", run=f"touch {shlex.quote(trace)}.begun", until=f"touch {shlex.quote(trace)}.ended")
        running = subprocess.Popen([PORTILLON, "run", path, "--allow-commands"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 60
        while not os.path.exists(trace + ".begun") and time.monotonic() < deadline:
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        said = running.communicate(timeout=60)[1]
        self.assertEqual(running.returncode, 130, said)
        self.assertTrue(os.path.exists(trace + ".ended"), said)


if __name__ == "__main__":
    unittest.main()
