#!/usr/bin/env python3
"""`portillon run` against the MQTT plugin of RabbitMQ: 3.1.1 at QoS 0 and 1. What the plugin cannot do is reported by name.

RabbitMQ 3.10 speaks 3.1.1 only, and answers a message at QoS 2 as if it were at QoS 1.

Usage: mqtt_rabbitmq.py PORTILLON
"""
import glob
import os
import subprocess
import sys
import tempfile

import mqtt_tools as tools

portillon = sys.argv[1]
GENERATED = 10 * 20 * 2

with tempfile.TemporaryDirectory() as root:
    port, epmd_port = tools.free_port(), tools.free_port()
    with open(f"{root}/rabbitmq.conf", "w") as file:
        file.write(f"listeners.tcp = none\nmqtt.listeners.tcp.default = 127.0.0.1:{port}\nmqtt.allow_anonymous = true\n"
                   "disk_free_limit.absolute = 1MB\nvm_memory_high_watermark.absolute = 1GB\n")
    with open(f"{root}/enabled_plugins", "w") as file:
        file.write("[rabbitmq_mqtt].\n")
    environment = {**os.environ, "HOME": root, "ERL_EPMD_PORT": str(epmd_port), "ERL_EPMD_ADDRESS": "127.0.0.1",
                   "RABBITMQ_NODENAME": f"portillon{os.getpid()}@localhost",
                   "RABBITMQ_DIST_PORT": str(tools.free_port()), "RABBITMQ_MNESIA_BASE": f"{root}/mnesia",
                   "RABBITMQ_LOG_BASE": f"{root}/log", "RABBITMQ_CONFIG_FILE": f"{root}/rabbitmq.conf",
                   "RABBITMQ_ENABLED_PLUGINS_FILE": f"{root}/enabled_plugins", "RABBITMQ_PID_FILE": f"{root}/pid",
                   "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1"}
    servers = sorted(glob.glob("/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server"))
    assert servers, "rabbitmq-server is not installed"
    epmd = subprocess.Popen(["epmd", "-port", str(epmd_port), "-address", "127.0.0.1"], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
    log = open(f"{root}/output", "w")
    broker = subprocess.Popen([servers[-1]], env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                              start_new_session=True)
    try:
        try:
            tools.wait_for(port, broker, 120)
        except AssertionError:
            print(open(f"{root}/output").read())
            raise
        for qos in [0, 1]:
            subscriber = tools.Subscriber(port, qos)
            status, report, said = tools.run(portillon, port, {"version": "3.1.1", "qos": qos})
            assert status in tools.DELIVERED, said
            got = subscriber.take(GENERATED)
            tally = report["tally"]
            assert tally["generated"] == GENERATED, tally
            assert tally["acknowledged"] == (GENERATED if qos else 0), tally
            assert len(got) == GENERATED and len(set(got)) == GENERATED, (len(got), len(set(got)))
            subscriber.stop()
            print("ok", qos)
        _, report, said = tools.run(portillon, port, {"version": "3.1.1", "qos": 2})
        assert report, said
        assert report["tally"]["acknowledged"] == 0 and report["tally"]["rejected"] == GENERATED, report["tally"]
        assert any("mqtt_qos_downgraded" in cause for cause in report["errors"]), report["errors"]
        print("ok: QoS 2 is downgraded, and the report says so")
        status, report, said = tools.run(portillon, port, {"version": "5"}, "--set=delivery.drain=1s",
                                         "--set=fleet.start.within=1s", duration="1s")
        assert status == 1, said
        print("ok: version 5 is refused:", report["fleet"]["connect_failures"] if report else said.strip())
    finally:
        os.killpg(broker.pid, 9)
        broker.wait()
        epmd.kill()
        epmd.wait()
print("passed")
