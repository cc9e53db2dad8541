#!/usr/bin/env python3
"""Our mqtt driver against Mosquitto: every batch is acknowledged, or sent at QoS 0, and a paho subscriber gets each once.

Usage: mqtt_mosquitto.py PORTILLON_STRANGER_MQTT_CLIENT
"""
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time

import paho.mqtt.client as paho

client = sys.argv[1]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process):
    for _ in range(100):
        assert process.poll() is None, "mosquitto ended early"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("mosquitto does not listen")


class Subscriber:
    def __init__(self, port):
        self.got = []
        self.changed = threading.Condition()
        ready = threading.Event()
        self.client = paho.Client("subscriber", protocol=paho.MQTTv311)
        self.client.on_connect = lambda c, *_: c.subscribe("portillon/#", 1)
        self.client.on_subscribe = lambda *_: ready.set()
        self.client.on_message = self.receive
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert ready.wait(10), "no SUBACK"

    def receive(self, _client, _userdata, message):
        label = message.payload.split(b":")
        with self.changed:
            self.got.append((message.topic, int(label[0]), int(label[1]), len(message.payload)))
            self.changed.notify()

    def take(self, count):
        with self.changed:
            self.changed.wait_for(lambda: len(self.got) >= count, 30)
        time.sleep(0.2)  # for one too many
        with self.changed:
            got, self.got = self.got, []
        return got

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()


def offer(port, options, *plan):
    done = subprocess.run([client, str(port), json.dumps(options), *map(str, plan)], capture_output=True, text=True,
                          timeout=90)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


with tempfile.TemporaryDirectory() as root:
    port = free_port()
    locked = free_port()
    with open(f"{root}/mosquitto.conf", "w") as file:
        file.write(f"per_listener_settings true\npersistence false\nmax_queued_messages 0\nmax_packet_size 40000\n"
                   f"listener {port} 127.0.0.1\nallow_anonymous true\n"
                   f"listener {locked} 127.0.0.1\nallow_anonymous false\n")
    broker = subprocess.Popen(["mosquitto", "-c", f"{root}/mosquitto.conf"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        wait_for(port, broker)
        subscriber = Subscriber(port)
        for version in ["3.1.1", 5]:
            for qos in [0, 1]:
                for sessions, batches, in_flight, size in [(1, 1, 1, 10), (50, 100, 1, 100), (10, 200, 50, 6000)]:
                    options = {"version": version, "qos": qos, "topic": "portillon/{equipment}/x"}
                    total = sessions * batches
                    got = offer(port, options, sessions, batches, in_flight, size)
                    print(version, qos, (sessions, batches, in_flight, size), got)
                    assert got == [f"{'acknowledged' if qos else 'sent'} {total}"]
                    arrived = subscriber.take(total)
                    expected = {(f"portillon/{equipment}/x", equipment, batch, size)
                                for equipment in range(1, sessions + 1) for batch in range(1, batches + 1)}
                    assert len(arrived) == total and set(arrived) == expected, len(arrived)
        got = offer(port, {"version": 5}, 1, 2, 1, 50000)  # Mosquitto's CONNACK names its packet size
        print("too large", got)
        assert got == ["rejected too_large 2"]
        for version, cause in [("3.1.1", "mqtt_connack_5"), (5, "mqtt_0x87")]:
            got = offer(locked, {"version": version}, 2, 1, 1, 10)
            print("locked", version, got)
            assert got == [f"not_connected {cause} 2"]
        got = offer(port, {"version": 5, "qos": 1, "topic": "nobody/listens"}, 2, 10, 2, 10)
        assert got == ["acknowledged 20"], got  # 0x10: no matching subscribers
        subscriber.stop()
    finally:
        broker.kill()
        broker.wait()
print("passed")
