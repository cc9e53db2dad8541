#!/usr/bin/env python3
"""Servers that misbehave, one coroutine each, by protocol; and how `portillon run` copes with them.

Usage: servers.py PORTILLON [--selection] [PROTOCOL or NAME...]      runs the driver against each (--selection: the ctest entry)
       servers.py --serve PROTOCOL NAME                              says its port and serves, until stdin ends

Whatever the server does, the run has to end by itself, with an exit code that the README names, balanced books and bounded memory.
A decorator says what else must be true of the tally: `nothing` acknowledged, `everything` acknowledged, or `any`.
"""
import asyncio
import concurrent.futures
import os
import sys
import threading

import program
import wire

CATALOGUE = {"mqtt": {}, "http2": {}, "grpc": {}, "grpc-stream": {}}
MOST_RSS_BYTES = 200 << 20
PATIENCE_S = 40  # of a run of 1.5 s and a drain of 1 s: machines may be slow


def server(*protocols, acknowledges="any", options=(), selected=False, must=None):
    """`must`: a function that returns what is wrong with a report, or None."""
    def add(coroutine):
        coroutine.acknowledges, coroutine.options, coroutine.selected = acknowledges, list(options), selected
        coroutine.must = must or (lambda _: None)
        for protocol in protocols:
            CATALOGUE[protocol][coroutine.__name__] = coroutine
        return coroutine
    return add


class Client:
    """The server's end of a connection."""

    def __init__(self, protocol, reader, writer):
        self.protocol, self.reader, self.writer = protocol, reader, writer
        self.mqtt, self.buffer = wire.MqttReader(), b""

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def more(self):
        data = await self.reader.read(1 << 16)
        if not data:
            raise ConnectionError
        return data

    async def swallow(self):
        while True:
            await self.more()

    async def packet(self):
        """The next MQTT packet: (type, flags, body)."""
        while (packet := self.mqtt.next()) is None:
            self.mqtt.bytes += await self.more()
        return packet

    async def publish(self):
        """The packet identifier of the next PUBLISH; 0 at QoS 0."""
        while True:
            kind, flags, body = await self.packet()
            if kind == wire.PUBLISH:
                topic = int.from_bytes(body[:2], "big")
                return int.from_bytes(body[2 + topic:4 + topic], "big") if flags & 6 else 0

    async def frame(self):
        """The next HTTP/2 frame: (type, flags, stream, payload)."""
        while len(self.buffer) < 9 or len(self.buffer) < 9 + int.from_bytes(self.buffer[:3], "big"):
            self.buffer += await self.more()
            if self.buffer.startswith(wire.PREFACE):
                self.buffer = self.buffer[len(wire.PREFACE):]
        length = int.from_bytes(self.buffer[:3], "big")
        found = (self.buffer[3], self.buffer[4], int.from_bytes(self.buffer[5:9], "big"), self.buffer[9:9 + length])
        self.buffer = self.buffer[9 + length:]
        return found

    async def request(self):
        """The stream of the next request that is complete; on a gRPC stream, of the next DATA."""
        while True:
            kind, flags, stream, payload = await self.frame()
            if kind == wire.SETTINGS and not flags & wire.ACK:
                await self.send(wire.settings(flags=wire.ACK))
            if kind in (wire.DATA, wire.HEADERS) and (flags & wire.END_STREAM or self.protocol == "grpc-stream" and payload and
                                                      kind == wire.DATA):
                if kind == wire.DATA and payload:  # so that its windows stay open
                    await self.send(wire.frame(wire.WINDOW_UPDATE, 0, 0, len(payload).to_bytes(4, "big")))
                return stream

    async def hello(self, *settings):
        """The greeting, as it should be."""
        if self.protocol == "mqtt":
            await self.packet()
            await self.send(wire.packet(wire.CONNACK, b"\0\0\0"))
        else:
            await self.send(wire.settings(*settings))

    def answer(self, stream):
        """The correct answer to a request."""
        if self.protocol == "http2":
            return wire.headers(stream, [(":status", "200")], 5)
        if self.protocol == "grpc-stream":
            raise AssertionError("its receipts need to be told from its messages")
        return (wire.headers(stream, [(":status", "200"), ("content-type", "application/grpc")]) +
                wire.frame(wire.DATA, 0, stream, wire.grpc_message(wire.receipt(1, 1))) +
                wire.headers(stream, [("grpc-status", "0")], 5))


H2 = ("http2", "grpc", "grpc-stream")
ALL = ("mqtt", *H2)


# ---------------------------------------------------------------------------------------------------------- any protocol

@server(*ALL, acknowledges="nothing", selected=True)
async def never_handshakes(client):
    await client.swallow()


@server(*ALL, acknowledges="nothing")
async def closes_at_once(client):
    client.writer.close()


@server(*ALL, acknowledges="nothing")
async def resets_at_once(client):
    client.writer.transport.abort()


@server(*ALL, acknowledges="nothing", selected=True)
async def garbage(client):
    await client.send(bytes(range(256)) * 64)
    await client.swallow()


@server(*ALL, acknowledges="nothing")
async def garbage_without_end(client):
    while True:
        await client.send(b"\x30\x02\xff\xff" * 1_000)
        await asyncio.sleep(0.005)


@server(*ALL, acknowledges="nothing")
async def speaks_http1(client):
    await client.more()
    await client.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    client.writer.close()


@server(*ALL, acknowledges="nothing", selected=True)
async def reads_and_never_answers(client):
    await client.hello()
    await client.swallow()


@server(*ALL, acknowledges="nothing")
async def never_reads_after_the_greeting(client):
    await client.hello()
    await asyncio.sleep(3_600)


@server(*ALL, acknowledges="nothing")
async def closes_after_the_greeting(client):
    await client.hello()
    client.writer.close()


@server(*ALL, acknowledges="nothing", selected=True)
async def closes_instead_of_answering(client):
    await client.hello()
    await (client.publish() if client.protocol == "mqtt" else client.request())
    client.writer.close()


@server(*ALL, acknowledges="nothing")
async def greets_a_byte_a_second(client):
    for byte in wire.packet(wire.CONNACK, b"\0\0\0") if client.protocol == "mqtt" else wire.settings((3, 100), (4, 65_535)):
        await client.send(bytes([byte]))
        await asyncio.sleep(1)


# ---------------------------------------------------------------------------------------------------------------- MQTT

def connack(name, body, **more):
    """Registers a server whose CONNACK is wrong or refuses."""
    @server("mqtt", acknowledges="nothing", **more)
    async def greet(client):
        await client.packet()
        await client.send(body if isinstance(body, bytes) and body[:1] == b"\x20" else wire.packet(wire.CONNACK, body))
        await client.swallow()
    CATALOGUE["mqtt"][name] = CATALOGUE["mqtt"].pop("greet")


connack("connack_refuses", b"\0\x87\0")
connack("connack_is_busy", b"\0\x89\0")
connack("connack_of_3_1_1", b"\0\0")
connack("connack_without_body", b"")
connack("connack_reserved_flags", b"\xfe\0\0")
connack("connack_present_and_refused", b"\1\x87\0")
connack("connack_of_absurd_length", wire.packet(wire.CONNACK, b"\0\0", length=268_435_455), selected=True)
connack("connack_of_five_byte_length", wire.packet(wire.CONNACK, b"\0\0", length=b"\xff\xff\xff\xff\1"))
connack("connack_receive_maximum_0", b"\0\0\3\x21\0\0")
connack("connack_packets_of_1_byte", b"\0\0\5\x27\0\0\0\1")
connack("connack_property_twice", b"\0\0\6\x21\0\1\x21\0\1")


@server("mqtt", acknowledges="everything")
async def receive_maximum_1(client):
    await client.packet()
    await client.send(wire.packet(wire.CONNACK, b"\0\0\3\x21\0\1"))
    while True:
        await client.send(wire.acknowledgement(wire.PUBACK, await client.publish()))


@server("mqtt", acknowledges="nothing")
async def connack_twice(client):
    await client.hello()
    await client.send(wire.packet(wire.CONNACK, b"\0\0\0"))
    await client.swallow()


@server("mqtt", acknowledges="nothing", selected=True)
async def answers_to_nothing(client):  # noqa: F811
    await client.hello()
    while True:
        await client.send(b"".join(wire.acknowledgement(wire.PUBACK, i) for i in range(60_000, 60_100)))
        await asyncio.sleep(0.01)


@server("mqtt", selected=True)
async def answers_twice(client):
    await client.hello()
    while True:
        await client.send(wire.acknowledgement(wire.PUBACK, await client.publish()) * 2)


@server("mqtt", acknowledges="nothing")
async def answers_another(client):
    await client.hello()
    while True:
        await client.send(wire.acknowledgement(wire.PUBACK, (await client.publish()) % 60_000 + 1_000))


@server("mqtt", acknowledges="nothing")
async def pubrec_to_quality_of_service_1(client):
    await client.hello()
    while True:
        await client.send(wire.acknowledgement(wire.PUBREC, await client.publish()))


@server("mqtt", acknowledges="nothing")
async def puback_cut_short(client):
    await client.hello()
    await client.publish()
    await client.send(wire.packet(wire.PUBACK, b"\0"))
    await client.swallow()


@server("mqtt", acknowledges="nothing")
async def puback_of_absurd_length(client):
    await client.hello()
    await client.publish()
    while True:
        await client.send(wire.packet(wire.PUBACK, bytes(1 << 16), length=268_435_455))


@server("mqtt")
async def answers_a_byte_at_a_time(client):
    await client.hello()
    while True:
        for byte in wire.acknowledgement(wire.PUBACK, await client.publish()):
            await client.send(bytes([byte]))
            await asyncio.sleep(0.02)


@server("mqtt")
async def publishes_to_who_did_not_subscribe(client):
    await client.hello()
    while True:
        packet_id = await client.publish()
        await client.send(wire.publish(1, qos=1, topic="spam", payload=bytes(1_000)) + wire.acknowledgement(wire.PUBACK, packet_id))


@server("mqtt")
async def pingresp_flood(client):
    await client.hello()
    while True:
        await client.send(wire.packet(wire.PINGRESP) * 1_000)
        await asyncio.sleep(0.01)


@server("mqtt", acknowledges="nothing")
async def disconnects_with_a_word(client):
    await client.hello()
    await client.publish()
    await client.send(wire.packet(wire.DISCONNECT, b"\x97\0"))
    client.writer.close()


@server("mqtt", acknowledges="nothing")
async def refuses_every_message(client):
    await client.hello()
    while True:
        await client.send(wire.packet(wire.PUBACK, (await client.publish()).to_bytes(2, "big") + b"\x87\0"))


@server("mqtt", acknowledges="nothing")
async def is_always_full(client):
    await client.hello()
    while True:
        await client.send(wire.packet(wire.PUBACK, (await client.publish()).to_bytes(2, "big") + b"\x97\0"))


QOS_2 = ["--set", "protocols.mqtt.qos=2"]


@server("mqtt", acknowledges="nothing", options=QOS_2, selected=True)
async def never_completes(client):
    await client.hello()
    while True:
        await client.send(wire.acknowledgement(wire.PUBREC, await client.publish()))


@server("mqtt", acknowledges="nothing", options=QOS_2)
async def completes_what_was_not_received(client):
    await client.hello()
    while True:
        await client.send(wire.acknowledgement(wire.PUBCOMP, await client.publish()))


@server("mqtt", options=QOS_2)
async def says_everything_twice(client):
    await client.hello()
    while True:
        kind, _, body = await client.packet()
        if kind == wire.PUBLISH:
            topic = int.from_bytes(body[:2], "big")
            await client.send(wire.acknowledgement(wire.PUBREC, int.from_bytes(body[2 + topic:4 + topic], "big")) * 2)
        elif kind == wire.PUBREL:
            await client.send(wire.acknowledgement(wire.PUBCOMP, int.from_bytes(body[:2], "big")) * 2)


@server("mqtt", acknowledges="nothing", options=QOS_2)
async def puback_to_quality_of_service_2(client):
    await client.hello()
    while True:
        await client.send(wire.acknowledgement(wire.PUBACK, await client.publish()))


@server("mqtt", acknowledges="nothing", options=QOS_2)
async def forgets_its_sessions(client):  # receives, then loses the connection, and does not know the session when it is resumed
    await client.hello()
    await client.send(wire.acknowledgement(wire.PUBREC, await client.publish()))
    await client.packet()
    client.writer.close()


@server("mqtt", acknowledges="nothing", options=QOS_2)
async def knows_sessions_that_never_were(client):
    await client.packet()
    await client.send(wire.packet(wire.CONNACK, b"\1\0\0"))
    await client.swallow()


# -------------------------------------------------------------------------------------------------------------- HTTP/2

GRPC_HEAD = [(":status", "200"), ("content-type", "application/grpc")]


def after_greeting(name, data, *, acknowledges="nothing", selected=False):
    """Registers a server that answers the first request with these wrong bytes."""
    @server(*H2, acknowledges=acknowledges, selected=selected)
    async def say(client):
        await client.hello()
        stream = await client.request()
        await client.send(data(stream))
        await client.swallow()
    for protocol in H2:
        CATALOGUE[protocol][name] = CATALOGUE[protocol].pop("say")


after_greeting("absurd_frame_length", lambda s: wire.frame(wire.HEADERS, 4, s, bytes(100), length=0xFFFFFF), selected=True)
after_greeting("headers_never_ended", lambda s: wire.headers(s, [(":status", "200")], 0))
after_greeting("continuation_flood", lambda s: wire.headers(s, [(":status", "200")], 0) + wire.frame(
    wire.CONTINUATION, 0, s, wire.literal("x", "y" * 100)) * 5_000)
after_greeting("hpack_bomb", lambda s: wire.frame(wire.HEADERS, 5, s, b"\x88" + wire.literal("x", "y" * 900, True) + b"\xbe" * 15_000))
after_greeting("hpack_garbage", lambda s: wire.frame(wire.HEADERS, 5, s, b"\xff" * 50))
after_greeting("answer_without_status", lambda s: wire.headers(s, [("server", "none")], 5))
after_greeting("status_is_a_word", lambda s: wire.headers(s, [(":status", "fine")], 5))
after_greeting("answer_to_a_stream_never_opened", lambda s: wire.headers(s + 1_000, [(":status", "200")], 5), selected=True)
after_greeting("data_before_headers", lambda s: wire.frame(wire.DATA, 1, s, b"hello"))
after_greeting("push_promise", lambda s: wire.frame(wire.PUSH_PROMISE, 4, s, b"\0\0\0\2" + wire.block((":method", "GET"))))
after_greeting("only_interim_answers", lambda s: wire.headers(s, [(":status", "103")]) * 5_000)
after_greeting("settings_flood", lambda s: wire.settings((4, 1_000)) * 20_000)
after_greeting("ping_flood", lambda s: wire.frame(wire.PING, payload=bytes(8)) * 20_000)
after_greeting("window_overflow", lambda s: wire.frame(wire.WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff"))
after_greeting("goes_away_angrily", lambda s: wire.frame(wire.GOAWAY, 0, 0, bytes(4) + wire.ENHANCE_YOUR_CALM.to_bytes(4, "big")))
after_greeting("body_longer_than_it_said", lambda s: wire.headers(s, [(":status", "200"), ("content-length", "1")]) + wire.frame(
    wire.DATA, 1, s, bytes(1_000)))


def answering(name, protocols, data, *, acknowledges="nothing", selected=False, must=None):
    """Registers a server that gives the same answer to every request."""
    @server(*protocols, acknowledges=acknowledges, selected=selected, must=must)
    async def say(client):
        await client.hello()
        while True:
            await client.send(data(client, await client.request()))
    for protocol in protocols:
        CATALOGUE[protocol][name] = CATALOGUE[protocol].pop("say")


answering("resets_every_stream", H2, lambda c, s: wire.frame(wire.RST_STREAM, 0, s, wire.INTERNAL_ERROR.to_bytes(4, "big")))
answering("refuses_every_stream", H2, lambda c, s: wire.frame(wire.RST_STREAM, 0, s, wire.REFUSED_STREAM.to_bytes(4, "big")))
answering("goes_away_every_time", H2, lambda c, s: wire.frame(wire.GOAWAY, 0, 0, bytes(8)))
answering("status_500", H2, lambda c, s: wire.headers(s, [(":status", "500")], 5))
def counts(*causes):
    """Requires that each of these causes is among the report's errors."""
    return lambda report: next((f"no {cause} in {report['errors']}" for cause in causes if not report["errors"].get(cause)), None)


def rejects_everything(cause):
    return lambda report: counts(cause)(report) or (
        None if report["tally"]["rejected"] == report["tally"]["generated"] and not report["tally"]["retries"] else
        f"not rejected at once: {report['tally']}")


answering("moved_elsewhere", ("http2",), lambda c, s: wire.headers(s, [(":status", "307"), ("location", "/elsewhere")], 5),
          must=rejects_everything("deliver.http_307"), selected=True)
answering("status_000", ("http2",), lambda c, s: wire.headers(s, [(":status", "000")], 5), must=counts("deliver.http_000"))
answering("status_503_until_the_end_of_time", ("http2",), lambda c, s: wire.headers(
    s, [(":status", "503"), ("date", "Thu, 01 Jan 0001 00:00:00 GMT"), ("retry-after", "Fri, 31 Dec 9999 23:59:59 GMT")], 5),
    must=counts("deliver.http_503"))
answering("status_404", H2, lambda c, s: wire.headers(s, [(":status", "404")], 5))
answering("status_503_retry_in_a_year", ("http2",), lambda c, s: wire.headers(s, [(":status", "503"), ("retry-after", "31536000")], 5))
answering("status_429_retry_garbage", ("http2",), lambda c, s: wire.headers(s, [(":status", "429"), ("retry-after", "soon, -1")], 5))
answering("answers_twice", ("http2", "grpc"), lambda c, s: c.answer(s) * 2, acknowledges="any", selected=True)
answering("answers_and_resets", ("http2", "grpc"), lambda c, s: c.answer(s) + wire.frame(wire.RST_STREAM, 0, s, bytes(4)), acknowledges="any")


@server("http2", "grpc")
async def answers_a_byte_at_a_time(client):  # noqa: F811
    await client.hello()
    while True:
        for byte in client.answer(await client.request()):
            await client.send(bytes([byte]))
            await asyncio.sleep(0.001)


async def only_pings(client):
    """Answers PING, and nothing else."""
    while True:
        kind, flags, _, payload = await client.frame()
        if kind == wire.PING and not flags & wire.ACK:
            await client.send(wire.frame(wire.PING, wire.ACK, 0, payload))


def left(report):
    """Requires that the connection was left for another one."""
    lost = [cause for cause in report["errors"] if cause.startswith("connection.")]
    if not report["fleet"]["reconnects"]:
        return f"no reconnects, {report['errors']}"
    return None if not lost or any(cause.startswith("connection.http2_no_") for cause in lost) else f"lost otherwise: {lost}"


@server(*H2, acknowledges="nothing", must=left)
async def no_streams_allowed(client):
    await client.hello((wire.MAX_CONCURRENT_STREAMS, 0))
    await only_pings(client)


@server(*H2, acknowledges="nothing", selected=True, must=left)
async def window_never_opens(client):
    await client.hello((wire.INITIAL_WINDOW_SIZE, 0))
    await only_pings(client)


@server("http2", "grpc", acknowledges="nothing", selected=True, must=left)
async def announces_data_and_sends_none(client):  # its answers to PING are taken for that data
    await client.hello()
    stream = await client.request()
    await client.send(wire.headers(stream, GRPC_HEAD) + wire.frame(wire.DATA, 0, stream, b"", length=16_000))
    await only_pings(client)


@server("http2", "grpc", acknowledges="nothing", must=left)
async def accepts_and_only_answers_pings(client):
    await client.hello()
    await only_pings(client)


@server("http2", "grpc", acknowledges="everything", selected=True, must=left)
async def answers_on_every_second_connection(client):  # of each equipment, its first one only fails
    client.serving.met += 1
    await client.hello()
    if client.serving.met <= 4:
        stream = await client.request()
        await client.send(wire.headers(stream, GRPC_HEAD) + wire.frame(wire.DATA, 0, stream, b"", length=16_000))
        await only_pings(client)
    while True:
        await client.send(client.answer(await client.request()))


@server(*H2, acknowledges="nothing")
async def settings_out_of_range(client):
    await client.hello((wire.MAX_FRAME_SIZE, 1))
    await client.swallow()


@server(*H2)
async def body_without_end(client):
    await client.hello()
    stream = await client.request()
    await client.send(wire.headers(stream, [(":status", "200"), ("content-type", "application/grpc")]))
    while True:
        await client.send(wire.frame(wire.DATA, 0, stream, wire.grpc_message(bytes(1_000))))
        await asyncio.sleep(0.001)


# ---------------------------------------------------------------------------------------------------------------- gRPC

GRPC = ("grpc", "grpc-stream")


def grpc_answer(*body, trailers=(("grpc-status", "0"),)):
    def make(_, stream):
        data = b"".join(wire.frame(wire.DATA, 0, stream, piece) for piece in body)
        return wire.headers(stream, GRPC_HEAD) + data + wire.headers(stream, trailers, 5)
    return make


answering("html_of_a_proxy", GRPC, lambda c, s: wire.headers(s, [(":status", "502"), ("content-type", "text/html")]) + wire.frame(
    wire.DATA, 1, s, b"<html>"))
answering("no_grpc_status", GRPC, lambda c, s: wire.headers(s, GRPC_HEAD, 5), selected=True)
answering("grpc_status_is_a_word", GRPC, lambda c, s: wire.headers(s, GRPC_HEAD + [("grpc-status", "OK")], 5))
answering("grpc_status_4_billion", GRPC, lambda c, s: wire.headers(s, GRPC_HEAD + [("grpc-status", "4294967296")], 5))
answering("status_ok_without_message", ("grpc",), lambda c, s: wire.headers(s, GRPC_HEAD + [("grpc-status", "0")], 5), acknowledges="everything")
answering("absurd_message_length", GRPC, grpc_answer(wire.grpc_message(b"x", length=0xFFFFFFFF)), selected=True)
answering("message_cut_short", GRPC, grpc_answer(wire.grpc_message(b"xxxx", length=9)))
answering("compressed_without_a_word", GRPC, grpc_answer(wire.grpc_message(b"xxxx", flag=1)))
answering("pushback_garbage", GRPC, lambda c, s: wire.headers(
    s, GRPC_HEAD + [("grpc-status", "8"), ("grpc-retry-pushback-ms", "99999999999999999999")], 5))
NO_RETRY = [("grpc-status", "14"), ("grpc-retry-pushback-ms", "-1"), ("grpc-message", "closed%20for good")]
answering("wants_no_retry", ("grpc",), lambda c, s: wire.headers(s, GRPC_HEAD + NO_RETRY, 5),
          must=rejects_everything("deliver.grpc_unavailable_no_retry"), selected=True)
answering("wants_no_retry_of_the_call", ("grpc-stream",), lambda c, s: wire.headers(s, GRPC_HEAD + NO_RETRY, 5),
          must=counts("deliver.grpc_unavailable_no_retry"))
answering("message_is_garbage", GRPC, grpc_answer(wire.grpc_message(b"\xff" * 50)), acknowledges="any")


def is_steady(report):
    return counts("deliver.stray_receipt")(report) or (f"{report['fleet']['reconnects']} reconnects"
                                                       if report["fleet"]["reconnects"] else None)


@server("grpc-stream", acknowledges="everything", selected=True, must=is_steady)
async def receipts_come_twice(client):
    await client.hello()
    stream, messages, greeted = None, b"", False
    while True:
        kind, flags, of, payload = await client.frame()
        if kind == wire.SETTINGS and not flags & wire.ACK:
            await client.send(wire.settings(flags=wire.ACK))
        elif kind == wire.DATA and payload:
            stream, messages = of, messages + payload
            await client.send(wire.frame(wire.WINDOW_UPDATE, 0, 0, len(payload).to_bytes(4, "big")) +
                              wire.frame(wire.WINDOW_UPDATE, 0, of, len(payload).to_bytes(4, "big")))
        while len(messages) >= 5 and len(messages) >= 5 + int.from_bytes(messages[1:5], "big"):
            size = int.from_bytes(messages[1:5], "big")
            receipt = wire.grpc_message(wire.receipt(*wire.names_of(messages[5:5 + size])))
            messages = messages[5 + size:]
            if not greeted:
                await client.send(wire.headers(stream, GRPC_HEAD))
                greeted = True
            await client.send(wire.frame(wire.DATA, 0, stream, receipt) * 2)


@server("grpc-stream", acknowledges="nothing", selected=True, must=counts("deliver.stray_receipt"))
async def receipts_for_nothing(client):
    await client.hello()
    stream = await client.request()
    await client.send(wire.headers(stream, GRPC_HEAD))
    while True:
        await client.send(wire.frame(wire.DATA, 0, stream, wire.grpc_message(wire.receipt(77_777, 99_999))))
        await asyncio.sleep(0.001)


@server("grpc-stream")
async def receipts_for_everything_at_once(client):  # each equipment's first sequences, sent or not, twice
    await client.hello()
    stream = await client.request()
    await client.send(wire.headers(stream, GRPC_HEAD))
    for first in range(1, 200):
        for equipment in range(1, 10):
            await client.send(wire.frame(wire.DATA, 0, stream, wire.grpc_message(wire.receipt(equipment, first))) * 2)
    await client.swallow()


@server("grpc-stream", acknowledges="nothing")
async def stream_ends_at_once(client):
    await client.hello()
    while True:
        stream = await client.request()
        await client.send(wire.headers(stream, GRPC_HEAD) + wire.headers(stream, [("grpc-status", "0")], 5))


@server("grpc-stream", acknowledges="nothing")
async def receipts_of_absurd_length(client):
    await client.hello()
    stream = await client.request()
    await client.send(wire.headers(stream, GRPC_HEAD) + wire.frame(wire.DATA, 0, stream, wire.grpc_message(b"", length=0x7FFFFFFF)))
    while True:
        await client.send(wire.frame(wire.DATA, 0, stream, bytes(1_000)))
        await asyncio.sleep(0.001)


# -------------------------------------------------------------------------------------------------------------- serving

class Serving:
    """A misbehaving server, on a port of the kernel's choice, in a thread of its own. `at_first`: a server's address, which answers in its
    place until turn()."""

    def __init__(self, protocol, name, at_first=None):
        self.protocol, self.coroutine, self.at_first = protocol, CATALOGUE[protocol][name], at_first
        self.connections, self.relays, self.met = 0, set(), 0

    async def meet(self, reader, writer):
        if self.at_first:
            self.relays.add(asyncio.current_task())
            await self.relay(reader, writer)
            return
        self.connections += 1
        try:
            client = Client(self.protocol, reader, writer)
            client.serving = self
            await self.coroutine(client)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def relay(self, reader, writer):
        there_reader, there_writer = await asyncio.open_connection(*self.at_first)

        async def pump(come, go):
            while piece := await come.read(1 << 16):
                go.write(piece)

        try:
            await asyncio.gather(pump(reader, there_writer), pump(there_reader, writer))
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            there_writer.close()

    def cut(self):
        """Cuts all present connections."""
        def each():
            for task in self.relays:
                task.cancel()
            self.relays.clear()
        self.loop.call_soon_threadsafe(each)

    def turn(self):
        """Begins to misbehave."""
        self.at_first = None
        self.cut()

    async def listen(self):
        listening = await asyncio.start_server(self.meet, "127.0.0.1", 0, backlog=1_024)
        self.port = listening.sockets[0].getsockname()[1]

    def __enter__(self):
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(lambda *_: None)  # clients come and go
        self.loop.run_until_complete(self.listen())
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        return self

    async def end(self):
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self.end(), self.loop).result(30)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()


OPTIONS = ["--equipments", "4", "--rate", "10/s", "--duration", "1500ms", "--shards", "1",
           "--set", "fleet.start.within=600ms", "--set", "delivery.timeout=300ms", "--set", "delivery.connect_timeout=300ms",
           "--set", "delivery.drain=1s", "--set", "delivery.retry.base=20ms", "--set", "delivery.retry.max=200ms"]


def problem_of(run, coroutine):
    if problem := run.imbalance():
        return problem
    if run.exit_code not in (0, 1, 3, 99):  # 99: by the default thresholds
        return f"exit code {run.exit_code}: {run.stderr.strip()[-300:]}"
    rss = run.report["resources"]["generator"]["rss_bytes"]
    if rss > MOST_RSS_BYTES:
        return f"the generator took {rss >> 20} MiB"
    tally = run.report["tally"]
    if tally["generated"] != 60:
        return f"the server changed what was due: {tally}"
    if coroutine.acknowledges == "nothing" and tally["acknowledged"]:
        return f"{tally['acknowledged']} acknowledged by a server that acknowledges nothing"
    if coroutine.acknowledges == "everything" and tally["acknowledged"] != tally["generated"]:
        return f"{tally} of a server that acknowledges everything"
    return coroutine.must(run.report)


def drive(portillon, protocol, name):
    """(protocol, name, problem or None, Run)"""
    coroutine = CATALOGUE[protocol][name]
    with Serving(protocol, name) as serving:
        target = f"{program.SCHEMES[protocol]}://127.0.0.1:{serving.port}"
        run = program.Run(portillon, protocol, target, *OPTIONS, *coroutine.options, patience_s=PATIENCE_S)
        return protocol, name, problem_of(run, coroutine), run, serving.connections


def show(run):
    if run.report is None:
        return ""
    tally = ", ".join(f"{count} {state}" for state, count in run.report["tally"].items() if count and state != "generated")
    return (f"exit {run.exit_code} after {run.took_s:.1f} s, {tally}, {run.report['resources']['generator']['rss_bytes'] >> 20} MiB, "
            f"{run.report['errors']}")


def main(portillon, words):
    only = [word for word in words if not word.startswith("-")]
    known = program.protocols(portillon)
    chosen = [(protocol, name) for protocol in known for name, coroutine in CATALOGUE[protocol].items()
              if ("--selection" not in words or coroutine.selected) and (not only or protocol in only or name in only)]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for protocol, name, problem, run, connections in pool.map(lambda each: drive(portillon, *each), chosen):
            failed += problem is not None
            print(f"{'FAIL' if problem else 'ok'} {protocol} {name}: {problem or ''}{'; ' if problem else ''}{show(run)}, "
                  f"{connections} connections", flush=True)
    print(f"{len(chosen)} bad servers, {failed} problems")
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        with Serving(*sys.argv[2:4]) as one:
            print(f"port {one.port}", flush=True)
            sys.stdin.read()
    else:
        sys.exit(main(os.path.abspath(sys.argv[1]), sys.argv[2:]))
