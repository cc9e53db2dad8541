#!/usr/bin/env python3
"""The official C++ library at both ends: `portillon run` against its server, its client against `portillon serve`; unary
calls and streams.

Usage: grpc_grpcpp.py PORTILLON PORTILLON_STRANGER_GRPCPP_SERVER PORTILLON_STRANGER_GRPCPP_CLIENT
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../hostile"))
import program  # noqa: E402

portillon, server_program, client_program = sys.argv[1:]


def run(protocol, port, *options, equipments, rate):
    done = program.Run(portillon, protocol, f"grpc://127.0.0.1:{port}", "--equipments", str(equipments), "--rate", f"{rate}/s",
                       "--duration", "1s", "--set", "delivery.drain=60s", *options)
    assert done.imbalance() is None, done.imbalance()
    assert done.exit_code in program.DELIVERED, done.stderr
    tally, errors = done.report["tally"], done.report["errors"]
    print(protocol, options, tally, errors, flush=True)
    turned_away = rate if equipments == 3 else 0
    assert tally["generated"] == equipments * rate and tally["rejected"] == turned_away, tally
    assert tally["acknowledged"] == tally["generated"] - turned_away, tally
    return tally["acknowledged"], {cause.removeprefix("deliver.grpc_"): count for cause, count in errors.items() if cause.startswith("deliver.")}


server = subprocess.Popen([server_program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
try:
    word, port = server.stdout.readline().split()
    assert word == "port"
    batches = validations = 0
    for protocol in ("grpc", "grpc-stream"):
        arrived, errors = run(protocol, port, "--set", "delivery.batch.max=1", "--set", "delivery.in_flight=16", equipments=1, rate=1000)
        assert not errors, errors
        batches, validations = batches + arrived, validations + arrived
        arrived, errors = run(protocol, port, "--set", "delivery.batch.max=1", equipments=3, rate=50)
        assert errors == {"invalid_argument": 50, "unavailable": 50}, errors
        batches, validations = batches + arrived, validations + arrived
        arrived, errors = run(protocol, port, "--set", "delivery.batch.max=10", "--set", "delivery.batch.linger=1m",
                              "--set", "traffic.payload.bytes=20000", equipments=1, rate=100)
        assert not errors, errors
        batches, validations = batches + arrived // 10, validations + arrived
    out, _ = server.communicate("", timeout=60)
    print(out)
    assert out.split("\n")[:2] == [f"batches {batches}", f"validations {validations}"], (batches, validations)
finally:
    server.kill()
    server.wait()

with program.Server(portillon, listeners=("grpc",), shards=2) as ours:
    done = subprocess.run([client_program, "{}:{}".format(*ours.addresses["grpc"])], capture_output=True, text=True, timeout=250)
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    assert done.stdout == "acknowledged 500\nreceipts 2000\n"
    assert ours.wait_until(lambda figures: figures["totals"]["batches"] == 2500), ours.figures()["totals"]
    totals = ours.figures()["totals"]
    assert totals["validations"] == 7500 and totals["refused"] == totals["closed"] == {}, totals
print("passed")
