#!/usr/bin/env python3
"""Our grpc driver against a server of the official C++ library.

Usage: grpc_grpcpp_server.py PORTILLON_STRANGER_CLIENT PORTILLON_STRANGER_GRPCPP_SERVER
"""
import subprocess
import sys

client, server_program = sys.argv[1:]


def offer(port, *plan):
    done = subprocess.run([client, "grpc", f"grpc://127.0.0.1:{port}", *map(str, plan)],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return sorted(done.stdout.split("\n")[:-1])


server = subprocess.Popen([server_program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
try:
    word, port = server.stdout.readline().split()
    assert word == "port"
    for plan, expected in [
        ((1, 1000, 16, 3), ["acknowledged 1000"]),
        ((3, 100, 4, 2), ["acknowledged 200", "rejected grpc_invalid_argument 100", "try_again grpc_unavailable 100"]),
    ]:
        got = offer(port, *plan)
        print(plan, got)
        assert got == expected, f"expected {expected}"
    out, _ = server.communicate("", timeout=20)
    print(out)
    assert out.split("\n")[:2] == ["batches 1200", "validations 3400"]
finally:
    server.kill()
    server.wait()
