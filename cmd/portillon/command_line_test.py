#!/usr/bin/env python3
"""Rules for every command: outputs that cannot be written, standard output and error that cannot be, stop
signals, and words that nobody knows. Usage: command_line_test.py PORTILLON

The commands and their options are read from --help, so that a new one is covered without a further line: an argument is
filled in by its name, an option of type FILE or FOLDER is an output.
"""
import json
import os
import pty
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from program import PORTILLON, SCENARIOS, Case, call, children_of

SMALL = "protocol: http2\nfleet: { equipments: 2 }\ntraffic: { stages: [ { duration: 200ms, rate: 10/s } ] }\n" \
        "thresholds: { undelivered: ['count==0'] }\n"
LONG = "protocol: http2\nfleet: { equipments: 4 }\ntraffic: { stages: [ { duration: 60s, rate: 20/s } ] }\n"
NEVER_ENDING = {"serve": ["--admin", "127.0.0.1:0", "--listen", "http2=127.0.0.1:0"]}  # and its options
UNWRITABLE = "cannot be written"


def commands():
    return re.findall(r"^  ([a-z][-a-z]*)  +[A-Z]", call("--help").stdout, re.M)


def arguments(command):
    """The names of its positional arguments, those that may be left out included."""
    usage = re.search(r"^Usage: .*$", call(command, "--help").stdout, re.M).group()
    return [name.strip("[]") for name in re.findall(r" (\[?[A-Z]+\]?)(?= |$)", usage.split("[OPTIONS]")[1])]


def outputs(command):
    """(option, FILE or FOLDER) of each output."""
    found = re.findall(r"^  (-\S+) (FILE|FOLDER)(?: |$)", call(command, "--help").stdout, re.M)
    return [(names.split(",")[0], kind) for names, kind in found]


class CommandLine(Case):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.scenario = os.path.join(folder.name, "small.yaml")
        cls.saved = os.path.join(folder.name, "saved.json")
        with open(cls.scenario, "w") as file:
            file.write(SMALL)
        done = call("run", cls.scenario, "-o", cls.saved)
        assert os.path.exists(cls.saved), done.stderr
        with open(cls.saved) as file:
            cls.saved_text = file.read()

    def words(self, command):
        """A call of the command that does something and ends well; serve apart, which does not end. None: left out."""
        values = {"SCENARIO": self.scenario, "REPORT": self.saved, "BASE": self.saved, "CANDIDATE": self.saved, "OF": "report",
                  "COMMAND": "run", "TERM": "lost", "FILE": None, "SHELL": "bash"}
        wanted = arguments(command)
        self.assertLessEqual(set(wanted), set(values), f"say here what {command} is called with")
        return [command, *[values[name] for name in wanted if values[name] is not None], *NEVER_ENDING.get(command, [])]

    def complete_words(self, command):
        """The same with everything that the command needs to do its work."""
        return self.reconciling() if command == "reconcile" else self.words(command)

    def reconciling(self):
        """A call of reconcile with a report of a server without a ledger and an export that holds nothing."""
        report, rows = os.path.join(os.path.dirname(self.saved), "foreign.json"), os.path.join(os.path.dirname(self.saved), "rows.csv")
        if not os.path.exists(report):
            with open(rows, "w") as file:
                file.write("run,equipment,sequence\n")
            server = subprocess.Popen([PORTILLON, *self.words("serve")], stdout=subprocess.PIPE, text=True)
            try:
                address = next(re.search(r"127\.0\.0\.1:\d+", line).group() for line in server.stdout if line.startswith("http2"))
                done = call("run", self.scenario, "--target", f"http://{address}", "-o", report)
                self.assertTrue(os.path.exists(report), done.stderr)
            finally:
                server.terminate()
                server.communicate(timeout=60)
        return ["reconcile", report, "--arrived", rows]

    def all_outputs(self):
        found = [(command, *output) for command in commands() for output in outputs(command)]
        self.assertLessEqual({("run", "-o", "FILE"), ("compare", "-o", "FOLDER"), ("gate", "--junit", "FILE"), ("diff", "--markdown", "FILE"),
                              ("render", "--html", "FILE"), ("render", "--hgrm", "FILE")}, set(found))
        return found

    def assert_refused(self, words, option, *causes, **more):
        """At once: exit code 2, the option and the cause named, nothing else said, nothing started."""
        done = call(*words, **more)
        self.assertEqual(done.returncode, 2, (words, done.stderr))
        self.assertEqual(done.stdout, "", words)
        for line in done.stderr.splitlines():
            self.assertTrue(line.startswith(option + ": "), (words, done.stderr))
        for cause in causes:
            self.assertIn(cause, done.stderr, words)

    # --- outputs ---

    def test_an_output_that_cannot_be_written_is_refused_before_anything_is_done(self):
        folder, file = os.path.join(self.folder.name, "folder"), self.file("file", "kept")
        os.mkdir(folder)
        os.symlink("loop", os.path.join(self.folder.name, "loop"))
        for command, option, kind in self.all_outputs():
            none = os.path.join(self.folder.name, "none", "report")
            rows = [("", "the name is empty"), (os.path.join(file, "below"), "Not a directory"), ("/proc/report", "/proc"),
                    (os.path.join(self.folder.name, "loop"), "Too many levels"), (os.path.join(self.folder.name, "x" * 300), "too long")]
            rows += [(none, "there is no folder"), ("/dev/fd/99", "not open for writing")] if kind == "FILE" else [
                (file, "no folder"), ("/dev/null", "no folder")]
            if kind == "FILE" and (command, option) != ("run", "-o"):  # which takes a folder, too
                rows += [(folder, "is a folder"), (folder + "/", "is a folder"), (none + "/", "as a folder")]
            for path, cause in rows:
                with self.subTest(command=command, option=option, path=path):
                    self.assert_refused([*self.words(command), option, path], option, cause)
        self.assertEqual(sorted(os.listdir(self.folder.name)), ["file", "folder", "loop"])
        self.assertEqual(os.listdir(folder), [])

    def test_an_output_is_not_what_the_command_reads(self):
        for command, option, kind in self.all_outputs():
            words = self.words(command)
            for place, argument in enumerate(words):
                if not os.path.isfile(argument):
                    continue
                for name, link in (("itself", None), ("soft", os.symlink), ("hard", os.link)):
                    with self.subTest(command=command, option=option, argument=argument, name=name):
                        with tempfile.TemporaryDirectory(dir=os.path.dirname(argument)) as near:
                            inside = os.path.join(near, "comparison.md")
                            if link:
                                link(argument, inside)
                            if kind == "FILE":
                                self.assert_refused([*words, option, inside if link else argument], option, "is read by this command")
                            elif link:
                                self.assert_refused([*words, option, near], option, "is read by this command")
        with open(self.saved) as file:
            self.assertEqual(file.read(), self.saved_text)
        # Other inputs: a trace, a baseline, standard input.
        trace = self.file("t.csv", "0.1\n0.2\n")
        traced = self.file("traced.yaml", "protocol: http2\nfleet: { equipments: 2 }\n"
                           "traffic: { arrival: { kind: trace, file: t.csv }, stages: [ { duration: 1s } ] }\n")
        self.assert_refused(["run", traced, "-o", trace], "-o", "is read by this command as traffic.arrival.file")
        os.mkdir(self.out)
        os.link(trace, os.path.join(self.out, "comparison.html"))
        self.assert_refused(["compare", traced, "-o", self.out], "-o", "is read by this command as traffic.arrival.file")
        self.assert_refused(["gate", self.saved, "--baseline", self.file("b.json", self.saved_text), "--junit",
                             os.path.join(self.folder.name, "b.json")], "--junit", "as --baseline")
        self.assert_refused(["gate", self.saved + "#http2", "--junit", self.saved], "--junit", "as REPORT")
        with open(self.saved) as report:
            self.assert_refused(["render", "-", "--html", self.saved], "--html", "as REPORT", stdin=report)
        with open(trace) as file:
            self.assertEqual(file.read(), "0.1\n0.2\n")

    def test_two_outputs_do_not_share_a_place(self):
        os.symlink(self.folder.name, os.path.join(self.folder.name, "self"))
        self.file("old", "kept")
        by_command = {}
        for command, option, kind in self.all_outputs():
            if kind == "FILE":
                by_command.setdefault(command, []).append(option)
        for command, options in by_command.items():
            for first, second in zip(options, options[1:]):
                for one, other in (("new", "self/new"), ("old", "./old")):
                    with self.subTest(command=command, options=(first, second)):
                        self.assert_refused([*self.words(command), first, os.path.join(self.folder.name, one), second,
                                             os.path.join(self.folder.name, other)], second, "is the same place as " + first)
                self.assert_refused([*self.words(command), first, "-", second, "/dev/stdout"], second, "is the same place as " + first)
                done = call(*self.complete_words(command), first, "/dev/null", second, "/dev/null")
                self.assertIn(done.returncode, (0, 3, 99), done.stderr)
            # Where standard output or error was sent by the shell.
            for stream in ("stdout", "stderr"):
                with open(self.file("log", ""), "w") as log:
                    done = subprocess.run([PORTILLON, *self.words(command), options[0], log.name], **{"stdout": subprocess.PIPE,
                                          "stderr": subprocess.PIPE, stream: log}, timeout=60)
                self.assertEqual(done.returncode, 2, (command, stream))

    def test_files_named_after_rows_of_a_table_are_checked_too(self):
        folder = os.path.join(self.folder.name, "comparison")
        call("compare", self.scenario, "--protocols", "http2,mqtt", "-o", folder)
        report = os.path.join(folder, "comparison.json")
        at = os.path.join(folder, "l.hgrm")
        taken = os.path.join(folder, "l-http2.hgrm")
        self.assert_refused(["render", report, "--html", taken, "--hgrm", at], "--hgrm", "is the same place as --html")
        os.mkdir(taken)
        self.assert_refused(["render", report, "--hgrm", at], "--hgrm", taken, "is a folder")
        self.assertFalse(os.path.exists(os.path.join(folder, "l-mqtt.hgrm")))

    def test_every_output_can_be_standard_output_a_device_a_pipe_or_a_socket(self):
        for command, option, kind in self.all_outputs():
            with self.subTest(command=command, option=option):
                words = self.complete_words(command)
                done = call(*words, option, "-")
                self.assertIn(done.returncode, (0, 3, 99), done.stderr)
                self.assertGreater(len(done.stdout), 100)
                # It is alone there: what the command says besides goes elsewhere.
                if option == "-o":
                    json.loads(done.stdout)
                elif option == "--junit":
                    self.assertTrue(done.stdout.startswith("<?xml"), done.stdout[:100])
                elif option == "--markdown":
                    self.assertNotIn("\x1b", done.stdout)
                if kind == "FOLDER":
                    continue
                self.assertIn(call(*words, option, "/dev/null").returncode, (0, 3, 99))
                pipe = os.path.join(self.folder.name, f"pipe-{command}{option}")
                os.mkfifo(pipe)
                reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
                process = subprocess.Popen([PORTILLON, *words, option, pipe], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                got = b""
                while process.poll() is None or not got:
                    try:
                        got += os.read(reader, 1 << 20)
                    except BlockingIOError:
                        pass
                    time.sleep(0.005)
                os.close(reader)
                self.assertGreater(len(got), 100)
                with socket.socket(socket.AF_UNIX) as listener:
                    path = os.path.join(self.folder.name, f"s{command}{option}")
                    listener.bind(path)
                    listener.listen()
                    process = subprocess.Popen([PORTILLON, *words, option, path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                    connection, _ = listener.accept()
                    with connection:
                        self.assertGreater(len(connection.recv(1 << 20)), 100)
                        while connection.recv(1 << 20):
                            pass
                    self.assertIn(process.wait(60), (0, 3, 99))

    def test_a_folder_keeps_what_else_is_in_it(self):
        for command, option, kind in self.all_outputs():
            if kind == "FOLDER":
                folder = os.path.join(self.folder.name, command)
                os.mkdir(folder)
                with open(os.path.join(folder, "notes"), "w") as file:
                    file.write("kept")
                for _ in range(2):
                    self.assertIn(call(*self.words(command), option, folder).returncode, (0, 3, 99))
                with open(os.path.join(folder, "notes")) as file:
                    self.assertEqual(file.read(), "kept")
                deep = os.path.join(self.folder.name, "new", "deeper")
                self.assertIn(call(*self.words(command), option, deep).returncode, (0, 3, 99))
                self.assertGreater(len(os.listdir(deep)), 0)

    # --- standard output and error ---

    def all_calls(self):
        """Every command that ends by itself, and every way to ask for help."""
        calls = [["--help"], ["--version"]]
        for command in commands():
            calls.append([command, "--help"])
            if command not in NEVER_ENDING:
                calls.append(self.words(command))
        return calls

    def shell(self, words, redirections, **more):
        quoted = " ".join("'" + word + "'" for word in [PORTILLON, *words])
        return subprocess.run(["bash", "-c", f"{quoted} {redirections}"], capture_output=True, text=True, timeout=120, **more)

    def test_standard_output_that_cannot_be_written_is_said_and_fails(self):
        for words in self.all_calls():
            if call(*words).stdout == "":
                continue  # it has nothing to say there
            for redirection, cause in ((">/dev/full", "No space left on device"), (">&-", "Bad file descriptor"), (None, "Broken pipe")):
                with self.subTest(words=words, redirection=redirection):
                    if redirection is None:  # a pipe that nobody reads any more
                        reader, writer = os.pipe()
                        os.close(reader)
                        done = subprocess.run([PORTILLON, *words], stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60)
                        os.close(writer)
                    else:
                        done = self.shell(words, redirection)
                    self.assertEqual(done.returncode, 1, done.stderr)
                    self.assertEqual(done.stderr.count("standard output cannot be written: " + cause), 1, done.stderr)

    def test_standard_error_that_cannot_be_written_fails_what_had_something_to_say(self):
        for words in [*self.all_calls(), ["gat"], ["run", "--no-such-option"], []]:
            for redirection in ("2>/dev/full", "2>&-"):
                with self.subTest(words=words, redirection=redirection):
                    there = call(*words)
                    done = self.shell(words, redirection)
                    said = there.stderr != "" and there.returncode in (0, 3, 99)
                    self.assertIn(done.returncode, (1,) if said else (there.returncode, 3))
                    if words[:1] not in (["run"], ["compare"], ["doctor"]):  # their figures differ each time
                        self.assertEqual(done.stdout, there.stdout)

    def test_both_closed_or_gone_cost_no_report(self):
        for redirection in (">&- 2>&-", "<&- >&- 2>&-", ">/dev/full 2>&1", "2>&1 | head -1; exit ${PIPESTATUS[0]}"):
            with self.subTest(redirection):
                done = self.shell(["run", self.scenario, "-o", self.out], redirection)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertEqual(self.report()["tally"]["generated"], 4)
                os.remove(self.out)
                folder = os.path.join(self.folder.name, "comparison")
                done = self.shell(["compare", self.scenario, "--protocols", "http2,mqtt", "-o", folder], redirection)
                self.assertEqual(done.returncode, 1, done.stderr)
                with open(os.path.join(folder, "comparison.json")) as file:
                    self.assertEqual({(run["protocol"], run["tally"]["generated"]) for run in json.load(file)["runs"]},
                                     {("http2", 4), ("mqtt", 4)})
                for name in os.listdir(folder):
                    os.remove(os.path.join(folder, name))

    def test_json_that_cannot_go_to_standard_output_fails(self):
        done = self.shell(["run", self.scenario, "-o", "-"], ">/dev/full")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("standard output cannot be written", done.stderr)
        self.assertIn("generated", done.stderr)
        for command, option, _ in self.all_outputs():  # closed: known beforehand
            done = self.shell([*self.words(command), option, "-"], ">&-")
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("standard output is closed", done.stderr)

    def test_a_file_that_may_not_grow_is_an_error_and_no_death(self):
        done = subprocess.run(["bash", "-c", f"ulimit -f 1; '{PORTILLON}' render '{self.saved}' --html '{self.out}'"], capture_output=True,
                              text=True, timeout=60)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("File too large", done.stderr)
        self.assertFalse(os.path.exists(self.out))

    def test_serve_goes_on_when_nobody_hears_it(self):
        for redirection in (">&- 2>&-", ">/dev/full 2>/dev/full"):
            words = " ".join(["'" + PORTILLON + "'", *self.words("serve")])
            process = subprocess.Popen(["bash", "-c", f"exec {words} {redirection}"])
            deadline = time.monotonic() + 60
            while not children_of(process.pid, "server-shard") and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(0.5)
            self.assertIsNone(process.poll())
            process.terminate()
            self.assertEqual(process.wait(60), 1)

    # --- signals ---

    def start(self, words, until, **more):
        process = subprocess.Popen([PORTILLON, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        for line in process.stderr:
            if until in line:
                return process
        self.fail("it ended early")

    def long(self):
        return self.file("long.yaml", LONG)

    def test_each_stop_signal_leaves_a_report(self):
        folder = os.path.join(self.folder.name, "comparison")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            for words, path in ((["run", self.long(), "-o", self.out], self.out),
                                (["compare", self.long(), "--protocols", "http2,mqtt", "-o", folder], os.path.join(folder, "comparison.json"))):
                for whom in ("process", "group"):  # as a shell, timeout(1) and a terminal that is gone do
                    with self.subTest(signal=number.name, command=words[0], whom=whom):
                        process = self.start(words, "running", start_new_session=True)
                        if whom == "group":
                            os.killpg(process.pid, number)
                        else:
                            process.send_signal(number)
                        _, said = process.communicate(timeout=60)
                        self.assertEqual(process.returncode, 128 + number, said)
                        with open(path) as file:
                            report = json.load(file)
                        run = report if report["kind"] == "run" else report["runs"][0]
                        self.assertFalse(run["verdict"]["complete"])
                        self.assertIsNotNone(run["ledger"], run["verdict"])
                        self.assertFalse([each for each in run["verdict"]["reasons"] if "shard" in each or "server" in each])
                        self.assert_balanced(run, run["tally"]["generated"])
                        os.remove(path)

    def test_a_hangup_or_termination_that_comes_twice_by_itself_is_one(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            process = self.start(["run", self.long(), "-o", self.out], "running")
            process.send_signal(number)
            time.sleep(0.1)
            process.send_signal(number)
            _, said = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 128 + number, said)
            self.assertFalse(self.report()["verdict"]["complete"])
            os.remove(self.out)

    def test_a_stop_signal_that_insists_ends_it_at_once(self):
        # Nobody listens at the target, so the drain takes as long as it may.
        words = ["run", self.long(), "--target", "http://127.0.0.1:1", "--set", "fleet.start.within=1s", "-o", self.out]
        for first, second in ((signal.SIGINT, signal.SIGINT), (signal.SIGTERM, signal.SIGINT), (signal.SIGHUP, signal.SIGTERM)):
            process = self.start(words, "running")
            process.send_signal(first)
            for line in process.stderr:
                if "interrupted" in line:
                    break
            process.send_signal(second)
            process.communicate(timeout=60)
            self.assertEqual(process.returncode, 128 + second)
            self.assertFalse(os.path.exists(self.out))

    def test_nohup_is_respected(self):
        process = self.start(["run", self.file("s.yaml", LONG.replace("60s", "2s")), "-o", self.out], "running",
                             preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=60)
        self.assertIn(process.returncode, (0, 3))
        self.assertTrue(self.report()["verdict"]["complete"])

    def test_a_terminal_that_is_gone_leaves_a_report(self):
        # Like ssh when its connection drops: the shell's terminal hangs up, and the shell signals its jobs.
        pid, master = pty.fork()
        if pid == 0:
            try:
                os.execvp("bash", ["bash", "--norc", "-i"])
            finally:
                os._exit(127)
        os.write(master, f"TERM=dumb '{PORTILLON}' run '{self.long()}' -o '{self.out}'\n".encode())
        shown = b""
        while b"running" not in shown:
            shown += os.read(master, 65536)
        os.close(master)
        os.waitpid(pid, 0)
        deadline = time.monotonic() + 60
        while not os.path.exists(self.out) and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertFalse(self.report()["verdict"]["complete"])
        self.assertIsNotNone(self.report()["ledger"])

    def test_serve_stops_at_each_stop_signal(self):
        for number, code in ((signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGHUP, 129)):
            server = subprocess.Popen([PORTILLON, *self.words("serve"), "--shards", "2"], stdout=subprocess.PIPE, text=True,
                                      start_new_session=True)
            for line in server.stdout:
                if line.startswith("admin"):
                    break
            os.killpg(server.pid, number)
            server.communicate(timeout=60)
            self.assertEqual(server.returncode, code)

    def test_a_signal_between_the_runs_of_a_comparison_leaves_what_there_is(self):
        folder = os.path.join(self.folder.name, "comparison")
        process = self.start(["compare", self.scenario, "--protocols", "http2", "--repeat", "1000", "-o", folder], "2/1000")
        for line in process.stderr:
            if "3/1000 http2 | closing" in line or "3/1000 http2 | reconciling" in line:
                break
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 143)
        with open(os.path.join(folder, "comparison.json")) as file:
            self.assertGreaterEqual(len(json.load(file)["runs"]), 2)

    # --- words ---

    def test_unknown_words_are_named(self):
        for words, *said in (
                ([], "no command is given", "run, compare"), (["gat", "r.json"], "unknown command 'gat'; did you mean gate?"),
                (["RUN"], "did you mean run?"), (["frobnicate"], "unknown command 'frobnicate'\n", "run, compare"),
                (["-o", "r.json", "run", "smoke"], "the command comes first: portillon run -o r.json smoke"),
                (["smoke", "run"], "the command comes first: portillon run smoke"),
                (["scenario", "schema"], "the command comes first: portillon schema scenario"),
                (["--hepl"], "unknown option --hepl; did you mean --help?"), (["--quiet"], "unknown option --quiet"),
                (["smoke"], "did you mean portillon run smoke?"), ([self.scenario], "did you mean portillon run " + self.scenario),
                (["help", "rnu"], "unknown command 'rnu'; did you mean run?"),
                (["run", "--equipment", "5"], "run: unknown option --equipment; did you mean --equipments?"),
                (["gate", self.saved, "--treshold=lost: count==0"], "gate: unknown option --treshold", "did you mean --threshold?"),
                (["schema", "--form"], "schema: unknown option --form"), (["schema", "scenaro"], "did you mean scenario?"),
                (["run", self.scenario, "b.yaml"], "run: 'b.yaml' is one word too many (allowed: SCENARIO)"),
                (["diff", self.saved, "--fail-on", "wrose"], "unknown 'wrose'", "did you mean worse?"),
                (["version", "now"], "version: 'now' is one word too many (allowed: no argument)")):
            with self.subTest(words):
                done = call(*words)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(done.stdout, "")
                for each in said:
                    self.assertIn(each, done.stderr)

    def test_every_command_suggests_for_each_of_its_options(self):
        for command in commands():
            for option in re.findall(r"^  (?:-\w,)?(--[a-z][-a-z]{3,})", call(command, "--help").stdout, re.M):
                slip = option[:-2] + option[-1] + option[-2] if option[-1] != option[-2] else option + "x"
                with self.subTest(command=command, slip=slip):
                    done = call(command, slip)
                    self.assertEqual(done.returncode, 2)
                    self.assertIn(f"{command}: unknown option {slip}; did you mean --", done.stderr)

    def test_help_and_version_are_commands_too(self):
        self.assertEqual(call("version").stdout, call("--version").stdout)
        self.assertEqual(call("help").stdout, call("--help").stdout)
        for command in commands():
            done = call("help", command)
            self.assertEqual((done.returncode, done.stdout), (0, call(command, "--help").stdout))

    def test_scenarios_that_come_with_the_program_have_names(self):
        shipped = sorted(name[:-5] for name in os.listdir(SCENARIOS) if name.endswith(".yaml"))
        for name in shipped:
            by_file, by_name = call("plan", os.path.join(SCENARIOS, name + ".yaml")), call("plan", name, cwd=self.folder.name)
            self.assertEqual(by_name.stdout, by_file.stdout)
        self.assertEqual(call("validate", "smoke.yaml", cwd=self.folder.name).returncode, 0)
        # Installed, or put beside the program.
        for program, scenarios in (("installed/bin", "installed/share/portillon/scenarios"), ("unpacked", "unpacked/scenarios")):
            os.makedirs(os.path.join(self.folder.name, program))
            os.makedirs(os.path.join(self.folder.name, scenarios))
            at = os.path.join(self.folder.name, program, "portillon")
            os.link(PORTILLON, at) if os.stat(PORTILLON).st_dev == os.stat(self.folder.name).st_dev else subprocess.run(["cp", PORTILLON, at])
            self.file(os.path.join(scenarios, "mine.yaml"), SMALL)
            done = subprocess.run([at, "run", "mine", "--quiet", "-o", self.out], capture_output=True, text=True, timeout=60)
            self.assertIn(done.returncode, (0, 3), done.stderr)
            self.assertEqual(self.report()["tally"]["generated"], 4)
        for command in commands():
            if "SCENARIO" in arguments(command):
                with self.subTest(command):
                    done = call(command, "smokee", cwd=self.folder.name)
                    self.assertEqual(done.returncode, 2)
                    self.assertIn("did you mean smoke?", done.stderr)
                    self.assertIn(", ".join(shipped), done.stderr)
        self.file("near.yaml", SMALL)
        self.assertIn("did you mean " + os.path.join(self.folder.name, "near.yaml"),
                      call("run", os.path.join(self.folder.name, "naer.yaml")).stderr)
        self.assertIn("it is a folder", call("run", self.folder.name).stderr)
        # A file goes before a shipped scenario of the same name.
        self.file("smoke", SMALL.replace("http2", "mqtt"))
        self.assertIn("over mqtt", call("validate", "smoke", cwd=self.folder.name).stdout)
        self.assertIn("2 equipments", call("validate", "smoke", cwd=self.folder.name).stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
