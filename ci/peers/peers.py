"""Portillon beside the tools of its field. Usage: peers.py PORTILLON FOLDER_OF_PEERS [ROUNDS] [FILE] [ROW...]

A row is measured so: in each round ours and the peer's, their order turned round from round to round; then the medians
and their ratio. A row without a peer says what was reached, beside what was promised.
"""
import contextlib
import json
import os
import platform
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from ports import free_port  # noqa: E402

portillon, peers = sys.argv[1:3]
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
page = sys.argv[4] if len(sys.argv) > 4 else "reports/peers.md"
chosen = sys.argv[5:]
BODY_BYTES = 330  # of one validation of 100 bytes as JSON


def wait_for(port, process):
    for _ in range(200):
        assert process.poll() is None, "the server ended early"
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.05)
    raise AssertionError("the server does not listen")


def stop(process):
    process.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
    process.kill()
    process.wait()


@contextlib.contextmanager
def nghttpd(count=1):
    with tempfile.TemporaryDirectory() as root:
        os.makedirs(f"{root}/v1")
        with open(f"{root}/v1/validations", "w") as file:
            file.write("ok")
        started = []
        try:
            for _ in range(count):
                port = free_port()
                process = subprocess.Popen(["nghttpd", "--no-tls", "--address=127.0.0.1", "-d", root, str(port)],
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                wait_for(port, process)
                started.append((port, process))
            yield started if count > 1 else started[0]
        finally:
            for _, process in started:
                stop(process)


@contextlib.contextmanager
def mosquitto():
    port = free_port()
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf:
        conf.write(f"listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n")
        conf.flush()
        process = subprocess.Popen(["mosquitto", "-c", conf.name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(port, process)
        try:
            yield port
        finally:
            stop(process)


def run(scenario, *options):
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/scenario.yaml"
        if scenario.endswith(".yaml"):
            path = scenario
        else:
            with open(path, "w") as file:
                file.write(scenario)
        out = f"{folder}/report.json"
        done = subprocess.run([portillon, "run", path, "--quiet", "-o", out, *options], capture_output=True, text=True,
                              timeout=900)
        if not os.path.exists(out):
            raise AssertionError(f"no report, exit {done.returncode}: {done.stderr}")
        with open(out) as file:
            return json.load(file)


def scenario_of(equipments, stages, arrival="periodic", extra=""):
    return f"""
fleet: {{ equipments: {equipments}, start: {{ rate: 20000/s, within: 60s }} }}
traffic:
  arrival: {arrival}
  stages: {stages}
delivery: {{ timeout: 20s, connect_timeout: 20s, drain: 20s{extra} }}
"""


def h2load(port, *options):
    """Runs h2load; returns its CPU seconds, its largest resident memory, and its output."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.NamedTemporaryFile("w") as body:
        body.write("x" * BODY_BYTES)
        body.flush()
        process = subprocess.Popen(["h2load", "-t1", "-d", body.name, *map(str, options),
                                    f"http://127.0.0.1:{port}/v1/validations"],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        text, _ = process.communicate(timeout=300)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    requests = 0
    for line in text.splitlines():
        if line.startswith("status codes:"):
            requests = int(line.split()[2])
    assert requests > 0, text
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu_s, requests, text


def resident(pid):
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


# ---------------------------------------------------------------------------------------------------------- the rows

SMALL, LARGE = 2000, 8000


def memory_ours(protocol):
    at = {}
    for size in (SMALL, LARGE):
        report = run(scenario_of(size, "[{ duration: 10s, rate: 1/s }]"), "--protocol", protocol, "--shards", "1")
        assert report["tally"]["acknowledged"] == size * 10, report["verdict"]
        at[size] = (report["resources"]["generator"]["rss_bytes"], report["resources"]["server"]["rss_bytes"])
    return [(at[LARGE][side] - at[SMALL][side]) / (LARGE - SMALL) for side in (0, 1)]


def memory_peer():
    at = {}
    for size in (SMALL, LARGE):
        with nghttpd() as (port, server), tempfile.NamedTemporaryFile("w") as body:
            body.write("x" * BODY_BYTES)
            body.flush()
            # Ten requests on each connection, then it waits; memory is read while all are connected.
            client = subprocess.Popen(["h2load", "-t1", "-c", str(size), "--rps=1", "-D", "12", "-d", body.name,
                                       f"http://127.0.0.1:{port}/v1/validations"], stdout=subprocess.DEVNULL)
            time.sleep(11)
            at[size] = (resident(client.pid), resident(server.pid))
            client.wait(60)
    return [(at[LARGE][side] - at[SMALL][side]) / (LARGE - SMALL) for side in (0, 1)]


class Watch:
    """Measures the time from the first of so many sockets to the last."""

    def __init__(self, sockets):
        self.sockets, self.base, self.first, self.last, self.over = sockets, self.count(), None, None, False
        self.thread = threading.Thread(target=self.look)
        self.thread.start()

    @staticmethod
    def count():
        with open("/proc/net/sockstat") as file:
            for line in file:
                if line.startswith("TCP:"):
                    return int(line.split()[2])
        return 0

    def look(self):
        while not self.over and self.last is None:
            now = self.count() - self.base
            if self.first is None and now > 20:
                self.first = time.monotonic()
            if now >= self.sockets:
                self.last = time.monotonic()
            time.sleep(0.01)

    def seconds(self):
        self.over = True
        self.thread.join()
        return self.last - self.first if self.last else float("nan")


def connecting_ours(protocol):
    watch = Watch(100_000)
    report = run(scenario_of(50_000, "[{ duration: 5s, rate: 6/m }]"), "--protocol", protocol)
    assert report["fleet"]["connected_max"] == 50_000, report["fleet"]
    return watch.seconds()


def connecting_peer():
    watch = Watch(3 * 16_667 * 2)
    with nghttpd(3) as servers:
        clients = [subprocess.Popen(["h2load", "-t1", "-c", "16667", "--rps=0.2", "-D", "12",
                                     f"http://127.0.0.1:{port}/v1/validations"], stdout=subprocess.DEVNULL)
                   for port, _ in servers]
        for client in clients:
            client.wait(120)
    return watch.seconds()


def closed_ours(connections, in_flight):
    with nghttpd() as (port, _):
        report = run(scenario_of(connections, "[{ duration: 1s, measure: false }, { duration: 5s }]", "closed",
                                 f", in_flight: {in_flight}"),
                     "--protocol", "http2", "--target", f"http://127.0.0.1:{port}/v1/validations", "--shards", "1")
    return report["tally"]["acknowledged"] / report["resources"]["generator"]["cpu_s"]


def closed_peer(connections, in_flight):
    with nghttpd() as (port, _):
        idle_s, _, _ = h2load(port, "-c", connections, "-m", 1, "-n", connections)  # what connecting costs
        cpu_s, requests, _ = h2load(port, "-c", connections, "-m", in_flight, "-n", max(400_000, 20 * connections))
    return (requests - connections) / (cpu_s - idle_s)


def mqtt_ours(connections):
    with mosquitto() as port:
        report = run(scenario_of(connections, "[{ duration: 1s, measure: false }, { duration: 5s }]", "closed",
                                 ", in_flight: 1"),
                     "--protocol", "mqtt", "--target", f"mqtt://127.0.0.1:{port}", "--shards", "1")
    return report["tally"]["acknowledged"] / report["resources"]["generator"]["cpu_s"]


def mqtt_peer(connections):
    with mosquitto() as port:
        done = subprocess.run([f"{peers}/mosquitto_publisher", str(port), str(connections), "5", "112"],
                              capture_output=True, text=True, timeout=120, check=True)
    figures = json.loads(done.stdout)
    return figures["acknowledged"] / figures["cpu_s"]


def growth_ours():
    costs = []
    for equipments, rate in ((1000, "10/s"), (50_000, "0.2/s")):
        report = run(scenario_of(equipments, f"[{{ duration: 10s, rate: {rate} }}]"), "--protocol", "mqtt",
                     "--shards", "3")
        costs.append(report["resources"]["generator"]["cpu_us_per_validation"])
    return costs[1] / costs[0]


def growth_peer():
    costs = []
    for connections in (1000, 50_000):
        done = subprocess.run([f"{peers}/epoll_round_trips", str(connections), "10000", "10", "3"],
                              capture_output=True, text=True, timeout=120, check=True)
        costs.append(json.loads(done.stdout)["cpu_us_per_round_trip"])
    return costs[1] / costs[0]


def fifty_thousand(protocol):
    report = run("scenarios/fifty-thousand.yaml", "--protocol", protocol)
    duration_s = sum(float(stage["duration"].rstrip("sm")) * (60 if stage["duration"].endswith("m") else 1)
                     for stage in report["scenario"]["resolved"]["traffic"]["stages"])
    busy = (report["resources"]["generator"]["cpu_s"] + report["resources"]["server"]["cpu_s"]) / duration_s / os.cpu_count()
    response, lag = report["latency"]["response"], report["latency"]["generator_lag"]
    return {"P95": time_of(response["p95_us"]), "P99": time_of(response["p99_us"]), "undelivered": report["delivery"]["undelivered"],
            "lag P99": time_of(lag["p99_us"]), "busy": f"{busy:.0%}", "verdict": report["verdict"]["measurement"]}


def peak():
    report = run("scenarios/peak.yaml", "--compress", "6")
    phases = [phase for phase in report.get("phases") or [] if phase["kind"] == "stage"]
    best = max(phases, key=lambda phase: phase["throughput"]["due_per_s"] or 0)
    tally = report["tally"]
    most = max((each["acknowledged"] / report_width(report) for each in report["intervals"]), default=0)
    return {"due in the peak": f"{best['throughput']['due_per_s']:,.0f}/s", "most acknowledged": f"{most:,.0f}/s",
            "generated": f"{tally['generated']:,}", "acknowledged": f"{tally['acknowledged']:,}",
            "verdict": report["verdict"]["measurement"]}


def report_width(report):
    instants = [each["at_s"] for each in report["intervals"]]
    return instants[1] - instants[0] if len(instants) > 1 else 1


def time_of(us):
    return "never" if us is None else f"{us / 1000:.3g} ms"


def kb(value):
    return f"{value / 1000:.2f} kB"


def per_s(value):
    return f"{value:,.0f}/CPU-s"


def s(value):
    return f"{value:.2f} s"


def times(value):
    return f"x {value:.2f}"


# name: (what, peer, ours, theirs, format, wanted); ours and theirs give one figure or several
def rows():
    for protocol in ("mqtt", "http2", "grpc"):
        yield (f"memory-{protocol}", f"resident memory of an equipment, {protocol}: generator, server",
               "h2load, nghttpd", lambda p=protocol: memory_ours(p), memory_peer, kb)
    for protocol in ("mqtt", "http2", "grpc"):
        yield (f"connecting-{protocol}", f"50,000 connections over {protocol}, from the first to the last",
               "3 x h2load", lambda p=protocol: [connecting_ours(p)], lambda: [connecting_peer()], s)
    for connections, in_flight in ((100, 1), (100, 32), (5000, 1), (15000, 1)):
        yield (f"http2-{connections}x{in_flight}", f"HTTP/2 requests, closed loop, {connections:,} x {in_flight}",
               "h2load", lambda c=connections, f=in_flight: [closed_ours(c, f)],
               lambda c=connections, f=in_flight: [closed_peer(c, f)], per_s)
    for connections in (100, 6000):
        yield (f"mqtt-{connections}", f"MQTT QoS 1 messages, closed loop, {connections:,} connections",
               "libmosquitto on epoll", lambda c=connections: [mqtt_ours(c)], lambda c=connections: [mqtt_peer(c)], per_s)
    yield ("growth", "cost of a validation, 50,000 equipments against 1,000 at the same total rate", "bare epoll loop",
           lambda: [growth_ours()], lambda: [growth_peer()], times)


def alone():
    for protocol in ("mqtt", "http2", "grpc", "grpc-stream"):
        yield f"fifty-thousand-{protocol}", lambda p=protocol: fifty_thousand(p)
    yield "peak", peak


def text_of(value):
    if isinstance(value, float):
        return f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def main():
    commit = subprocess.run([portillon, "--version"], capture_output=True, text=True).stdout.strip()
    with open("/proc/cpuinfo") as file:
        cpu = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "unknown")
    lines = ["# Beside its peers", "",
             f"`ci/peers.sh {rounds}` on {time.strftime('%Y-%m-%d')}: {commit}; {cpu}, {os.cpu_count()} cores, "
             f"{platform.system()} {platform.release()}. Each row in one run, alternating; medians of {rounds} rounds. "
             "Absolute figures of such machines move by a factor of two from run to run: read the ratios.", "",
             "| what | portillon | peer | | ratio |", "| --- | ---: | ---: | --- | ---: |"]
    print("\n".join(lines), flush=True)
    for name, what, peer, ours, theirs, shown in rows():
        if chosen and name not in chosen:
            continue
        got = {"ours": [], "theirs": []}
        for turn in range(rounds):
            order = [("ours", ours), ("theirs", theirs)]
            for side, measure in order if turn % 2 == 0 else reversed(order):
                got[side].append(measure())
        for at in range(len(got["ours"][0])):
            mine, other = (statistics.median(each[at] for each in got[side]) for side in ("ours", "theirs"))
            label = what if len(got["ours"][0]) == 1 else what.split(":")[0] + ": " + what.split(":")[1].split(",")[at].strip()
            line = (f"| {label} | {shown(mine)} | {shown(other)} | "
                    f"{peer.split(', ')[min(at, len(peer.split(', ')) - 1)]} | {mine / other:.2f} |")
            lines.append(line)
            print(line, flush=True)
    lines += ["", "| alone | |", "| --- | --- |"]
    for name, measure in alone():
        if chosen and name not in chosen:
            continue
        line = f"| {name} | " + ", ".join(f"{key} {text_of(value)}" for key, value in measure().items()) + " |"
        lines.append(line)
        print(line, flush=True)
    if not chosen:
        with open(page, "w") as file:
            file.write("\n".join(lines) + "\n")
        print(f"\nwritten: {page}", flush=True)


main()
