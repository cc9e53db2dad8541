#!/usr/bin/env python3
"""Commands on saved reports, as users and scripts call them: gate, diff, render, and files that are no reports. Usage:
reports_test.py PORTILLON

The reports are made once, by real runs of a second, and their measurement is then called valid: what is tested here is
what the commands make of it, not whether this machine was quiet.
"""
import json
import os
import re
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as xml

from program import PORTILLON, SCENARIOS, Case, call

STAGED = """name: staged
fleet: { equipments: 5 }
traffic:
  stages:
    - { name: calm, duration: 500ms, rate: 20/s }
    - { name: rush, duration: 500ms, rate: 40/s }
delivery: { retry: { budget: 50% }, breaker: { failures: 1000 } }
thresholds: { response: ["p(95)<1h"], lost: ["count==0"] }
"""


def trusted(report):
    report["verdict"].update(measurement="valid", reasons=[], complete=True)
    return report


class Reports(Case):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        scenario = os.path.join(folder.name, "staged.yaml")
        with open(scenario, "w") as file:
            file.write(STAGED)
        server = subprocess.Popen([PORTILLON, "serve", "--ready-json", "--listen", "http2=127.0.0.1:0", "--admin", "127.0.0.1:0"],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        cls.addClassCleanup(server.communicate)
        cls.addClassCleanup(server.terminate)
        target = "http://" + json.loads(server.stdout.readline())["listeners"]["http2"]
        small = ["--equipments", "5", "--rate", "10/s", "--duration", "1s"]
        runs = {"whole": [scenario, "--protocol", "http2"],
                "unacknowledged": ["--protocol", "mqtt", "--set", "protocols.mqtt.qos=0", *small],
                "foreign": ["--protocol", "http2", "--target", target, *small],
                "refused": ["--protocol", "http2", "--target", "http://127.0.0.1:1", "--set", "fleet.start.within=1s", "--set",
                            "delivery.drain=1s", *small],
                "empty": ["--protocol", "grpc", "--equipments", "5", "--rate", "0/s", "--duration", "1s"]}
        paths = {name: os.path.join(folder.name, name + ".json") for name in runs}
        started = [subprocess.Popen([PORTILLON, "run", *words, "-o", paths[name]], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                   for name, words in runs.items()]
        for process in started:
            process.communicate(timeout=120)
        cls.made = {}
        for name, path in paths.items():
            with open(path) as file:
                cls.made[name] = json.load(file)

    def of(self, name, change=lambda report: None):
        """The path of a changed copy of a report whose measurement is valid."""
        report = trusted(json.loads(json.dumps(self.made[name])))
        change(report)
        return self.file(name + ".json", json.dumps(report))

    def setUp(self):
        super().setUp()
        with open(self.out, "w") as file:
            json.dump(trusted(json.loads(json.dumps(self.made["whole"]))), file)

    def gate(self, path, *thresholds, **more):
        words = [word for threshold in thresholds for word in ("--threshold", threshold)]
        return call("gate", path, *words, **more)

    def test_every_metric_is_judged_of_the_run_and_of_its_stages(self):
        names = call("gate", self.out, "--threshold", "nothing: count==0")
        self.assertEqual(names.returncode, 2)
        metrics = names.stderr.split("(allowed: ")[1].rsplit(")", 1)[0].split(", ")
        self.assertGreater(len(metrics), 40)
        path = self.of("whole")
        latencies = {"response", "service", "lateness", "end_to_end", "connect", "generator_lag"}
        for metric in metrics:
            of_stages = call("gate", path, "--threshold", metric + "{stage:calm}: " + ("max>=0" if metric in latencies else "count>=0"))
            for aggregate in ("p(95)", "avg", "min", "med", "max") if metric in latencies else ("count", "rate", "value"):
                holds = self.gate(path, f"{metric}: {aggregate}>=0")
                if holds.returncode == 2:
                    self.assertIn("allowed", holds.stderr)  # value of a counter, count of a number
                    continue
                with self.subTest(metric=metric, aggregate=aggregate):
                    self.assertEqual(holds.returncode, 0, holds.stdout)
                    self.assertEqual(self.gate(path, f"{metric}: {aggregate}<0").returncode, 99)
            self.assertIn(of_stages.returncode, (0, 2), of_stages.stdout)
            if of_stages.returncode == 2:
                self.assertIn("stage", of_stages.stderr + metric) if metric not in latencies else None
        self.assertEqual(self.gate(path, "generated{stage:calm}: count==50", "generated{stage:2}: count==100",
                                   "generated: count==150").returncode, 0)
        self.assertEqual(self.gate(path, "generated{stage:calm}: count==51").returncode, 99)
        self.assertEqual(self.gate(path, "generated{stage:clam}: count==50").returncode, 2)
        self.assertEqual(self.gate(path, "generated{stage:3}: count==50").returncode, 2)

    def test_what_is_not_known_never_passes(self):
        for name, thresholds in (
                ("foreign", ["lost: count==0", "lost: count<1", "lost: rate<0.1", "delivered: count>=0", "undelivered: count==0",
                             "end_to_end: p(95)<1h", "server.rss_bytes: value<1TB", "delivered_per_s: value>=0"]),
                ("unacknowledged", ["lost: count==0", "response: p(95)<1h", "service: max<1h", "acknowledged_per_s: value>=0"]),
                ("empty", ["response: p(95)<1h", "end_to_end: max<1h", "lost: rate<0.01", "lateness: avg<1h",
                           "bytes_per_validation: value<1000"]),
                ("refused", ["lost: count==0", "response: p(50)<1h", "connect: max<1h"])):
            path = self.of(name)
            for threshold in thresholds:
                with self.subTest(report=name, threshold=threshold):
                    done = self.gate(path, threshold)
                    self.assertEqual(done.returncode, 99, done.stdout)
                    self.assertIn("no data", done.stdout)
        for change, expected in (({"measurement": "invalid", "reasons": ["a process was lost"]}, 3), ({"complete": False}, 3),
                                 ({"complete": False, "aborted_by": "response: p(95)<1us"}, 99),
                                 ({"measurement": "suspect", "reasons": ["the clock stepped"]}, 0)):
            path = self.of("whole", lambda report: report["verdict"].update(change))
            with self.subTest(verdict=change):
                done = self.gate(path, "generated: count==150")
                self.assertEqual(done.returncode, expected, done.stdout)
                self.assertEqual(call("gate", path, "--strict").returncode, expected or 3)

    def test_junit_xml_has_a_case_for_each_threshold(self):
        path = self.of("whole")
        out = os.path.join(self.folder.name, "gate.xml")
        done = self.gate(path, "response: p(95)<1h", "response: p(99)<1ns", "lost{stage:rush}: count==0", "connect: p(50)>=1h")
        again = call("gate", path, "--threshold", "response: p(95)<1h", "--threshold", "response: p(99)<1us", "--threshold",
                     "lost{stage:rush}: count==0", "--junit", out)
        self.assertEqual((done.returncode, again.returncode), (99, 99))
        root = xml.parse(out).getroot()
        self.assertEqual(root.tag, "testsuites")
        suite, = root.findall("testsuite")
        cases = suite.findall("testcase")
        self.assertEqual([case.get("name") for case in cases],
                         ["measurement", "response: p(95)<1h", "response: p(99)<1us", "lost{stage:rush}: count==0"])
        self.assertTrue(all(case.get("classname") for case in cases))
        self.assertEqual([case.find("failure") is not None for case in cases], [False, False, True, False])
        self.assertIn("observed", cases[2].find("failure").get("message"))
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("4", "1"))

    def test_special_reports_are_rendered_and_claim_nothing_they_do_not_know(self):
        for name, said in (("foreign", "The target has no record"), ("unacknowledged", "Nothing is acknowledged"),
                           ("empty", "Nothing was generated"), ("refused", "The target has no record")):
            with self.subTest(name):
                path = self.file(name + ".json", json.dumps(self.made[name]))
                self.assert_rendered(path)
                summary = call("render", path).stdout
                self.assertIn(said, " ".join(summary.split()))
                self.assertEqual("Every validation arrived" in summary, name == "unacknowledged")
                if name != "empty":
                    lines = [line for line in summary.splitlines() if re.search(r"  lost +[-0-9]", line)]
                    self.assertTrue(all(re.search(r"  lost +-$", line) for line in lines), lines)
                    with open(os.path.join(self.folder.name, "rendered", "r.html")) as file:
                        self.assertNotIn(">0 lost<", file.read())
        self.assertEqual(self.made["empty"]["verdict"]["measurement"], "suspect")
        self.assertEqual(self.made["empty"]["tally"]["generated"], 0)

    def test_a_damaged_report_is_refused_by_every_command_with_one_line(self):
        with open(self.out, "rb") as file:
            raw = file.read()
        whole = json.loads(raw)
        text = json.dumps(whole, indent=2).encode()

        def edited(change):
            report = json.loads(raw)
            change(report)
            return json.dumps(report).encode()

        def replaced(old, new):
            self.assertIn(old, text)
            return text.replace(old, new, 1)

        def altered_histogram(report):
            packed = report["latency"]["response"]["histogram"]
            at = len(packed) // 2
            report["latency"]["response"]["histogram"] = packed[:at] + ("A" if packed[at] != "A" else "B") + packed[at + 1:]

        broken = {
            "empty": b"", "blank": b" \n", "garbage": b"\0\x7fELF", "text": b"name: peak\n", "list": b"[]", "other": b'{"kind": "run"}',
            "nan": replaced(b'"interval_s": 1', b'"interval_s": NaN'), "infinite": replaced(b'"interval_s": 1', b'"interval_s": 1e999'),
            "byte-0": raw + b"\0", "two": raw + raw, "not-utf-8": replaced(b'"target": "embedded"', b'"target": "\xff\xfe"'),
            "deep": b'{"schema": 1, "kind": ' + b"[" * 100_000, "brackets": b"[" * 100_000_000,
            "future": edited(lambda r: r.update(schema=2)), "past": edited(lambda r: r.update(schema=0)),
            "kind": edited(lambda r: r.update(kind="baseline")), "without": edited(lambda r: r.pop("verdict")),
            "negative": edited(lambda r: r["delivery"].update(lost=-1)), "fraction": edited(lambda r: r["delivery"].update(lost=0.5)),
            "unbalanced": edited(lambda r: r["tally"].update(acknowledged=r["tally"]["acknowledged"] + 1)),
            "faster": edited(lambda r: r["latency"]["response"].update(p95_us=1)), "histogram": edited(altered_histogram),
            "answered": edited(lambda r: r["latency"]["response"].update(unanswered=3)),
            "no-ledger": edited(lambda r: r.update(ledger=None)),
            "verdict": edited(lambda r: r["verdict"].update(measurement="suspect", reasons=[])),
            "passed": edited(lambda r: next(t for t in r["thresholds"] if t["metric"] == "lost").update(expression="count>0")),
        }
        for length in (1, 10, 100, 1_000, len(raw) // 2, len(raw) - 2):
            broken[f"cut-{length}"] = raw[:length]
        # A bit of a key, of a brace, of a figure: wherever it is not free text it shows.
        for word, bit in ((b'"tally"', 8), (b'"histogram"', 40), (b'"p99_us"', 3), (b'{', 1), (b'"generated": 150', 13 * 8 + 1)):
            at = text.index(word) * 8 + bit
            flipped = bytearray(text)
            flipped[at // 8] ^= 1 << at % 8
            broken[f"bit-{at}"] = bytes(flipped)
        out = os.path.join(self.folder.name, "none")
        for name, content in broken.items():
            path = os.path.join(self.folder.name, name + ".json")
            with open(path, "wb") as file:
                file.write(content)
            commands = [["gate", path, "--threshold", "lost: count==0", "--junit", out], ["gate", self.out, "--baseline", path],
                        ["diff", path, self.out, "--markdown", out], ["diff", self.out, path],
                        ["render", path, "--html", out, "--csv", out + ".csv"]]
            self.assert_refused(commands if len(content) < 1_000_000 else commands[:1], path, name, out)
            os.remove(path)
        folder = os.path.join(self.folder.name, "folder")  # without a report in it
        os.mkdir(folder)
        self.assert_refused([["gate", folder], ["render", folder], ["diff", self.out, folder]], folder, "folder", out)
        self.assertIn("schema", call("render", self.file("future.json", broken["future"].decode())).stderr)
        # Reports of later versions stay readable as long as their schema is 1; and standard input is a file, too.
        whole["of_the_future"] = {"a": 1}
        self.assertEqual(call("render", "-", input=json.dumps(whole)).returncode, 0)

    def assert_refused(self, commands, path, name, out):
        for command in commands:
            with self.subTest(report=name, command=command[0]):
                done = call(*command)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertTrue(done.stderr.startswith(path), done.stderr)
                for line in done.stderr.splitlines():
                    self.assertTrue(line.startswith(path), line)
                    self.assertLess(len(line), 400)
                self.assertEqual(done.stdout, "")
                self.assertFalse(os.path.exists(out) and (os.remove(out) or True))

    def test_a_gate_fails_closed(self):
        self.assertIn(call("gate", self.out, "--threshold", "generated: count==150").returncode, (0, 3))
        self.assertIn(call("gate", self.out, "--threshold", "generated: count==151").returncode, (99, 3))
        self.assertEqual(call("gate", self.out, "--threshold", "respones: p(95)<1s").returncode, 2)
        self.assertEqual(call("gate", os.path.join(self.folder.name, "none.json"), "--threshold", "lost: count==0").returncode, 2)
        with open(self.out) as file:
            text = file.read()
        cut = self.file("cut.json", text[:len(text) // 2])
        self.assertEqual(call("gate", cut, "--threshold", "lost: count==0").returncode, 2)

    def test_a_diff_of_two_reports_says_what_became_worse(self):
        report = self.report()
        report["verdict"].update(measurement="valid", reasons=[], complete=True)

        def turns(slowdown):
            runs = []
            for repeat in range(1, 6):
                run = json.loads(json.dumps(report))
                run.update(repeat=repeat, order=1)
                run["resources"]["server"]["cpu_us_per_validation"] *= slowdown * (1 + repeat / 200)
                runs.append(run)
            return self.file(f"{slowdown}.json", json.dumps(
                {"schema": 1, "kind": "comparison", "scenario": report["scenario"], "runs": runs}))

        base, same, slow = turns(1), turns(1.01), turns(1.5)
        self.assertEqual(call("diff", base, same, "--fail-on", "worse,inconclusive").returncode, 0)
        self.assertEqual(call("diff", base, slow).returncode, 0)
        done = call("diff", base, slow, "--fail-on", "worse", "--markdown", self.out + ".md")
        self.assertEqual(done.returncode, 99)
        self.assertTrue(done.stdout.startswith("verdict     WORSE"), done.stdout)
        self.assertNotIn("\033", done.stdout)
        with open(self.out + ".md") as file:
            self.assertIn("server CPU/validation", file.read())
        self.assertEqual(call("diff", self.out, self.out, "--strict").returncode in (3, 99), True)
        self.assertEqual(call("gate", slow, "--baseline", base, "--max-regression", "10%").returncode, 99)
        self.assertEqual(call("gate", slow, "--baseline", base + "#http2", "--max-regression", "60%").returncode, 0)
        self.assertEqual(call("diff", base, slow, "--min-effect", "5").returncode, 0)
        self.assertEqual(call("diff", base, slow, "--min-effect", "five").returncode, 2)
        self.assertEqual(call("diff", base + "#mqtt", slow).returncode, 2)
        self.assertEqual(call("diff", base).returncode, 2)
        report["context"]["cores"] += 1
        elsewhere = self.file("elsewhere.json", json.dumps(report))
        self.assertEqual(call("diff", base, elsewhere).returncode, 3)
        self.assertEqual(call("gate", elsewhere, "--baseline", base).returncode, 3)
        self.assertTrue(call("diff", base, elsewhere, "--force").stdout.startswith("FORCED"))

    def test_a_rendering_that_cannot_be_written_fails(self):
        done = call("render", self.out, "--html", "/dev/full")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/dev/full", done.stderr)

    def test_the_shipped_schemas_are_the_printed_ones(self):
        for kind, path in (("scenario", os.path.join(SCENARIOS, "scenario.schema.json")),
                           ("report", os.path.join(SCENARIOS, "..", "reports", "report.schema.json"))):
            with open(path) as file:
                self.assertEqual(call("schema", kind).stdout, file.read())

    def test_shipped_scenarios_are_valid_and_planned(self):
        for name in sorted(os.listdir(SCENARIOS)):
            if name.endswith(".yaml"):
                path = os.path.join(SCENARIOS, name)
                self.assertEqual(call("validate", path).returncode, 0, name)
                self.assertEqual(call("plan", path, "--compress", "60").returncode, 0, name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
