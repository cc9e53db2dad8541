"""Shared by the tests of the whole program: calling it as users and scripts do. The program's path is the first argument
of the script that imports this. The tests run in a folder of their own, since a run without -o keeps its report in the
current one."""
import atexit
import csv
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

PORTILLON = os.path.abspath(sys.argv.pop(1))
PROTOCOLS = ["mqtt", "http2", "grpc", "grpc-stream"]
LISTENERS = ["mqtt", "http2", "grpc"]  # the last takes unary calls and streams
SCENARIOS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scenarios")

_here = tempfile.mkdtemp()
atexit.register(shutil.rmtree, _here, ignore_errors=True)
os.chdir(_here)


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


class Case(unittest.TestCase):
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

    def assert_rendered(self, path, *known):
        """Every format can be made of it; Markdown says each of `known`."""
        folder = os.path.join(self.folder.name, "rendered")
        os.makedirs(folder, exist_ok=True)
        names = {"--html": "r.html", "--markdown": "r.md", "--csv": "r.csv", "--csv-intervals": "i.csv", "--hlog": "r.hlog", "--hgrm": "r.hgrm"}
        done = call("render", path, *[word for option, name in names.items() for word in (option, os.path.join(folder, name))])
        self.assertEqual(done.returncode, 0, done.stderr)
        texts = {}
        for option, name in names.items():
            with open(os.path.join(folder, name), newline="") as file:
                texts[option] = file.read()
        self.assertIn("<!doctype html>", texts["--html"][:100].lower())
        for said in known:
            self.assertIn(said, texts["--markdown"])
        self.assertLessEqual(len(texts["--markdown"]), 65536)
        with open(path) as file:
            report = json.load(file)
        runs = report["runs"] if report["kind"] == "comparison" else [report]
        rows = [row for row in csv.DictReader(io.StringIO(texts["--csv"])) if row["phase"] == ""]
        self.assertEqual([row["tally.generated"] for row in rows], [str(run["tally"]["generated"]) for run in runs])
        self.assertEqual([row["delivery.lost"] for row in rows],
                         ["" if run["delivery"]["lost"] is None else str(run["delivery"]["lost"]) for run in runs])
        self.assertEqual(len(list(csv.DictReader(io.StringIO(texts["--csv-intervals"])))), sum(len(run["intervals"]) for run in runs))
        self.assertTrue(texts["--hlog"].startswith("#[Histogram log format version 1.3]\n"))
        self.assertIn("#[Buckets = ", texts["--hgrm"])
        again = call("render", path)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertGreater(len(again.stdout), 200)

    def assert_balanced(self, report, generated):
        tally, ledger, delivery = report["tally"], report["ledger"], report["delivery"]
        self.assertEqual(tally["generated"], generated)
        self.assertEqual(sum(tally[k] for k in ("acknowledged", "rejected", "discarded", "unacknowledged", "cached")), generated)
        self.assertEqual(ledger["delivered"] + delivery["undelivered"], generated)
        self.assertEqual(ledger["unexpected"], 0)
