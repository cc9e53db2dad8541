#!/usr/bin/env python3
"""mosquitto_pub and paho against `portillon serve` with two shards: both versions, QoS 0, 1 and 2, sessions that resume.

Usage: mqtt_publishers.py PORTILLON
"""
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

import mqtt_tools as tools

server = tools.Server(sys.argv[1], "--shards", "2")
port = str(server.port)
expected = 0
number = 0


def batch():
    """A batch of a run that nobody registered: it is counted, not recorded."""
    global number
    number += 1
    return json.dumps({"run": "00000000000000aa", "equipment": 1, "first": number, "validations": [
        {"equipment": 1, "sequence": number, "due": 0, "kind": 1, "card": "b1307d31a7ce7e14", "line": 1, "stop": 2,
         "product": 3, "result": 1, "position": {"latitude": 4, "longitude": -5}, "filler": "ekokbfid"}]})


def mosquitto_pub(*arguments, stdin=None):
    return subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", port, *arguments], input=stdin, text=True,
                          capture_output=True, timeout=60)


def expect(count, **closed):
    """That many batches more have arrived, no copy among them."""
    global expected
    expected += count
    totals = server.totals(lambda totals: totals["batches"] >= expected)
    time.sleep(0.2)  # for one too many
    assert server.totals()["batches"] == expected, (totals, expected)


class Publisher:
    """One paho client; remembers the server's packets."""

    def __init__(self, name, version, at=None, clean=True, expiry=0):
        self.five, self.at, self.clean, self.expiry = version == paho.MQTTv5, at or server.port, clean, expiry
        self.connected, self.gone = threading.Event(), threading.Event()
        self.codes, self.connack, self.presents = [], None, []
        self.done = set()
        self.client = paho.Client(name, protocol=version, **({} if self.five else {"clean_session": clean}))
        self.client.reconnect_delay_set(0, 1)
        self.client.on_connect = self.on_connect
        self.client.on_disconnect = self.on_disconnect
        self.client.on_publish = lambda _client, _userdata, message: self.done.add(message)
        self.client.on_subscribe = lambda *arguments: self.codes.append(arguments[3])

    def on_connect(self, _client, _userdata, flags, code, properties=None):
        self.connack = (int(code.value if self.five else code), properties)
        self.presents.append(flags["session present"])
        self.connected.set()

    def on_disconnect(self, _client, _userdata, code, properties=None):
        self.gone.set()

    def start(self, keepalive=60):
        more = {}
        if self.five:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = self.expiry
            more = {"clean_start": self.clean, "properties": properties}
        self.client.connect("127.0.0.1", self.at, keepalive=keepalive, **more)
        self.client.loop_start()
        assert self.connected.wait(10), "no CONNACK"
        return self

    def publish(self, payloads, qos, retain=False):
        sent = [self.client.publish("gates/12", payload, qos, retain) for payload in payloads]
        for each in sent:
            each.wait_for_publish(30)
            assert each.is_published()

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()


try:
    for version in ["mqttv311", "mqttv5"]:
        for qos in ["0", "1", "2"]:
            done = mosquitto_pub("-V", version, "-q", qos, "-t", "gates/1", "-m", batch(), "-r")
            assert done.returncode == 0, done.stderr
            done = mosquitto_pub("-V", version, "-q", qos, "-t", "gates/1", "-l",
                                 stdin="".join(batch() + "\n" for _ in range(200)))
            assert done.returncode == 0, done.stderr
            expect(201)
            print("mosquitto_pub", version, qos)
    for qos in ["1", "2"]:
        done = mosquitto_pub("-V", "mqttv5", "-q", qos, "-t", "gates/1", "-m", "no batch")
        assert "Payload format invalid" in done.stderr, done.stderr
    expect(0)

    for version in [paho.MQTTv311, paho.MQTTv5]:
        for qos in [0, 1, 2]:
            publisher = Publisher(f"paho{version}{qos}", version).start()
            assert publisher.connack[0] == 0
            if publisher.five:
                properties = publisher.connack[1]
                assert properties.ReceiveMaximum == 256 and properties.MaximumPacketSize == 1 << 20, properties
                assert properties.TopicAliasMaximum == 32 and not hasattr(properties, "MaximumQoS"), properties
            publisher.publish([batch() for _ in range(300)], qos)
            expect(300)
            publisher.stop()
            print("paho", version, qos)

    # Sessions that resume, over and over, on whichever shard the connection arrives.
    for version, qos in [(paho.MQTTv311, 1), (paho.MQTTv311, 2), (paho.MQTTv5, 1), (paho.MQTTv5, 2)]:
        breaker = tools.Breaker(server.port, seed=f"{version} {qos}", mean_s=0.15)
        publisher = Publisher(f"resumes{version}{qos}", version, at=breaker.port, clean=False, expiry=60).start()
        before = server.totals()["batches"]
        threading.Timer(3, breaker.calm).start()
        sent = []
        for _ in range(60):
            sent.append(publisher.client.publish("gates/12", batch(), qos).mid)  # queued, if it is not connected now
            time.sleep(0.05)
        until = time.monotonic() + 60
        while not publisher.done.issuperset(sent):
            assert time.monotonic() < until, set(sent) - publisher.done
            time.sleep(0.05)
        publisher.stop()
        breaker.stop()
        time.sleep(0.3)
        arrived = server.totals()["batches"] - before
        assert breaker.breaks >= 5, breaker.breaks
        assert publisher.presents[0] == 0 and all(publisher.presents[1:]), publisher.presents
        assert arrived >= 60 if qos == 1 else arrived == 60, arrived
        expected += arrived
        print("resumed", version, qos, "breaks", breaker.breaks, "arrived", arrived)

    # Subscriptions are declined, the connection lives on; an empty name is given one.
    publisher = Publisher("", paho.MQTTv5).start()
    assert publisher.connack[1].AssignedClientIdentifier.startswith("portillon")
    publisher.client.subscribe("gates/#", 1)
    publisher.publish([batch()], 1)
    assert [int(code.value) for code in publisher.codes[0]] == [0x87], publisher.codes
    publisher.stop()
    publisher = Publisher("subscribes", paho.MQTTv311).start()
    publisher.client.subscribe("gates/#", 1)
    publisher.publish([batch()], 1, retain=True)
    assert publisher.codes[0] == (0x80,), publisher.codes
    publisher.stop()
    expect(2)

    # Quiet for longer than the keep-alive: paho pings, and stays.
    publisher = Publisher("pings", paho.MQTTv311).start(keepalive=3)  # it looks once a second whether a ping is due
    assert not publisher.gone.wait(6)
    publisher.publish([batch()], 1)
    expect(1)

    # The next client with the same identifier takes the session over, whichever shard accepts it.
    publisher.client.reconnect_delay_set(60, 60)
    # A client above that resumed before the server had noticed its break took itself over, too.
    before = server.totals()["closed"].get("taken_over", 0)
    for i in range(8):
        other = Publisher("pings", paho.MQTTv5).start()
        other.client.reconnect_delay_set(60, 60)
        assert publisher.gone.wait(10), i
        threading.Thread(target=publisher.client.loop_stop, daemon=True).start()
        publisher = other
    assert server.totals()["closed"].get("taken_over") == before + 8, server.totals()

    # The server disconnects the clients that are still connected.
    assert server.terminate() == 0
    assert other.gone.wait(10)
finally:
    server.kill()
print("passed")
os._exit(0)  # paho's threads may still wait to connect again
