#!/usr/bin/env python3
"""The cost of misbehaviour to other clients, in latency and memory. Takes long; judges nothing, prints tables.

Usage: measure.py PORTILLON latency [--protocols mqtt,http2,grpc] [--only NAME,...] [--all] [--rate 2000/s] [--rounds 1]
       measure.py PORTILLON memory  [--protocols ...] [--connections 100000] [--seconds 120]

latency: a fleet of 1,000 equipments, 2/s each, for 6 s, by turns alone and beside one client that misbehaves over and over, at
         most so many hostile messages a second, on what processor time nobody else wants (it would be another machine).
         Ratio: the median of its P99 to that of the runs before and after. Wanted: 1.5 at most. One round tells little where a P99
         is a third of a millisecond: on a machine of 2 cores it doubles by itself now and then.
memory:  resident memory of a listener's processes, and of a generator that is sent away by its server, before and after so many
         connections. For the listener the first tenth is warm-up, so that what an allocator keeps once is told from what grows; the
         generator is well served before, but for 30 breaks, so that its memory has been used once. Wanted: within 5 %.
"""
import argparse
import collections
import json
import os
import statistics
import subprocess
import sys
import threading
import time

import clients
import program
import servers

HERE = os.path.dirname(os.path.abspath(__file__))
FLEET = ["--equipments", "1000", "--rate", "2/s", "--duration", "6s"]

# Misbehaviours that can be kept up; any single bad packet costs what the `churn` of connections costs.
CONTINUOUS = {
    "mqtt": ["publish_before_connect", "second_connect", "absurd_length_then_silence", "oversized_publish", "more_than_receive_maximum",
             "pingreq_flood", "subscribe_flood", "publishes_and_never_reads", "subscribes_and_never_reads", "idle_connections",
             "sessions_without_end", "take_over_storm", "vanishes_with_a_will", "connects_and_resets"],
    "http2": ["bad_preface", "http1_request", "frame_too_large", "header_list_too_large", "hpack_bomb", "continuation_flood",
              "settings_flood", "ping_flood", "ping_flood_never_read", "priority_flood", "window_update_flood", "unknown_frame_flood",
              "empty_data_flood", "rapid_reset", "more_streams_than_allowed", "heeds_no_window", "window_never_opens",
              "requests_and_never_reads", "bodies_never_finished", "body_too_large", "idle_connections", "connects_and_resets"],
}
CONTINUOUS["grpc"] = [*CONTINUOUS["http2"], "absurd_message_length", "gzip_bomb", "unknown_method", "streams_opened_and_silent",
                      "streams_and_never_reads"]
CHURN = {
    "mqtt": ["publish_before_connect", "second_connect", "five_byte_length", "absurd_length_first", "ends_within_a_packet",
             "take_over_storm", "connects_and_resets", "vanishes_with_a_will", "publish_cut_short"],
    "http2": ["bad_preface", "http1_request", "frame_too_large", "hpack_index_of_nothing", "header_list_too_large",
              "content_length_mismatch", "connects_and_resets", "bodies_never_finished", "idle_connections"],
}
CHURN["grpc"] = [*CHURN["http2"], "absurd_message_length", "streams_opened_and_silent"]


def run_fleet(portillon, server, protocol):
    run = program.Run(portillon, protocol, server.target(protocol), *FLEET, ledger=server.admin)
    if problem := run.imbalance():
        raise SystemExit(f"{protocol}: {problem}")
    return run.report


def elsewhere():
    """Gives the hostile client only idle processor time, as if it ran on a machine of its own."""
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def beside(server, protocol, name, given):
    host, port = server.addresses[protocol]
    return subprocess.Popen([sys.executable, os.path.join(HERE, "clients.py"), protocol, name, f"{host}:{port}", "--rate", given.rate,
                             "--seconds", "9", "--many", "2000"], stdout=subprocess.PIPE, text=True, preexec_fn=elsewhere)


def p99_us(reports):
    figures = [report["latency"]["response"]["p99_us"] for report in reports]
    return None if None in figures else statistics.median(figures)


def milliseconds(us):
    return "none" if us is None else f"{us / 1_000:.2f} ms"


def latency(portillon, given):
    print(f"{'protocol':8} {'misbehaviour':32} {'P99 alone':>11} {'beside':>11} {'ratio':>6} {'lost':>5} {'undel.':>6} "
          f"{'connections':>11} {'messages/s':>10} {'its CPU':>8}")
    for protocol in given.protocols.split(","):
        names = list(clients.CATALOGUE[protocol]) if given.all else CONTINUOUS[protocol]
        names = [name for name in names if not given.only or name in given.only.split(",")]
        for name in names:
            with program.Server(portillon, "--first-byte", "5s", listeners=[protocol]) as server:
                alone, worse, did, missing = [run_fleet(portillon, server, protocol)], [], collections.Counter(), collections.Counter()
                for _ in range(given.rounds):
                    hostile = beside(server, protocol, name, given)
                    time.sleep(0.5)
                    worse.append(run_fleet(portillon, server, protocol))
                    did.update(json.loads(hostile.communicate()[0] or "{}"))
                    alone.append(run_fleet(portillon, server, protocol))
                for report in worse:
                    missing.update({state: report["delivery"][state] for state in ("lost", "undelivered")})
                quiet, beside_it = p99_us(alone), p99_us(worse)
                ratio = "none" if quiet is None or beside_it is None else f"{beside_it / quiet:.2f}"
                seconds = 9 * given.rounds
                print(f"{protocol:8} {name:32} {milliseconds(quiet):>11} {milliseconds(beside_it):>11} {ratio:>6} {missing['lost']:>5} "
                      f"{missing['undelivered']:>6} {did['connections']:>11} {did['messages'] / seconds:>10.0f} {did['cpu_s'] / seconds:>8.0%}",
                      flush=True)


def grown(before, after):
    return f"{before / 1e6:.2f} MB -> {after / 1e6:.2f} MB, {after / before - 1:+.1%}"


def listener_memory(portillon, protocol, given):
    """Measures a listener's memory: a tenth of the connections to warm up, then the rest."""
    with program.Server(portillon, "--first-byte", "2s", listeners=[protocol]) as server:
        host, port = server.addresses[protocol]
        figures, made = [server.rss_bytes()], 0
        for share in (0.1, 0.9):
            churn = subprocess.run([sys.executable, os.path.join(HERE, "clients.py"), protocol, ",".join(CHURN[protocol]), f"{host}:{port}",
                                    "--rate", "1000000/s", "--seconds", str(given.seconds * share), "--many", "200",
                                    "--connections", str(int(given.connections * share))], capture_output=True, text=True, check=True)
            made += json.loads(churn.stdout)["connections"]
            server.wait_until(lambda now: now["totals"]["connections"] == 0, 60)
            figures.append(server.rss_bytes())
        print(f"listener {protocol:12} {made:>7} connections: start {figures[0] / 1e6:.2f} MB, after warm-up {grown(*figures[1:])}", flush=True)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]


def generator_memory(portillon, protocol, name, given):
    """Measures a generator's memory: first with a good server whose connections break, then with a misbehaving one."""
    samples = []  # (connections made, resident bytes of the generator's processes)
    with program.Server(portillon, listeners=[program.LISTENER_OF[protocol]]) as good, \
            servers.Serving(protocol, name, at_first=good.addresses[program.LISTENER_OF[protocol]]) as serving:
        done = threading.Event()

        def sample(process):
            next_at, cuts = time.monotonic() + 2, 0
            while not done.wait(0.1):
                try:
                    samples.append((serving.connections, sum(program.rss_bytes(child) for child in children(process.pid))))
                except (OSError, IndexError):
                    pass
                if serving.at_first and time.monotonic() > next_at:
                    serving.cut() if cuts < 30 else serving.turn()
                    cuts += 1
                    next_at += 0.3 if cuts < 30 else 3  # in the end every connection has carried a message
                if serving.connections >= given.connections:
                    process.terminate()
                    return

        arguments = [portillon, "run", "--protocol", protocol, "--target", f"{program.SCHEMES[protocol]}://127.0.0.1:{serving.port}",
                     "--equipments", "200", "--rate", "1/s", "--duration", f"{given.seconds}s", "--shards", "1",
                     "--set", "delivery.retry.base=1ms", "--set", "delivery.retry.max=5ms", "--set", "delivery.drain=1s",
                     "--set", "fleet.start.within=1s", "--no-report"]
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        thread = threading.Thread(target=sample, args=(process,))
        thread.start()
        try:
            process.wait(given.seconds + 60)
        finally:
            done.set()
            thread.join()
            if process.poll() is None:
                process.kill()
                process.wait()
    before = [rss for connections, rss in samples if connections == 0 and rss > 0]
    after = [(connections, rss) for connections, rss in samples if connections > 0 and rss > 0]
    if not before or not after:
        print(f"generator {protocol} {name}: no sample")
        return
    print(f"generator {protocol:11} {after[-1][0]:>7} connections, {name}: while well served {grown(before[-1], after[-1][1])}", flush=True)


def memory(portillon, given):
    for protocol in given.protocols.split(","):
        listener_memory(portillon, protocol, given)
        for name in ("closes_after_the_greeting", "garbage"):
            generator_memory(portillon, protocol, name, given)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("portillon")
    parser.add_argument("what", choices=["latency", "memory"])
    parser.add_argument("--protocols", default="mqtt,http2,grpc")
    parser.add_argument("--only")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--rate", default="2000/s")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--connections", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=120)
    given = parser.parse_args()
    (latency if given.what == "latency" else memory)(os.path.abspath(given.portillon), given)


if __name__ == "__main__":
    main()
