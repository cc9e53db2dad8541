"""Shared by the tests of MQTT against strangers."""
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import paho.mqtt.client as paho

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from ports import free_port  # noqa: E402, F401

DELIVERED = (0, 3)  # exit codes: on a machine too busy to measure (3) everything was delivered, too


def wait_for(port, process, patience_s=60):
    for _ in range(patience_s * 10):
        assert process.poll() is None, "the server ended early"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server does not listen")


def run(portillon, port, options, *more, equipments=10, rate=20, duration="2s"):
    """`portillon run` against a foreign broker: (exit status, report, what it said on stderr)."""
    settings = [f"--set=protocols.mqtt.{key}={value}" for key, value in options.items()]
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "report.json")
        done = subprocess.run([portillon, "run", "--protocol", "mqtt", "--target", f"mqtt://127.0.0.1:{port}",
                               "--equipments", str(equipments), "--rate", f"{rate}/s", "--duration", duration,
                               *settings, *more, "-o", out], capture_output=True, text=True, timeout=120)
        report = json.load(open(out)) if os.path.exists(out) else None
    return done.returncode, report, done.stderr


class Subscriber:
    """Remembers the payloads that a broker passes on."""

    def __init__(self, port, qos):
        self.got = []
        self.changed = threading.Condition()
        ready = threading.Event()
        self.client = paho.Client(f"subscriber{qos}", protocol=paho.MQTTv311)
        self.client.on_connect = lambda c, *_: c.subscribe("validations/#", qos)
        self.client.on_subscribe = lambda *_: ready.set()
        self.client.on_message = self.receive
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert ready.wait(20), "no SUBACK"

    def receive(self, _client, _userdata, message):
        with self.changed:
            self.got.append((message.topic, message.payload))
            self.changed.notify()

    def take(self, count):
        with self.changed:
            self.changed.wait_for(lambda: len(self.got) >= count, 30)
        time.sleep(0.3)  # for one too many
        with self.changed:
            got, self.got = self.got, []
        return got

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()


class Breaker:
    """A proxy that resets every connection after a random time, until calm() is called."""

    def __init__(self, server_port, seed, mean_s=0.1):
        print("seed", seed)
        self.server_port, self.random, self.mean_s = server_port, random.Random(seed), mean_s
        self.breaks, self.stormy = 0, True
        self.loop = asyncio.new_event_loop()
        started = threading.Event()

        def live():
            asyncio.set_event_loop(self.loop)
            server = self.loop.run_until_complete(asyncio.start_server(self.pass_on, "127.0.0.1", 0))
            self.port = server.sockets[0].getsockname()[1]
            started.set()
            self.loop.run_forever()

        self.thread = threading.Thread(target=live, daemon=True)
        self.thread.start()
        assert started.wait(10)

    async def pass_on(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.server_port)
        except OSError:
            writer.close()
            return

        async def copy(source, sink):
            try:
                while data := await source.read(65536):
                    sink.write(data)
                    await sink.drain()
                sink.write_eof()
            except OSError:
                far_writer.transport.abort()
                writer.transport.abort()

        both = asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))
        after = self.random.expovariate(1 / self.mean_s)
        done, _ = await asyncio.wait([both], timeout=after if self.stormy else None)
        if not done:
            self.breaks += 1
            writer.transport.abort()
            far_writer.transport.abort()
            await asyncio.wait([both], timeout=10)
        writer.close()
        far_writer.close()

    def calm(self):
        self.stormy = False

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


class Server:
    """`portillon serve` with its MQTT listener; its figures through the admin endpoint."""

    def __init__(self, portillon, *more):
        self.process = subprocess.Popen([portillon, "serve", "--ready-json", "--listen", "mqtt=127.0.0.1:0", "--admin",
                                         "127.0.0.1:0", *more], stdout=subprocess.PIPE, text=True)
        ready = json.loads(self.process.stdout.readline())
        self.port = int(ready["listeners"]["mqtt"].rsplit(":", 1)[1])
        self.admin = ready["admin"]

    def figures(self):
        with urllib.request.urlopen(f"http://{self.admin}/v1/figures", timeout=10) as answer:
            return json.load(answer)

    def totals(self, until=lambda totals: True):
        """Waits until the figures are as expected; shards publish them ten times a second."""
        for _ in range(100):
            totals = self.figures()["totals"]
            if until(totals):
                break
            time.sleep(0.1)
        return totals

    def terminate(self):
        self.process.terminate()
        return self.process.wait(20)

    def kill(self):
        self.process.kill()
        self.process.wait()
