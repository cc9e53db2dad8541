#!/usr/bin/env python3
"""`portillon run` over grpc and grpc-stream against a server of python3-grpcio, with the published .proto compiled by protoc.

Equipment 2 is asked to try again, once a batch; 3 to come back after half a second, once a batch; 4 is turned away for good.
On a stream receipts come in any order. Half of the time the server ends a stream after a few receipts, and says OK.

Usage: grpc_grpcio_server.py PORTILLON
"""
import collections
import concurrent.futures
import importlib
import os
import random
import subprocess
import sys
import tempfile
import threading
import time

import grpc

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../hostile"))
import program  # noqa: E402

portillon = sys.argv[1]
proto = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lib/wire")
SEED = 5
PATIENCE_MS = 500

with tempfile.TemporaryDirectory() as made:
    subprocess.run(["protoc", f"--python_out={made}", f"-I{proto}", "portillon.proto"], check=True)
    sys.path.insert(0, made)
    messages = importlib.import_module("portillon_pb2")


def retry_info(milliseconds):
    """A google.rpc.Status with a RetryInfo in it, the value of grpc-status-details-bin; written by hand."""
    def field(number, body):
        return bytes([number << 3 | 2, len(body)]) + body
    nanos = milliseconds * 1_000_000
    varint = b""
    while nanos > 0x7F:
        varint += bytes([nanos & 0x7F | 0x80])
        nanos >>= 7
    delay = field(1, b"\x10" + varint + bytes([nanos]))
    any_ = field(1, b"type.googleapis.com/google.rpc.RetryInfo") + field(2, delay)
    return b"\x08\x08" + field(3, any_)


class Gate:
    """The received batches and their answers; shared by all calls of one run."""

    def __init__(self):
        self.lock = threading.Lock()
        self.attempts = collections.Counter()
        self.asked_back_at = {}
        self.accepted = set()
        self.in_turn = []
        self.answers = collections.Counter()
        self.too_early = []

    def judge(self, batch):
        sequences = [each.sequence for each in batch.validations]
        assert sequences == list(range(batch.first, batch.first + len(sequences))), sequences
        assert all(each.equipment == batch.equipment for each in batch.validations)
        key, now = (batch.equipment, batch.first), time.monotonic()
        with self.lock:
            if now < self.asked_back_at.pop(key, now):
                self.too_early.append(key)
            self.attempts[key] += 1
            answer = messages.ANSWER_ACKNOWLEDGED
            if batch.equipment == 4:
                answer = messages.ANSWER_REJECTED
            elif batch.equipment in (2, 3) and self.attempts[key] == 1:
                answer = messages.ANSWER_TRY_AGAIN if batch.equipment == 2 else messages.ANSWER_THROTTLED
                if batch.equipment == 3:
                    self.asked_back_at[key] = now + PATIENCE_MS / 1000
            else:
                self.in_turn.append(key)
                self.accepted.update((batch.equipment, sequence) for sequence in sequences)
            self.answers[answer] += 1
            return answer


def deliver(batch, context):
    assert 0 < context.time_remaining() <= 5, "the deadline is missing"
    answer = gate.judge(batch)
    if answer == messages.ANSWER_TRY_AGAIN:
        context.abort(grpc.StatusCode.UNAVAILABLE, "a reason: 100 %")
    if answer == messages.ANSWER_REJECTED:
        context.abort(grpc.StatusCode.PERMISSION_DENIED, "not you")
    if answer == messages.ANSWER_THROTTLED:
        named = gate.answers[answer] % 2  # one of the two ways of naming the instant
        context.set_trailing_metadata((("grpc-retry-pushback-ms", str(PATIENCE_MS)) if named else
                                       ("grpc-status-details-bin", retry_info(PATIENCE_MS)),))
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "slowly")
    return messages.Receipt(equipment=batch.equipment, first=batch.first, count=len(batch.validations))


def stream(batches, context):
    chance = random.Random(SEED)
    owed, given = [], 0
    still_to_come = 30  # beyond it there may be no other batch for which to wait
    for batch in batches:
        answer = gate.judge(batch)
        owed.append(messages.Receipt(
            equipment=batch.equipment, first=batch.first, count=len(batch.validations), answer=answer,
            retry_after_ms=PATIENCE_MS if answer == messages.ANSWER_THROTTLED else 0))
        if len(owed) < 3 and batch.first < still_to_come and chance.random() < 0.5:
            continue  # later, and then in any order
        chance.shuffle(owed)
        while owed:
            yield owed.pop()
            given += 1
        if stream_receipts and given >= stream_receipts:
            return
    yield from owed


gate = Gate()
stream_receipts = 0
server = grpc.server(concurrent.futures.ThreadPoolExecutor(32))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("portillon.v1.Gate", {
    "Deliver": grpc.unary_unary_rpc_method_handler(deliver, messages.Batch.FromString, messages.Receipt.SerializeToString),
    "Stream": grpc.stream_stream_rpc_method_handler(stream, messages.Batch.FromString, messages.Receipt.SerializeToString),
}),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()


def run(protocol, *options, equipments=5, rate=20, seconds=2):
    global gate
    gate = Gate()
    done = program.Run(portillon, protocol, f"grpc://127.0.0.1:{port}", "--equipments", str(equipments), "--rate", f"{rate}/s",
                       "--duration", f"{seconds}s", *options)
    assert done.imbalance() is None, (done.imbalance(), done.stderr)
    tally, errors = done.report["tally"], done.report["errors"]
    print(protocol, options, tally, errors, done.report["fleet"]["reconnects"], flush=True)
    generated = equipments * rate * seconds
    turned_away = rate * seconds if equipments >= 4 else 0
    assert done.exit_code in program.DELIVERED, done.stderr
    assert tally["generated"] == generated and tally["rejected"] == turned_away, tally
    assert tally["acknowledged"] == generated - turned_away == len(gate.accepted), (tally, len(gate.accepted))
    assert not gate.too_early, gate.too_early
    return done.report


def by_cause(report, **expected):
    found = {cause.removeprefix("deliver.grpc_"): count for cause, count in report["errors"].items() if cause.startswith("deliver.")}
    assert found == expected, (found, expected)


try:
    patient = ("--set", "delivery.batch.max=1", "--set", "delivery.drain=60s")
    by_cause(run("grpc", *patient), unavailable=40, resource_exhausted=40, permission_denied=40)
    by_cause(run("grpc-stream", *patient, "--set", "delivery.in_flight=8"),
             unavailable=40, resource_exhausted=40, invalid_argument=40)
    by_cause(run("grpc", "--set", "delivery.order=strict", "--set", "delivery.in_flight=1", *patient, rate=5, seconds=1),
             unavailable=5, resource_exhausted=5, permission_denied=5)
    for equipment in (1, 2, 3, 5):
        assert [first for each, first in gate.in_turn if each == equipment] == [1, 2, 3, 4, 5], gate.in_turn
    for protocol in ("grpc", "grpc-stream"):  # 240 kB a batch: above the windows
        by_cause(run(protocol, "--set", "traffic.payload.bytes=60000", "--set", "delivery.batch.max=4",
                     "--set", "delivery.batch.linger=1s", equipments=1, rate=8, seconds=1))
    # The stream ends with OK, again and again: it is opened anew, and batches without a receipt are sent again.
    stream_receipts = 5
    report = run("grpc-stream", "--set", "delivery.batch.max=1", "--set", "delivery.in_flight=4", equipments=1, rate=50)
    assert report["fleet"]["reconnects"] >= 100 // (stream_receipts + 2) - 1, report["fleet"]
    assert set(report["errors"]) <= {"connection.http2_call_ended", "deliver.http2_call_ended"}, report["errors"]
    assert report["errors"]["connection.http2_call_ended"] >= report["fleet"]["reconnects"], (report["errors"], report["fleet"])
finally:
    server.stop(None).wait()
print("passed")
