#!/usr/bin/env python3
"""`portillon run` against Mosquitto: what QoS 0, 1 and 2 promise, in both versions, also while connections break.

Usage: mqtt_mosquitto.py PORTILLON
"""
import subprocess
import sys
import tempfile
import threading

import mqtt_tools as tools

portillon = sys.argv[1]
GENERATED = 10 * 20 * 2  # what tools.run() sends


def expect(what, said, truth):
    assert said == truth, f"{what}: {said}, not {truth}"


with tempfile.TemporaryDirectory() as root:
    port, locked = tools.free_port(), tools.free_port()
    with open(f"{root}/mosquitto.conf", "w") as file:
        file.write(f"per_listener_settings true\npersistence false\nmax_queued_messages 0\nmax_packet_size 40000\n"
                   f"listener {port} 127.0.0.1\nallow_anonymous true\n"
                   f"listener {locked} 127.0.0.1\nallow_anonymous false\n")
    broker = subprocess.Popen(["mosquitto", "-c", f"{root}/mosquitto.conf"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        tools.wait_for(port, broker)
        for version in ["3.1.1", "5"]:
            for qos in [0, 1, 2]:
                subscriber = tools.Subscriber(port, qos)
                status, report, said = tools.run(portillon, port, {"version": version, "qos": qos})
                assert status in tools.DELIVERED, said
                got = subscriber.take(GENERATED)
                tally = report["tally"]
                expect("generated", tally["generated"], GENERATED)
                expect("acknowledged", tally["acknowledged"], GENERATED if qos else 0)
                expect("unacknowledged", tally["unacknowledged"], 0 if qos else GENERATED)
                expect("arrived", len(got), GENERATED)
                expect("different", len(set(got)), GENERATED)
                expect("topics", {topic for topic, _ in got}, {f"validations/{i}" for i in range(1, 11)})
                subscriber.stop()
                print("calm", version, qos)
            for qos in [1, 2]:
                subscriber = tools.Subscriber(port, 2)
                breaker = tools.Breaker(port, seed=f"{version} {qos}")
                storm = threading.Timer(3.5, breaker.calm)
                storm.start()
                status, report, said = tools.run(portillon, breaker.port, {"version": version, "qos": qos},
                                                 "--set=delivery.retry.max=50ms", "--set=delivery.retry.base=10ms")
                storm.cancel()
                breaker.stop()
                assert report, said
                got = subscriber.take(GENERATED)
                expect("acknowledged", report["tally"]["acknowledged"], GENERATED)
                expect("different", len(set(got)), GENERATED)
                if qos == 2:
                    expect("arrived", len(got), GENERATED)
                assert breaker.breaks > 50, breaker.breaks
                subscriber.stop()
                print("storm", version, qos, "breaks", breaker.breaks, "arrived", len(got))
        # Mosquitto's CONNACK of version 5 names its packet size.
        _, report, said = tools.run(portillon, port, {"version": 5}, "--set=traffic.payload.bytes=50000", rate=1,
                                    duration="1s")
        assert report, said
        expect("too large", report["tally"]["rejected"], report["tally"]["generated"])
        for version, cause in [("3.1.1", "mqtt_connack_5"), ("5", "mqtt_0x87")]:
            status, report, said = tools.run(portillon, locked, {"version": version}, "--set=delivery.drain=1s",
                                             "--set=fleet.start.within=1s", duration="1s")
            expect("status", status, 1)
            assert cause in said or (report and cause in report["fleet"]["connect_failures"]), (said, report)
            print("locked", version)
    finally:
        broker.kill()
        broker.wait()
print("passed")
