#!/usr/bin/env python3
"""mosquitto_pub and paho against our mqtt listener, both versions, QoS 0 and 1: every message arrives once.

Usage: mqtt_publishers.py PORTILLON_STRANGER_MQTT_SERVER
"""
import subprocess
import sys
import threading

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

server = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
expected = 0


def mosquitto_pub(*arguments, stdin=None):
    return subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", port, *arguments], input=stdin, text=True,
                          capture_output=True, timeout=60)


def expect(count):
    global expected
    expected += count


class Publisher:
    """One paho client; remembers what it was told."""

    def __init__(self, name, version):
        self.five = version == paho.MQTTv5
        self.connected = threading.Event()
        self.gone = threading.Event()
        self.codes = []
        self.connack = None
        self.client = paho.Client(name, protocol=version, **({} if self.five else {"clean_session": True}))
        self.client.on_connect = self.on_connect
        self.client.on_disconnect = self.on_disconnect
        self.client.on_subscribe = lambda *arguments: self.codes.append(arguments[3])

    def on_connect(self, _client, _userdata, flags, code, properties=None):
        self.connack = (int(code.value if self.five else code), properties, flags)
        self.connected.set()

    def on_disconnect(self, _client, _userdata, code, properties=None):
        self.gone.set()

    def start(self, keepalive=60):
        self.client.connect("127.0.0.1", int(port), keepalive=keepalive)
        self.client.loop_start()
        assert self.connected.wait(10), "no CONNACK"
        return self

    def publish(self, payloads, qos):
        sent = [self.client.publish("gates/12", payload, qos) for payload in payloads]
        for each in sent:
            each.wait_for_publish(20)
            assert each.is_published()

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()


try:
    word, port = server.stdout.readline().split()
    assert word == "port"
    for version in ["mqttv311", "mqttv5"]:
        for qos in ["0", "1"]:
            done = mosquitto_pub("-V", version, "-q", qos, "-t", "gates/1", "-m", f"{version} {qos}")
            assert done.returncode == 0, done.stderr
            lines = "".join(f"line {i} of {version} at {qos}\n" for i in range(500))
            done = mosquitto_pub("-V", version, "-q", qos, "-t", "gates/1", "-l", stdin=lines)
            assert done.returncode == 0, done.stderr
            expect(501)
            print("mosquitto_pub", version, qos)
    done = mosquitto_pub("-V", "mqttv5", "-q", "1", "-t", "gates/1", "-m", "malformed five")
    assert "Payload format invalid" in done.stderr, done.stderr
    done = mosquitto_pub("-V", "mqttv5", "-q", "1", "-t", "gates/1", "-m", "busy five")
    assert "Quota exceeded" in done.stderr, done.stderr
    done = mosquitto_pub("-V", "mqttv5", "-q", "2", "-t", "gates/1", "-m", "never sent")  # above our maximum QoS
    assert "QoS not supported" in done.stderr, done.stderr
    expect(2)

    for version in [paho.MQTTv311, paho.MQTTv5]:
        for qos in [0, 1]:
            publisher = Publisher(f"paho{version}{qos}", version).start()
            assert publisher.connack[0] == 0
            if publisher.five:
                properties = publisher.connack[1]
                assert properties.ReceiveMaximum == 256 and properties.MaximumQoS == 1, properties
                assert properties.MaximumPacketSize == 1 << 20 and properties.RetainAvailable == 0, properties
            publisher.publish([f"{i} of paho {version} {qos} " + "x" * 6000 for i in range(1000)], qos)
            expect(1000)
            publisher.stop()
            print("paho", version, qos)

    # Subscriptions are declined, the connection lives on; an empty name is given one.
    publisher = Publisher("", paho.MQTTv5).start()
    assert publisher.connack[1].AssignedClientIdentifier.startswith("portillon")
    publisher.client.subscribe("gates/#", 1)
    publisher.publish(["after the subscription"], 1)
    expect(1)
    assert [int(code.value) for code in publisher.codes[0]] == [0x83], publisher.codes
    publisher.stop()

    # Quiet for longer than the keep-alive: paho pings, and stays.
    publisher = Publisher("pings", paho.MQTTv311).start(keepalive=3)  # it looks once a second whether a ping is due
    assert not publisher.gone.wait(8)
    publisher.publish(["after the pings"], 1)
    expect(1)

    # A second bearer of the name takes it over.
    publisher.client.reconnect_delay_set(30, 30)
    other = Publisher("pings", paho.MQTTv5).start()
    assert publisher.gone.wait(10)
    publisher.client.loop_stop()

    # The server says goodbye to who is still there.
    out, _ = server.communicate("", timeout=20)
    assert other.gone.wait(10)
    other.client.loop_stop()
    print(out)
    assert out.startswith(f"messages {expected}\ndistinct {expected}\n"), expected
    assert "closed taken_over 1\n" in out and "closed stopping 1\n" in out
    assert server.returncode == 0
finally:
    server.kill()
    server.wait()
print("passed")
