#!/usr/bin/env python3
"""The manual, the completions, and the commands that explain: nothing that the program declares is missing from them.
Usage: documents_test.py PORTILLON
"""
import glob
import json
import os
import re
import shutil
import subprocess
import unittest

from program import PORTILLON, PROTOCOLS, SCENARIOS, Case, call

ROOT = os.path.join(SCENARIOS, "..")


def commands():
    return re.findall(r"^  ([a-z][-a-z]*)  +[A-Z]", call("--help").stdout, re.M)


def options(command):
    """Every name of every option, and every argument, as --help lists them."""
    text = call(command, "--help").stdout
    names = [name for line in re.findall(r"^  (-[^ ]+)", text, re.M) for name in line.split(",")]
    arguments = re.search(r"^Positionals:\n((?:  .*\n)+)", text, re.M)
    return names, re.findall(r"^  ([A-Z]+)", arguments.group(1), re.M) if arguments else []


def keys(schema):
    """Every name in `properties`, wherever it stands in the schema."""
    if isinstance(schema, dict):
        for name, value in schema.items():
            if name == "properties":
                yield from value
            yield from keys(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from keys(value)


def schema(of):
    return json.loads(call("schema", of).stdout)


def completed(*words):
    """The candidates for the last word, each with its description."""
    done = call("complete", *words)
    assert done.returncode == 0, done.stderr
    return dict(line.split("\t", 1) for line in done.stdout.splitlines())


class Manual(Case):
    def setUp(self):
        super().setUp()
        done = call("help", "--man", self.folder.name)
        self.assertEqual(done.returncode, 0, done.stderr)

    def page(self, name):
        with open(os.path.join(self.folder.name, "man" + name[-1], name)) as file:
            return file.read().replace("\\-", "-")

    def test_every_command_and_every_option_has_its_entry(self):
        known = commands()
        self.assertIn("run", known)
        overview = self.page("portillon.1")
        for command in known:
            self.assertIn(f"portillon {command}\\fR", overview)
            page = self.page(f"portillon-{command}.1")
            names, arguments = options(command)
            for name in names:
                self.assertRegex(page, rf"(?m)^(\\fB-[^ ]*\\fR, )*\\fB{name}\\fR", (command, name))
            for name in arguments:
                self.assertIn(f"\\fB{name}\\fR", page, command)
        self.assertEqual({f"portillon-{command}.1" for command in known} | {"portillon.1"},
                         set(os.listdir(os.path.join(self.folder.name, "man1"))))

    def test_every_key_of_the_formats_has_its_entry(self):
        for of in ("scenario", "report"):
            entries = set(re.findall(r"^\.TP\n\\fB(\S+)\\fR", self.page(f"portillon-{of}.5"), re.M))
            missing = [key for key in set(keys(schema(of))) if not any(("." + entry).endswith("." + key) for entry in entries)]
            self.assertEqual(missing, [], of)

    @unittest.skipUnless(shutil.which("mandoc"), "no mandoc here")
    def test_a_strict_reader_finds_no_fault(self):
        for folder in ("man1", "man5"):
            for name in sorted(os.listdir(os.path.join(self.folder.name, folder))):
                done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", os.path.join(self.folder.name, folder, name)],
                                      capture_output=True, text=True, timeout=60)
                faults = [line for line in done.stdout.splitlines() if "missing date" not in line]
                self.assertEqual(faults, [], name)


class Completion(Case):
    def test_every_command_and_every_option(self):
        self.assertEqual(list(completed("")), commands())
        self.assertEqual(list(completed("va")), ["validate"])
        for command in commands():
            names, _ = options(command)
            self.assertEqual(set(completed(command, "-")), set(names), command)

    def test_protocols_scenarios_metrics_faults_and_terms(self):
        for words in (["run", "--protocol", ""], ["run", "smoke", "--protocol", ""]):
            self.assertEqual(list(completed(*words)), PROTOCOLS)
        self.assertEqual(list(completed("run", "--protocol=gr")), ["--protocol=grpc", "--protocol=grpc-stream"])
        self.assertEqual(list(completed("compare", "smoke", "--protocols", "mqtt,h")), ["mqtt,http2"])
        scenarios = completed("run", "")
        for name in os.listdir(SCENARIOS):
            if name.endswith(".yaml"):
                self.assertIn(name.removesuffix(".yaml"), scenarios)
        self.assertIn(":files", scenarios)
        self.assertIn("lost:", completed("gate", "report.json", "--threshold", ""))
        self.assertEqual(list(completed("explain", "undel")), ["undelivered"])
        self.assertEqual(list(completed("help", "exp")), ["explain"])
        self.assertEqual(list(completed("schema", "")), ["scenario", "report"])
        self.assertIn(":folders", completed("compare", "smoke", "-o", ""))
        self.assertEqual(list(completed("run", "smoke", "-o", "")), [":files"])
        self.assertIn("worse", completed("diff", "--fail-on", ""))
        self.assertIn("delivery", completed("diff", "--allow", ""))
        self.assertEqual(list(completed("diff", "--format", "j")), ["json"])
        self.assertEqual(list(completed("run", "-p", "grpc-")), ["grpc-stream"])
        self.assertEqual(completed("nonsense", ""), {})

    def test_every_key_of_a_scenario_and_the_values_of_enumerations(self):
        known = completed("run", "smoke", "--set", "")
        of_thresholds = {"threshold", "abortOnFail", "delayAbortEval"}  # in mappings below a name that the scenario chooses
        missing = [key for key in set(keys(schema("scenario"))) - of_thresholds
                   if not any("." + key + "." in "." + each.rstrip("=") + "." for each in known)]
        self.assertEqual(missing, [])
        self.assertIn("thresholds.server.rss_bytes=", known)
        self.assertEqual(list(completed("run", "smoke", "--set", "protocols.mqtt.q")), ["protocols.mqtt.qos="])
        self.assertEqual(list(completed("run", "smoke", "--set", "protocols.mqtt.qos=")),
                         [f"protocols.mqtt.qos={qos}" for qos in (0, 1, 2)])
        self.assertEqual(list(completed("run", "smoke", "--set", "traffic.stages.3.shape=r")), ["traffic.stages.3.shape=ramp"])
        self.assertEqual(list(completed("compare", "smoke", "--vary", "protocols.mqtt.qos=0,")),
                         [f"protocols.mqtt.qos=0,{qos}" for qos in (0, 1, 2)])
        kinds = completed("run", "smoke", "--set", "faults.0.kind=")
        self.assertIn("faults.0.kind=half_open", kinds)
        self.assertEqual(len(kinds), len(schema("scenario")["properties"]["faults"]["items"]["properties"]["kind"]["enum"]))

    def bash(self, *words):
        script = f"source <('{PORTILLON}' completions bash)\n" \
                 'COMP_LINE=$* COMP_POINT=${#COMP_LINE} COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))\n_portillon\nprintf "%s\\n" "${COMPREPLY[@]}"'
        done = subprocess.run(["bash", "-c", script, "bash", PORTILLON, *words], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.stderr, "")
        return done.stdout.splitlines()

    def test_in_bash(self):
        self.assertEqual(self.bash("val"), ["validate"])
        self.assertEqual(self.bash("run", "--prot"), ["--protocol"])
        self.assertEqual(self.bash("run", "--protocol", "grpc-"), ["grpc-stream"])
        self.assertEqual(self.bash("run", "--set", "protocols.mqtt.q"), ["protocols.mqtt.qos="])
        self.assertEqual(self.bash("run", "--set", "protocols.mqtt.qos="), ["0", "1", "2"])
        self.assertEqual(self.bash("run", "--protocol=grpc-"), ["grpc-stream"])
        self.assertEqual(self.bash("help", ""), commands())
        with open(os.path.join(self.folder.name, "near.yaml"), "w"):
            pass
        self.assertIn(os.path.join(self.folder.name, "near.yaml"), self.bash("run", os.path.join(self.folder.name, "ne")))

    @unittest.skipUnless(shutil.which("fish"), "no fish here")
    def test_in_fish(self):
        folder = os.path.dirname(PORTILLON)
        for typed, expected in (("portillon val", "validate"), ("portillon run --protocol grpc-", "grpc-stream"),
                                ("portillon run ", "smoke")):
            done = subprocess.run(["fish", "--no-config", "-c", f"set -x PATH '{folder}' $PATH; portillon completions fish | source; "
                                   f"complete -C '{typed}'"], capture_output=True, text=True, timeout=60)
            self.assertIn(expected, [line.split("\t")[0] for line in done.stdout.splitlines()], done.stderr)

    @unittest.skipUnless(shutil.which("zsh"), "no zsh here")
    def test_zsh_takes_the_script(self):
        script = call("completions", "zsh").stdout
        self.assertTrue(script.startswith("#compdef portillon\n"))
        done = subprocess.run(["zsh", "-f", "-n", self.file("_portillon", script)], capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


class Scenarios(Case):
    def test_each_is_listed_with_its_question(self):
        said = call("scenarios").stdout
        for name in os.listdir(SCENARIOS):
            if name.endswith(".yaml"):
                self.assertIn(name.removesuffix(".yaml"), said)
        self.assertIn("does everything work at all?", said)

    def test_a_variable_names_another_folder(self):
        self.file("mine.yaml", "description: is it mine?\nfleet: { equipments: 2 }\n"
                  "traffic: { stages: [ { duration: 1s, rate: 1/s } ] }\n")
        env = {**os.environ, "PORTILLON_SCENARIOS": self.folder.name}
        said = call("scenarios", env=env).stdout
        self.assertIn("is it mine?", said)
        self.assertNotIn("smoke", said)
        self.assertEqual(call("validate", "mine", env=env).returncode, 0)
        self.assertEqual(call("validate", "smoke", env=env).returncode, 2)
        env["PORTILLON_SCENARIOS"] = "/nowhere"
        done = call("scenarios", env=env)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("PORTILLON_SCENARIOS", done.stderr)

    def test_descriptions_are_questions(self):
        for name in os.listdir(SCENARIOS):
            if name.endswith(".yaml"):
                with open(os.path.join(SCENARIOS, name)) as file:
                    self.assertRegex(file.read(), r"(?m)^description: .*\?$", name)


class Init(Case):
    def validated(self, *options):
        path = os.path.join(self.folder.name, "new.yaml")
        done = call("init", path, *options)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        checked = call("validate", path)
        self.assertEqual((checked.returncode, checked.stderr), (0, ""))
        with open(path) as file:
            text = file.read()
        os.remove(path)
        return text, checked.stdout

    def test_what_it_writes_is_a_scenario_in_which_every_line_is_explained(self):
        for options in ([], ["--outage", "10s"], ["--target", "grpc://127.0.0.1:1"], ["--warm-up", "0s"],
                        ["--protocol", "http2", "--equipments", "7", "--rate", "3/m", "--duration", "2m"]):
            with self.subTest(options):
                text, said = self.validated(*options)
                lines = text.splitlines()
                self.assertRegex(lines[0], r"^# yaml-language-server: \$schema=\S+scenario\.schema\.json$")
                for line in lines:
                    self.assertRegex(line, r"#|^description: ", text)
                    self.assertLessEqual(len(line), 130)

    def test_the_answers_decide(self):
        text, said = self.validated("-p", "http2", "-n", "7", "-r", "3/m", "-d", "2m")
        self.assertIn("7 equipments", said)
        self.assertIn("over http2", said)
        self.assertIn("130s", said)  # a warm-up of 10s, and the 2m
        self.assertIn("undelivered: ", text)
        text, _ = self.validated("--outage", "15s")
        self.assertRegex(text, r"for: 15s")
        self.assertRegex(text, r"order: strict")
        text, said = self.validated("--target", "http://127.0.0.1:8080/path")
        self.assertIn("over http2", said)
        self.assertNotRegex(text, r"(?m)^  lost:")

    def test_a_promise_is_written_whatever_else_is_asked_for(self):
        for options in ([], ["--outage", "5s"]):
            text, _ = self.validated("--promise", "p(99)<200ms", *options)
            self.assertIn("p(99)<200ms", text)
            self.assertNotEqual(call("init", "--promise", "nonsense", *options).returncode, 0)

    def test_no_warm_up_in_any_spelling(self):
        for none in ("0s", "0ms"):
            text, _ = self.validated("--warm-up", none)
            self.assertNotIn("name: warm-up", text)

    def test_it_runs(self):
        path = os.path.join(self.folder.name, "new.yaml")
        call("init", path, "--equipments", "3", "--rate", "10/s", "--duration", "1s", "--warm-up", "0s", "--promise", "p(95)<10s")
        done = call("run", path, "-o", self.out, "--set", "fleet.start.within=1s", "--set", "delivery.drain=2s")
        self.assertIn(done.returncode, (0, 3), done.stderr)
        self.assertEqual(self.report()["tally"]["acknowledged"], 30)

    def test_a_file_is_not_overwritten_unless_told(self):
        path = self.file("mine.yaml", "kept")
        done = call("init", path)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--force", done.stderr)
        with open(path) as file:
            self.assertEqual(file.read(), "kept")
        self.assertEqual(call("init", path, "--force").returncode, 0)
        self.assertEqual(call("validate", path).returncode, 0)
        self.assertEqual(call("init").stdout, call("init", "-").stdout)

    def test_wrong_answers_are_named_all_at_once(self):
        done = call("init", "--rate", "fast", "--duration", "soon", "--protocol", "mqt", "--target", "ftp://x")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        for said in ("--rate fast", "--duration soon", "did you mean mqtt"):
            self.assertIn(said, done.stderr)
        for options, said in ((["--target", "http://h:1", "--protocol", "mqtt"], "does not fit protocol mqtt"),
                              (["--outage", "5m"], "does not fit into the measured"),
                              (["--promise", "p(95)<50mz"], "thresholds.response"),
                              (["--promise", "x\"]\nseed: 9"], "thresholds")):
            done = call("init", *options)
            self.assertEqual((done.returncode, done.stdout), (2, ""), options)
            self.assertIn(said, done.stderr)


class Explain(Case):
    def test_a_term_by_any_of_its_names(self):
        for name, said in (("lateness", "send delay"), ("send-delay", "As a threshold: lateness:"), ("books", "delivery account"),
                           ("half_open", "A fault of the network"), ("response{stage:peak}", "was due to its acknowledgement")):
            done = call("explain", name)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(said, done.stdout)

    def test_an_unknown_word_gets_a_suggestion(self):
        done = call("explain", "undeliverd")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("did you mean undelivered?", done.stderr)

    def test_the_list_has_every_metric(self):
        said = call("explain").stdout
        for metric in completed("gate", "--threshold", ""):
            name = metric.rstrip(":")
            self.assertEqual(call("explain", name).returncode, 0, name)
        for word in ("equipment", "send delay", "server.rss_bytes", "stall", "suspect"):
            self.assertIn("  " + word, said)
        self.assertLessEqual(max(map(len, said.splitlines())), 100)


def anchors(path):
    """What a link to a part of the document may name, as GitHub makes it of the headings."""
    with open(path) as file:
        headings = re.findall(r"^#+ (.*)$", file.read(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


class Links(Case):
    def test_every_link_between_documents_leads_somewhere(self):
        documents = [path for pattern in ("*.md", "scenarios/*.md", "reports/*.md", "ci/examples/*.md", "lib/*/*.md")
                     for path in glob.glob(os.path.join(ROOT, pattern))]
        self.assertGreater(len(documents), 10)
        for document in documents:
            with open(document) as file:
                text = re.sub(r"^```.*?^```|`[^`\n]*`", "", file.read(), flags=re.M | re.S)
            for target in re.findall(r"\]\(([^)\s]+)\)", text):
                if not target.startswith(("http://", "https://")):
                    path, _, anchor = target.partition("#")
                    path = os.path.join(os.path.dirname(document), path) if path else document
                    self.assertTrue(os.path.exists(path), f"{document}: {target}")
                    if anchor:
                        self.assertIn(anchor, anchors(path), f"{document}: {target}")


class MadeDocuments(Case):
    def test_the_reference_and_the_glossary_are_up_to_date(self):
        for name, file in (("reference", "scenarios/reference.md"), ("glossary", "reports/glossary.md")):
            with open(os.path.join(ROOT, file)) as there:
                self.assertEqual(there.read(), call("help", "--document", name).stdout,
                                 f"make it again: portillon help --document {name} > {file}")

    def test_the_readme_defines_words_as_the_glossary_does(self):
        def definitions(text):
            return {term.replace("\\", ""): meaning for term, meaning in
                    re.findall(r"^\| (?:\*\*)?([^|(*]+?)(?:\*\*)?(?: \([^|]*\))? \| (.*) \|$", text, re.M)}

        with open(os.path.join(ROOT, "README.md")) as file:
            words = file.read().split("\n## Words\n", 1)[1].split("\n## ", 1)[0]
        known = definitions(call("help", "--document", "glossary").stdout)
        for term, meaning in definitions(words).items():
            if term not in ("term", "---"):
                self.assertEqual(meaning, known.get(term), f"{term} in README.md")
        self.assertGreater(len(definitions(words)), 10)

    def test_the_reference_has_every_key(self):
        said = call("help", "--document", "reference").stdout
        rows = set(re.findall(r"^\| `(\S+)` \|", said, re.M))
        missing = [key for key in set(keys(schema("scenario"))) if not any(("." + row).endswith("." + key) for row in rows)]
        self.assertEqual(missing, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
