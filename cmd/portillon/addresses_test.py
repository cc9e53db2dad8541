#!/usr/bin/env python3
"""Addresses, wherever somebody types one: IPv6 end to end, names with several addresses, what is refused before anything is sent.
Usage: addresses_test.py PORTILLON

Nothing here depends on how fast the machine is.
"""
import contextlib
import http.server
import json
import os
import socket
import subprocess
import threading
import unittest

from program import PORTILLON, PROTOCOLS, SCENARIOS, Case, call

LISTENER = {"mqtt": "mqtt", "http2": "http2", "grpc": "grpc", "grpc-stream": "grpc"}
SCHEME = {"mqtt": "mqtt", "http2": "http", "grpc": "grpc", "grpc-stream": "grpc"}
SMALL = ["--equipments", "5", "--rate", "10/s", "--duration", "1s"]


def has_ipv6_loopback():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


needs_ipv6 = unittest.skipUnless(has_ipv6_loopback(), "this machine has no IPv6 loopback")


@contextlib.contextmanager
def serving(host):
    """Runs the reference server with every listener and the admin endpoint at `host`; yields their addresses."""
    words = [word for name in ("mqtt", "http2", "grpc") for word in ("--listen", f"{name}={host}:0")]
    server = subprocess.Popen([PORTILLON, "serve", "--ready-json", "--admin", f"{host}:0", *words], stdout=subprocess.PIPE, text=True)
    try:
        yield json.loads(server.stdout.readline())
    finally:
        server.terminate()
        server.communicate(timeout=30)


@contextlib.contextmanager
def taken(family, host):
    """A port on which another program listens."""
    with socket.socket(family) as listening:
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind((host, 0))
        listening.listen(1)
        yield listening.getsockname()[1]


class Addresses(Case):
    @needs_ipv6
    def test_every_protocol_runs_over_ipv6_with_a_ledger(self):
        with serving("[::1]") as ready:
            self.assertTrue(ready["admin"].startswith("[::1]:"), ready)
            for protocol in PROTOCOLS:
                with self.subTest(protocol):
                    target = f"{SCHEME[protocol]}://{ready['listeners'][LISTENER[protocol]]}"
                    done = call("run", "--protocol", protocol, *SMALL, "--target", target, "--ledger", "http://" + ready["admin"],
                                "--source-address", "::1", "-o", self.out, stdin=subprocess.DEVNULL)
                    self.assertIn(done.returncode, (0, 3), done.stderr)
                    report = self.report()
                    self.assert_balanced(report, 50)
                    self.assertEqual(report["tally"]["acknowledged"], 50)
                    self.assertEqual(report["ledger"]["delivered"], 50)
                    self.assertEqual(report["target"], target)
                    self.assertIn("loopback", report["resources"]["note"])
                    self.assert_rendered(self.out)

    @needs_ipv6
    def test_every_protocol_is_compared_over_ipv6(self):
        scenario = self.file("small.yaml", "fleet: { equipments: 4 }\ntraffic: { stages: [ { duration: 500ms, rate: 20/s } ] }\n")
        folder = os.path.join(self.folder.name, "comparison")
        with serving("[::1]") as six, serving("127.0.0.1") as four:
            words = []
            for name, ready in (("six", six), ("four", four)):
                words += ["--ledger", f"{name}={ready['admin']}"]
                for scheme, listener in (("mqtt", "mqtt"), ("http", "http2"), ("grpc", "grpc")):
                    words += ["--target", f"{name}={scheme}://{ready['listeners'][listener]}"]
            done = call("compare", scenario, *words, "--protocols", ",".join(PROTOCOLS), "-o", folder, stdin=subprocess.DEVNULL)
            self.assertNotIn(done.returncode, (1, 2), done.stderr)
            with open(os.path.join(folder, "comparison.json")) as file:
                runs = [run for run in json.load(file)["runs"] if not run.get("superseded")]
            self.assertEqual(len(runs), 8)
            for run in runs:
                self.assertEqual(run["ledger"]["delivered"], 40, run["protocol"])
                self.assertEqual("[::1]" in run["target"], run["name"] == "six", run["target"])

    @needs_ipv6
    def test_a_name_is_tried_at_each_of_its_addresses(self):
        for host in ("[::1]", "127.0.0.1"):
            with serving(host) as ready:
                port = ready["listeners"]["http2"].rsplit(":", 1)[1]
                admin = ready["admin"].rsplit(":", 1)[1]
                done = call("run", "--protocol", "http2", *SMALL, "--target", f"http://localhost:{port}", "--ledger",
                            f"http://LOCALHOST:{admin}/", "-o", self.out, stdin=subprocess.DEVNULL)
                self.assertIn(done.returncode, (0, 3), done.stderr)
                report = self.report()
                self.assert_balanced(report, 50)
                self.assertEqual(report["tally"]["acknowledged"], 50)
                self.assertEqual(report["fleet"]["connect_failures"], {})
                self.assertEqual(report["target"], f"http://localhost:{port}")
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            port = nobody.getsockname()[1]
            gone = call("run", "--protocol", "mqtt", *SMALL, "--target", f"mqtt://localhost:{port}", "--set", "fleet.start.within=1s", "--set",
                        "delivery.drain=1s")
            self.assertEqual(gone.returncode, 1, gone.stderr)
            self.assertIn(f"could connect to mqtt://localhost:{port} (127.0.0.1:{port}, [::1]:{port})", gone.stderr)

    def test_mapped_ipv4_is_ipv4_and_needs_no_yes(self):
        with serving("[::ffff:127.0.0.1]") as ready:
            port = ready["listeners"]["mqtt"].rsplit(":", 1)[1]
            done = call("run", "--protocol", "mqtt", *SMALL, "--target", f"mqtt://[::FFFF:127.0.0.1]:{port}", "--source-address", "127.0.0.5",
                        "-o", self.out, stdin=subprocess.DEVNULL)
            self.assertIn(done.returncode, (0, 3, 99), done.stderr)
            self.assertEqual(self.report()["tally"]["acknowledged"], 50)
            self.assertEqual(self.report()["target"], f"mqtt://[::ffff:127.0.0.1]:{port}")

    @needs_ipv6
    def test_the_host_header_of_an_ipv6_ledger_keeps_its_brackets(self):
        hosts = []

        class Recorder(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                hosts.append(self.headers["Host"])
                self.send_error(404)

            def log_message(self, *_):
                pass

        class Server(http.server.HTTPServer):
            address_family = socket.AF_INET6

        server = Server(("::1", 0), Recorder)
        self.addCleanup(server.server_close)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        port = server.server_address[1]
        for host in ("[::1]", "localhost"):
            call("run", "--protocol", "http2", *SMALL, "--target", "http://127.0.0.1:1", "--ledger", f"http://{host}:{port}")
            self.assertEqual(hosts.pop(), f"{host}:{port}")

    def test_what_is_no_target_is_refused_with_what_to_write(self):
        scenario = self.file("small.yaml", "protocol: http2\nfleet: { equipments: 4 }\ntraffic: { stages: [ { duration: 1s, rate: 2/s } ] }\n")
        for url, said in (
                ("127.0.0.1:1", "write SCHEME://HOST:PORT"),
                ("http://127.0.0.1", "has no port"),
                ("http://127.0.0.1:0", "port 0"),
                ("http://127.0.0.1:65536", "1 to 65535"),
                ("http://::1:80", "write [::1]:80"),
                ("http://127.0.0.1:1/a b", "write %20"),
                ("http://127.0.0.1:1/caf\u00e9", "write %C3%A9"),
                ("http://caf\u00e9.example:1/", "xn--"),
                ("http://127.0.0.1:1/x#y", "fragment"),
                ("http://me:secret@127.0.0.1:1", "user name"),
                ("http://127.1:1", "four numbers"),
                ("http://0.0.0.0:1", "write 127.0.0.1"),
                ("http://[::]:1", "write [::1]"),
                ("http://[fe80::1]:1", "network card"),
                ("http://no-such-host.invalid:1", "cannot resolve no-such-host.invalid"),
                ("mqtts://127.0.0.1:1", "did you mean mqtt?"),
                ("https://127.0.0.1:1", "did you mean http?"),
                ("grpcs://127.0.0.1:1", "did you mean grpc?"),
                ("mqtt://127.0.0.1:1/topic", "write mqtt://127.0.0.1:1"),
                ("mqtt://[::1]:1?qos=1", "write mqtt://[::1]:1"),
                ("grpc://127.0.0.1:1/portillon.v1.Gate", "write grpc://127.0.0.1:1")):
            protocol = {"mqtt": "mqtt", "grpc": "grpc"}.get(url.split(":")[0], "http2")
            for words in (["run", scenario, "--protocol", protocol, "--target", url], ["compare", scenario, "--target", url],
                          ["compare", scenario, "--target", "a=http://127.0.0.1:1", "--target", "b=" + url]):
                with self.subTest(words):
                    done = call(*words, "-o", self.out, stdin=subprocess.DEVNULL)
                    self.assertEqual(done.returncode, 2, done.stderr)
                    self.assertIn("--target: ", done.stderr)
                    self.assertIn(said, done.stderr)
                    self.assertNotIn("secret", done.stderr)
                    self.assertFalse(os.path.exists(self.out))

    def test_what_a_scenario_puts_on_the_wire_is_no_rawer_than_a_url(self):
        for key, good, bad in (("http2.path", ("/v1/x", "/a?b=c&d=%2f", "/"), ("/a b", "/caf\u00e9", "/a#b", "/%zz", "/[x]", "x", "/a\\b")),
                               ("grpc.authority", ("gate.example:443", "[::1]:80", "h"), ("[::1", "a:b:c", "h:port", "::1")),
                               ("grpc-stream.authority", ("[::1]",), ("[h]:1", "h/x", "me@h"))):
            for values, code in ((good, 0), (bad, 2)):
                for value in values:
                    with self.subTest(f"{key}={value}"):
                        done = call("validate", os.path.join(SCENARIOS, "smoke.yaml"), "--set", f"protocols.{key}={json.dumps(value)}")
                        self.assertEqual(done.returncode, code, done.stderr)

    def test_what_is_no_ledger_is_refused_with_what_to_write(self):
        for url, said in (("https://127.0.0.1:1", "did you mean http?"), ("http://127.0.0.1:1/v1", "write http://127.0.0.1:1"),
                          ("http://127.0.0.1", "has no port"), ("::1:9090", "write [::1]:9090"), ("http://h:1?x", "has none"),
                          ("127.0.0.1:9090#x", "fragment"), ("http://no-such-host.invalid:1", "cannot resolve")):
            with self.subTest(url):
                done = call("run", "--protocol", "http2", *SMALL, "--target", "http://127.0.0.1:1", "--ledger", url)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn("--ledger: ", done.stderr)
                self.assertIn(said, done.stderr)

    def test_source_addresses_are_checked_before_anything_is_sent(self):
        rows = [(["--source-address", "198.51.100.1"], "198.51.100.1 is not an address of this machine"),
                (["--source-address", "2001:db8::1"], "2001:db8::1 is not an address of this machine"),
                (["--source-address", "here"], "'here' is not an address"),
                (["--source-address", "127.0.0.2", "--source-address", "198.51.100.1"], "198.51.100.1"),
                (["--source-address", "127.0.0.2", "--source-address", "127.0.0.2"], "named twice"),
                (["--source-address", "0.0.0.0"], "kernel chooses")]
        if has_ipv6_loopback():
            rows += [(["--source-address", "::1"], "::1 is an IPv6 address, and the embedded server at 127.0.0.1 has IPv4 alone"),
                     (["--source-address", "::1", "--target", "mqtt://127.0.0.1:1"], "mqtt://127.0.0.1:1 has IPv4 alone"),
                     (["--source-address", "127.0.0.1", "--target", "mqtt://[::1]:1"], "mqtt://[::1]:1 has IPv6 alone")]
        scenario = self.file("small.yaml", "protocol: mqtt\nfleet: { equipments: 4 }\ntraffic: { stages: [ { duration: 1s, rate: 2/s } ] }\n")
        for words, said in rows:
            for command in (["run"], ["compare", "--protocols", "mqtt"]):
                with self.subTest(command + words):
                    done = call(command[0], scenario, *command[1:], *words, "-o", self.out, stdin=subprocess.DEVNULL)
                    self.assertEqual(done.returncode, 2, done.stderr)
                    self.assertIn("--source-address: ", done.stderr)
                    self.assertIn(said, done.stderr)
                    self.assertEqual(done.stdout, "")
                    self.assertFalse(os.path.exists(self.out))

    @needs_ipv6
    def test_a_fleet_larger_than_the_ports_of_an_ipv6_loopback_is_told(self):
        words = ["run", "--protocol", "grpc", "--equipments", "70000", "--rate", "1/s", "--duration", "1s", "--target", "grpc://[::1]:1"]
        done = call(*words)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("70,000 on 1 source address", done.stderr)
        self.assertIn("a target at 127.0.0.1", done.stderr)

    def test_serve_is_told_of_addresses_that_take_each_others_connections(self):
        with taken(socket.AF_INET, "127.0.0.1") as port:
            pass
        rows = [(f"127.0.0.1:{port}", f"127.0.0.1:{port}"), (f"0.0.0.0:{port}", f"127.0.0.1:{port}"),
                (f"127.0.0.1:{port}", f"0.0.0.0:{port}"), (f"localhost:{port}", f"[::ffff:127.0.0.1]:{port}")]
        if has_ipv6_loopback():
            rows += [(f"[::]:{port}", f"127.0.0.1:{port}"), (f"[::1]:{port}", f"[::]:{port}"), (f"0.0.0.0:{port}", f"[::]:{port}")]
        for one, other in rows:
            for words, option in ((["--listen", f"mqtt={one}", "--listen", f"http2={other}", "--admin", "127.0.0.1:0"], "--listen http2="),
                                  (["--listen", f"mqtt={one}", "--admin", other, "--admin-token", "t"], "--admin ")):
                with self.subTest(words):
                    done = call("serve", *words)
                    self.assertEqual(done.returncode, 2, done.stderr)
                    self.assertIn(f"{option}{other}: takes the same connections as --listen mqtt={one}", done.stderr)

    def test_serve_is_told_at_once_of_an_address_it_cannot_have(self):
        rows = [("198.51.100.1:0", "not an address of this machine"), ("::1:80", "write [::1]:80"), ("127.0.0.1", "has no port"),
                ("127.0.0.1:65536", "1 to 65535"), ("example.org:80", "write an address"), ("224.0.0.1:0", "many machines"), ("", "HOST:PORT")]
        with contextlib.ExitStack() as stack:
            port = stack.enter_context(taken(socket.AF_INET, "127.0.0.1"))
            rows += [(f"127.0.0.1:{port}", "in use"), (f"0.0.0.0:{port}", "in use")]
            if has_ipv6_loopback():
                port = stack.enter_context(taken(socket.AF_INET6, "::1"))
                rows += [(f"[::1]:{port}", "in use"), (f"[::]:{port}", "in use")]
            for at, said in rows:
                for words in (["--listen", f"mqtt={at}", "--admin", "127.0.0.1:0"], ["--listen", "mqtt=127.0.0.1:0", "--admin", at]):
                    with self.subTest(words):
                        done = call("serve", *words, "--admin-token", "t")
                        self.assertEqual(done.returncode, 2, done.stderr)
                        self.assertIn(at, done.stderr.splitlines()[0])
                        self.assertIn(said, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
