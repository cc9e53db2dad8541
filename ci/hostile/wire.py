"""Makes correct and wrong bytes of MQTT, HTTP/2 and gRPC, and reads answers. No I/O.

Written from the specifications, apart from the program's own codecs: MQTT 5.0 and 3.1.1, RFC 9113, RFC 7541, gRPC over HTTP/2.
"""
import struct

import hpack

# --- a batch that every server of ours takes: of a run that nobody registered, so that it is counted and forgotten

RUN = 0x6861_6C6C_6F21_0001


def json_batch(equipment=1, first=1):
    validation = (f'{{"equipment":{equipment},"sequence":{first},"due":0,"kind":1,"card":"b1307d31a7ce7e14","line":317,"stop":4242,'
                  '"product":31,"result":1,"position":{"latitude":40123456,"longitude":-3123456},"filler":"abc"}')
    return f'{{"run":"{RUN:016x}","equipment":{equipment},"first":{first},"validations":[{validation}]}}'.encode()


def varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def protobuf_batch(equipment=1, first=1):
    position = b"\x0d" + struct.pack("<i", 40123456) + b"\x15" + struct.pack("<i", -3123456)
    validation = (b"\x08" + varint(equipment) + b"\x10" + varint(first) + b"\x19" + bytes(8) + b"\x20\x01" + b"\x29" + bytes(8) +
                  b"\x48\x01" + b"\x52" + varint(len(position)) + position + b"\x7a\x03abc")
    return (b"\x09" + struct.pack("<Q", RUN) + b"\x10" + varint(equipment) + b"\x18" + varint(first) + b"\x22" +
            varint(len(validation)) + validation)


# --- MQTT

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, \
    DISCONNECT, AUTH = range(1, 16)
MQTT_NAMES = ["0", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK", "UNSUBSCRIBE",
              "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH"]


def text(value):
    value = value.encode() if isinstance(value, str) else value
    return struct.pack(">H", len(value)) + value


def packet(kind, body=b"", flags=0, length=None):
    """A packet. `length`: a false remaining length; if it is bytes, they are used as they are."""
    said = length if isinstance(length, bytes) else varint(len(body) if length is None else length)
    return bytes([kind << 4 | flags]) + said + body


def connect(client_id="hostile", version=5, flags=2, keepalive=0, properties=b"", name="MQTT", tail=b""):
    head = text(name) + bytes([version, flags]) + struct.pack(">H", keepalive)
    return packet(CONNECT, head + (varint(len(properties)) + properties if version == 5 else b"") + text(client_id) + tail)


def publish(packet_id=1, qos=1, topic="validations/1", payload=None, properties=b"", flags=None, version=5):
    payload = json_batch() if payload is None else payload
    body = text(topic) + (struct.pack(">H", packet_id) if qos else b"")
    body += (varint(len(properties)) + properties if version == 5 else b"") + payload
    return packet(PUBLISH, body, qos << 1 if flags is None else flags)


def acknowledgement(kind, packet_id, flags=None):
    return packet(kind, struct.pack(">H", packet_id), (2 if kind == PUBREL else 0) if flags is None else flags)


class MqttReader:
    """Bytes in, answers out: ("CONNACK", reason), ("PUBACK", packet_id, reason), ("PINGRESP",), ("DISCONNECT", reason)."""

    def __init__(self):
        self.bytes = b""

    def read(self, more):
        self.bytes += more
        answers, self.at = [], 0
        while True:
            frame = self.next_at()
            if frame is None:
                self.bytes = self.bytes[self.at:]
                return answers
            kind, _, body = frame
            name = MQTT_NAMES[kind]
            if kind == CONNACK:
                answers.append((name, body[1]))
            elif kind == DISCONNECT:
                answers.append((name, body[0] if body else 0))
            elif kind in (PUBACK, PUBREC, PUBREL, PUBCOMP):
                answers.append((name, struct.unpack(">H", body[:2])[0], body[2] if len(body) > 2 else 0))
            else:
                answers.append((name,))

    def next(self):
        """(type, flags, body) of the next whole packet, or None."""
        self.at = 0
        frame = self.next_at()
        self.bytes = self.bytes[self.at:]
        return frame

    def next_at(self):
        length, at = 0, self.at + 1
        while True:
            if len(self.bytes) <= at:
                return None
            length |= (self.bytes[at] & 0x7F) << 7 * (at - self.at - 1)
            at += 1
            if self.bytes[at - 1] < 0x80:
                break
        if len(self.bytes) < at + length:
            return None
        first, self.at = self.bytes[self.at], at + length
        return (first >> 4, first & 15, self.bytes[at:self.at])


# --- HTTP/2

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
H2_NAMES = ["DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY", "WINDOW_UPDATE", "CONTINUATION"]
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM, \
    CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM, INADEQUATE_SECURITY, HTTP_1_1_REQUIRED = range(14)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE = 3, 4, 5


def frame(kind, flags=0, stream=0, payload=b"", length=None):
    return struct.pack(">I", len(payload) if length is None else length)[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def settings(*pairs, flags=0, stream=0):
    return frame(SETTINGS, flags, stream, b"".join(struct.pack(">HI", *pair) for pair in pairs))


def prefixed(value, bits, first=0):
    """An integer of RFC 7541, 5.1."""
    most = (1 << bits) - 1
    return bytes([first | value]) if value < most else bytes([first | most]) + varint(value - most)


def literal(name, value, indexed=False):
    name, value = (x.encode() if isinstance(x, str) else x for x in (name, value))
    return (b"\x40" if indexed else b"\x00") + prefixed(len(name), 7) + name + prefixed(len(value), 7) + value


def block(*fields):
    """Literals, not indexed. Begins with a table size, as a peer that announced a smaller table demands (RFC 7541, 4.2)."""
    return prefixed(0, 5, 0x20) + b"".join(literal(*field) for field in fields)


def headers(stream, fields, flags=END_HEADERS):
    return frame(HEADERS, flags, stream, block(*fields))


class H2Reader:
    """Bytes in, answers out: ("GOAWAY", error), ("RST_STREAM", error, stream), ("SETTINGS",), ("SETTINGS ACK",), ("PING ACK",),
    (name, stream) for the others; after ("HEADERS", stream) also ("STATUS", 404) and ("GRPC-STATUS", 12), if they say so."""

    def __init__(self):
        self.bytes = b""
        self.hpack = hpack.Decoder()

    def read(self, more):
        self.bytes += more
        answers = []
        while len(self.bytes) >= 9:
            length = int.from_bytes(self.bytes[:3], "big")
            if len(self.bytes) < 9 + length:
                break
            kind, flags = self.bytes[3], self.bytes[4]
            stream = int.from_bytes(self.bytes[5:9], "big") & 0x7FFF_FFFF
            body = self.bytes[9:9 + length]
            self.bytes = self.bytes[9 + length:]
            name = H2_NAMES[kind] if kind < len(H2_NAMES) else str(kind)
            if kind == HEADERS:
                answers.append((name, stream))
                fields = dict(self.hpack.decode(body))
                answers += [(said, int(fields[field])) for said, field in (("STATUS", ":status"), ("GRPC-STATUS", "grpc-status"))
                            if field in fields]
            elif kind == GOAWAY:
                answers.append((name, int.from_bytes(body[4:8], "big")))
            elif kind == RST_STREAM:
                answers.append((name, int.from_bytes(body, "big"), stream))
            elif kind in (SETTINGS, PING):
                answers.append((name + " ACK" if flags & ACK else name,))
            else:
                answers.append((name, stream))
        return answers


# --- gRPC

def grpc_message(body, flag=0, length=None):
    return struct.pack(">BI", flag, len(body) if length is None else length) + body


def names_of(batch):
    """(equipment, first) of a Batch in protobuf, whose fields come in their order."""
    numbers, at = [], 9  # behind `run`
    for _ in range(2):
        at, value, shift = at + 1, 0, 0
        while True:
            byte = batch[at]
            at, value, shift = at + 1, value | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                break
        numbers.append(value)
    return tuple(numbers)


def receipt(equipment, first, count=1):
    return b"\x08" + varint(equipment) + b"\x10" + varint(first) + b"\x18" + varint(count)
