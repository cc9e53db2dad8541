#!/usr/bin/env python3
"""python3-grpcio, with the published .proto compiled by protoc, against `portillon serve` with two shards.

Usage: grpc_grpcio_client.py PORTILLON
"""
import importlib
import os
import subprocess
import sys
import tempfile
import threading

import grpc

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "../hostile"))
import program  # noqa: E402

with tempfile.TemporaryDirectory() as made:
    subprocess.run(["protoc", f"--python_out={made}", f"-I{here}/../../lib/wire", "portillon.proto"], check=True)
    sys.path.insert(0, made)
    messages = importlib.import_module("portillon_pb2")


def batch(first, count, filler=20):
    """A batch of a run that nobody registered: it is counted, not recorded."""
    return messages.Batch(run=7, equipment=12, first=first, validations=[
        messages.Validation(equipment=12, sequence=first + i, due=i, filler="a" * filler) for i in range(count)])


def status_of(call):
    try:
        return call() and "OK"
    except grpc.RpcError as error:
        return f"{error.code().name} {error.details()}"


class Talk:
    """The requests of a client on a stream, one batch at a time, and its end."""

    def __init__(self):
        self.said, self.changed, self.over = [], threading.Condition(), False

    def say(self, one):
        with self.changed:
            self.said.append(one)
            self.changed.notify()

    def end(self):
        with self.changed:
            self.over = True
            self.changed.notify()

    def __iter__(self):
        return self

    def __next__(self):
        with self.changed:
            self.changed.wait_for(lambda: self.said or self.over, 30)
            if self.said:
                return self.said.pop(0)
            raise StopIteration


with program.Server(sys.argv[1], listeners=("grpc",), shards=2) as server:
    with grpc.insecure_channel("{}:{}".format(*server.addresses["grpc"])) as channel:
        deliver = channel.unary_unary("/portillon.v1.Gate/Deliver", messages.Batch.SerializeToString,
                                      messages.Receipt.FromString)
        receipt = deliver(batch(9, 60), timeout=10)
        print(receipt)
        assert receipt == messages.Receipt(equipment=12, first=9, count=60)
        assert receipt.answer == messages.ANSWER_ACKNOWLEDGED
        # Many at once, and large ones.
        calls = [deliver.future(batch(1 + 2 * i, 2), timeout=60) for i in range(1000)]
        assert [call.result().first for call in calls] == [1 + 2 * i for i in range(1000)]
        calls = [deliver.future(batch(i, 1, filler=900_000), timeout=60) for i in range(1, 9)]
        assert [call.result().count for call in calls] == [1] * 8

        raw = channel.unary_unary("/portillon.v1.Gate/Deliver")
        other = channel.unary_unary("/portillon.v1.Gate/Other")
        stream = channel.stream_stream("/portillon.v1.Gate/Stream", messages.Batch.SerializeToString,
                                       messages.Receipt.FromString)
        # A receipt for each batch, on one stream.
        receipts = list(stream(iter([batch(1 + i, 1) for i in range(500)]), timeout=60))
        assert sorted(receipt.first for receipt in receipts) == list(range(1, 501))
        assert all(receipt.answer == messages.ANSWER_ACKNOWLEDGED and receipt.count == 1 for receipt in receipts)
        receipts = list(stream(iter([batch(i, 60) for i in range(1, 11)]), timeout=60, compression=grpc.Compression.Gzip))
        assert len(receipts) == 10
        # One after the other: each batch follows the answer to the last.
        talk = Talk()
        receipts = stream(talk, timeout=60)
        for first in range(1, 101):
            talk.say(batch(first, 3))
            assert next(receipts).first == first
        talk.end()
        assert list(receipts) == [] and receipts.code() == grpc.StatusCode.OK
        # Streams beside each other; one is cancelled half-way, without effect on the others.
        talks = [Talk() for _ in range(20)]
        answers = [stream(talk, timeout=60) for talk in talks]
        for i, talk in enumerate(talks):
            talk.say(batch(1 + i, 1))
        assert [next(answer).first for answer in answers] == [1 + i for i in range(20)]
        answers[0].cancel()
        for i, (talk, answer) in enumerate(zip(talks, answers)):
            talk.say(batch(101 + i, 1))
            talk.end()
            assert i == 0 or [receipt.first for receipt in answer] == [101 + i]
        # An empty stream, and one with a deadline.
        assert list(stream(iter([]), timeout=20)) == []
        silent = Talk()
        assert status_of(lambda: list(stream(silent, timeout=0.5))).startswith("DEADLINE_EXCEEDED")
        silent.end()

        raw_stream = channel.stream_stream("/portillon.v1.Gate/Stream")
        for what, got, expected in [
            ("no batch", status_of(lambda: raw(b"\xff\xff", timeout=10)), "INVALID_ARGUMENT decode_"),
            ("empty", status_of(lambda: raw(b"", timeout=10)), "INVALID_ARGUMENT decode_"),
            ("too large", status_of(lambda: deliver(batch(1, 1, filler=2_000_000), timeout=10)),
             "RESOURCE_EXHAUSTED too_large"),
            ("compressed", status_of(lambda: deliver(batch(1, 60), timeout=10, compression=grpc.Compression.Gzip)), "OK"),
            ("deflated", status_of(lambda: deliver(batch(1, 60), timeout=10, compression=grpc.Compression.Deflate)),
             "OK"),
            ("a bomb", status_of(lambda: deliver(batch(1, 1, filler=3_000_000), timeout=10, compression=grpc.Compression.Gzip)),
             "RESOURCE_EXHAUSTED too_large"),
            ("unknown call", status_of(lambda: other(b"", timeout=10)), "UNIMPLEMENTED unknown_call"),
            ("no batch on a stream", status_of(lambda: list(raw_stream(iter([b"\xff\xff"]), timeout=10))),
             "INVALID_ARGUMENT decode_"),
            ("and still", status_of(lambda: deliver(batch(1, 1), timeout=10)), "OK"),
        ]:
            print(what, got)
            assert got.startswith(expected), f"{what}: expected {expected}"
    batches = 1 + 1000 + 8 + 500 + 10 + 100 + 20 + 19 + 3
    validations = 60 + 2000 + 8 + 500 + 600 + 300 + 20 + 19 + 121
    # The batch after cancel() may have gone out or not.
    assert server.wait_until(lambda figures: server.causes().get("refused.decode_truncated", 0) == 2), server.causes()
    totals = server.figures()["totals"]
    print(totals)
    assert batches <= totals["batches"] <= batches + 1, (totals, batches)
    assert totals["validations"] - validations == totals["batches"] - batches, (totals, validations)
    causes = server.causes()
    assert causes["refused.too_large"] == 2 and causes["refused.unknown_call"] == 1, causes
    assert not [cause for cause in causes if cause.startswith("closed.")], causes
print("passed")
