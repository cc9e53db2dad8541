#!/usr/bin/env python3
"""The tutorial, typed: every block of shell commands in scenarios/tutorial.md, in order, in an empty folder. A stand-in on
PATH writes down how each call of portillon ended, and lets its runs pass in a fraction of the time.
Usage: tutorial_test.py PORTILLON
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import unittest

from program import PORTILLON, SCENARIOS, Case

sys.path.insert(0, os.path.join(SCENARIOS, "..", "ci"))
from ports import free_port  # noqa: E402

COMPRESS = os.environ.get("PORTILLON_TUTORIAL_COMPRESS", "8")  # 1: as a reader types it
BROKER_PORT = "11883"
PATIENCE_S = 120  # for a block of commands, on a busy machine

STAND_IN = """#!/bin/bash
case "$1" in run|compare) more=(--compress "$TUTORIAL_COMPRESS") ;; esac
"$TUTORIAL_PROGRAM" "$@" "${more[@]}"
code=$?
printf '%s\\t%s\\n' "$code" "$*" >> "$TUTORIAL_LOG"
exit $code
"""


def blocks():
    with open(os.path.join(SCENARIOS, "tutorial.md")) as file:
        return re.findall(r"^```sh\n(.*?)^```$", file.read(), re.M | re.S)


def expected(call):
    """The exit codes that the call may have. An invalid measurement (3) and a broken promise about times (99) depend on the
    machine; losses are looked for in the reports."""
    if "<1us" in call:
        return {99, 3}
    return {0, 3, 99} if call.split()[0] in ("run", "compare", "reconcile") or "--baseline" in call else {0}


class Tutorial(Case):
    def setUp(self):
        super().setUp()
        self.bin = os.path.join(self.folder.name, "bin")
        self.log = os.path.join(self.folder.name, "calls")
        self.place = os.path.join(self.folder.name, "empty")
        os.mkdir(self.bin)
        os.mkdir(self.place)
        stand_in = os.path.join(self.bin, "portillon")
        with open(stand_in, "w") as file:
            file.write(STAND_IN)
        os.chmod(stand_in, 0o755)

    def typed(self, texts):
        """Types the blocks into one shell, and returns what was printed."""
        env = {**os.environ, "PATH": self.bin + ":" + os.environ["PATH"], "TUTORIAL_PROGRAM": PORTILLON,
               "TUTORIAL_LOG": self.log, "TUTORIAL_COMPRESS": COMPRESS, "PORTILLON_SCENARIOS": os.path.abspath(SCENARIOS)}
        shell = subprocess.Popen(["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                 cwd=self.place, env=env, start_new_session=True)
        try:
            said, _ = shell.communicate("".join(texts), timeout=PATIENCE_S * len(texts))
        finally:
            try:
                os.killpg(shell.pid, signal.SIGKILL)  # a broker, if a command before its end failed
            except ProcessLookupError:
                pass
        return said

    def test_every_command_does_what_the_text_says(self):
        texts = blocks()
        if shutil.which("mosquitto") is None or shutil.which("mosquitto_sub") is None:
            print("no mosquitto here: the part about an own broker is left out", flush=True)
            texts = [text for text in texts if BROKER_PORT not in text and "arrived.txt" not in text]
        port = str(free_port())
        said = self.typed([text.replace(BROKER_PORT, port) for text in texts])
        with open(self.log) as file:
            calls = [line.rstrip("\n").split("\t") for line in file]
        self.assertEqual(len(calls), sum(len(re.findall(r"^portillon ", text, re.M)) for text in texts), said)
        for code, call in calls:
            self.assertIn(int(code), expected(call), (call, said))
        self.assertNotIn("command not found", said)
        self.nothing_is_lost("outage.json", "restart.json")
        if any(BROKER_PORT in text for text in texts):
            self.nothing_is_lost("broker.json")

    def report_of(self, name):
        with open(os.path.join(self.place, name)) as file:
            return json.load(file)

    def nothing_is_lost(self, *names):
        for name in names:
            report = self.report_of(name)
            self.assertGreater(report["tally"]["generated"], 0)
            self.assertEqual((report["delivery"]["lost"], report["delivery"]["undelivered"]), (0, 0), name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
