#!/usr/bin/env python3
"""Our grpc driver against a server of python3-grpcio, with the published .proto compiled by protoc.

Usage: grpc_grpcio_server.py PORTILLON_STRANGER_CLIENT
"""
import concurrent.futures
import importlib
import os
import subprocess
import sys
import tempfile
import threading

import grpc

client = sys.argv[1]
proto = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lib/wire")

with tempfile.TemporaryDirectory() as made:
    subprocess.run(["protoc", f"--python_out={made}", f"-I{proto}", "portillon.proto"], check=True)
    sys.path.insert(0, made)
    messages = importlib.import_module("portillon_pb2")

lock = threading.Lock()
seen = {}


def deliver(batch, context):
    with lock:
        attempts = seen[batch.equipment, batch.first] = seen.get((batch.equipment, batch.first), 0) + 1
    assert [v.sequence for v in batch.validations] == list(range(batch.first, batch.first + len(batch.validations)))
    assert 0 < context.time_remaining() <= 10, "the deadline is missing"
    codes = {2: grpc.StatusCode.UNAVAILABLE if attempts == 1 else None, 3: grpc.StatusCode.RESOURCE_EXHAUSTED,
             4: grpc.StatusCode.PERMISSION_DENIED}
    if code := codes.get(batch.equipment):
        context.abort(code, "a reason: 100 %")
    return messages.Receipt(equipment=batch.equipment, first=batch.first, count=len(batch.validations))


server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("portillon.v1.Gate", {
    "Deliver": grpc.unary_unary_rpc_method_handler(deliver, messages.Batch.FromString,
                                                   messages.Receipt.SerializeToString)}),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
try:
    for plan, expected in [
        ((1, 1, 1, 1), ["acknowledged 1"]),
        ((4, 50, 4, 5), ["acknowledged 100", "rejected grpc_permission_denied 50",
                         "throttled grpc_resource_exhausted 50", "try_again grpc_unavailable 50"]),
        ((1, 200, 150, 1), ["acknowledged 200"]),
        ((1, 4, 4, 2000), ["acknowledged 4"]),  # 200 kB: above the windows
    ]:
        seen.clear()
        done = subprocess.run([client, "grpc", f"grpc://127.0.0.1:{port}", *map(str, plan)],
                              capture_output=True, text=True, timeout=60)
        got = sorted(done.stdout.split("\n")[:-1])
        print(plan, got, done.stderr)
        assert done.returncode == 0 and got == expected, f"expected {expected}"
finally:
    server.stop(None).wait()
