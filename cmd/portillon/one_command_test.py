#!/usr/bin/env python3
"""One command does the whole job: short options, thresholds and files of run and compare, and what is kept of a run.
Usage: one_command_test.py PORTILLON

Nothing here depends on how fast the machine is: a slow one may make a measurement invalid (exit code 3), never more.
"""
import unittest

from program import Case, call

SMALL = ["-n", "5", "-r", "10/s", "-d", "1s"]


class OneCommand(Case):
    def assert_ended_well(self, done):
        self.assertIn(done.returncode, (0, 3), done.stdout + done.stderr)

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


if __name__ == "__main__":
    unittest.main(verbosity=2)
