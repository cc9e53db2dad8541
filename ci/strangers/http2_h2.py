#!/usr/bin/env python3
"""`portillon run` against a server on python3-h2 that is difficult: small windows, few streams, settings that change under
way, interim answers, trailers, every status of the contract, resets, and goodbyes with requests under way.

Usage: http2_h2.py PORTILLON
"""
import json
import os
import socket
import sys
import threading
import time

import h2.config
import h2.connection
import h2.events
import h2.settings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../hostile"))
import program  # noqa: E402

portillon = sys.argv[1]


class Gate:
    """Serves connections until stopped. `answer(gate, connection, stream, batch)` is called for every whole request."""

    def __init__(self, answer, settings=None, goodbye_after=None):
        self.answer, self.settings, self.goodbye_after = answer, settings or {}, goodbye_after
        self.seen, self.not_before = [], {}
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        connection.local_settings = h2.settings.Settings(client=False, initial_values=self.settings)
        connection.initiate_connection()
        peer.sendall(connection.data_to_send())
        bodies, answered, leaving = {}, 0, False
        while True:
            data = peer.recv(65536)
            if not data:
                break
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    bodies[event.stream_id] = b""
                elif isinstance(event, h2.events.DataReceived):
                    bodies[event.stream_id] += event.data
                    if event.flow_controlled_length:
                        connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    batch = json.loads(bodies.pop(event.stream_id))
                    self.seen.append((batch["equipment"], batch["first"]))
                    self.answer(self, connection, event.stream_id, batch)
                    answered += 1
            leaving = self.goodbye_after is not None and answered >= self.goodbye_after
            if leaving:
                connection.close_connection(last_stream_id=connection.highest_inbound_stream_id)
            peer.sendall(connection.data_to_send())
            if leaving:
                break
        peer.shutdown(socket.SHUT_WR)
        while peer.recv(65536):
            pass
        peer.close()

    def load(self, *options, equipments, rate, duration="1s"):
        """A run with one validation per batch; returns (tally, {cause: attempts}, fleet)."""
        done = program.Run(portillon, "http2", f"http://127.0.0.1:{self.port}", "--equipments", str(equipments), "--rate",
                           f"{rate}/s", "--duration", duration, "--set", "delivery.batch.max=1", "--set", "delivery.drain=60s", *options)
        self.listener.close()
        assert done.imbalance() is None, done.imbalance()
        assert done.exit_code in program.DELIVERED, done.stderr
        report = done.report
        print(report["tally"], report["errors"], report["fleet"]["reconnects"], flush=True)
        assert report["tally"]["generated"] == equipments * rate * int(duration[:-1])
        return report["tally"], {cause.removeprefix("deliver."): count for cause, count in report["errors"].items() if cause.startswith("deliver.")}, report["fleet"]


def say(connection, stream, status, *more):
    connection.send_headers(stream, [(":status", status), *more], end_stream=True)


def accept(gate, connection, stream, batch):
    connection.send_headers(stream, [(":status", "200"), ("content-type", "application/json")])
    connection.send_data(stream, b"{}", end_stream=True)


def by_equipment(gate, connection, stream, batch):
    key = (batch["equipment"], batch["first"])
    first = gate.seen.count(key) == 1
    now = time.monotonic()
    assert now >= gate.not_before.pop(key, now), f"{key} came back too early"
    later = [("retry-after", "1")]
    clock = 784_111_777  # the server's clock is wrong: only the difference counts (RFC 9110, 10.2.3)
    dates = [("date", http_date(clock)), ("retry-after", http_date(clock + 1))]
    if batch["equipment"] in (3, 6, 7) and first:
        gate.not_before[key] = now + 1
    {
        1: lambda: say(connection, stream, "204"),
        2: lambda: say(connection, stream, "503" if first else "200"),
        3: lambda: say(connection, stream, "429" if first else "200", *(later if first else [])),
        4: lambda: say(connection, stream, "400"),
        5: lambda: connection.reset_stream(stream, 7) if first else say(connection, stream, "200"),
        6: lambda: say(connection, stream, "503" if first else "200", *(later if first else [])),
        7: lambda: say(connection, stream, "429" if first else "200", *(dates if first else [])),
        8: lambda: say(connection, stream, "408" if first else "201"),
    }[batch["equipment"]]()


def http_date(seconds):
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(seconds))


def in_stages(gate, connection, stream, batch):
    """Interim answers, a body in two pieces, trailers; and every few answers the settings change."""
    connection.send_headers(stream, [(":status", "103"), ("link", "</style.css>; rel=preload"), ("retry-after", "3600")])
    connection.send_headers(stream, [(":status", "102")])
    connection.send_headers(stream, [(":status", "200"), ("x", "y" * len(gate.seen))])
    connection.send_data(stream, b"{")
    connection.send_data(stream, b"}")
    connection.send_headers(stream, [("checksum", "none")], end_stream=True)
    turn = len(gate.seen) % 9
    if turn in (0, 3, 6):
        connection.update_settings({
            0: {Settings.INITIAL_WINDOW_SIZE: 10, Settings.MAX_CONCURRENT_STREAMS: 1},
            3: {Settings.HEADER_TABLE_SIZE: 0, Settings.MAX_FRAME_SIZE: 20_000},
            6: {Settings.HEADER_TABLE_SIZE: 4_096, Settings.INITIAL_WINDOW_SIZE: 50_000, Settings.MAX_CONCURRENT_STREAMS: 100},
        }[turn])


Settings = h2.settings.SettingCodes
in_flight = ("--set", "delivery.in_flight=4")

print("small windows, few streams")
tally, errors, _ = Gate(accept, {Settings.INITIAL_WINDOW_SIZE: 100, Settings.MAX_CONCURRENT_STREAMS: 3}).load(
    "--set", "delivery.in_flight=10", equipments=3, rate=20)
assert tally["acknowledged"] == 60 and not errors, (tally, errors)

print("settings that change, interim answers, trailers")
tally, errors, fleet = Gate(in_stages).load(*in_flight, "--set", "traffic.payload.bytes=2000", equipments=2, rate=50)
assert tally["acknowledged"] == 100 and not errors and fleet["reconnects"] == 0, (tally, errors)

print("every answer")
tally, errors, fleet = Gate(by_equipment).load(*in_flight, equipments=8, rate=10)
assert tally["acknowledged"] == 70 and tally["rejected"] == 10, tally
assert errors == {"http_503": 20, "http_429": 20, "http_400": 10, "http_408": 10, "http2_refused_stream": 10}, errors
assert fleet["reconnects"] == 0, fleet

print("goodbyes")
gate = Gate(accept, goodbye_after=7)
tally, errors, fleet = gate.load(*in_flight, equipments=2, rate=50)
assert tally["acknowledged"] == 100 and set(gate.seen) == {(e, f) for e in (1, 2) for f in range(1, 51)}, tally
assert fleet["reconnects"] >= 10 and set(errors) <= {"http2_refused_stream", "http2_goaway"}, (fleet, errors)
print("passed")
