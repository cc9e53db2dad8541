#!/usr/bin/env python3
"""Clients that misbehave, one function each, by protocol: CATALOGUE["mqtt"]["second_connect"](at) -> Saw.

Usage: clients.py PROTOCOL NAME HOST:PORT [--rate 2000/s] [--seconds 10] [--many 2000]     one of them, again and again

A function says what it does; its decorator says what the specification, or else our own documents, promise in return:

    answers   one of these is to be among what it saw: ("DISCONNECT", 0x82), ("GOAWAY", 1), ("STATUS", 404), ("GRPC-STATUS", 12)
    closes    whether the server is to close the connection; if not, it is to answer further; None: as it likes
    counted   under which of these the admin endpoint counts it, so often at least as connections misbehaved
    not_before_s  it is not to be closed earlier than so long after it sent its last byte
    slow      it waits for a time-out of the server that can be set; `patient`: for one that cannot, half a minute

`at` (class At) makes the connections, bounds the rate and says how much is much. Nothing here judges speed.
"""
import argparse
import functools
import gzip
import json
import resource
import select
import socket
import struct
import time

import wire

PIECE_BYTES = 1 << 14  # the pace counts each such piece as a message: a network has a bandwidth
PAUSE_S = 0.25  # between the bytes of a slow client: less than a second, so that tests are short

CATALOGUE = {"mqtt": {}, "http2": {}, "grpc": {}}
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)  # many connections


class Expected:
    def __init__(self, answers=(), closes=True, counted=(), not_before_s=0, slow=False, patient=False):
        self.answers = [answers] if answers and isinstance(answers[0], str) else list(answers)
        self.closes = closes
        self.counted = [counted] if isinstance(counted, str) else list(counted)
        self.not_before_s, self.slow, self.patient = not_before_s, slow, patient

    def problem(self, saw):
        """What is wrong with the server's reaction; None if nothing is."""
        if self.answers and not any(matches(answer, wanted) for answer in saw.answers for wanted in self.answers):
            return f"none of the answers {self.answers}: {saw}"
        if self.closes and saw.closed is None:
            return f"the connection was not closed: {saw}"
        if saw.closed and saw.after_s < self.not_before_s:
            return f"closed too early: {saw}"
        if self.closes is False and not saw.alive:
            return f"the connection does not go on: {saw}"
        return None


def misbehaviour(*protocols, **expected):
    def add(function):
        function.expected = Expected(**expected)
        for protocol in protocols:
            CATALOGUE[protocol][function.__name__] = function
        return function
    return add


def matches(answer, wanted):
    return answer[:len(wanted)] == tuple(wanted)


class Saw:
    """One client's observations, of all its connections together."""

    def __init__(self, answers, closed, after_s, alive=False):
        self.answers, self.closed, self.after_s, self.alive = answers, closed, after_s, alive

    def __str__(self):
        shown = [" ".join(str(part) for part in answer) for answer in self.answers]
        if len(shown) > 8:
            shown = shown[:4] + [f"... {len(shown) - 8} more ..."] + shown[-4:]
        end = f"closed ({self.closed}) after {self.after_s:.3f} s" if self.closed else "alive" if self.alive else "not closed"
        return f"{', '.join(shown) or 'no answer'}; {end}"


class Pace:
    """Limits the messages per second; None: no limit."""

    def __init__(self, per_s=None):
        self.per_s, self.due, self.taken = per_s, time.monotonic(), 0

    def take(self, messages=1):
        self.taken += messages
        if self.per_s:
            self.due = max(self.due, time.monotonic() - 0.1) + messages / self.per_s
            time.sleep(max(0, self.due - time.monotonic()))


class Peer:
    def __init__(self, at, reader, deaf=False):
        self.at, self.reader, self.deaf = at, reader, deaf
        self.answers, self.closed, self.blocked = [], None, False
        self.socket = socket.socket()
        if deaf:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        else:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(at.patience_s)
        at.pace.take()
        try:
            self.socket.connect(at.address)
        except OSError:
            self.closed = "refused"
        self.socket.setblocking(False)
        self.last_sent = time.monotonic()

    def send(self, data, messages=1):
        """Sends, and reads meanwhile unless deaf. Ends early when the server closes, or no longer reads a deaf client."""
        self.at.pace.take(messages)
        self.last_sent = time.monotonic()
        view = memoryview(data)
        paid = max(messages, 1) * PIECE_BYTES
        while view and self.closed is None:
            poll = select.poll()
            poll.register(self.socket, select.POLLOUT | (0 if self.deaf else select.POLLIN))
            events = poll.poll(500 if self.deaf else self.at.patience_s * 1000)
            if not events:
                self.blocked = True
                return self
            try:
                if events[0][1] & select.POLLIN:
                    self.read()
                else:
                    if paid <= 0:
                        self.at.pace.take()
                        paid = PIECE_BYTES
                    sent = self.socket.send(view[:paid])
                    view, paid = view[sent:], paid - sent
            except BlockingIOError:
                pass
            except OSError:
                self.read()
                self.closed = self.closed or "reset"
        return self

    def flood(self, count, make, piece=200):
        """Sends make(i) for i in 0..count-1."""
        for begin in range(0, count, piece):
            indices = range(begin, min(begin + piece, count))
            self.send(b"".join(make(i) for i in indices), messages=len(indices))
            if self.closed or self.blocked:
                break
        return self

    def read(self):
        try:
            data = self.socket.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            self.closed = "reset"
            return
        if data:
            self.answers += self.reader.read(data)
        else:
            self.closed = "end"

    def wait(self, *wanted, patience_s=None):
        """Reads until the connection is closed, or until an answer that is `wanted` has come."""
        until = time.monotonic() + (self.at.patience_s if patience_s is None else patience_s)
        seen = 0
        while self.closed is None:
            if any(matches(answer, one) for answer in self.answers[seen:] for one in wanted):
                return True
            seen = len(self.answers)
            left = until - time.monotonic()
            poll = select.poll()
            poll.register(self.socket, select.POLLIN)
            if left <= 0 or not poll.poll(left * 1_000):
                return False
            self.read()
        return any(matches(answer, one) for answer in self.answers for one in wanted)

    def saw(self):
        """The observations of a client that is to be closed."""
        self.wait()
        return Saw(self.answers, self.closed, time.monotonic() - self.last_sent)

    def saw_on(self, *wanted):
        """The observations of a client that is not to be closed: does the server still answer after the `wanted` answer?"""
        if wanted:
            self.wait(*wanted)
        self.answers, before = [], self.answers
        if isinstance(self.reader, wire.MqttReader):
            alive = self.send(wire.packet(wire.PINGREQ)).wait(("PINGRESP",))
        else:
            alive = self.send(wire.frame(wire.PING, payload=b"alive?!!")).wait(("PING ACK",))
        return Saw(before + self.answers, self.closed, time.monotonic() - self.last_sent, alive)

    def drip(self, data, most_s):
        """Sends a byte at a time, until closed."""
        until = time.monotonic() + most_s
        for byte in data:
            if self.wait(patience_s=PAUSE_S) or self.closed or time.monotonic() > until:
                break
            self.send(bytes([byte]))
        return self

    def drop(self):
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class At:
    """The server's address, the pace and the amounts of a misbehaviour. Closes the connections that it made."""

    def __init__(self, protocol, address, pace=None, patience_s=20, many=300, hold_s=0):
        self.protocol, self.address, self.pace = protocol, address, pace or Pace()
        self.patience_s = patience_s
        self.many = many      # connections, where a misbehaviour is to have many of them
        self.hold_s = hold_s  # how long idle connections are held
        self.peers, self.made = [], 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for peer in self.peers:
            peer.drop()

    def connect(self, deaf=False):
        self.made += 1
        self.peers.append(Peer(self, wire.MqttReader() if self.protocol == "mqtt" else wire.H2Reader(), deaf))
        return self.peers[-1]

    def greet(self, deaf=False, settings=(), **connect):
        """A connection with a correct handshake, which was answered."""
        peer = self.connect(deaf)
        if self.protocol == "mqtt":
            connect.setdefault("client_id", f"hostile-{id(self)}-{len(self.peers)}")
            peer.send(wire.connect(**connect)).wait(("CONNACK",))
        else:
            peer.send(wire.PREFACE + wire.settings(*settings))
            if peer.wait(("SETTINGS",)):
                peer.send(wire.settings(flags=wire.ACK))
        return peer

    def request(self, *more, path=None, method="POST", content_type=None):
        grpc = self.protocol == "grpc"
        path = path or ("/portillon.v1.Gate/Deliver" if grpc else "/v1/validations")
        content_type = content_type or ("application/grpc" if grpc else "application/json")
        return [(":method", method), (":scheme", "http"), (":path", path), (":authority", "gate"), ("content-type", content_type),
                ("te", "trailers"), *more]

    def body(self):
        return wire.grpc_message(wire.protobuf_batch()) if self.protocol == "grpc" else wire.json_batch()

    def hold(self, peers):
        """Holds the connections in silence."""
        time.sleep(self.hold_s)
        return peers[-1].saw_on()


def behave(at):
    """A well-behaved client; returns None, or what went wrong."""
    if at.protocol == "mqtt":
        peer = at.greet()
        peer.send(wire.publish(7)).wait(("PUBACK", 7, 0))
        ok = ("CONNACK", 0) in peer.answers and ("PUBACK", 7, 0) in peer.answers
        peer.send(wire.packet(wire.DISCONNECT))
    else:
        peer = at.greet()
        peer.send(wire.headers(1, at.request()) + wire.frame(wire.DATA, wire.END_STREAM, 1, at.body()))
        peer.wait(("GRPC-STATUS", 0) if at.protocol == "grpc" else ("STATUS", 200))
        ok = ("STATUS", 200) in peer.answers and (at.protocol != "grpc" or ("GRPC-STATUS", 0) in peer.answers)
    return None if ok else f"a well-behaved client saw {Saw(peer.answers, peer.closed, 0)}"


# ---------------------------------------------------------------------------------------------------------------- MQTT

MALFORMED, PROTOCOL = ("DISCONNECT", 0x81), ("DISCONNECT", 0x82)


@misbehaviour("mqtt", counted="closed.protocol_error")
def publish_before_connect(at):  # 5.0, 3.1.0-1
    return at.connect().send(wire.publish()).saw()


@misbehaviour("mqtt", counted=("closed.malformed", "closed.protocol_error", "closed.too_large"))
def http_to_mqtt(at):
    return at.connect().send(b"GET /index.html HTTP/1.1\r\nHost: gate\r\n" + b"Accept: text/html\r\n" * 5 + b"\r\n").saw()


@misbehaviour("mqtt", counted=("closed.malformed", "closed.protocol_error", "closed.too_large"))
def tls_to_mqtt(at):
    return at.connect().send(bytes.fromhex("16030100c8010000c40303") + bytes(193)).saw()


@misbehaviour("mqtt", counted="closed.malformed")
def packet_of_type_0(at):
    return at.connect().send(wire.packet(0, b"xx")).saw()


@misbehaviour("mqtt", counted="closed.malformed")
def five_byte_length_first(at):  # 5.0, 1.5.5
    return at.connect().send(wire.packet(wire.CONNECT, b"", length=b"\xff\xff\xff\xff\x01")).saw()


@misbehaviour("mqtt", counted="closed.too_large")
def absurd_length_first(at):
    return at.connect().send(wire.packet(wire.CONNECT, b"\0\4MQTT", length=268_435_455)).saw()


@misbehaviour("mqtt", answers=[("CONNACK", 0x84), ("CONNACK", 1)], counted="closed.unsupported_version")
def version_of_the_future(at):  # 5.0, 3.1.2-2
    return at.connect().send(wire.connect(version=6)).saw()


@misbehaviour("mqtt", counted=("closed.unsupported_version", "closed.malformed", "closed.protocol_error"))
def protocol_of_another_name(at):
    return at.connect().send(wire.connect(name="MQIsdp", version=3)).saw()


@misbehaviour("mqtt", answers=("CONNACK", 0x81), counted="closed.malformed")
def reserved_flag_in_connect(at):  # 5.0, 3.1.2-3
    return at.connect().send(wire.connect(flags=3)).saw()


@misbehaviour("mqtt", answers=[("CONNACK", 0x81), ("CONNACK", 0x85)], counted=("closed.malformed", "closed.client_identifier"))
def client_id_not_utf8(at):
    return at.connect().send(wire.connect(client_id=b"\xc3\x28")).saw()


@misbehaviour("mqtt", answers=("CONNACK", 0x85), counted="closed.client_identifier")
def client_id_of_60_kb(at):
    return at.connect().send(wire.connect(client_id="x" * 60_000)).saw()


@misbehaviour("mqtt", answers=("CONNACK", 0x8C), counted="closed.authentication_method")
def unknown_authentication(at):
    return at.connect().send(wire.connect(properties=b"\x15" + wire.text("GS2-KRB5"))).saw()


@misbehaviour("mqtt", answers=[("CONNACK", 0x81), ("CONNACK", 0x82)], counted=("closed.malformed", "closed.protocol_error"))
def property_twice_in_connect(at):
    return at.connect().send(wire.connect(properties=b"\x21\0\1\x21\0\1")).saw()


@misbehaviour("mqtt", answers=("CONNACK", 0x81), counted="closed.malformed")
def connect_cut_short(at):  # its length ends within the client identifier
    whole = wire.connect(client_id="x" * 20)
    return at.connect().send(wire.packet(wire.CONNECT, whole[2:-10])).saw()


@misbehaviour("mqtt", answers=PROTOCOL, counted="closed.protocol_error")
def second_connect(at):  # 5.0, 3.1.0-2
    return at.greet().send(wire.connect()).saw()


@misbehaviour("mqtt", counted="closed.protocol_error")
def second_connect_of_3_1_1(at):  # 3.1.1 has no DISCONNECT from the server
    return at.greet(version=4).send(wire.connect(version=4)).saw()


@misbehaviour("mqtt", answers=MALFORMED, counted="closed.malformed")
def reserved_flags_in_pubrel(at):  # 5.0, 3.6.1-1
    return at.greet().send(wire.acknowledgement(wire.PUBREL, 1, flags=0)).saw()


@misbehaviour("mqtt", answers=MALFORMED, counted="closed.malformed")
def reserved_flags_in_pingreq(at):
    return at.greet().send(wire.packet(wire.PINGREQ, flags=1)).saw()


@misbehaviour("mqtt", answers=MALFORMED, counted="closed.malformed")
def quality_of_service_3(at):  # 5.0, 3.3.1-4
    return at.greet().send(wire.publish(flags=6)).saw()


@misbehaviour("mqtt", answers=MALFORMED, counted="closed.malformed")
def topic_not_utf8(at):
    return at.greet().send(wire.publish(topic=b"gates/\xed\xa0\x80")).saw()


@misbehaviour("mqtt", answers=[("DISCONNECT", 0x90), MALFORMED], counted=("closed.topic_name", "closed.malformed"))
def topic_with_wildcard(at):  # 5.0, 3.3.2-2
    return at.greet().send(wire.publish(topic="gates/#")).saw()


@misbehaviour("mqtt", answers=[PROTOCOL, ("DISCONNECT", 0x90)], counted=("closed.protocol_error", "closed.topic_name"))
def topic_empty(at):
    return at.greet().send(wire.publish(topic="")).saw()


@misbehaviour("mqtt", answers=[MALFORMED, PROTOCOL], counted=("closed.malformed", "closed.protocol_error"))
def packet_id_0(at):  # 5.0, 2.2.1-3
    return at.greet().send(wire.publish(packet_id=0)).saw()


@misbehaviour("mqtt", answers=MALFORMED, counted="closed.malformed")
def publish_cut_short(at):  # its length ends within the topic
    return at.greet().send(wire.packet(wire.PUBLISH, wire.text("validations/1")[:6], 2)).saw()


@misbehaviour("mqtt", answers=MALFORMED, counted="closed.malformed")
def properties_longer_than_the_packet(at):
    return at.greet().send(wire.packet(wire.PUBLISH, wire.text("a") + b"\0\1\xff\x7f", 2)).saw()


@misbehaviour("mqtt", answers=("DISCONNECT", 0x94), counted="closed.topic_alias")
def topic_alias_above_maximum(at):  # 5.0, 3.3.2-9
    return at.greet().send(wire.publish(properties=b"\x23\xff\xff")).saw()


@misbehaviour("mqtt", answers=[PROTOCOL, ("DISCONNECT", 0x94)], counted=("closed.protocol_error", "closed.topic_alias"))
def topic_alias_of_nothing(at):
    return at.greet().send(wire.publish(topic="", properties=b"\x23\0\1")).saw()


@misbehaviour("mqtt", answers=PROTOCOL, counted="closed.protocol_error")
def subscription_id_in_publish(at):  # 5.0, 3.3.4-6
    return at.greet().send(wire.publish(properties=b"\x0b\x01")).saw()


@misbehaviour("mqtt", answers=PROTOCOL, counted="closed.protocol_error")
def packets_of_a_server(at):
    return at.greet().send(wire.packet(wire.CONNACK, b"\0\0\0")).saw()


@misbehaviour("mqtt", closes=False, counted="refused.packet_identifier")
def puback_of_nothing(at):
    return at.greet().send(wire.acknowledgement(wire.PUBACK, 1)).saw_on()


@misbehaviour("mqtt", answers=("PUBREL", 1, 0x92), closes=False, counted="refused.packet_identifier")
def pubrec_of_nothing(at):  # 5.0, 3.6.2.1
    return at.greet().send(wire.acknowledgement(wire.PUBREC, 1)).saw_on(("PUBREL",))


@misbehaviour("mqtt", answers=[PROTOCOL, MALFORMED], counted=("closed.protocol_error", "closed.malformed"))
def subscribe_to_nothing(at):  # 5.0, 3.8.3-2
    return at.greet().send(wire.packet(wire.SUBSCRIBE, b"\0\1\0", 2)).saw()


@misbehaviour("mqtt", answers=MALFORMED, counted="closed.malformed")
def reserved_flags_in_subscribe(at):  # 5.0, 3.8.1-1
    return at.greet().send(wire.packet(wire.SUBSCRIBE, b"\0\1\0" + wire.text("a") + b"\0", 0)).saw()


@misbehaviour("mqtt", answers=("PUBCOMP", 9, 0x92), closes=False)
def pubrel_of_unknown_id(at):
    return at.greet().send(wire.acknowledgement(wire.PUBREL, 9)).saw_on(("PUBCOMP",))


@misbehaviour("mqtt", answers=[PROTOCOL, ("DISCONNECT", 0x93)], counted="closed.receive_maximum")
def more_than_receive_maximum(at):  # 5.0, 3.3.4-9: QoS 2, never released
    return at.greet().flood(257, lambda i: wire.publish(i + 1, qos=2)).saw()


@misbehaviour("mqtt", counted="closed.receive_maximum")
def never_releases_with_3_1_1(at):
    return at.greet(version=4).flood(5_000, lambda i: wire.publish(i + 1, qos=2, version=4)).saw()


@misbehaviour("mqtt", answers=MALFORMED, counted="closed.malformed")
def five_byte_length(at):
    return at.greet().send(wire.packet(wire.PUBLISH, b"", 2, length=b"\xff\xff\xff\xff\x01")).saw()


@misbehaviour("mqtt", answers=("DISCONNECT", 0x95), counted="closed.too_large")
def absurd_length_then_silence(at):
    return at.greet().send(wire.packet(wire.PUBLISH, b"\0", 2, length=268_435_455)).saw()


@functools.cache  # made once, so that a flood is fast
def two_megabytes():
    return wire.publish(payload=bytes(2 << 20))


@misbehaviour("mqtt", answers=("DISCONNECT", 0x95), counted="closed.too_large")
def oversized_publish(at):
    return at.greet().send(two_megabytes()).saw()


@misbehaviour("mqtt", answers=PROTOCOL, counted="closed.protocol_error")
def session_kept_after_all(at):  # 5.0, 3.14.2.2.2
    return at.greet().send(wire.packet(wire.DISCONNECT, b"\0\5\x11\0\0\0\1")).saw()


@misbehaviour("mqtt", closes=False)
def ends_within_a_packet(at):
    at.greet().send(wire.publish(payload=bytes(5_000))[:2_000]).drop()
    at.greet().send(wire.publish(payload=bytes(5_000))[:2_000]).reset()
    return at.greet().saw_on()


@misbehaviour("mqtt", closes=False)
def pingreq_flood(at):
    return at.greet().flood(20_000, lambda _: wire.packet(wire.PINGREQ)).saw_on(("PINGRESP",))


@misbehaviour("mqtt", closes=False, answers=("SUBACK",))
def subscribe_flood(at):
    one = wire.packet(wire.SUBSCRIBE, b"\0\1\0" + wire.text("a/#") + b"\0", 2)
    return at.greet().flood(2_000, lambda _: one).saw_on(("SUBACK",))


@misbehaviour("mqtt", closes=False)
def publishes_and_never_reads(at):
    at.greet(deaf=True).flood(50_000, lambda i: wire.publish(i % 200 + 1, payload=b"no batch"))
    return at.hold([at.greet()])


def never_reads(at):
    """Sends small requests with answers of a kilobyte, more than the kernel keeps, until the server takes no more."""
    one = wire.packet(wire.SUBSCRIBE, b"\0\1\0" + (wire.text("a") + b"\0") * 1_000, 2)
    return at.greet(deaf=True).flood(8_000, lambda _: one, piece=20)


@misbehaviour("mqtt", closes=False)
def subscribes_and_never_reads(at):
    never_reads(at)
    return at.hold([at.greet()])


@misbehaviour("mqtt", closes=False)
def idle_connections(at):
    return at.hold([at.greet() for _ in range(at.many)])


@misbehaviour("mqtt", closes=False)
def sessions_without_end(at):  # each kept as long as allowed, with messages that are never released
    for i in range(at.many):
        expiry = b"\x11\xff\xff\xff\xff"
        at.greet(client_id=f"kept-{i}", flags=0, properties=expiry).send(wire.publish(1, qos=2) + wire.publish(2, qos=2)).drop()
    return at.greet().saw_on()


@misbehaviour("mqtt", answers=("DISCONNECT", 0x8E), counted="closed.taken_over")
def take_over_storm(at):  # 5.0, 3.1.4-3
    peers = [at.greet(client_id="the one") for _ in range(at.many)]
    return peers[0].saw()


@misbehaviour("mqtt", closes=False, counted="refused.will")
def vanishes_with_a_will(at):
    for _ in range(20):
        at.greet(flags=6, tail=b"\0" + wire.text("will") + wire.text(b"w" * 30_000)).reset()
    return at.greet().saw_on()


@misbehaviour("mqtt", answers=("DISCONNECT", 0x8D), counted="closed.keepalive", not_before_s=3, slow=True)
def silent_beyond_its_keepalive(at):  # 5.0, 3.1.2-22: one and a half times as long
    return at.greet(keepalive=2).saw()


@misbehaviour("mqtt", answers=("DISCONNECT", 0x8D), counted=("closed.keepalive", "closed.idle"), slow=True)
def half_open(at):  # CONNECT without a keep-alive, then nothing: --idle
    return at.greet().saw()


@misbehaviour("mqtt", counted=("closed.keepalive", "closed.idle"), slow=True)
def half_open_of_3_1_1(at):
    return at.greet(version=4).saw()


@misbehaviour("mqtt", answers=("DISCONNECT", 0x98), counted="closed.unfinished", slow=True)
def publish_never_finished(at):
    peer = at.greet()
    return peer.send(wire.publish(payload=bytes(500))[:100]).saw()


@misbehaviour("mqtt", answers=("DISCONNECT", 0x98), counted="closed.unfinished", slow=True)
def publish_byte_by_byte(at):
    return at.greet().drip(wire.publish(payload=bytes(500)), at.patience_s).saw()


@misbehaviour("mqtt", counted="closed.not_reading", patient=True)
def never_reads_for_long(at):
    peer = never_reads(at)
    time.sleep(min(40, at.patience_s))
    peer.deaf = False
    return peer.saw()


# ------------------------------------------------------------------------------------------------- HTTP/2, and so gRPC

BOTH = ("http2", "grpc")


@misbehaviour("mqtt", *BOTH, counted="closed.no_first_byte", slow=True)
def first_byte_never_comes(at):
    return at.connect().saw()


@misbehaviour("mqtt", *BOTH, counted="closed.no_first_byte", slow=True)
def greeting_byte_by_byte(at):
    hello = wire.connect(client_id="x" * 200) if at.protocol == "mqtt" else wire.PREFACE + wire.settings(*[(5, 16_384)] * 40)
    return at.connect().drip(hello, at.patience_s).saw()


@misbehaviour("mqtt", *BOTH, closes=False)
def connects_and_resets(at):
    for i in range(at.many):
        peer = at.connect()
        (peer.drop if i % 2 else peer.reset)()
        at.peers.remove(peer)
    return at.greet().saw_on()


@misbehaviour(*BOTH, counted="closed.malformed")
def bad_preface(at):  # RFC 9113, 3.4
    return at.connect().send(wire.PREFACE[:-8] + b"XX\r\n\r\n\r\n" + wire.settings()).saw()


@misbehaviour(*BOTH, counted="closed.malformed")
def http1_request(at):
    return at.connect().send(b"POST /v1/validations HTTP/1.1\r\nHost: gate\r\nContent-Length: 0\r\n\r\n").saw()


@misbehaviour(*BOTH, counted="closed.malformed")
def tls_to_plain(at):
    return at.connect().send(bytes.fromhex("16030100c8010000c40303") + bytes(193)).saw()


@misbehaviour(*BOTH, answers=("GOAWAY", wire.PROTOCOL_ERROR), counted="closed.malformed")
def preface_without_settings(at):
    return at.connect().send(wire.PREFACE + wire.headers(1, at.request())).saw()


def one_frame(name, error, frame, rfc):
    """Registers a misbehaviour: one wrong frame on a correct connection."""
    @misbehaviour(*BOTH, answers=[("GOAWAY", e) for e in error], counted="closed.malformed")
    def send_it(at):
        return at.greet().send(frame).saw()
    send_it.__doc__ = rfc
    send_it.__name__ = name
    for protocol in BOTH:
        CATALOGUE[protocol][name] = CATALOGUE[protocol].pop("send_it")


BIG = bytes(16_385)
for each in [
        ("frame_too_large", [wire.FRAME_SIZE_ERROR], wire.frame(wire.HEADERS, 4, 1, BIG), "4.2"),
        ("absurd_frame_length", [wire.FRAME_SIZE_ERROR], wire.frame(wire.SETTINGS, 0, 0, b"", length=0xFFFFFF), "4.2"),
        ("settings_of_7_bytes", [wire.FRAME_SIZE_ERROR], wire.frame(wire.SETTINGS, 0, 0, bytes(7)), "6.5"),
        ("settings_on_a_stream", [wire.PROTOCOL_ERROR], wire.settings(stream=1), "6.5"),
        ("settings_ack_with_body", [wire.FRAME_SIZE_ERROR], wire.frame(wire.SETTINGS, 1, 0, bytes(6)), "6.5"),
        ("window_beyond_31_bits", [wire.FLOW_CONTROL_ERROR], wire.settings((wire.INITIAL_WINDOW_SIZE, 1 << 31)), "6.5.2"),
        ("ping_of_7_bytes", [wire.FRAME_SIZE_ERROR], wire.frame(wire.PING, 0, 0, bytes(7)), "6.7"),
        ("ping_on_a_stream", [wire.PROTOCOL_ERROR], wire.frame(wire.PING, 0, 1, bytes(8)), "6.7"),
        ("data_on_stream_0", [wire.PROTOCOL_ERROR], wire.frame(wire.DATA, 0, 0, b"x"), "6.1"),
        ("data_on_an_idle_stream", [wire.PROTOCOL_ERROR, wire.STREAM_CLOSED], wire.frame(wire.DATA, 0, 1, b"x"), "5.1"),
        ("stream_of_even_number", [wire.PROTOCOL_ERROR], wire.headers(2, [(":method", "GET")]), "5.1.1"),
        ("continuation_of_nothing", [wire.PROTOCOL_ERROR], wire.frame(wire.CONTINUATION, 4, 1, b""), "6.10"),
        ("headers_interrupted", [wire.PROTOCOL_ERROR],
         wire.headers(1, [(":method", "GET")], 0) + wire.frame(wire.PING, 0, 0, bytes(8)), "6.2"),
        ("push_promise", [wire.PROTOCOL_ERROR], wire.frame(wire.PUSH_PROMISE, 4, 1, bytes(4)), "8.4"),
        ("reset_of_an_idle_stream", [wire.PROTOCOL_ERROR], wire.frame(wire.RST_STREAM, 0, 1, bytes(4)), "6.4"),
        ("window_update_of_0", [wire.PROTOCOL_ERROR], wire.frame(wire.WINDOW_UPDATE, 0, 0, bytes(4)), "6.9"),
        ("window_overflow", [wire.FLOW_CONTROL_ERROR], wire.frame(wire.WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff"), "6.9.1"),
        ("hpack_index_of_nothing", [wire.COMPRESSION_ERROR], wire.frame(wire.HEADERS, 5, 1, b"\x20\xff\x80\x01"), "4.3"),
        ("hpack_table_too_large", [wire.COMPRESSION_ERROR], wire.frame(wire.HEADERS, 5, 1, b"\x3f\xe1\xff\x03\x82"), "4.3"),
        ("padding_longer_than_frame", [wire.PROTOCOL_ERROR], wire.frame(wire.HEADERS, 4 | 8, 1, b"\xff\x82"), "6.2")]:
    one_frame(*each)

RESET = [("RST_STREAM", wire.PROTOCOL_ERROR), ("STATUS", 400), ("GOAWAY", wire.PROTOCOL_ERROR)]


def one_request(name, change):
    """Registers a malformed request: a stream error, after which the connection lives on (RFC 9113, 8.1.1)."""
    @misbehaviour(*BOTH, answers=RESET, closes=False)
    def request_it(at):
        return at.greet().send(wire.headers(1, change(at.request()), 5)).saw_on(*RESET)
    request_it.__name__ = name
    for protocol in BOTH:
        CATALOGUE[protocol][name] = CATALOGUE[protocol].pop("request_it")


one_request("request_without_method", lambda fields: fields[1:])
one_request("request_with_uppercase_name", lambda fields: fields + [("X-Upper", "1")])
one_request("request_with_pseudo_header_late", lambda fields: fields[1:] + fields[:1])
one_request("request_with_connection_header", lambda fields: fields + [("connection", "close")])
one_request("request_with_pseudo_header_twice", lambda fields: fields[:1] + fields)
one_request("request_with_line_break_in_value", lambda fields: fields + [("x-evil", "a\r\nb: c")])


@misbehaviour(*BOTH, answers=RESET, closes=False)
def content_length_mismatch(at):
    peer = at.greet().send(wire.headers(1, at.request(("content-length", "99"))) + wire.frame(wire.DATA, 1, 1, b"short"))
    return peer.saw_on(*RESET)


@misbehaviour(*BOTH, answers=("GOAWAY", wire.PROTOCOL_ERROR), counted="closed.malformed")
def stream_numbers_backwards(at):  # RFC 9113, 5.1.1
    return at.greet().send(wire.headers(5, at.request(), 5) + wire.headers(3, at.request(), 5)).saw()


@misbehaviour(*BOTH, answers=("GOAWAY", wire.STREAM_CLOSED), counted="closed.malformed")
def more_after_the_end(at):  # RFC 9113, 5.1
    peer = at.greet().send(wire.headers(1, at.request(), 5))
    peer.wait(("STATUS",))
    return peer.send(wire.frame(wire.DATA, 0, 1, b"x")).saw()


@misbehaviour(*BOTH, answers=[("STATUS", 431), ("GRPC-STATUS", 8), ("RST_STREAM",), ("GOAWAY",)], closes=False,
              counted="refused.headers_too_large")
def header_list_too_large(at):
    fields = at.request(*[(f"x-{i}", "y" * 1_000) for i in range(15)])
    first = wire.block(*fields)
    more = b"".join(wire.literal(f"z-{i}", "y" * 1_000) for i in range(5))
    peer = at.greet().send(wire.frame(wire.HEADERS, 1, 1, first) + wire.frame(wire.CONTINUATION, 4, 1, more))
    return peer.saw_on(("STATUS",), ("RST_STREAM",), ("GOAWAY",))


@misbehaviour(*BOTH, answers=("GOAWAY",), counted="closed.flooded")
def hpack_bomb(at):  # 14,000 bytes that stand for 13 MB
    peer = at.greet()
    bomb = wire.prefixed(1_024, 5, 0x20) + b"".join(wire.literal(*f) for f in at.request())
    bomb += wire.literal("x", "y" * 900, indexed=True) + b"\xbe" * 14_000
    return peer.send(wire.frame(wire.HEADERS, 5, 1, bomb)).saw()


@misbehaviour(*BOTH, counted=("closed.flooded", "closed.malformed"))
def continuation_flood(at):
    peer = at.greet().send(wire.headers(1, at.request(), 1))
    return peer.flood(20_000, lambda i: wire.frame(wire.CONTINUATION, 0, 1, wire.literal("x", "y"))).saw()


@misbehaviour(*BOTH, counted=("closed.flooded", "closed.malformed"))
def empty_continuation_flood(at):
    peer = at.greet().send(wire.headers(1, at.request(), 1))
    return peer.flood(20_000, lambda i: wire.frame(wire.CONTINUATION, 0, 1)).saw()


CALM = ("GOAWAY", wire.ENHANCE_YOUR_CALM)


@misbehaviour(*BOTH, counted="closed.flooded")
def settings_flood(at):
    return at.greet().flood(30_000, lambda i: wire.settings((wire.INITIAL_WINDOW_SIZE, 1_000 + i % 2))).saw()


@misbehaviour(*BOTH, counted="closed.flooded")
def ping_flood(at):
    return at.greet().flood(30_000, lambda i: wire.frame(wire.PING, payload=struct.pack(">Q", i))).saw()


@misbehaviour(*BOTH, counted="closed.flooded")
def ping_flood_never_read(at):
    at.greet(deaf=True).flood(30_000, lambda i: wire.frame(wire.PING, payload=struct.pack(">Q", i))).deaf = False
    return at.peers[-1].saw()


@misbehaviour(*BOTH, answers=CALM, counted="closed.flooded")
def priority_flood(at):
    return at.greet().flood(30_000, lambda i: wire.frame(wire.PRIORITY, 0, 2 * i + 1, bytes(5))).saw()


@misbehaviour(*BOTH, answers=CALM, counted="closed.flooded")
def window_update_flood(at):
    return at.greet().flood(30_000, lambda i: wire.frame(wire.WINDOW_UPDATE, 0, 0, b"\0\0\0\1")).saw()


@misbehaviour(*BOTH, closes=None)
def unknown_frame_flood(at):  # to be ignored (RFC 9113, 5.5), or a flood
    return at.greet().flood(30_000, lambda i: wire.frame(0xEE, 0, 0, b"what?")).saw_on()


@misbehaviour(*BOTH, answers=CALM, counted="closed.flooded")
def empty_data_flood(at):
    peer = at.greet().send(wire.headers(1, at.request()))
    return peer.flood(30_000, lambda i: wire.frame(wire.DATA, 0, 1)).saw()


@misbehaviour(*BOTH, answers=[CALM, ("GOAWAY", wire.INTERNAL_ERROR)], counted=("closed.flooded", "closed.malformed"))
def rapid_reset(at):  # CVE-2023-44487
    def one(i):
        return wire.headers(2 * i + 1, at.request()) + wire.frame(wire.RST_STREAM, 0, 2 * i + 1, b"\0\0\0\x08")
    return at.greet().flood(20_000, one).saw()


@misbehaviour(*BOTH, answers=("GOAWAY", wire.PROTOCOL_ERROR), counted="closed.malformed")
def more_streams_than_allowed(at):  # RFC 9113, 5.1.2; a client that has acknowledged the limit gets nghttp2's connection error
    return at.greet().flood(300, lambda i: wire.headers(2 * i + 1, at.request())).saw()


@misbehaviour(*BOTH, closes=False)
def heeds_no_window(at):  # which is an error only where the sender outruns the receiver
    peer = at.greet()
    for stream in range(1, 21, 2):
        peer.send(wire.headers(stream, at.request()) + wire.frame(wire.DATA, 0, stream, bytes(16_384)) * 60, messages=60)
    return at.hold([at.greet()])


@misbehaviour(*BOTH, closes=False)
def window_never_opens(at):
    peer = at.greet(settings=[(wire.INITIAL_WINDOW_SIZE, 0)])
    peer.flood(250, lambda i: wire.headers(2 * i + 1, at.request()) + wire.frame(wire.DATA, 1, 2 * i + 1, at.body()))
    peer.wait(("STATUS", 200))
    return at.hold([peer])


@misbehaviour(*BOTH, closes=False)
def requests_and_never_reads(at):
    peer = at.greet(deaf=True)
    peer.flood(20_000, lambda i: wire.headers(2 * i + 1, at.request()) + wire.frame(wire.DATA, 1, 2 * i + 1, at.body()), piece=50)
    return at.hold([at.greet()])


@misbehaviour(*BOTH, closes=False)
def bodies_never_finished(at):
    peer = at.greet()
    peer.flood(200, lambda i: wire.headers(2 * i + 1, at.request()) + wire.frame(wire.DATA, 0, 2 * i + 1, at.body()[:20]))
    return at.hold([peer])


@misbehaviour(*BOTH, answers=[("STATUS", 413), ("GRPC-STATUS", 8)], closes=False, counted="refused.too_large")
def body_too_large(at):
    peer = at.greet().send(wire.headers(1, at.request()))
    for _ in range(80):  # within the windows: waits for them
        peer.send(wire.frame(wire.DATA, 0, 1, bytes(15_000)))
        if peer.wait(("WINDOW_UPDATE",), ("STATUS",), ("RST_STREAM",), patience_s=0.02):
            peer.answers = [answer for answer in peer.answers if answer[0] != "WINDOW_UPDATE"]
        if any(answer[0] == "STATUS" for answer in peer.answers):
            break
    return peer.saw_on(("STATUS",))


@misbehaviour(*BOTH, closes=False)
def idle_connections(at):  # noqa: F811
    return at.hold([at.greet() for _ in range(at.many)])


@misbehaviour(*BOTH, counted="closed.idle", slow=True)
def half_open(at):  # noqa: F811  preface and SETTINGS, then nothing: --idle
    return at.greet().saw()


@misbehaviour(*BOTH, answers=[("STATUS", 408), ("GRPC-STATUS", 1)], closes=False, counted="refused.unfinished", patient=True)
def body_never_finished(at):
    peer = at.greet().send(wire.headers(1, at.request()) + wire.frame(wire.DATA, 0, 1, at.body()[:20]))
    return peer.saw_on(("STATUS",))


@misbehaviour(*BOTH, answers=[("STATUS", 408), ("GRPC-STATUS", 1)], closes=False, counted="refused.unfinished", patient=True)
def body_byte_by_byte(at):
    peer = at.greet().send(wire.headers(1, at.request()))
    until = time.monotonic() + at.patience_s
    while not peer.wait(("STATUS",), patience_s=1) and peer.closed is None and time.monotonic() < until:
        peer.send(wire.frame(wire.DATA, 0, 1, b"x"))
    return peer.saw_on(("STATUS",))


@misbehaviour(*BOTH, answers=[("STATUS", 408), ("GRPC-STATUS", 1), ("GOAWAY",)], closes=None,
              counted=("refused.unfinished", "closed.unfinished"), patient=True)
def headers_never_ended(at):
    return at.greet().send(wire.headers(1, at.request(), 1)).saw_on(("STATUS",), ("GOAWAY",))


@misbehaviour(*BOTH, answers=("GOAWAY", wire.ENHANCE_YOUR_CALM), counted="closed.stalled", patient=True)
def window_stays_shut(at):
    peer = at.greet(settings=[(wire.INITIAL_WINDOW_SIZE, 0)])
    return peer.send(wire.headers(1, at.request()) + wire.frame(wire.DATA, 1, 1, at.body())).saw()


# ---------------------------------------------------------------------------------------------------------------- HTTP

@misbehaviour("http2", answers=("STATUS", 404), closes=False, counted="refused.not_found")
def unknown_path(at):
    return at.greet().send(wire.headers(1, at.request(path="/etc/passwd"), 5)).saw_on(("STATUS",))


@misbehaviour("http2", answers=("STATUS", 405), closes=False, counted="refused.wrong_method")
def wrong_method(at):
    return at.greet().send(wire.headers(1, at.request(method="DELETE"), 5)).saw_on(("STATUS",))


@misbehaviour("http2", answers=("STATUS", 400), closes=False)
def body_is_no_batch(at):
    peer = at.greet().send(wire.headers(1, at.request()) + wire.frame(wire.DATA, 1, 1, b"[" * 10_000))
    return peer.saw_on(("STATUS",))


@misbehaviour("http2", answers=("STATUS", 413), closes=False, counted="refused.too_large")
def absurd_content_length(at):
    peer = at.greet().send(wire.headers(1, at.request(("content-length", "99999999999"))))
    return peer.saw_on(("STATUS",), ("RST_STREAM",))


# ---------------------------------------------------------------------------------------------------------------- gRPC

def call(at, body, *more, **request):
    return at.greet().send(wire.headers(1, at.request(*more, **request)) + wire.frame(wire.DATA, 1, 1, body))


def stream(at, body, *more, flags=0):
    return call_open(at, *more).send(wire.frame(wire.DATA, flags, 1, body))


def call_open(at, *more):
    return at.greet().send(wire.headers(1, at.request(*more, path="/portillon.v1.Gate/Stream")))


@misbehaviour("grpc", answers=("GRPC-STATUS", 12), closes=False, counted="refused.unknown_call")
def unknown_method(at):
    return call(at, at.body(), path="/portillon.v1.Gate/Open").saw_on(("GRPC-STATUS",))


@misbehaviour("grpc", answers=("STATUS", 415), closes=False, counted="refused.wrong_media_type")
def not_grpc(at):
    return call(at, at.body(), content_type="text/plain").saw_on(("STATUS",))


@misbehaviour("grpc", answers=("GRPC-STATUS", 8), closes=False, counted="refused.too_large")
def absurd_message_length(at):
    return call(at, wire.grpc_message(b"x", length=0xFFFF_FFFF)).saw_on(("GRPC-STATUS",))


@misbehaviour("grpc", answers=("GRPC-STATUS", 8), closes=False, counted="refused.too_large")
def absurd_message_length_on_a_stream(at):
    return stream(at, wire.grpc_message(b"x", length=0xFFFF_FFFF)).saw_on(("GRPC-STATUS",))


@functools.cache
def bomb():  # 10 KB that stand for 10 MB
    return wire.grpc_message(gzip.compress(bytes(10 << 20)), flag=1)


@misbehaviour("grpc", answers=("GRPC-STATUS", 8), closes=False, counted="refused.too_large")
def gzip_bomb(at):
    return call(at, bomb(), ("grpc-encoding", "gzip")).saw_on(("GRPC-STATUS",))


@misbehaviour("grpc", answers=("GRPC-STATUS", 8), closes=False, counted="refused.too_large")
def gzip_bomb_on_a_stream(at):
    return stream(at, bomb(), ("grpc-encoding", "gzip")).saw_on(("GRPC-STATUS",))


@misbehaviour("grpc", answers=("GRPC-STATUS", 13), closes=False, counted="refused.bad_compression")
def gzip_garbage(at):
    return call(at, wire.grpc_message(b"\x1f\x8b garbage", flag=1), ("grpc-encoding", "gzip")).saw_on(("GRPC-STATUS",))


@misbehaviour("grpc", answers=("GRPC-STATUS", 12), closes=False, counted="refused.compressed")
def unknown_compression(at):
    return call(at, at.body(), ("grpc-encoding", "rot13")).saw_on(("GRPC-STATUS",))


@misbehaviour("grpc", answers=("GRPC-STATUS", 13), closes=False, counted="refused.bad_compression")
def compressed_without_a_word(at):  # grpc/doc/compression.md
    return call(at, wire.grpc_message(wire.protobuf_batch(), flag=1), ("grpc-encoding", "identity")).saw_on(("GRPC-STATUS",))


@misbehaviour("grpc", answers=("GRPC-STATUS", 13), closes=False, counted="refused.bad_compression")
def compressed_without_a_word_on_a_stream(at):
    return stream(at, wire.grpc_message(wire.protobuf_batch(), flag=1)).saw_on(("GRPC-STATUS",))


@misbehaviour("grpc", answers=("GRPC-STATUS", 13), closes=False, counted="refused.malformed")
def compressed_flag_of_7(at):
    return call(at, wire.grpc_message(wire.protobuf_batch(), flag=7)).saw_on(("GRPC-STATUS",))


@misbehaviour("grpc", answers=("GRPC-STATUS", 12), closes=False, counted="refused.not_one_message")
def two_messages_in_one_call(at):
    return call(at, at.body() * 2).saw_on(("GRPC-STATUS",))


@misbehaviour("grpc", answers=("GRPC-STATUS", 12), closes=False, counted="refused.not_one_message")
def call_without_message(at):
    return call(at, b"").saw_on(("GRPC-STATUS",))


@misbehaviour("grpc", answers=("GRPC-STATUS", 3), closes=False)
def message_is_no_batch(at):
    return call(at, wire.grpc_message(b"\xff" * 100)).saw_on(("GRPC-STATUS",))


@misbehaviour("grpc", answers=("GRPC-STATUS", 13), closes=False, counted="refused.malformed")
def absurd_timeout(at):
    return call(at, at.body(), ("grpc-timeout", "999999999999999H")).saw_on(("GRPC-STATUS",))


@misbehaviour("grpc", answers=("GRPC-STATUS", 4), closes=False, counted="refused.late", slow=True)
def silent_call_with_deadline(at):
    return at.greet().send(wire.headers(1, at.request(("grpc-timeout", "300m")))).saw_on(("GRPC-STATUS",))


@misbehaviour("grpc", closes=False)
def streams_opened_and_silent(at):
    path = "/portillon.v1.Gate/Stream"
    peer = at.greet().flood(250, lambda i: wire.headers(2 * i + 1, at.request(path=path)))
    return at.hold([peer])


@misbehaviour("grpc", counted="closed.idle", slow=True)
def half_open_with_a_stream(at):
    peer = call_open(at)
    return peer.saw()


@misbehaviour("grpc", closes=False)
def streams_and_never_reads(at):
    peer = at.greet(deaf=True, settings=[(wire.INITIAL_WINDOW_SIZE, 0)])
    peer.send(wire.headers(1, at.request(path="/portillon.v1.Gate/Stream")))
    peer.flood(5_000, lambda i: wire.frame(wire.DATA, 0, 1, at.body()))
    return at.hold([at.greet()])


@misbehaviour("grpc", answers=("GRPC-STATUS", 13), closes=False, counted="refused.malformed")
def stream_ends_within_a_message(at):
    return stream(at, at.body()[:-5], flags=1).saw_on(("GRPC-STATUS",))


def again_and_again(protocol, names, address, per_s, seconds, many, connections=None):
    """Repeats until the time is up, or so many connections were made. Returns calls, connections, messages, CPU."""
    pace, until = Pace(per_s), time.monotonic() + seconds
    calls = made = 0
    while time.monotonic() < until and (connections is None or made < connections):
        hold_s = max(0, until - time.monotonic()) if connections is None else 0
        with At(protocol, address, pace, patience_s=2, many=many, hold_s=hold_s) as at:
            CATALOGUE[protocol][names[calls % len(names)]](at)
            calls, made = calls + 1, made + at.made
    return {"calls": calls, "connections": made, "messages": pace.taken, "cpu_s": time.process_time()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("protocol")
    parser.add_argument("names")
    parser.add_argument("address")
    parser.add_argument("--rate", default="2000/s")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--many", type=int, default=2_000)
    parser.add_argument("--connections", type=int)
    given = parser.parse_args()
    host, port = given.address.rsplit(":", 1)
    print(json.dumps(again_and_again(given.protocol, given.names.split(","), (host, int(port)), float(given.rate.removesuffix("/s")),
                                     given.seconds, given.many, given.connections)))
