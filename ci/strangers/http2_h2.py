#!/usr/bin/env python3
"""Our http2 driver against a server on python3-h2 that is difficult: small windows, few streams, answers in another
order, every status of the contract, resets, and goodbyes with requests under way.

Usage: http2_h2.py PORTILLON_STRANGER_CLIENT
"""
import json
import socket
import subprocess
import sys
import threading

import h2.config
import h2.connection
import h2.events
import h2.settings

client = sys.argv[1]


class Gate:
    """Serves connections until stopped. `answer(gate, connection, stream, batch)` is called for every whole request."""

    def __init__(self, answer, settings=None, goodbye_after=None):
        self.answer, self.settings, self.goodbye_after = answer, settings or {}, goodbye_after
        self.seen = []
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

    def offered(self, *plan):
        done = subprocess.run([client, "http2", f"http://127.0.0.1:{self.port}", *map(str, plan)],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        self.listener.close()
        return dict(line.rsplit(" ", 1) for line in done.stdout.split("\n")[:-1])


def say(connection, stream, status, *more):
    connection.send_headers(stream, [(":status", status), *more], end_stream=True)


def accept(gate, connection, stream, batch):
    connection.send_headers(stream, [(":status", "200"), ("content-type", "application/json")])
    connection.send_data(stream, b"{}", end_stream=True)


def by_equipment(gate, connection, stream, batch):
    first = gate.seen.count((batch["equipment"], batch["first"])) == 1
    {
        1: lambda: say(connection, stream, "204"),
        2: lambda: say(connection, stream, "503" if first else "200"),
        3: lambda: say(connection, stream, "429", ("retry-after", "1")),
        4: lambda: say(connection, stream, "400"),
        5: lambda: connection.reset_stream(stream, 7) if first else say(connection, stream, "200"),
        6: lambda: say(connection, stream, "503", ("retry-after", "1")),
    }[batch["equipment"]]()


Settings = h2.settings.SettingCodes

got = Gate(accept, {Settings.INITIAL_WINDOW_SIZE: 100, Settings.MAX_CONCURRENT_STREAMS: 3}).offered(3, 20, 10, 20)
print("small windows, few streams", got)
assert got == {"acknowledged": "60"}

got = Gate(by_equipment).offered(6, 10, 4, 1)
print("every answer", got)
assert got == {"acknowledged": "30", "try_again http_503": "10", "throttled http_429": "10", "rejected http_400": "10",
               "try_again http2_refused_stream": "10", "throttled http_503": "10"}

gate = Gate(accept, goodbye_after=7)
got = gate.offered(2, 50, 4, 1)
print("goodbyes", got)
assert got.pop("acknowledged") == "100" and set(gate.seen) == {(e, f) for e in (1, 2) for f in range(1, 51)}
assert int(got.pop("session_broken http2_goaway")) >= 10
assert set(got) <= {"try_again http2_refused_stream", "broken http2_goaway"}, got
