#!/usr/bin/env python3
"""A server that lies: acknowledges every batch, then loses, duplicates and swaps validations on their way to the ledger.

It shares no code with portillon: the three protocols are spoken by python3-h2, python3-grpcio and a few lines of MQTT.
What it lets through goes, byte for byte, to an MQTT listener (--forward), or is stored as rows in a file (--export), CSV or
lines of JSON, the run as the messages had it. It speaks on standard output, one JSON object
a line: first {"port": N}, and when standard input ends what it did: {"seen": n, "lost": [[equipment, sequence], ...],
"duplicated": [...], "reordered": [...]}.

Batches must hold one validation each.
"""
import argparse
import asyncio
import json
import sys


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at


def identify(body):
    """(equipment, first sequence) of a batch, JSON or protobuf."""
    if body[:1] == b"{":
        batch = json.loads(body)
        assert len(batch["validations"]) == 1
        return batch["equipment"], batch["first"]
    fields, at = {}, 0
    while at < len(body):
        tag, at = read_varint(body, at)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            fields[number], at = read_varint(body, at)
        elif kind == 1:
            at += 8
        elif kind == 2:
            length, at = read_varint(body, at)
            at += length
        elif kind == 5:
            at += 4
        else:
            raise ValueError(f"wire type {kind}")
    return fields[2], fields[3]


def mqtt_length(size):
    out = b""
    while True:
        size, low = divmod(size, 128)
        out += bytes([low | (0x80 if size else 0)])
        if not size:
            return out


class Forward:
    """One MQTT 3.1.1 connection to the ledger's listener; messages arrive in the order of sending."""

    async def open(self, host, port):
        self.reader, self.writer = await asyncio.open_connection(host, port)
        body = b"\x00\x04MQTT\x04\x02\x00\x00" + b"\x00\x05lossy"
        self.writer.write(b"\x10" + mqtt_length(len(body)) + body)
        assert (await self.reader.readexactly(4))[3] == 0, "the ledger refused the connection"
        self.sent = self.answered = 0
        self.window = asyncio.Semaphore(64)
        self.answers = asyncio.create_task(self.read_answers())

    async def read_answers(self):
        while True:
            await self.reader.readexactly(4)
            self.answered += 1
            self.window.release()

    async def send(self, body):
        await self.window.acquire()
        self.sent += 1
        packet_id = 1 + self.sent % 60000
        payload = b"\x00\x01v" + packet_id.to_bytes(2, "big") + body
        self.writer.write(b"\x32" + mqtt_length(len(payload)) + payload)

    async def finish(self):
        while self.answered < self.sent:
            await asyncio.sleep(0.01)


class Export:
    """Rows of what arrived, as a table of the server's would be exported."""

    def __init__(self, path):
        self.path = path
        self.rows = []

    async def send(self, body):
        if body[:1] == b"{":
            run = json.loads(body)["run"]
        else:
            assert body[0] == 9, "the run comes first, as fixed64"
            run = f"{int.from_bytes(body[1:9], 'little'):016x}"
        self.rows.append((run, *identify(body)))

    async def finish(self):
        with open(self.path, "w", newline="") as file:
            if self.path.endswith(".csv"):
                file.write("stored_at,sequence,equipment,run\r\n")
            for number, (run, equipment, sequence) in enumerate(self.rows):
                if self.path.endswith(".csv"):
                    file.write(f'"row {number}, stored",{sequence},{equipment},{run}\r\n')
                else:
                    file.write(json.dumps({"id": number, "run": run, "equipment": equipment, "sequence": sequence}) + "\n")


class Gate:
    """Decides the fate of each validation, by (equipment, sequence) alone."""

    def __init__(self, forward, plan):
        self.forward = forward
        self.lose = {tuple(x) for x in plan["lose"]}
        self.silence = set(plan["silence"])
        self.duplicate = {tuple(x) for x in plan["duplicate"]}
        self.swap = {tuple(x) for x in plan["swap"]}  # delivered after the next of its equipment
        self.held = {}
        self.seen = 0
        self.did = {"lost": [], "duplicated": [], "reordered": []}
        self.queue = asyncio.Queue()

    def take(self, body):
        self.seen += 1
        self.queue.put_nowait(bytes(body))

    async def work(self):
        while True:
            body = await self.queue.get()
            key = identify(body)
            if key in self.lose or key[0] in self.silence:
                self.did["lost"].append(key)
            elif key in self.swap:
                self.held[key[0]] = (key, body)
            else:
                await self.forward.send(body)
                if key in self.duplicate:
                    await self.forward.send(body)
                    self.did["duplicated"].append(key)
                if key[0] in self.held:
                    late, late_body = self.held.pop(key[0])
                    await self.forward.send(late_body)
                    self.did["reordered"].append(late)
            self.queue.task_done()


async def serve_mqtt(gate):
    async def client(reader, writer):
        version = 4
        try:
            while True:
                first = (await reader.readexactly(1))[0]
                size = shift = 0
                while True:
                    byte = (await reader.readexactly(1))[0]
                    size |= (byte & 0x7F) << shift
                    shift += 7
                    if not byte & 0x80:
                        break
                body = await reader.readexactly(size)
                kind = first >> 4
                if kind == 1:
                    version = body[6]
                    writer.write(b"\x20\x03\x00\x00\x00" if version == 5 else b"\x20\x02\x00\x00")
                elif kind == 3:
                    at = 2 + int.from_bytes(body[:2], "big")
                    packet_id = body[at:at + 2]
                    at += 2
                    if version == 5:
                        properties, at = read_varint(body, at)
                        at += properties
                    gate.take(body[at:])
                    writer.write(b"\x40\x02" + packet_id)
                elif kind == 12:
                    writer.write(b"\xd0\x00")
                elif kind == 14:
                    break
        except asyncio.IncompleteReadError:
            pass
        writer.close()

    server = await asyncio.start_server(client, "127.0.0.1", 0, backlog=1024)
    return server.sockets[0].getsockname()[1]


async def serve_http2(gate):
    import h2.config
    import h2.connection
    import h2.events

    async def client(reader, writer):
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        connection.initiate_connection()
        writer.write(connection.data_to_send())
        bodies = {}
        while True:
            data = await reader.read(65536)
            if not data:
                break
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    bodies[event.stream_id] = b""
                elif isinstance(event, h2.events.DataReceived):
                    bodies[event.stream_id] += event.data
                    connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    gate.take(bodies.pop(event.stream_id))
                    connection.send_headers(event.stream_id, [(":status", "204")], end_stream=True)
            writer.write(connection.data_to_send())
        writer.close()

    server = await asyncio.start_server(client, "127.0.0.1", 0, backlog=1024)
    return server.sockets[0].getsockname()[1]


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


async def serve_grpc(gate):
    """Unary calls and streams; on a stream the receipt names its batch."""
    import grpc

    async def deliver(request, context):
        gate.take(request)
        return b""

    async def deliver_stream(requests, context):
        async for request in requests:
            gate.take(request)
            equipment, first = identify(request)
            yield b"\x08" + varint(equipment) + b"\x10" + varint(first) + b"\x18\x01"

    class Service(grpc.GenericRpcHandler):
        def service(self, details):
            if details.method == "/portillon.v1.Gate/Deliver":
                return grpc.unary_unary_rpc_method_handler(deliver)
            if details.method == "/portillon.v1.Gate/Stream":
                return grpc.stream_stream_rpc_method_handler(deliver_stream)
            return None

    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Service(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    gate.keep = server
    return port


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--protocol", choices=["mqtt", "http2", "grpc", "grpc-stream"], required=True)
    parser.add_argument("--forward")
    parser.add_argument("--export")
    parser.add_argument("--plan", required=True, help="JSON: lose, silence, duplicate, swap")
    options = parser.parse_args()
    if options.export:
        forward = Export(options.export)
    else:
        host, port = options.forward.rsplit(":", 1)
        forward = Forward()
        await forward.open(host, int(port))
    gate = Gate(forward, json.loads(options.plan))
    worker = asyncio.create_task(gate.work())
    serve = {"mqtt": serve_mqtt, "http2": serve_http2, "grpc": serve_grpc, "grpc-stream": serve_grpc}[options.protocol]
    print(json.dumps({"port": await serve(gate)}), flush=True)
    # A line "settle" on standard input: everything taken so far has reached the ledger. Its end: the account.
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        if line.strip() == "settle":
            await gate.queue.join()
            await forward.finish()
            print(json.dumps({"settled": gate.seen}), flush=True)
    await gate.queue.join()
    await forward.finish()
    print(json.dumps({"seen": gate.seen, **gate.did}), flush=True)
    worker.cancel()


asyncio.run(main())
