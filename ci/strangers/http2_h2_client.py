#!/usr/bin/env python3
"""A client on python3-h2 against `portillon serve`: many streams at once with bodies in pieces, trailers, cancelled requests,
a small window for the answers, a larger header table, pings and settings under way; and the server's goodbye.

Usage: http2_h2_client.py PORTILLON
"""
import json
import os
import socket
import sys

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../hostile"))
import program  # noqa: E402

STREAMS, PER_BATCH = 100, 5


def batch(first, count=PER_BATCH):
    return json.dumps({"run": "0f3a5c7791b2d4e6", "equipment": 12, "first": first, "validations": [
        {"equipment": 12, "sequence": first + i, "due": 31000000000, "kind": 1, "card": "b1307d31a7ce7e14", "line": 317,
         "stop": 4242, "product": 31, "result": 1, "position": {"latitude": 40123456, "longitude": -3123456},
         "filler": "ekokbfid"} for i in range(count)]}).encode()


class Client:
    def __init__(self, address, settings=None):
        self.peer = socket.create_connection(address, 20)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self.h2.local_settings = h2.settings.Settings(client=True, initial_values=settings or {})
        self.h2.initiate_connection()
        self.status, self.body, self.over, self.pongs, self.goodbye = {}, {}, set(), 0, None
        self.flush()
        self.pump(lambda: self.h2.remote_settings.max_concurrent_streams < 2 ** 31)  # its SETTINGS are here

    def flush(self):
        self.peer.sendall(self.h2.data_to_send())

    def pump(self, until):
        """Reads until the condition holds; False if the server ends before."""
        while not until():
            data = self.peer.recv(65536)
            if not data:
                return False
            for event in self.h2.receive_data(data):
                if isinstance(event, h2.events.ResponseReceived):
                    self.status[event.stream_id] = dict(event.headers)[b":status"].decode()
                elif isinstance(event, h2.events.DataReceived):
                    self.body[event.stream_id] = self.body.get(event.stream_id, b"") + event.data
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
                    self.over.add(event.stream_id)
                elif isinstance(event, h2.events.PingAckReceived):
                    self.pongs += 1
                elif isinstance(event, h2.events.ConnectionTerminated):
                    self.goodbye = event.error_code
            self.flush()
        return True

    def begin(self):
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, [(":method", "POST"), (":scheme", "http"), (":authority", "gate"),
                                      (":path", "/v1/validations"), ("content-type", "application/json")])
        return stream


with program.Server(sys.argv[1], listeners=("http2",)) as server:
    # Answers of some 40 bytes through a window of 16, so that each needs several updates.
    client = Client(server.addresses["http2"], {h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 16,
                                                h2.settings.SettingCodes.HEADER_TABLE_SIZE: 16384})
    streams = {client.begin(): 1 + i * PER_BATCH for i in range(STREAMS)}
    for place in range(4):  # a quarter of each body in turn
        for stream, first in streams.items():
            body = batch(first)
            quarter = len(body) // 4
            client.h2.send_data(stream, body[place * quarter:] if place == 3 else body[place * quarter:(place + 1) * quarter])
        client.flush()
        assert client.pump(lambda: client.h2.outbound_flow_control_window > 30_000), "the window is opened again"
    for number, stream in enumerate(streams):
        if number % 2 == 0:
            client.h2.end_stream(stream)
        else:
            client.h2.send_headers(stream, [("x-checksum", "1")], end_stream=True)  # trailers
    client.h2.ping(b"abcdefgh")
    client.flush()
    assert client.pump(lambda: len(client.over) == STREAMS and client.pongs == 1)
    for stream, first in streams.items():
        assert client.status[stream] == "200", (stream, client.status[stream])
        assert json.loads(client.body[stream]) == {"equipment": 12, "first": first, "count": PER_BATCH}, client.body[stream]
    print(f"{STREAMS} requests answered through a window of 16 bytes")

    cancelled = [client.begin() for _ in range(10)]
    for stream in cancelled:
        client.h2.send_data(stream, b'{"run":')
        client.h2.reset_stream(stream, h2.errors.ErrorCodes.CANCEL)
    client.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 65535})
    last = client.begin()
    client.h2.send_data(last, batch(1 + STREAMS * PER_BATCH), end_stream=True)
    client.flush()
    assert client.pump(lambda: last in client.over) and client.status[last] == "200"
    assert not any(stream in client.status for stream in cancelled)
    assert server.figures()["totals"]["batches"] == STREAMS + 1, server.figures()["totals"]
    assert server.causes() == {}, server.causes()
    print("cancelled ones cost nothing")

    server.process.terminate()
    assert not client.pump(lambda: False), "it ends the connection"
    assert client.goodbye == h2.errors.ErrorCodes.NO_ERROR, client.goodbye
    print("it says goodbye")
print("passed")
