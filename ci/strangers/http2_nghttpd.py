#!/usr/bin/env python3
"""Our http2 driver against nghttpd: every batch is acknowledged; a path that does not exist rejects.

Usage: http2_nghttpd.py PORTILLON_STRANGER_CLIENT
"""
import os
import socket
import subprocess
import sys
import tempfile
import time

client = sys.argv[1]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process):
    for _ in range(100):
        assert process.poll() is None, "nghttpd ended early"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("nghttpd does not listen")


def offer(path, *plan):
    done = subprocess.run([client, "http2", f"http://127.0.0.1:{port}{path}", *map(str, plan)],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return sorted(done.stdout.split("\n")[:-1])


with tempfile.TemporaryDirectory() as root:
    os.mkdir(f"{root}/v1")
    with open(f"{root}/v1/validations", "w") as file:
        file.write("fine\n")
    port = free_port()
    server = subprocess.Popen(["nghttpd", "--no-tls", "--address=127.0.0.1", "-d", root, str(port)],
                              stdout=subprocess.DEVNULL)
    try:
        wait_for(port, server)
        for path, plan, expected in [
            ("", (1, 1, 1, 1), ["acknowledged 1"]),
            ("", (20, 100, 4, 10), ["acknowledged 2000"]),
            ("", (2, 2000, 500, 1), ["acknowledged 4000"]),  # above nghttpd's 100 streams: they queue
            ("", (2, 20, 10, 600), ["acknowledged 40"]),  # 150 kB: above the windows
            ("/nowhere", (2, 10, 2, 1), ["rejected http_404 20"]),
        ]:
            got = offer(path, *plan)
            print(path or "/v1/validations", plan, got)
            assert got == expected, f"expected {expected}"
        server.terminate()
        server.wait(10)
        got = offer("", 1, 1, 1, 1)
        print("nobody there", got)
        assert got == ["not_connected refused 1"]
    finally:
        server.kill()
        server.wait()
