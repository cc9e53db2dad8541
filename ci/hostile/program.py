"""Calls `portillon serve` and `portillon run` as a person would."""
import json
import os
import subprocess
import tempfile
import time
import urllib.request

SCHEMES = {"mqtt": "mqtt", "http2": "http", "grpc": "grpc", "grpc-stream": "grpc"}
DELIVERED = (0, 3)  # exit codes: on a machine too busy to measure (3) everything was delivered, too
LISTENER_OF = {"mqtt": "mqtt", "http2": "http2", "grpc": "grpc", "grpc-stream": "grpc"}


def protocols(portillon):
    """The protocols that have drivers."""
    schema = subprocess.run([portillon, "schema", "scenario"], capture_output=True, text=True, check=True, timeout=60).stdout
    return list(json.loads(schema)["properties"]["protocols"]["properties"])


def rss_bytes(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Server:
    """A `portillon serve` on ports of the kernel's choice, until the block ends."""

    def __init__(self, portillon, *options, listeners=("mqtt", "http2", "grpc"), shards=1):
        self.arguments = [portillon, "serve", "--ready-json", "--admin", "127.0.0.1:0", "--shards", str(shards), *options]
        for name in listeners:
            self.arguments += ["--listen", f"{name}=127.0.0.1:0"]

    def __enter__(self):
        self.process = subprocess.Popen(self.arguments, stdout=subprocess.PIPE, text=True)
        ready = json.loads(self.process.stdout.readline())
        self.admin = ready["admin"]
        self.addresses = {}
        for name, address in ready["listeners"].items():
            host, port = address.rsplit(":", 1)
            self.addresses[name] = (host, int(port))
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def figures(self):
        base = self.admin if self.admin.startswith("http") else f"http://{self.admin}"
        with urllib.request.urlopen(f"{base}/v1/figures", timeout=30) as answer:
            return json.load(answer)

    def pids(self):
        return [shard["pid"] for shard in self.figures()["shards"] if shard["alive"]]

    def rss_bytes(self):
        return sum(rss_bytes(pid) for pid in self.pids())

    def causes(self):
        """{"closed.malformed": 3, "refused.too_large": 1, ...}"""
        totals = self.figures()["totals"]
        return {f"{kind}.{cause}": count for kind in ("closed", "refused") for cause, count in totals[kind].items()}

    def wait_until(self, holds, patience_s=15):
        """Polls the figures until holds(figures) is true or patience ends; returns whether it was true."""
        until = time.monotonic() + patience_s
        while not holds(self.figures()):
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
        return True

    def target(self, protocol):
        host, port = self.addresses[LISTENER_OF[protocol]]
        return f"{SCHEMES[protocol]}://{host}:{port}"


class Run:
    """The results of a finished `portillon run`."""

    def __init__(self, portillon, protocol, target, *options, ledger=None, patience_s=120):
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "report.json")
            # No thresholds: the caller judges by the report itself.
            arguments = [portillon, "run", "--protocol", protocol, "--target", target, "--set", "thresholds={}", *options, "-o", out]
            if ledger:
                arguments += ["--ledger", ledger]
            began = time.monotonic()
            process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            try:
                self.stdout, self.stderr = process.communicate(timeout=patience_s)
                self.exit_code = process.returncode
            except subprocess.TimeoutExpired:
                process.kill()
                self.stdout, self.stderr = process.communicate()
                self.exit_code = None
            self.took_s = time.monotonic() - began
            self.report = None
            if os.path.exists(out):
                with open(out) as file:
                    self.report = json.load(file)

    def imbalance(self):
        """Why the books do not balance; None if they do."""
        if self.exit_code is None:
            return f"it did not end within {self.took_s:.0f} s"
        if self.report is None:
            return f"no report, exit code {self.exit_code}: {self.stderr.strip()[-300:]}"
        tally = self.report["tally"]
        total = sum(tally[state] for state in ("acknowledged", "rejected", "discarded", "unacknowledged", "cached"))
        if total != tally["generated"]:
            return f"generated {tally['generated']}, the states add up to {total}"
        ledger, delivery = self.report["ledger"], self.report["delivery"]
        if ledger is not None and ledger["delivered"] + delivery["undelivered"] != tally["generated"]:
            return f"delivered {ledger['delivered']} + undelivered {delivery['undelivered']} is not {tally['generated']}"
        return None
