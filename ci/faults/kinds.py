"""The kinds of fault that are tried, one scenario each, and their effect on each driver."""
from dataclasses import dataclass, field


@dataclass
class Driver:
    name: str
    protocol: str
    options: str = ""
    qos: int = None

    def answers(self):
        return self.qos != 0


DRIVERS = {driver.name: driver for driver in [
    Driver("mqtt", "mqtt", "qos: 1", 1),
    Driver("mqtt-qos2", "mqtt", "qos: 2", 2),
    Driver("mqtt-qos0", "mqtt", "qos: 0", 0),
    Driver("mqtt-3.1.1", "mqtt", 'qos: 1, version: "3.1.1"', 1),
    Driver("http2", "http2"),
    Driver("grpc", "grpc"),
    Driver("grpc-stream", "grpc-stream"),
]}
USUAL = [name for name in DRIVERS if name != "mqtt-3.1.1"]


@dataclass
class Kind:
    """`count`: how many victims were asked for. `said`: by protocol, the answer to a struck message."""
    name: str
    faults: str
    count: int = None
    said: dict = field(default_factory=dict)
    shards: int = 1
    drivers: list = field(default_factory=lambda: list(USUAL))


SAID = {
    "error": {"mqtt": "0x83", "http2": "500", "grpc": "13", "grpc-stream": "receipt 3"},
    "throttle": {"mqtt": "0x97", "http2": "503", "grpc": "8", "grpc-stream": "receipt 2"},
    "reject": {"mqtt": "0x87", "http2": "403", "grpc": "7", "grpc-stream": "receipt 1"},
}

KINDS = {kind.name: kind for kind in [
    # of the network
    Kind("latency", "{ at: 500ms, for: 1s, kind: latency, delay: 30ms, jitter: 10ms }"),
    Kind("bandwidth", "{ at: 500ms, for: 1s, kind: bandwidth, rate: 1kB/s }"),
    Kind("cut", "{ at: 500ms, for: 1500ms, kind: cut }"),
    Kind("one_way", "{ at: 500ms, for: 1500ms, kind: one_way, direction: up }"),
    Kind("reset", "{ at: 1s, kind: reset, share: 60% }"),
    Kind("half_open", "{ at: 1s, kind: half_open, share: 60% }"),
    Kind("refuse", "{ at: 500ms, for: 700ms, kind: refuse }, { at: 600ms, kind: reset }"),
    Kind("flapping", "{ at: 500ms, for: 1500ms, kind: flapping, up: 400ms, down: 100ms, share: 60% }"),
    Kind("slow_read", "{ at: 500ms, for: 1s, kind: slow_read, rate: 10B/s }"),
    # of the server: what is held
    Kind("stall", "{ at: 500ms, for: 1500ms, kind: stall }"),
    Kind("delay", "{ at: 500ms, for: 1s, kind: delay, delay: 200ms }"),
    Kind("slow", "{ at: 500ms, for: 1s, kind: slow, delay: 10ms }"),
    Kind("limit", "{ at: 500ms, for: 1s, kind: limit, rate: 200/s }"),
    # validations
    Kind("lose", "{ at: 300ms, kind: lose, count: 37 }", 37),
    Kind("duplicate", "{ at: 300ms, kind: duplicate, count: 37 }", 37),
    Kind("swap", "{ at: 300ms, kind: swap, count: 37 }", 37),
    # messages
    Kind("drop", "{ at: 300ms, kind: drop, count: 23 }", 23),
    Kind("mute", "{ at: 300ms, kind: mute, count: 23 }", 23),
    Kind("error", "{ at: 300ms, kind: error, count: 23 }", 23, SAID["error"], drivers=list(DRIVERS)),
    Kind("error-for", "{ at: 500ms, for: 700ms, kind: error }", None, SAID["error"]),
    Kind("throttle", "{ at: 300ms, kind: throttle, count: 23, retry_after: 150ms }", 23, SAID["throttle"], drivers=list(DRIVERS)),
    Kind("reject", "{ at: 300ms, kind: reject, count: 23 }", 23, SAID["reject"], drivers=list(DRIVERS)),
    Kind("drop-for", "{ at: 1s, for: 200ms, kind: drop }"),
    # connections
    Kind("turn_away", "{ at: 1s, for: 500ms, kind: turn_away }, { at: 1100ms, kind: reset }"),
    Kind("close", "{ at: 1s, kind: close }", drivers=list(DRIVERS)),
    Kind("goaway", "{ at: 1s, kind: goaway }", drivers=list(DRIVERS)),
    Kind("close-often", "{ at: 500ms, for: 1s, every: 300ms, kind: close }"),
    # shards
    Kind("kill", "{ at: 1s, kind: kill }", shards=2),
    Kind("kill-back", "{ at: 1s, for: 500ms, kind: kill }", shards=2),
    Kind("restart", "{ at: 1s, for: 500ms, kind: restart }", shards=2),
]}

EQUIPMENTS, RATE, SECONDS = 40, 10, 3
GENERATED = EQUIPMENTS * RATE * SECONDS

SCENARIO = """\
name: {name}
seed: {seed}
fleet: {{ equipments: {equipments} }}
traffic: {{ stages: [ {{ duration: {seconds}s, rate: {rate}/s }} ] }}
delivery:
  batch: {{ max: {batch}, linger: {linger} }}
  in_flight: 8
  timeout: 1s
  connect_timeout: 2s
  retry: {{ base: 50ms, max: 200ms }}
  drain: 20s
protocols:
  mqtt: {{ keepalive: 2s{options} }}
  http2: {{ keepalive: 1s }}
  grpc: {{ keepalive: 1s }}
  grpc-stream: {{ keepalive: 1s }}
faults: [ {faults} ]
"""


def scenario(kind, driver, seed):
    """The scenario's text. At QoS 0 a message holds one validation, so that thrown-away ones can be counted."""
    return SCENARIO.format(name=kind.name, seed=seed, equipments=EQUIPMENTS, seconds=SECONDS, rate=RATE,
                           batch=3 if driver.answers() else 1, linger="200ms" if driver.answers() else "0s",
                           options=f", {driver.options}" if driver.options else "", faults=kind.faults)
