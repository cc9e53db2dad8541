"""Takes the bytes of connections apart: which copies of which batches went to the server, and what it said to each. No I/O.

Written from the specifications and from the published lib/wire/portillon.proto, apart from the program's own codecs: MQTT 5.0
and 3.1.1, RFC 9113 and 7541 (python3-hpack), gRPC over HTTP/2.
"""
import json
import struct
import sys
from pathlib import Path

import hpack

sys.path.append(str(Path(__file__).resolve().parent.parent / "hostile"))
import wire  # noqa: E402
from proxy import UP  # noqa: E402

OK, REJECTED, THROTTLED, AGAIN, LATE = "acknowledged", "rejected", "throttled", "try again", "late"


class Copy:
    """A whole batch sent to the server. `said` is its answer in the protocol's words."""

    def __init__(self, batch, talk, order, at_ns, name=None):
        self.equipment, self.first, self.count, self.due_ns = batch
        self.talk, self.order, self.at_ns, self.name = talk, order, at_ns, name
        self.answer = self.said = self.answered_ns = self.answered_order = None
        self.cancelled_ns = None  # the client gave this one up, and its connection lives on

    def answered(self, answer, said, order, at_ns):
        if self.answer is None:
            self.answer, self.said, self.answered_order, self.answered_ns = answer, said, order, at_ns

    def sequences(self):
        return range(self.first, self.first + self.count)


class Talk:
    """The conversation on one connection."""

    def __init__(self, meeting):
        self.meeting = meeting
        self.copies = []
        self.client_id = None
        self.goodbye = None    # the server's, in the protocol's words, and when
        self.goodbye_order = None
        self.client_goodbye_order = float("inf")
        self.released = []     # (order, packet identifier) of each PUBREL
        self.completed = []    # the same of each PUBCOMP
        self.present = None    # the server had kept the session: (order, True or False)
        self.clean = False     # the client wanted a new one
        self.connected_order = None
        self.server_spoke = any(chunk[2] != UP for chunk in meeting.chunks)

    def say_goodbye(self, what, order):
        if self.goodbye is None:
            self.goodbye, self.goodbye_order = what, order

    def dismissed(self):
        """Whether the server ended the connection, or announced that, before the client did."""
        ends = [end[0] if end else float("inf") for end in (self.meeting.client_end, self.meeting.server_end)]
        client = min(ends[0], self.client_goodbye_order)
        return ends[1] < client or (self.goodbye is not None and self.goodbye_order < client)


# --- batches

def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at


def fields(data):
    """(number, value) of each field of a protobuf message."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 1:
            value, at = struct.unpack_from("<Q", data, at)[0], at + 8
        elif kind == 5:
            value, at = struct.unpack_from("<I", data, at)[0], at + 4
        elif kind == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
            if len(value) != size:
                raise ValueError("a field beyond the end of its message")
        else:
            raise ValueError(f"a field of wire type {kind}")
        yield key >> 3, value


def protobuf_batch(data):
    equipment = first = 0
    validations = []
    for number, value in fields(data):
        if number == 2:
            equipment = value
        elif number == 3:
            first = value
        elif number == 4:
            one = dict(fields(value))
            validations.append((one.get(1, 0), one.get(2, 0), one.get(3, 0)))
    return checked(equipment, first, validations)


def json_batch(data):
    batch = json.loads(data)
    return checked(batch["equipment"], batch["first"], [(v["equipment"], v["sequence"], v["due"]) for v in batch["validations"]])


def checked(equipment, first, validations):
    """(equipment, first, how many, when the last was due)"""
    if not validations or [v[:2] for v in validations] != [(equipment, first + i) for i in range(len(validations))]:
        raise ValueError(f"a batch of equipment {equipment} from {first} on holds {[v[:2] for v in validations]}")
    return equipment, first, len(validations), max(v[2] for v in validations)


def read_batch(data):
    return json_batch(data) if data[:1] == b"{" else protobuf_batch(bytes(data))


# --- MQTT

def mqtt_answer(reason):
    if reason < 0x80:
        return OK
    return {0x97: THROTTLED, 0x80: AGAIN, 0x83: AGAIN}.get(reason, REJECTED)


def mqtt_text(body, at):
    size = int.from_bytes(body[at:at + 2], "big")
    return body[at + 2:at + 2 + size], at + 2 + size


class MqttTalk:
    def __init__(self, meeting):
        self.talk = Talk(meeting)
        self.up, self.down = wire.MqttReader(), wire.MqttReader()
        self.version, self.open = 5, {}  # packet identifier -> copies that wait for an answer

    def feed(self, order, at_ns, direction, data):
        reader = self.up if direction is UP else self.down
        reader.bytes += data
        while (packet := reader.next()) is not None:
            (self.from_client if direction is UP else self.from_server)(*packet, order, at_ns)

    def from_client(self, kind, flags, body, order, at_ns):
        talk = self.talk
        if kind == wire.CONNECT:
            _, at = mqtt_text(body, 0)
            self.version, talk.clean = body[at], bool(body[at + 1] & 2)
            at += 4
            if self.version == 5:
                size, at = varint(body, at)
                at += size
            talk.client_id, talk.connected_order = mqtt_text(body, at)[0], order
        elif kind == wire.PUBLISH:
            qos = flags >> 1 & 3
            _, at = mqtt_text(body, 0)
            name = int.from_bytes(body[at:at + 2], "big") if qos else None
            at += 2 if qos else 0
            if self.version == 5:
                size, at = varint(body, at)
                at += size
            copy = Copy(read_batch(body[at:]), talk, order, at_ns, name)
            talk.copies.append(copy)
            if qos:
                self.open.setdefault(name, []).append(copy)
        elif kind == wire.PUBREL:
            talk.released.append((order, int.from_bytes(body[:2], "big")))
        elif kind == wire.DISCONNECT:
            talk.client_goodbye_order = min(order, talk.client_goodbye_order)

    def from_server(self, kind, flags, body, order, at_ns):
        talk = self.talk
        if kind == wire.CONNACK:
            talk.present = (order, bool(body[0] & 1))
        elif kind in (wire.PUBACK, wire.PUBREC):
            name, reason = int.from_bytes(body[:2], "big"), body[2] if len(body) > 2 else 0
            for copy in self.open.pop(name, []):
                copy.answered(mqtt_answer(reason), f"0x{reason:02x}", order, at_ns)
        elif kind == wire.PUBCOMP:
            talk.completed.append((order, int.from_bytes(body[:2], "big")))
        elif kind == wire.DISCONNECT:
            talk.say_goodbye(f"DISCONNECT 0x{body[0] if body else 0:02x}", order)


# --- HTTP/2

GRPC_REJECTED = (3, 5, 7, 12, 16)


def http_answer(status, has_retry_after):
    if 200 <= status < 300:
        return OK
    if status == 429 or (status == 503 and has_retry_after):
        return THROTTLED
    return REJECTED if 400 <= status < 500 and status not in (408, 425) else AGAIN


def grpc_answer(status):
    if status == 0:
        return OK
    if status in GRPC_REJECTED:
        return REJECTED
    return {8: THROTTLED, 4: LATE}.get(status, AGAIN)


class Frames:
    """One direction: bytes in, frames out; headers decoded, padding taken off."""

    def __init__(self, preface):
        self.data, self.preface = bytearray(), preface
        self.hpack = hpack.Decoder()
        self.hpack.max_allowed_table_size = 1 << 20
        self.block, self.block_of = b"", None

    def feed(self, data):
        self.data += data
        if self.preface:
            if len(self.data) < len(wire.PREFACE):
                return
            if not self.data.startswith(wire.PREFACE):
                raise ValueError("no preface of HTTP/2")
            del self.data[:len(wire.PREFACE)]
            self.preface = False
        while len(self.data) >= 9 and len(self.data) >= 9 + (size := int.from_bytes(self.data[:3], "big")):
            kind, flags = self.data[3], self.data[4]
            stream = int.from_bytes(self.data[5:9], "big") & 0x7FFF_FFFF
            payload = bytes(self.data[9:9 + size])
            del self.data[:9 + size]
            if kind in (wire.DATA, wire.HEADERS) and flags & wire.PADDED:
                payload = payload[1:len(payload) - payload[0]]
            if kind == wire.HEADERS and flags & 0x20:
                payload = payload[5:]
            if kind in (wire.HEADERS, wire.CONTINUATION):
                if kind == wire.HEADERS:
                    self.block, self.block_of = b"", flags
                self.block += payload
                if not flags & wire.END_HEADERS:
                    continue
                kind, flags, payload = wire.HEADERS, self.block_of, dict(self.hpack.decode(self.block))
            yield kind, flags, stream, payload


class Exchange:
    def __init__(self, path):
        self.path, self.body = path, bytearray()
        self.answers = bytearray()  # of a stream
        self.copies, self.head = [], {}
        self.is_stream = path.endswith("/Stream")


def whole_messages(buffer):
    """Removes the complete gRPC messages from the buffer and yields them."""
    while len(buffer) >= 5 and len(buffer) >= 5 + (size := int.from_bytes(buffer[1:5], "big")):
        if buffer[0]:
            raise ValueError("a compressed message, which nobody asked for")
        message = bytes(buffer[5:5 + size])
        del buffer[:5 + size]
        yield message


class Http2Talk:
    def __init__(self, meeting):
        self.talk = Talk(meeting)
        self.up, self.down = Frames(preface=True), Frames(preface=False)
        self.exchanges = {}

    def feed(self, order, at_ns, direction, data):
        if direction is UP:
            for frame in self.up.feed(data):
                self.from_client(*frame, order, at_ns)
        else:
            for frame in self.down.feed(data):
                self.from_server(*frame, order, at_ns)

    def from_client(self, kind, flags, stream, payload, order, at_ns):
        if kind == wire.HEADERS and stream not in self.exchanges:
            self.exchanges[stream] = Exchange(payload[":path"])
        exchange = self.exchanges.get(stream)
        if kind == wire.DATA:
            exchange.body += payload
            if exchange.is_stream:
                for message in whole_messages(exchange.body):
                    self.copied(exchange, message, order, at_ns)
        if kind == wire.GOAWAY:
            self.talk.client_goodbye_order = min(order, self.talk.client_goodbye_order)
        if kind == wire.RST_STREAM and exchange is not None:
            for copy in exchange.copies:
                copy.cancelled_ns = copy.cancelled_ns or at_ns
        if kind in (wire.DATA, wire.HEADERS) and flags & wire.END_STREAM and not exchange.is_stream:
            is_grpc = exchange.path.startswith("/portillon.v1.Gate/")
            for message in list(whole_messages(exchange.body)) if is_grpc else [bytes(exchange.body)]:
                self.copied(exchange, message, order, at_ns)

    def copied(self, exchange, message, order, at_ns):
        copy = Copy(read_batch(message), self.talk, order, at_ns)
        exchange.copies.append(copy)
        self.talk.copies.append(copy)

    def from_server(self, kind, flags, stream, payload, order, at_ns):
        if kind == wire.GOAWAY:
            self.talk.say_goodbye(f"GOAWAY {int.from_bytes(payload[4:8], 'big')}", order)
        exchange = self.exchanges.get(stream)
        if exchange is None:
            return
        if kind == wire.HEADERS:
            exchange.head.update({str(name): str(value) for name, value in payload.items()})
        elif kind == wire.DATA and exchange.is_stream:
            exchange.answers += payload
            for message in whole_messages(exchange.answers):
                self.received(exchange, dict(fields(message)), order, at_ns)
        elif kind == wire.RST_STREAM:
            error = int.from_bytes(payload, "big")
            for copy in exchange.copies:
                if error == wire.REFUSED_STREAM:
                    copy.answered(AGAIN, "REFUSED_STREAM", order, at_ns)
        if kind in (wire.HEADERS, wire.DATA) and flags & wire.END_STREAM and not exchange.is_stream:
            head = exchange.head
            if "grpc-status" in head:
                answer, said = grpc_answer(int(head["grpc-status"])), head["grpc-status"]
            else:
                answer, said = http_answer(int(head[":status"]), "retry-after" in head), head[":status"]
            for copy in exchange.copies:
                copy.answered(answer, said, order, at_ns)

    @staticmethod
    def received(exchange, receipt, order, at_ns):
        said = receipt.get(4, 0)
        for copy in exchange.copies:
            if copy.answer is None and (copy.equipment, copy.first) == (receipt.get(1, 0), receipt.get(2, 0)):
                copy.answered({0: OK, 1: REJECTED, 2: THROTTLED}.get(said, AGAIN), f"receipt {said}", order, at_ns)
                return


def take_apart(meetings, protocol):
    """The conversations of all connections, in the order in which these were made."""
    talks = []
    for meeting in meetings:
        reader = (MqttTalk if protocol == "mqtt" else Http2Talk)(meeting)
        for chunk in meeting.chunks:
            reader.feed(*chunk)
        talks.append(reader.talk)
    return talks
