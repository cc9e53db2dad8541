#!/usr/bin/env python3
"""python3-grpcio, with the published .proto compiled by protoc, against our grpc listener.

Usage: grpc_grpcio_client.py PORTILLON_STRANGER_SERVER
"""
import importlib
import os
import subprocess
import sys
import tempfile

import grpc

proto = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lib/wire")
with tempfile.TemporaryDirectory() as made:
    subprocess.run(["protoc", f"--python_out={made}", f"-I{proto}", "portillon.proto"], check=True)
    sys.path.insert(0, made)
    messages = importlib.import_module("portillon_pb2")

server = subprocess.Popen([sys.argv[1], "grpc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def batch(first, count, filler=20):
    return messages.Batch(run=7, equipment=12, first=first, validations=[
        messages.Validation(equipment=12, sequence=first + i, due=i, filler="a" * filler) for i in range(count)])


def status_of(call):
    try:
        return call() and "OK"
    except grpc.RpcError as error:
        return f"{error.code().name} {error.details()}"


try:
    word, port = server.stdout.readline().split()
    assert word == "port"
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        deliver = channel.unary_unary("/portillon.v1.Gate/Deliver", messages.Batch.SerializeToString,
                                      messages.Receipt.FromString)
        receipt = deliver(batch(9, 60), timeout=10)
        print(receipt)
        assert receipt == messages.Receipt(equipment=12, first=9, count=60)
        assert receipt.answer == messages.ANSWER_ACKNOWLEDGED
        # Many at once, and large ones.
        calls = [deliver.future(batch(1 + 2 * i, 2), timeout=20) for i in range(1000)]
        assert [call.result().first for call in calls] == [1 + 2 * i for i in range(1000)]
        calls = [deliver.future(batch(i, 1, filler=900_000), timeout=20) for i in range(1, 9)]
        assert [call.result().count for call in calls] == [1] * 8

        raw = channel.unary_unary("/portillon.v1.Gate/Deliver")
        other = channel.unary_unary("/portillon.v1.Gate/Other")
        stream = channel.stream_stream("/portillon.v1.Gate/Stream", messages.Batch.SerializeToString,
                                       messages.Receipt.FromString)
        deliver_gzip = lambda: deliver(batch(1, 60), timeout=10, compression=grpc.Compression.Gzip)
        # A receipt for each batch, on one stream; what is no batch ends it.
        receipts = list(stream(iter([batch(1 + i, 1) for i in range(500)]), timeout=20))
        assert sorted(receipt.first for receipt in receipts) == list(range(1, 501))
        assert all(receipt.answer == messages.ANSWER_ACKNOWLEDGED and receipt.count == 1 for receipt in receipts)
        receipts = list(stream(iter([batch(i, 60) for i in range(1, 11)]), timeout=20, compression=grpc.Compression.Gzip))
        assert len(receipts) == 10
        raw_stream = channel.stream_stream("/portillon.v1.Gate/Stream")
        for what, got, expected in [
            ("no batch", status_of(lambda: raw(b"\xff\xff", timeout=10)), "INVALID_ARGUMENT decode_"),
            ("empty", status_of(lambda: raw(b"", timeout=10)), "INVALID_ARGUMENT decode_"),
            ("too large", status_of(lambda: deliver(batch(1, 1, filler=2_000_000), timeout=10)),
             "RESOURCE_EXHAUSTED too_large"),
            ("compressed", status_of(deliver_gzip), "OK"),
            ("deflated", status_of(lambda: deliver(batch(1, 60), timeout=10, compression=grpc.Compression.Deflate)),
             "OK"),
            ("unknown call", status_of(lambda: other(b"", timeout=10)), "UNIMPLEMENTED unknown_call"),
            ("no batch on a stream", status_of(lambda: list(raw_stream(iter([b"\xff\xff"]), timeout=10))), "INVALID_ARGUMENT decode_"),
            ("and still", status_of(lambda: deliver(batch(1, 1), timeout=10)), "OK"),
        ]:
            print(what, got)
            assert got.startswith(expected), f"{what}: expected {expected}"
    out, _ = server.communicate("", timeout=20)
    print(out)
    assert out.startswith(f"batches {1 + 1000 + 8 + 500 + 10 + 3}\nvalidations {60 + 2000 + 8 + 500 + 600 + 121}\nmalformed 3\n")
    assert "refused too_large 1\n" in out and "compressed" not in out and "closed" not in out
finally:
    server.kill()
    server.wait()
