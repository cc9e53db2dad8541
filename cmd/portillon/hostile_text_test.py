#!/usr/bin/env python3
"""Text from elsewhere that would steer whatever shows it, through every command and every format: no control character, no
override of writing direction, no formula, no markup of its own comes out. Usage: hostile_text_test.py PORTILLON
"""
import concurrent.futures
import csv
import html.parser
import http.client
import io
import json
import os
import re
import subprocess
import unicodedata
import unittest
import xml.parsers.expat

from program import PORTILLON, Case

# Texts in files and reports; and texts that may be typed, which have no NUL.
HOSTILE = ["\x1b[31mred", "\x1b]0;title\x07", "a\x1b[2J\x1b[Hb", "\x00nul", "\x7f\x08\x08", "\u0085\u009b31m", "\u202egpj.exe\u2066",
           "\ufffe\uffff", "\u2028\u2029\ufeff", "\U000e0041", "=cmd|' /C calc'!A0", "@SUM(1+1)", "+1+1", "\t=1", "</script><img src=x onerror=a()>",
           "a|b`c`[d](http://evil.example) www.evil.example @me <b>", "two\nlines: passed\r\n\x1b[2K", "]]>&\"'", "x" * 20000]
BROKEN = [b"\xff\xfe\x1b[31m", b"\xed\xa0\x80\x9b31m", b"cut\xe2\x82"]


def hidden(letter):
    point = ord(letter)
    return (unicodedata.category(letter) in ("Cc", "Zl", "Zp", "Cs") or point & 0xFFFE == 0xFFFE or 0xFDD0 <= point <= 0xFDEF or
            (unicodedata.category(letter) == "Cf" and letter not in "\u200c\u200d"))


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        assert not [name for name, _ in attributes if name.startswith("on")], attributes


class HostileText(Case):
    def run_it(self, *words, **more):
        words = [word if isinstance(word, bytes) else os.fsencode(word) for word in words]
        return subprocess.run([PORTILLON, *words], capture_output=True, timeout=120, **more)

    def assert_shown(self, text, kept="\n", what=""):
        try:
            letters = text.decode() if isinstance(text, bytes) else text
        except UnicodeDecodeError as error:
            self.fail(f"not UTF-8: {error}: {what}")
        found = sorted({f"U+{ord(each):04X}" for each in letters if hidden(each) and each not in kept})
        self.assertEqual(found, [], f"{what}: {letters[:400]!r}")

    def assert_harmless(self, *words, **more):
        done = self.run_it(*words, **more)
        self.assertGreaterEqual(done.returncode, 0, done)
        for stream in (done.stdout, done.stderr):
            self.assert_shown(stream, what=str(words)[:300])
            self.assertLess(len(stream), 60000 if b"json" not in str(words).encode() else 10**7)
        return done

    def test_what_is_typed(self):
        typed = [text for text in HOSTILE if "\x00" not in text] + BROKEN
        calls = []
        for text in typed:
            raw = text if isinstance(text, bytes) else text.encode()
            for words in (["validate", raw], [raw], ["run", b"--" + raw], ["run", "--set", b"name=" + raw], ["run", "--set", raw],
                          ["run", "--set", raw + b"=1"], ["validate", "--protocol", raw, "nope.yaml"], ["plan", "--rate", raw],
                          ["plan", "--seed", raw], ["doctor", "--equipments", raw], ["run", "--target", raw],
                          ["run", "--target", b"http://" + raw], ["compare", "--protocols", raw], ["compare", "--target", raw + b"=http://127.0.0.1:1"],
                          ["gate", raw], ["gate", "nope.json", "--threshold", raw], ["gate", "nope.json", "--threshold", raw + b": count==0"],
                          ["diff", raw, raw], ["render", raw], ["render", "nope.json", "--html", raw + b"/x"],
                          ["serve", "--listen", raw], ["serve", "--listen", raw + b"=127.0.0.1:0"], ["serve", "--admin", raw],
                          ["serve", "--idle", raw], ["schema", raw], ["run", "--source-address", raw, "--equipments", "1"]):
                if words == ["doctor"] or b"" in words:
                    continue
                calls.append(words)
        with concurrent.futures.ThreadPoolExecutor(16) as several:  # those that name a target wait until it is given up
            for done in several.map(lambda words: self.assert_harmless(*words), calls):
                self.assertNotIn(b"\npassed", done.stdout + done.stderr)

    def test_scenarios_and_traces(self):
        for text in HOSTILE:
            for part in ("name", "description", "topic", "stage", "key", "threshold", "file"):
                quoted = json.dumps(text)
                scenario = {"fleet": {"equipments": 1}, "traffic": {"stages": [{"duration": "1s", "rate": 1}]}}
                if part in ("name", "description", "key"):
                    scenario[part if part != "key" else text] = text[:90]
                elif part == "topic":
                    scenario["protocols"] = {"mqtt": {"topic": text}}
                elif part == "stage":
                    scenario["traffic"]["stages"][0]["name"] = text[:50]
                elif part == "threshold":
                    scenario["thresholds"] = {text[:90]: [quoted]}
                else:
                    scenario["traffic"]["arrival"] = {"kind": "trace", "file": text}
                path = self.file("hostile.yaml", json.dumps(scenario))
                for command in ("validate", "plan"):
                    self.assert_harmless(command, path)
            self.file("trace.csv", "seconds,equipment\n" + text + ",1\n1," + text + "\n")
            path = self.file("traced.yaml", "fleet: { equipments: 1 }\ntraffic: { arrival: { kind: trace, file: trace.csv }, stages: [ { duration: 2s } ] }\n")
            done = self.assert_harmless("validate", path)
            self.assertEqual(done.returncode, 2)
        for raw in BROKEN + [text.encode() for text in HOSTILE]:
            for name in ("raw.yaml", "raw.json"):
                path = os.path.join(self.folder.name, name)
                with open(path, "wb") as file:
                    file.write(raw + b": " + raw)
                self.assert_harmless("validate", path)
                self.assert_harmless("render", path)
                self.assert_harmless("gate", path)

    def hostile_report(self):
        """A report of a real run in which every free text is hostile, each in another way."""
        scenario = self.file("named.yaml", "name: n\nfleet: { equipments: 2 }\ntraffic: { stages: [ { name: s, duration: 1s, rate: 5/s } ] }\n"
                             "thresholds: { response: ['p(95)<1h'], lost: ['count==1'] }\n")
        self.run_it("run", scenario, "--protocol", "http2", "-o", self.out)
        report = self.report()
        changed = 0

        def places(value, keys=()):
            if isinstance(value, dict):
                for key in value:
                    yield from places(value[key], keys + (key,))
            elif isinstance(value, list):
                for index in range(len(value)):
                    yield from places(value[index], keys + (index,))
            elif isinstance(value, str) and len(value) < 300:
                yield keys, value

        def put(keys, text):
            inner = report
            for key in keys[:-1]:
                inner = inner[key]
            inner[keys[-1]] = text

        report["verdict"].update(measurement="suspect", reasons=["because"])
        report["errors"] = {"connect.refused": 1}
        for number, (keys, value) in enumerate(list(places(report))):
            put(keys, HOSTILE[number % (len(HOSTILE) - 1)])
            with open(self.out, "w") as file:
                json.dump(report, file)
            if self.run_it("render", self.out).returncode == 2:
                put(keys, value)
            else:
                changed += 1
        report["errors"] = {f"connect.{text}": 1 for text in HOSTILE[:-1]}
        with open(self.out, "w") as file:
            json.dump(report, file)
        if self.run_it("render", self.out).returncode == 2:
            report["errors"] = {}
        with open(self.out, "w") as file:
            json.dump(report, file)
        self.assertGreater(changed, 12)
        return self.out

    def test_reports(self):
        plain = os.path.join(self.folder.name, "plain.json")
        self.run_it("run", "--protocol", "http2", "--equipments", "2", "--rate", "5/s", "--duration", "1s", "-o", plain)
        path = self.hostile_report()
        made = {}
        for name, report in (("plain", plain), ("hostile", path)):
            names = {each: os.path.join(self.folder.name, f"{name}.{each}") for each in ("html", "markdown", "csv", "csv-intervals", "hlog", "hgrm")}
            options = [word for each, target in names.items() for word in ("--" + each, target)]
            self.assertEqual(self.run_it("render", report, *options).returncode, 0)
            made[name] = {}
            for each, target in names.items():
                with open(target, "rb") as file:
                    made[name][each] = file.read()
        for each, text in made["hostile"].items():
            self.assert_shown(text, kept="\n\r\t" if each.startswith("csv") else "\n\t" if each == "html" else "\n", what=each)
        pages = {name: Page() for name in made}
        for name, page in pages.items():
            page.feed(made[name]["html"].decode())
            self.assertNotIn("img", page.tags)
        self.assertEqual(pages["hostile"].tags.count("script"), pages["plain"].tags.count("script"))
        for each in ("csv", "csv-intervals"):
            rows = list(csv.reader(io.StringIO(made["hostile"][each].decode(), newline="")))
            self.assertEqual({len(row) for row in rows}, {len(rows[0])})
            for cell in (cell for row in rows for cell in row):
                if cell[:1] in "=+-@\t\r" and cell:
                    float(cell)  # numbers of ours stay numbers
        for line in made["hostile"]["hlog"].decode().splitlines():
            self.assertRegex(line, r'^(#\[.*\]|"StartTimestamp".*|(Tag=[a-z_]+,)?[0-9.]+,[0-9.]+,[0-9.]+,[A-Za-z0-9+/=]+)$')
        # In code everything stands as it is.
        markdown = re.sub(r"(?ms)^(```+)json$.*?^\1$|`[^`\n]*`", "", made["hostile"]["markdown"].decode())
        self.assertNotIn("<img", markdown)
        self.assertNotIn("http://evil", markdown)
        self.assertNotRegex(markdown, r"(^|[^&;\w])@me")
        junit = os.path.join(self.folder.name, "junit.xml")
        self.assert_harmless("gate", path, "--junit", junit, "--threshold", "lost: count==0")
        self.assert_harmless("gate", path, "--junit", junit)
        self.assert_harmless("gate", path, "--baseline", plain, "--junit", junit, "--threshold", "lost: count==0")
        with open(junit, "rb") as file:
            text = file.read()
        self.assert_shown(text, what="junit")
        xml.parsers.expat.ParserCreate().Parse(text, True)
        difference = os.path.join(self.folder.name, "diff.md")
        for words in (["diff", plain, path], ["diff", path, plain, "--force"], ["diff", path, path, "--markdown", difference], ["render", path],
                      ["render", path, "--markdown", "-"]):
            self.assert_harmless(*words)

    def test_the_admin_endpoint(self):
        server = subprocess.Popen([PORTILLON, "serve", "--ready-json", "--listen", "http2=127.0.0.1:0", "--admin", "127.0.0.1:0"],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(server.communicate)
        self.addCleanup(server.terminate)
        host, port = json.loads(server.stdout.readline())["admin"].rsplit(":", 1)
        for text in [each for each in HOSTILE if len(each) < 1000]:
            for method, path, body in (("POST", "/v1/runs", {"run": text}), ("POST", "/v1/faults", {"kind": text}),
                                       ("POST", "/v1/runs", {text: text}), ("POST", "/v1/faults", {"kind": "stall", "for_ns": text})):
                connection = http.client.HTTPConnection(host, int(port), timeout=10)
                connection.request(method, path, json.dumps(body, ensure_ascii=False).encode())
                answer = connection.getresponse().read()
                connection.close()
                self.assert_shown(answer, what=str(body))
                json.loads(answer)


if __name__ == "__main__":
    unittest.main()
