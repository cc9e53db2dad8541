#!/usr/bin/env python3
"""`portillon run` leaves no session on a Mosquitto, however it ends; and those that it cannot remove itself, `portillon
clean` does. Sessions are counted by the broker ($SYS/broker/clients/total).

Usage: mqtt_debris.py PORTILLON
"""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

import paho.mqtt.client as paho

import mqtt_tools as tools

portillon = sys.argv[1]
FLEET = 40


class Broker:
    """A Mosquitto of its own, and how many clients it knows, connected or not; the counter itself apart."""

    def __init__(self, folder):
        self.port, self.folder, self.process = tools.free_port(), folder, None
        self.totals, self.changed = [], threading.Condition()
        with open(f"{folder}/mosquitto.conf", "w") as file:
            file.write(f"persistence true\npersistence_location {folder}/\nautosave_interval 1\nsys_interval 1\n"
                       f"max_queued_messages 0\nuser root\nlistener {self.port} 127.0.0.1\nallow_anonymous true\n")
        self.start()

    def start(self):
        self.process = subprocess.Popen(["mosquitto", "-c", f"{self.folder}/mosquitto.conf"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        tools.wait_for(self.port, self.process)
        self.totals = []
        self.counter = paho.Client("counter", protocol=paho.MQTTv311)
        self.counter.on_connect = lambda c, *_: c.subscribe("$SYS/broker/clients/total")
        self.counter.on_message = self.note
        self.counter.connect("127.0.0.1", self.port)
        self.counter.loop_start()

    def stop(self):
        self.counter.disconnect()
        self.counter.loop_stop()
        self.process.terminate()
        self.process.wait(20)

    def note(self, _client, _userdata, message):
        with self.changed:
            self.totals.append(int(message.payload))
            self.changed.notify()

    def sessions(self, expected, patience_s=20):
        """Waits until the broker has that many sessions; else reports how many. It publishes changes only, once a second."""
        time.sleep(2.5)
        with self.changed:
            self.changed.wait_for(lambda: self.totals and self.totals[-1] - 1 == expected, patience_s)
            return self.totals[-1] - 1 if self.totals else None


def start(broker, version, folder, *more, duration="60s", qos=1):
    """A run in the background, once all of its equipments are connected: (process, its name)."""
    said = open(f"{folder}/stderr", "w+")
    process = subprocess.Popen(
        [portillon, "run", "--protocol", "mqtt", "--target", f"mqtt://127.0.0.1:{broker.port}", "--equipments",
         str(FLEET), "--rate", "5/s", "--duration", duration, f"--set=protocols.mqtt.version={version}",
         f"--set=protocols.mqtt.qos={qos}", "--shards=2", *more, "-o",
         f"{folder}/report.json"], stdout=subprocess.DEVNULL, stderr=said, start_new_session=True)
    assert broker.sessions(FLEET) == FLEET, open(said.name).read()
    name = re.search(r"portillon clean --run ([0-9a-f]{16}) --target (\S+) --equipments (\d+)", open(said.name).read())
    assert name and name[2] == f"mqtt://127.0.0.1:{broker.port}" and name[3] == str(FLEET), open(said.name).read()
    return process, name[1]


def clean(*arguments):
    done = subprocess.run([portillon, "clean", *arguments], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def expect(what, seen, right):
    assert seen == right, f"{what}: {seen}, not {right}"
    print(what, right)


def kill_run(process):
    """Kills a run with all of its processes, which share its process group."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(20)


with tempfile.TemporaryDirectory() as root:
    os.chmod(root, 0o755)
    broker = Broker(root)
    try:
        for version in ["3.1.1", "5"]:
            for qos in [1, 2]:
                with tempfile.TemporaryDirectory() as folder:
                    process, name = start(broker, version, folder, duration="3s", qos=qos)
                    assert process.wait(60) in tools.DELIVERED, open(f"{folder}/stderr").read()
                    expect(f"{version} at QoS {qos}: sessions after a run", broker.sessions(0), 0)
                    report = json.load(open(f"{folder}/report.json"))
                    expect("the report's sessions_left", report["fleet"]["sessions_left"], 0)
                    expect("the report's run", report["run"], name)

            for how, status in [(signal.SIGINT, 130), (signal.SIGTERM, 143)]:
                with tempfile.TemporaryDirectory() as folder:
                    process, _ = start(broker, version, folder)
                    process.send_signal(how)
                    expect(f"{version}: exit status after {how.name}", process.wait(60), status)
                    expect(f"{version}: sessions after {how.name}", broker.sessions(0), 0)

            # Before T0: some equipments connect, and others would only after a minute.
            with tempfile.TemporaryDirectory() as folder:
                process = subprocess.Popen(
                    [portillon, "run", "--protocol", "mqtt", "--target", f"mqtt://127.0.0.1:{broker.port}",
                     "--equipments", "1000", "--rate", "1/s", "--duration", "5s", "--set=fleet.start.rate=10/s",
                     f"--set=protocols.mqtt.version={version}", "--no-report"],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                deadline = time.monotonic() + 20
                while time.monotonic() < deadline and not (broker.totals and broker.totals[-1] - 1 >= 10):
                    time.sleep(0.1)
                process.send_signal(signal.SIGINT)
                expect(f"{version}: exit status while connecting", process.wait(60), 130)
                expect(f"{version}: sessions after an interruption while connecting", broker.sessions(0), 0)

            # A run that is killed leaves its sessions, and `clean` removes them; but not those of a run that lives.
            with tempfile.TemporaryDirectory() as folder:
                process, name = start(broker, version, folder)
                arguments = ["--run", name, "--target", f"mqtt://127.0.0.1:{broker.port}", "--equipments", str(FLEET)]
                status, said, complaint = clean(*arguments)
                expect(f"{version}: exit status of clean while the run lives", status, 1)
                assert "lives" in complaint and "Nothing was removed" in complaint, complaint
                expect("sessions of the living run", broker.sessions(FLEET), FLEET)
                kill_run(process)
                expect(f"{version}: sessions after SIGKILL", broker.sessions(FLEET), FLEET)
                status, said, complaint = clean(*arguments)
                expect(f"{version}: exit status of clean", status, 0)
                assert f"{FLEET} of {FLEET}" in said, said
                expect(f"{version}: sessions after clean", broker.sessions(0), 0)
                expect("clean where there is nothing", clean(*arguments)[0], 0)

        # The broker is away when the run ends: the run says so, its report does, and `clean REPORT` does the rest.
        with tempfile.TemporaryDirectory() as folder:
            process, name = start(broker, "3.1.1", folder, "--set=delivery.drain=2s", duration="6s")
            time.sleep(2)
            broker.stop()
            process.wait(90)
            report = json.load(open(f"{folder}/report.json"))
            expect("sessions_left of a broker that was away", report["fleet"]["sessions_left"], FLEET)
            said = open(f"{folder}/stderr").read()
            assert f"{FLEET} sessions could not be removed" in said, said
            status, _, complaint = clean(f"{folder}/report.json")
            expect("exit status of clean while it is away", status, 1)
            assert "refused" in complaint, complaint
            broker.start()
            expect("sessions that it kept meanwhile", broker.sessions(FLEET), FLEET)
            expect("exit status of clean REPORT", clean(f"{folder}/report.json")[0], 0)
            expect("sessions after clean REPORT", broker.sessions(0), 0)

        for arguments, word in [([], "--run"), (["--run", "x"], "x"), (["--run", "0" * 16], "--target"),
                                (["--run", "0" * 16, "--target", "http://127.0.0.1:1/", "--equipments", "1"], "http"),
                                (["--run", "0" * 16, "--target", "mqtt://127.0.0.1:1"], "--equipments"),
                                (["nowhere.json"], "nowhere.json")]:
            status, _, complaint = clean(*arguments)
            assert status == 2 and word in complaint, (arguments, status, complaint)
    finally:
        broker.process.kill()
        broker.process.wait()
print("passed")
