#!/usr/bin/env python3
"""`portillon run` against nghttpd: every batch is acknowledged; a path that does not exist rejects.

Usage: http2_nghttpd.py PORTILLON
"""
import os
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../hostile"))
import program  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from ports import free_port  # noqa: E402

portillon = sys.argv[1]


def wait_for(port, process):
    for _ in range(100):
        assert process.poll() is None, "nghttpd ended early"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("nghttpd does not listen")


def run(path, *options, equipments, rate, duration="1s"):
    done = program.Run(portillon, "http2", f"http://127.0.0.1:{port}{path}", "--equipments", str(equipments), "--rate",
                       f"{rate}/s", "--duration", duration, *options)
    assert done.imbalance() is None, done.imbalance()
    print(path or "/v1/validations", options, done.report["tally"], done.report["errors"])
    return done.exit_code, done.report


with tempfile.TemporaryDirectory() as root:
    os.mkdir(f"{root}/v1")
    with open(f"{root}/v1/validations", "w") as file:
        file.write("fine\n")
    port = free_port()
    server = subprocess.Popen(["nghttpd", "--no-tls", "--address=127.0.0.1", "-d", root, str(port)],
                              stdout=subprocess.DEVNULL)
    try:
        wait_for(port, server)
        wide = ("--set", "delivery.in_flight=500")
        for path, options, equipments, rate, acknowledged in [
            ("", ("--set", "delivery.batch.max=1"), 1, 1, True),
            ("", ("--set", "delivery.batch.max=1", "--set", "delivery.in_flight=4"), 20, 100, True),
            ("", ("--set", "traffic.arrival.kind=burst", "--set", "traffic.arrival.size=1000", *wide), 2, 1000, True),  # above nghttpd's 100 streams: they queue
            ("", ("--set", "traffic.payload.bytes=60000", "--set", "delivery.batch.max=3", "--set", "delivery.batch.linger=1s"), 2, 30, True),  # 180 kB each: above the windows
            ("/nowhere", (), 2, 10, False),
        ]:
            status, report = run(path, *options, equipments=equipments, rate=rate)
            tally, generated = report["tally"], equipments * rate
            assert tally["acknowledged" if acknowledged else "rejected"] == generated == tally["generated"], tally
            assert list(report["errors"]) == ([] if acknowledged else ["deliver.http_404"]), report["errors"]
            assert status in program.DELIVERED, status
        server.terminate()
        server.wait(10)
        done = program.Run(portillon, "http2", f"http://127.0.0.1:{port}", "--equipments", "1", "--rate", "1/s", "--duration", "1s",
                           "--set", "fleet.start.within=1s", "--set", "delivery.drain=1s")
        print("nobody there", done.exit_code, done.stderr)
        assert done.exit_code == 1
        assert "refused" in done.stderr or done.report and "refused" in done.report["fleet"]["connect_failures"], done.stderr
    finally:
        server.kill()
        server.wait()
print("passed")
