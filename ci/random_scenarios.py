#!/usr/bin/env python3
"""Runs scenarios that are drawn at random, and checks what must hold for every report whatever was drawn.

Usage: random_scenarios.py PORTILLON [--count 20] [--seed 1] [--only SEED] [--twice 3] [--at-once 2] [--keep FOLDER] [--print]

Each scenario follows from a seed of its own: SEED, SEED + 1, ... A failing one is printed with the command that repeats it, and
its file and report are kept. The first few are run twice: the same seed must make the same fleet suffer the same faults.
"""
import argparse
import concurrent.futures
import json
import os
import random
import re
import subprocess
import sys
import tempfile

STATES = ("acknowledged", "rejected", "discarded", "unacknowledged", "cached")
# A slow machine may spoil a measurement (exit code 3), but never for one of these.
NEVER = re.compile("a process was lost|descriptors|local ports|does not add up|record could not be read")
PATIENCE_S = 120
LONG_DRAIN = "20s"


# --- drawing

def ms(value):
    return f"{int(value)}ms"


class Draw:
    """One scenario. The judge reads its expectations from the scenario, never from the program."""

    def __init__(self, seed, known_kinds):
        self.seed, self.known = seed, known_kinds
        self.dice = random.Random(f"portillon scenario {seed}")
        self.trace = None
        self.files = {}
        dice = self.dice
        self.protocol = dice.choice(["mqtt", "mqtt", "mqtt", "http2", "grpc", "grpc-stream"])
        self.options = self.draw_options()
        self.qos = self.options.get("qos", 1) if self.protocol == "mqtt" else 1
        self.shards = dice.randint(1, 3)
        self.arrival = dice.choice(["periodic", "periodic", "poisson", "burst", "closed", "trace"])
        self.equipments = dice.randint(1, 2) if self.arrival == "closed" else dice.randint(1, 60)
        self.stages, self.length_ms = self.draw_stages()
        self.payload = dice.choice([64, 100, 100, 300, 1000])
        self.delivery = self.draw_delivery()
        self.faults = [fault for fault in (self.draw_fault() for _ in range(dice.choice([0, 1, 1, 2, 2, 3, 4])))
                       if fault["kind"] in known_kinds]
        self.text = self.write()

    def maybe(self, chance):
        return self.dice.random() < chance

    def draw_options(self):
        dice = self.dice
        if self.protocol == "mqtt":
            options = {"qos": dice.choice([0, 1, 1, 2]), "keepalive": dice.choice(["0s", "1s", "60s"])}
            if self.maybe(0.3):
                options["version"] = '"3.1.1"'
            if self.maybe(0.3):
                options["session_expiry"] = "0s"
            return options
        return {"keepalive": dice.choice(["0s", "1s", "1s"])}

    def draw_stages(self):
        dice, stages = self.dice, []
        left = dice.randint(2_000, 3_500)
        length = left
        parts = dice.randint(1, 3)
        for part in range(parts):
            take = left if part == parts - 1 else dice.randint(300, max(301, left // 2))
            left -= take
            stage = {"duration": ms(take), "rate": f"{dice.choice([1, 3, 10, 20, 40])}/s"}
            if self.maybe(0.3):
                stage["shape"] = "ramp"
            if part == 0 and parts > 1 and self.maybe(0.5):
                stage["measure"] = "false"
            stages.append(stage)
        return stages, length

    def draw_delivery(self):
        dice = self.dice
        base = dice.choice([10, 50, 100])
        delivery = {
            "batch": {"max": dice.choice([1, 1, 3, 10, 20]), "linger": ms(dice.choice([0, 0, 20, 200]))},
            "in_flight": dice.choice([1, 1, 2, 8, 16]),
            "order": dice.choice(["relaxed", "strict"]),
            "timeout": ms(dice.choice([200, 500, 1000, 2000])),
            "connect_timeout": ms(dice.choice([300, 1000, 2000])),
            "retry": {"base": ms(base), "max": ms(dice.choice([base, 200, 400])), "jitter": dice.choice(["full", "none"])},
            "drain": dice.choice([LONG_DRAIN, LONG_DRAIN, LONG_DRAIN, "1s", "0s"]),
        }
        if self.arrival == "closed":  # its rate is whatever the window admits: keep it from using the whole machine
            delivery["in_flight"] = min(2, delivery["in_flight"])
            delivery["batch"]["max"] = min(3, delivery["batch"]["max"])
        if self.maybe(0.2):
            delivery["cache"] = f"{self.payload * dice.randint(1, 30)}B"
            delivery["overflow"] = dice.choice(["oldest", "newest"])
        if self.maybe(0.2):
            delivery["pace"] = f"{dice.choice([60, 200])}/s"
        if self.maybe(0.2):
            delivery["retry"]["budget"] = dice.choice(["10%", "50%"])
        if self.maybe(0.2):
            delivery["breaker"] = {"failures": dice.randint(1, 5), "open": ms(dice.choice([100, 500]))}
        return delivery

    def draw_fault(self):
        """Throws the dice equally often for every kind, known to the program or not, so that later draws do not depend on it."""
        dice = self.dice
        kind = dice.choice(["latency", "bandwidth", "cut", "reset", "half_open", "refuse", "flapping", "slow_read", "one_way",
                            "stall", "delay", "slow", "limit", "lose", "duplicate", "swap", "drop", "mute", "error", "throttle",
                            "reject", "turn_away", "close", "goaway", "kill", "restart"])
        fault = {"at": ms(dice.randint(0, self.length_ms - 100)), "kind": kind}
        length, count = ms(dice.randint(50, 1_200)), dice.randint(1, 40)
        timed = {"for": length}
        counted = {"count": count} if self.maybe(0.6) else timed
        if kind == "latency":
            fault |= timed | {"delay": ms(dice.choice([1, 20, 100])), "jitter": ms(dice.choice([0, 10]))}
        elif kind in ("bandwidth", "slow_read"):
            fault |= timed | {"rate": dice.choice(["2kB/s", "20kB/s"])}
        elif kind in ("cut", "refuse", "stall", "turn_away", "restart"):
            fault |= timed
        elif kind == "reset":
            fault |= timed | {"every": ms(dice.choice([50, 300]))} if self.maybe(0.3) else {}
        elif kind == "flapping":
            fault |= timed | {"up": ms(dice.choice([100, 400])), "down": ms(dice.choice([20, 100]))}
        elif kind == "one_way":
            fault |= timed | {"direction": dice.choice(["up", "down"])}
        elif kind in ("delay", "slow"):
            fault |= timed | {"delay": ms(dice.choice([1, 10, 150] if kind == "delay" else [1, 10]))}
        elif kind == "limit":
            fault |= timed | {"rate": dice.choice(["50/s", "500/s"])}
        elif kind in ("lose", "duplicate", "swap"):
            fault |= {"count": count}
        elif kind in ("drop", "mute", "error", "reject"):
            fault |= counted
        elif kind == "throttle":
            fault |= counted | {"retry_after": ms(dice.choice([20, 200]))}
        elif kind in ("close", "goaway"):
            fault |= timed | {"every": ms(dice.choice([100, 400]))} if self.maybe(0.3) else {}
        elif kind == "kill":
            fault |= timed if self.maybe(0.7) else {}
        if kind in NETWORK and self.maybe(0.5):
            fault["share"] = dice.choice(["10%", "50%", "90%"])
        if kind in NETWORK and self.maybe(0.2):
            first = dice.randint(1, self.equipments)
            fault["equipments"] = f"[{first}, {dice.randint(first, self.equipments)}]"
        return fault

    def write(self):
        lines = [f"name: random-{self.seed}", f"seed: {self.seed}", f"protocol: {self.protocol}"]
        start = ""
        if self.maybe(0.2):
            steps = max(1, -(-self.equipments // 4))
            start = f", start: {{ step: {steps}, every: 300ms }}"
        lines.append(f"fleet: {{ equipments: {self.equipments}{start} }}")
        arrival = flow({"kind": self.arrival})
        if self.arrival == "burst":
            arrival = flow({"kind": "burst", "size": self.dice.choice([2, 5, 10])})
        elif self.arrival == "trace":
            rows = sorted(round(self.dice.uniform(0, self.length_ms / 1e3), 4) for _ in range(self.dice.randint(1, 10 * self.equipments)))
            named = self.maybe(0.5)
            self.files["trace.csv"] = "".join(f"{at},{self.dice.randint(1, self.equipments)}\n" if named else f"{at}\n" for at in rows)
            self.files["trace.csv"] = ("seconds,equipment\n" if named else "seconds\n") + self.files["trace.csv"]
            arrival = flow({"kind": "trace", "file": "trace.csv"})
        encodings = ["native", "protobuf"] if self.protocol.startswith("grpc") else ["native", "json", "protobuf"]
        lines += ["traffic:", f"  arrival: {arrival}", f"  stages: [ {', '.join(flow(stage) for stage in self.stages)} ]",
                  f"  payload: {{ bytes: {self.payload}, encoding: {self.dice.choice(encodings)} }}", "delivery:"]
        lines += [f"  {key}: {flow(value) if isinstance(value, dict) else value}" for key, value in self.delivery.items()]
        lines += [f"protocols: {{ {self.protocol}: {flow(self.options)} }}"]
        lines += ["faults:"] + [f"  - {flow(fault)}" for fault in self.faults] if self.faults else []
        return "\n".join(lines) + "\n"

    # Expectations that follow from the draw.

    def kinds(self):
        return {fault["kind"] for fault in self.faults}

    def asked(self, *kinds):
        return sum(fault.get("count", 0) for fault in self.faults if fault["kind"] in kinds)

    def everything_arrives(self):
        """Whether nothing was drawn that could keep a validation from arriving."""
        kinds = self.kinds()
        if self.qos == 0 or self.delivery["drain"] != LONG_DRAIN or "cache" in self.delivery or kinds & {"lose", "reject"}:
            return False
        if "half_open" in kinds and self.protocol in ("http2", "grpc") and self.options["keepalive"] == "0s":
            return False  # without a keep-alive nobody notices that the far end is gone
        return all("for" in fault for fault in self.faults if fault["kind"] == "kill")


NETWORK = ("latency", "bandwidth", "cut", "reset", "half_open", "refuse", "flapping", "slow_read", "one_way")


def flow(mapping):
    inner = ", ".join(f"{key}: {flow(value) if isinstance(value, dict) else value}" for key, value in mapping.items())
    return f"{{ {inner} }}"


# --- judging

class Judge:
    def __init__(self, draw, report, exit_code):
        self.draw, self.report, self.exit_code = draw, report, exit_code
        self.problems = []

    def require(self, holds, complaint):
        if not holds:
            self.problems.append(complaint)

    def equal(self, what, is_, should):
        self.require(is_ == should, f"{what}: {is_}, not {should}")

    def at_most(self, what, is_, most):
        self.require(is_ <= most, f"{what}: {is_}, at most {most} was possible")

    def judge(self):
        self.books()
        self.delivery()
        self.stages()
        self.faults()
        self.verdict()
        return self.problems

    def books(self):
        tally, fleet = self.report["tally"], self.report["fleet"]
        self.equal("sum of the states", sum(tally[state] for state in STATES), tally["generated"])
        self.equal("due in all intervals", sum(each["due"] for each in self.report["intervals"]), tally["generated"])
        self.at_most("acknowledged in all intervals", sum(each["acknowledged"] for each in self.report["intervals"]), tally["acknowledged"])
        self.equal("equipments", fleet["equipments"], self.draw.equipments)
        self.at_most("connected_max", fleet["connected_max"], self.draw.equipments)
        self.at_most("connects but reconnects", fleet["connects"] - fleet["reconnects"], self.draw.equipments)
        if self.draw.qos == 0:
            self.equal("acknowledged at QoS 0", tally["acknowledged"], 0)
        if "cache" not in self.draw.delivery:
            self.equal("discarded from an endless cache", tally["discarded"], 0)
        if "reject" not in self.draw.kinds():
            self.equal("rejected", tally["rejected"], 0)

    def delivery(self):
        draw, tally, ledger, delivery = self.draw, self.report["tally"], self.report["ledger"], self.report["delivery"]
        kinds = draw.kinds()
        self.equal("delivered + undelivered", ledger["delivered"] + delivery["undelivered"], tally["generated"])
        self.equal("unexpected", ledger["unexpected"], 0)
        undisturbed = tally["retries"] == 0 and self.report["fleet"]["reconnects"] == 0
        breaks = kinds & {"kill", "restart"}
        # A validation that is to be swapped is acknowledged at once and waits in the server's memory.
        may_be_lost = draw.asked("lose") + (draw.asked("swap") if breaks else 0)
        if draw.qos == 0:
            self.equal("lost at QoS 0", delivery["lost"], None)
        else:
            self.at_most("lost", delivery["lost"], may_be_lost)
            self.equal("acknowledged + unconfirmed - lost", tally["acknowledged"] + delivery["unconfirmed"] - delivery["lost"],
                       ledger["delivered"])
        once = draw.qos == 2 and draw.options.get("session_expiry") != "0s" and not breaks
        if draw.qos == 0 or once or undisturbed:
            self.at_most("duplicated", ledger["duplicated"], draw.asked("duplicate"))
        # One batch at a time cannot be overtaken; at QoS 0 nobody knows when it has arrived.
        alone = draw.qos > 0 and draw.delivery["in_flight"] == 1
        if undisturbed or alone:
            self.at_most("reordered", ledger["reordered"], draw.asked("swap"))
        if draw.everything_arrives():
            for state in ("rejected", "discarded", "unacknowledged", "cached"):
                self.equal(f"{state} after a long drain", tally[state], 0)
            self.at_most("undelivered after a long drain", delivery["undelivered"], may_be_lost)
        if delivery["exceptions_omitted"] == 0:
            self.names(delivery, ledger)

    def names(self, delivery, ledger):
        named = {}
        for item in delivery["exceptions"]:
            for sequence in range(item["first"], item["last"] + 1):
                key = (item["equipment"], sequence)
                self.require(key not in named.setdefault(item["state"], set()), f"{item['state']}: {key} is named twice")
                named[item["state"]].add(key)
        of = {state: len(names) for state, names in named.items()}
        self.equal("named lost or undelivered", of.get("lost", 0) + of.get("undelivered", 0), delivery["undelivered"])
        self.equal("named reordered", of.get("reordered", 0), ledger["reordered"])
        self.at_most("named duplicated", of.get("duplicated", 0), ledger["duplicated"])
        self.equal("some are named duplicated", of.get("duplicated", 0) > 0, ledger["duplicated"] > 0)
        if self.draw.qos > 0:
            self.equal("named lost", of.get("lost", 0), delivery["lost"])
            self.equal("named unconfirmed", of.get("unconfirmed", 0), delivery["unconfirmed"])

    def stages(self):
        stages = [phase for phase in self.report["phases"] if phase["kind"] == "stage"]
        tally, ledger, delivery, latency = (self.report[key] for key in ("tally", "ledger", "delivery", "latency"))
        self.equal("stages", len(stages), len(self.draw.stages))
        whole = {**{key: tally[key] for key in ("generated", *STATES, "retries")},
                 **{key: ledger[key] for key in ("delivered", "duplicated", "reordered")},
                 **{key: delivery[key] for key in ("lost", "undelivered", "unconfirmed")}}
        for key, total in whole.items():
            parts = [stage[key] for stage in stages]
            if total is not None and None not in parts:
                self.equal(f"{key} of all stages", sum(parts), total)
        measured = sum(stage["generated"] for stage in stages if stage["measured"])
        if latency["response"] is not None:
            self.equal("response.count + unanswered", latency["response"]["count"] + latency["response"]["unanswered"], measured)
        else:
            self.equal("response at QoS", self.draw.qos, 0)
        if latency["end_to_end"] is not None:
            self.equal("end_to_end.count + unanswered", latency["end_to_end"]["count"] + latency["end_to_end"]["unanswered"], measured)

    def faults(self):
        told = self.report.get("faults", [])
        self.equal("faults", [fault["kind"] for fault in told], [fault["kind"] for fault in self.draw.faults])
        refused = hung = 0
        for asked, fault in zip(self.draw.faults, told):
            name = f"faults[{fault['number'] - 1}] {fault['kind']}"
            for what, struck in (fault.get("injected") or {}).items():
                if "count" in asked:
                    self.at_most(f"{name}.injected.{what}", struck, asked["count"])
            if fault["kind"] not in NETWORK:
                self.equal(f"{name}.equipments", fault["equipments"], None)
                continue
            refused, hung = refused + fault["dials_refused"], hung + fault["dials_hung"]
            self.equal(f"{name}.which", sum(last - first + 1 for first, last in fault["which"]), fault["equipments"])
            first, last = json.loads(asked.get("equipments", f"[1, {self.draw.equipments}]"))
            self.require(all(first <= low and high <= last for low, high in fault["which"]), f"{name} hits {fault['which']}")
            if "share" not in asked:
                self.equal(f"{name}.equipments", fault["equipments"], last - first + 1)
            if fault["kind"] in ("reset", "half_open") and "for" not in asked:
                self.at_most(f"{name}.connections", fault["connections"], fault["equipments"])
            if fault["kind"] not in ("refuse", "flapping"):
                self.equal(f"{name}.dials_refused", fault["dials_refused"], 0)
            if fault["kind"] not in ("cut", "one_way"):
                self.equal(f"{name}.dials_hung", fault["dials_hung"], 0)
        failures = self.report["fleet"]["connect_failures"]
        self.at_most("dials refused by faults", refused, failures.get("refused", 0))
        self.at_most("dials hung by faults", hung, failures.get("timed_out", 0))

    def verdict(self):
        verdict = self.report["verdict"]
        self.require(verdict["complete"], "the run is not complete")
        self.equal("exit code 3", self.exit_code == 3, verdict["measurement"] == "invalid")
        # The scenarios state no thresholds, so the default ones judge them.
        delivery = self.report["delivery"]
        missing = {"lost": delivery["lost"], "undelivered": delivery["undelivered"], "rejected": self.report["tally"]["rejected"],
                   "never_connected": self.report["fleet"]["never_connected"]}
        self.equal("thresholds", [(t["metric"], t["passed"], t.get("skipped", False)) for t in self.report["thresholds"]],
                   [(metric, not count, count is None) for metric, count in missing.items()])
        if verdict["measurement"] != "invalid":
            self.equal("exit code", self.exit_code, 99 if any(missing.values()) else 0)
        for reason in verdict["reasons"]:
            self.require(not NEVER.search(reason), reason)


# --- running

class Tried:
    def __init__(self, draw):
        self.draw, self.report, self.problems, self.stderr, self.exit_code = draw, None, [], "", None


def run(portillon, draw, folder):
    path, out = os.path.join(folder, f"random-{draw.seed}.yaml"), os.path.join(folder, f"random-{draw.seed}.json")
    for name, text in {os.path.basename(path): draw.text, **draw.files}.items():
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)
    tried = Tried(draw)
    process = subprocess.Popen([portillon, "run", path, "--shards", str(min(draw.shards, draw.equipments)), "-o", out],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        _, tried.stderr = process.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.terminate()
        _, tried.stderr = process.communicate()
        tried.problems = [f"it did not end within {PATIENCE_S} s"]
        return tried
    tried.exit_code = process.returncode
    if not os.path.exists(out):
        tried.problems = [f"no report, exit code {process.returncode}: {tried.stderr.strip()[-600:]}"]
        return tried
    with open(out) as file:
        tried.report = json.load(file)
    tried.problems = Judge(draw, tried.report, process.returncode).judge()
    return tried


def try_seed(portillon, seed, known, times, keep):
    draws = [Draw(seed, known) for _ in range(times)]
    folder = tempfile.mkdtemp(prefix=f"random-{seed}-", dir=keep)
    tries = [run(portillon, draw, folder) for draw in draws]
    first = tries[0]
    for again in tries[1:]:
        first.problems += again.problems
        if (first.draw.text, first.draw.files) != (again.draw.text, again.draw.files):
            first.problems.append("the same seed made another scenario")
        if first.report and again.report:
            first.problems += differences(first.report, again.report, closed=first.draw.arrival == "closed")
    if not first.problems:
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
        os.rmdir(folder)
    return first, folder


def differences(one, other, closed):
    """The differences in what must follow from the seed alone."""
    of = [("workload_digest", lambda report: report["scenario"]["workload_digest"]),
          ("whom the faults hit", lambda report: [(fault["equipments_digest"], fault["which"]) for fault in report.get("faults", [])])]
    if not closed:
        of.append(("generated", lambda report: [phase["generated"] for phase in report["phases"] if phase["kind"] == "stage"]))
    return [f"{what} differs between two runs: {get(one)} and {get(other)}" for what, get in of if get(one) != get(other)]


def told(tried):
    draw, report = tried.draw, tried.report
    kinds = ", ".join(fault["kind"] for fault in draw.faults) or "no faults"
    way = draw.protocol + (f" QoS {draw.qos}" if draw.protocol == "mqtt" else "") + (" 3.1.1" if "version" in draw.options else "")
    if report is None:
        return f"{way}, {draw.equipments} equipments, {draw.arrival}, {kinds}"
    tally, ledger, delivery = report["tally"], report["ledger"], report["delivery"]
    lost = "-" if delivery["lost"] is None else delivery["lost"]
    return (f"{way}, {draw.equipments} equipments, {draw.arrival}, {kinds}: generated {tally['generated']}, delivered {ledger['delivered']}, "
            f"lost {lost}, duplicated {ledger['duplicated']}, reordered {ledger['reordered']}, retries {tally['retries']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portillon")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    parser.add_argument("--twice", type=int, default=3)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--keep", help="where failing scenarios stay")
    parser.add_argument("--print", action="store_true", help="only print the scenarios")
    given = parser.parse_args()
    portillon = os.path.abspath(given.portillon)
    schema = subprocess.run([portillon, "schema", "scenario"], capture_output=True, text=True, check=True, timeout=60).stdout
    known = set(json.loads(schema)["properties"]["faults"]["items"]["properties"]["kind"]["enum"])
    seeds = [given.only] if given.only is not None else list(range(given.seed, given.seed + given.count))
    if given.print:
        for seed in seeds:
            print(Draw(seed, known).text)
        return 0
    keep = os.path.abspath(given.keep) if given.keep else tempfile.gettempdir()
    os.makedirs(keep, exist_ok=True)
    failed = []
    with concurrent.futures.ThreadPoolExecutor(given.at_once) as pool:
        tries = [pool.submit(try_seed, portillon, seed, known, 2 if place < given.twice else 1, keep) for place, seed in enumerate(seeds)]
        for seed, each in zip(seeds, tries):
            tried, folder = each.result()
            print(f"{'FAIL' if tried.problems else 'ok  '} seed {seed}: {told(tried)}", flush=True)
            for problem in tried.problems:
                print(f"     {problem}", flush=True)
            if tried.problems:
                failed.append(seed)
                print(f"     again: {sys.argv[0]} {given.portillon} --only {seed}    kept: {folder}", flush=True)
    print(f"{len(seeds)} scenarios, {len(failed)} failed" + (f": {', '.join(map(str, failed))}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
