#!/usr/bin/env python3
"""Every fault over every driver, counted by somebody who stands between generator and server and shares no code with either.

Usage: observer.py PORTILLON [KIND...] [--drivers mqtt,http2,...] [--short] [--jobs 4] [--seed 3] [--markdown FILE] [--keep FOLDER]
                   [--prove] [--must-know]

A small fleet runs through a proxy (proxy.py) to `portillon serve`. Afterwards the bytes are taken apart (streams.py), what the
ledger must hold is worked out from them (account.py), and compared with what the report says: counts, and validation by
validation as far as the report names them. What no observer can know, because the server ended a connection before it
answered, is an interval; the table says how many batches that were. A kind of fault that PORTILLON does not know is shown so, and
fails with --must-know. --prove falsifies each figure of a report that was right, by one, and fails if nobody notices.
Exit code 1 if a row fails.
"""
import argparse
import concurrent.futures
import copy as copying
import os
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

import account
import kinds
import streams
from account import MAYBE, NO, Range
from proxy import UP, Proxy

sys.path.append(str(Path(__file__).resolve().parent.parent / "hostile"))
import program  # noqa: E402

# Enough to see that every driver's path is counted correctly: messages, validations, and connections.
SHORT = ["lose", "duplicate", "swap", "drop", "mute", "reject", "reset"]
MARGIN_NS = 20_000_000  # for instants that the observer can only estimate
MILLION = 1_000_000


class Seen:
    """The observer's record of a run."""

    def __init__(self, kind, driver, meetings):
        self.kind, self.driver, self.meetings = kind, driver, meetings
        self.talks = streams.take_apart(meetings, driver.protocol)
        self.copies = sorted((copy for talk in self.talks for copy in talk.copies), key=lambda copy: copy.order)
        silent = kind.name.split("-")[0]
        account.classify(self.talks, silent, driver.answers())
        # Counted before copies of QoS 2 are told apart, because they were answered or thrown away like others.
        self.without_answer = [copy for copy in self.copies if copy.answer in (None, streams.LATE)]
        self.thrown_away = sum(copy.taken == NO for copy in self.without_answer)
        self.perhaps_thrown_away = sum(copy.taken == MAYBE for copy in self.without_answer)
        self.completed = account.suppress(self.talks) if driver.qos == 2 else None
        self.account = account.Account(self.copies)
        self.t0_ns = min((copy.at_ns - copy.due_ns for copy in self.copies), default=0)

    def acknowledged(self):
        """The validations that the server has acknowledged."""
        if self.completed is not None:
            return self.completed
        return {(copy.equipment, sequence) for copy in self.copies if copy.answer == streams.OK for sequence in copy.sequences()}

    def rejected(self):
        return {(copy.equipment, sequence) for copy in self.copies if copy.answer == streams.REJECTED for sequence in copy.sequences()}

    def said(self, what):
        return sum(copy.said == what for copy in self.copies)

    def unanswered(self):
        """How many batches got no answer: from those that certainly got none to those that perhaps got none."""
        def end_of(copy):
            return copy.cancelled_ns or (copy.talk.meeting.client_end or (0, float("inf")))[1]

        sure = sum(copy.answer == streams.LATE or copy.at_ns < end_of(copy) - account.AT_THE_END_NS for copy in self.without_answer)
        return Range(sure, len(self.without_answer))

    def ended_by_server(self):
        """The connections that the server ended: those on which it sent nothing, and those that it had greeted."""
        ended = [talk for talk in self.talks if talk.dismissed()]
        return [talk for talk in ended if not talk.server_spoke], [talk for talk in ended if talk.server_spoke]

    def between(self, from_ms, to_ms):
        """A stretch of the run, shortened by the margin of uncertainty at both ends."""
        return self.t0_ns + from_ms * MILLION + MARGIN_NS, self.t0_ns + to_ms * MILLION - MARGIN_NS

    def bytes_between(self, direction, from_ms, to_ms):
        begin, end = self.between(from_ms, to_ms)
        return sum(len(data) for meeting in self.meetings for _, at, way, data in meeting.chunks if way == direction and begin < at < end)


class Row:
    def __init__(self, kind, driver):
        self.kind, self.driver = kind.name, driver.name
        self.injected = self.observed = self.reported = ""
        self.result, self.problems = "ok", []

    def expect(self, what, is_, should):
        """`should`: a number, a Range or None."""
        holds = is_ in should if isinstance(should, Range) else is_ == should
        if not holds:
            self.problems.append(f"{what} is {is_}, not {should}")

    def require(self, holds, complaint):
        if not holds:
            self.problems.append(complaint)


def injected_of(fault, victims):
    """The number of victims of a server's fault by the report, or None."""
    return (fault.get("injected") or {}).get(victims)


# --- the effects of each kind, beyond the books

def faults_of(report):
    return {fault["kind"]: fault for fault in report["faults"]}


def check_validations(row, seen, report):
    struck = injected_of(report["faults"][0], "validations")
    row.injected = f"{struck if struck is not None else seen.kind.count} validations"
    row.observed = f"{len(seen.account.on_the_wire)} validations went to the server, {seen.account.duplicated} of them again"
    if struck is not None:
        row.expect("faults[0].injected.validations", struck, seen.kind.count)


def check_messages(row, seen, report):
    fault = report["faults"][0]
    struck = injected_of(fault, "messages")
    row.injected = f"{struck} messages"
    if struck is not None and seen.kind.count is not None:
        row.expect("faults[0].injected.messages", struck, seen.kind.count)
    name = seen.kind.name.split("-")[0]
    if not seen.driver.answers():
        row.observed = "nothing is answered"
        return
    if name == "drop":
        observed = Range(seen.thrown_away, seen.thrown_away + seen.perhaps_thrown_away)
        row.observed = f"{observed} unanswered"
    elif name == "mute":
        observed = seen.unanswered()
        row.observed = f"{observed} unanswered"
    elif seen.driver.name == "mqtt-3.1.1":
        _, spoken = seen.ended_by_server()
        row.observed = f"{len(spoken)} connections closed instead"
        row.require(0 < len(spoken) <= (struck or len(spoken)), f"{len(spoken)} connections were closed for {struck} messages")
        row.result = "cannot express: 3.1.1 has no word for it; the connection is closed, and the batch comes again"
        return
    else:
        words = seen.kind.said[seen.driver.protocol]
        observed = Range(seen.said(words))
        row.observed = f"{observed} answered {words}"
    if struck is not None:
        row.expect("faults[0].injected.messages", struck, observed)
    row.require(observed.high > 0, "nothing of it was seen")


def check_farewells(row, seen, report):
    fault = report["faults"][0]
    struck = injected_of(fault, "connections")
    silent, spoken = seen.ended_by_server()
    row.injected = f"{struck} connections"
    name = fault["kind"]
    if name == "turn_away":
        row.observed = f"{len(silent)} ended before a word"
        observed = len(silent)
    elif name == "goaway":
        said = sorted({talk.goodbye for talk in spoken if talk.goodbye})
        observed = len(silent) + len(spoken)
        row.observed = f"{observed} ended, {', '.join(said) if said else 'without a word'}"
        if seen.driver.name == "mqtt-3.1.1":
            row.result = "cannot express: 3.1.1 has no goodbye from a server; the connection is closed"
        else:
            row.require(all(talk.goodbye for talk in spoken), "a connection was ended without a goodbye")
    else:
        observed = len(silent) + len(spoken)
        row.observed = f"{observed} ended without a word"
        row.require(not any(talk.goodbye for talk in spoken), "a connection was ended with a goodbye")
    if struck is not None:
        row.expect("faults[0].injected.connections", struck, observed)
    row.require(observed > 0, "no connection was ended")


def check_shards(row, seen, report):
    fault = report["faults"][0]
    struck = injected_of(fault, "shards")
    row.injected = f"{struck} shards"
    should = 1 if fault["kind"] == "kill" else seen.kind.shards
    if struck is not None:
        row.expect("faults[0].injected.shards", struck, should)
    silent, spoken = seen.ended_by_server()
    row.observed = f"{len(spoken)} connections ended, {len(silent)} not taken"
    row.require(spoken, "no connection was ended")
    row.require(fault["kind"] == "kill" or len(spoken) >= kinds.EQUIPMENTS, f"only {len(spoken)} connections were ended")


def check_held(row, seen, report):
    fault = report["faults"][0]
    begin, end = seen.between(fault["at_s"] * 1e3, fault["to_s"] * 1e3)
    held = [copy for copy in seen.copies if begin < copy.at_ns < end]
    struck = injected_of(fault, "messages")
    row.injected = f"{struck} messages" if struck is not None else fault["what"]
    row.require(held, "nothing arrived while it lasted")
    if not seen.driver.answers():
        row.observed = f"{len(held)} arrived while it lasted"
        return
    waits = [copy.answered_ns - copy.at_ns for copy in held if copy.answered_ns is not None]
    longest_ms = max(waits, default=0) / MILLION
    row.observed = f"{len(held)} arrived while it lasted, answered up to {longest_ms:.0f} ms later"
    if fault["kind"] == "stall":
        early = [copy for copy in held if copy.answered_ns is not None and copy.answered_ns < end and copy.answer == streams.OK]
        row.require(not early, f"{len(early)} batches were acknowledged while the server stood still")
    elif fault["kind"] == "delay":
        row.require(not waits or min(waits) > 190 * MILLION, f"a batch was answered after {min(waits, default=0) / MILLION:.1f} ms")
    elif fault["kind"] == "slow":
        answered = sum(begin < copy.answered_ns < end for copy in held if copy.answered_ns is not None)
        row.require(answered <= 101, f"{answered} batches were answered in 1 s, at 10 ms each")
    elif fault["kind"] == "limit":
        answered = sum(copy.count for copy in held if copy.answered_ns is not None and begin < copy.answered_ns < end)
        row.require(answered <= 203, f"{answered} validations were answered in 1 s, at 200/s")


def check_network(row, seen, report):
    fault = report["faults"][0]
    figures = ("connections", "dials_refused", "dials_hung")
    row.injected = ", ".join(f"{fault[name]} {name.replace('_', ' ')}" for name in figures if fault[name])
    broken = len(seen.meetings) - kinds.EQUIPMENTS  # the last of each equipment ends with the run
    row.observed = f"{broken} connections replaced"
    kind, from_ms, to_ms = fault["kind"], fault["at_s"] * 1e3, fault["to_s"] * 1e3
    if kind in ("reset", "half_open", "flapping"):
        # A client without answers that always has something to write does not notice that the far end is gone.
        unnoticed = kind == "half_open" and not seen.driver.answers()
        row.expect("connections that were replaced", broken, Range(0 if unnoticed else fault["connections"], fault["connections"]))
        row.require(fault["connections"] > 0, "it struck nothing")
    elif kind == "refuse":
        row.expect("connections that were replaced", broken, report["faults"][1]["connections"])
        row.expect("connections that were reset", report["faults"][1]["connections"], kinds.EQUIPMENTS)
        back_ms = (min(meeting.opened_ns for meeting in seen.meetings[kinds.EQUIPMENTS:]) - seen.t0_ns) / MILLION
        row.observed += f", the first of them {back_ms:.0f} ms after T0"
        row.require(back_ms > to_ms - 20, f"a dial came through {back_ms:.0f} ms after T0")
    elif kind in ("cut", "one_way"):
        # Bytes in flight to the proxy may be read a little late.
        up = seen.bytes_between(UP, from_ms + 100, to_ms)
        row.observed += f", {up} bytes up in between"
        row.require(up == 0, f"{up} bytes came up the line that was cut")
    elif kind == "latency":
        begin, end = seen.between(from_ms, to_ms - 50)
        waits = [copy.at_ns - seen.t0_ns - copy.due_ns for copy in seen.copies if begin < seen.t0_ns + copy.due_ns < end]
        row.observed = f"batches arrived {min(waits) / MILLION:.0f} ms after they were due, or later"
        row.require(min(waits) > 25 * MILLION, f"a batch arrived {min(waits) / MILLION:.1f} ms after it was due")
    elif kind == "bandwidth":
        begin, end = seen.between(from_ms + 100, to_ms)
        most = max(sum(len(data) for _, at, way, data in meeting.chunks if way == UP and begin < at < end) for meeting in seen.meetings)
        row.observed = f"{most} bytes up at most, per connection"
        row.require(most <= 1_000 + 1_500, f"{most} bytes came up in a second")  # and a segment in flight


CHECKS = {
    **dict.fromkeys(("lose", "duplicate", "swap"), check_validations),
    **dict.fromkeys(("drop", "drop-for", "mute", "error", "error-for", "throttle", "reject"), check_messages),
    **dict.fromkeys(("turn_away", "close", "close-often", "goaway"), check_farewells),
    **dict.fromkeys(("kill", "kill-back", "restart"), check_shards),
    **dict.fromkeys(("stall", "delay", "slow", "limit"), check_held),
}


# --- the books

def compare(row, seen, report):
    tally, ledger, delivery = report["tally"], report["ledger"], report["delivery"]
    name, driver = seen.kind.name.split("-")[0], seen.driver
    generated, found = kinds.GENERATED, seen.account
    CHECKS.get(seen.kind.name, check_network)(row, seen, report)

    # So many of the arrived validations were thrown away inside the server; which ones is unknown.
    unseen = Range(0)
    if name == "lose":
        unseen = Range(seen.kind.count)
    elif not driver.answers() and name in ("drop", "error", "throttle", "reject"):
        struck = injected_of(report["faults"][0], "messages")
        struck = seen.kind.count if struck is None else struck
        unseen = Range(0, found.delivered.high) if struck is None else Range(struck)
        row.result = "ok: nobody hears of it" if name == "drop" else "cannot express: QoS 0 has no answers; thrown away instead"
    if name == "mute" and not driver.answers():
        row.result = "cannot express: QoS 0 has no answers to withhold"
    rejected = len(seen.rejected() - seen.acknowledged())
    delivered = Range(found.delivered.low - unseen.high, found.delivered.high - unseen.low)

    row.expect("generated", tally["generated"], generated)
    row.expect("delivered", ledger["delivered"], delivered)
    row.expect("undelivered", delivery["undelivered"], generated - ledger["delivered"])
    row.expect("duplicated", ledger["duplicated"], found.duplicated + (seen.kind.count if name == "duplicate" else 0))
    fewer = found.reordered.low - unseen.high  # thrown-away validations are not reordered
    reordered = Range(max(0, fewer), found.reordered.high) + (seen.kind.count if name == "swap" else 0)
    row.expect("reordered", ledger["reordered"], reordered)
    row.expect("unexpected", ledger["unexpected"], 0)
    row.expect("rejected", tally["rejected"], rejected)
    row.expect("sum of the states", sum(tally[state] for state in ("acknowledged", "rejected", "discarded", "unacknowledged", "cached")),
               generated)
    row.expect("discarded", tally["discarded"], 0)
    row.expect("cached", tally["cached"], 0)
    row.expect("batches on the wire", len(seen.copies), Range(0, tally["sent_batches"]))
    row.expect("connections", report["fleet"]["connects"], Range(kinds.EQUIPMENTS, len(seen.meetings)))
    row.require(report["verdict"]["complete"], "the run is not complete")
    if driver.answers():
        # After the drain nothing is open: every validation that was not refused has arrived and was acknowledged.
        row.expect("acknowledged", tally["acknowledged"], generated - rejected)
        row.expect("acknowledged", tally["acknowledged"], Range(0, len(seen.acknowledged())))
        row.expect("lost", delivery["lost"], seen.kind.count if name == "lose" else 0)
        row.expect("undelivered", delivery["undelivered"], rejected + (seen.kind.count if name == "lose" else 0))
    else:
        row.expect("acknowledged", tally["acknowledged"], 0)
        row.expect("unacknowledged", tally["unacknowledged"], generated)
        row.expect("lost", delivery["lost"], None)
    compare_names(row, seen, report, unseen)
    row.reported = (f"delivered {ledger['delivered']}, lost {'-' if delivery['lost'] is None else delivery['lost']}, "
                    f"undelivered {delivery['undelivered']}, duplicated {ledger['duplicated']}, reordered {ledger['reordered']}, "
                    f"rejected {tally['rejected']}, retries {tally['retries']}")
    if found.unknown:
        row.observed += f"; {found.unknown} batches cut off unanswered"


def compare_names(row, seen, report, unseen):
    """Compares validation by validation, where the victims do not depend on the fault's own draw."""
    if report["delivery"]["exceptions_omitted"]:
        return
    found, name = seen.account, seen.kind.name.split("-")[0]
    pairs = [("duplicated", found.duplicated_sure, found.duplicated_possible, name == "duplicate"),
             ("reordered", found.reordered_sure, found.reordered_possible, name == "swap")]
    for state, sure, possible, drawn in pairs:
        named = account.named(report, state)
        if not drawn and unseen.high == 0:
            row.require(sure <= named <= possible, f"{state}: named {sorted(named - possible)[:5]} beyond, {sorted(sure - named)[:5]} not")
    if unseen.high == 0:
        all_of_them = {(equipment, sequence) for equipment in range(1, kinds.EQUIPMENTS + 1)
                       for sequence in range(1, kinds.RATE * kinds.SECONDS + 1)}
        named = account.named(report, "lost", "undelivered")
        row.require(all_of_them - found.delivered_possible <= named <= all_of_them - found.delivered_sure,
                    "undelivered: other validations are named than were missing on the wire")
    lost = account.named(report, "lost")
    row.require(lost <= seen.acknowledged(), "a validation is named lost that was never acknowledged")


# --- a comparison that cannot fail is none

FIGURES = [("tally", "generated"), ("tally", "acknowledged"), ("tally", "rejected"), ("ledger", "delivered"), ("ledger", "duplicated"),
           ("ledger", "reordered"), ("ledger", "unexpected"), ("delivery", "undelivered"), ("delivery", "lost")]


def falsified(report):
    """Yields (figure, the report with that figure wrong by one) for each figure."""
    places = [(report[section], (section,), name) for section, name in FIGURES]
    injected = report["faults"][0].get("injected") or {}
    places += [(injected, ("faults", 0, "injected"), name) for name in injected]
    for holder, path, name in places:
        for value in (0,) if holder[name] is None else (holder[name] - 1, holder[name] + 1):
            wrong = copying.deepcopy(report)
            inner = wrong
            for step in path:
                inner = inner[step]
            inner[name] = value
            yield f"{'.'.join(map(str, path))}.{name} = {value}", wrong


def prove(row, seen, report):
    """Proves that a wrong figure is noticed; not for held messages, which an observer cannot count exactly."""
    exact = seen.account.unknown == 0 and seen.perhaps_thrown_away == 0 and seen.kind.name not in ("stall", "delay", "slow", "limit")
    for what, wrong in falsified(report) if exact else ():
        trial = Row(seen.kind, seen.driver)
        compare(trial, seen, wrong)
        row.require(trial.problems, f"{what} would not be noticed")


# --- running

def try_one(portillon, kind_name, driver_name, seed, keep, proving):
    kind, driver = kinds.KINDS[kind_name], kinds.DRIVERS[driver_name]
    row = Row(kind, driver)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(keep or folder, f"{kind.name}-{driver.name}.yaml")
            with open(path, "w") as file:
                file.write(kinds.scenario(kind, driver, seed))
            checked = subprocess.run([portillon, "validate", path, "--protocol", driver.protocol], capture_output=True, text=True, timeout=60)
            if checked.returncode:
                is_unknown = ".kind:" in checked.stderr and "is not known" in checked.stderr
                row.result = "not known" if is_unknown else "FAIL"
                row.problems = [] if is_unknown else [checked.stderr.strip()]
                return row
            listener = program.LISTENER_OF[driver.protocol]
            with program.Server(portillon, listeners=[listener], shards=kind.shards) as server, \
                    Proxy(server.addresses[listener]) as proxy:
                run = program.Run(portillon, driver.protocol, f"{program.SCHEMES[driver.protocol]}://127.0.0.1:{proxy.port}", path,
                                  ledger=server.admin, patience_s=90)
            if problem := run.imbalance():
                row.problems.append(problem)
            row.require(run.exit_code in program.DELIVERED, f"exit code {run.exit_code}: {run.stderr.strip()[-300:]}")
            if run.report is not None:
                seen = Seen(kind, driver, proxy.meetings)
                compare(row, seen, run.report)
                if proving and not row.problems:
                    prove(row, seen, run.report)
    except Exception:  # fails one row, not the table
        row.problems.append(traceback.format_exc(limit=-3))
    if row.problems:
        row.result = "FAIL"
    return row


COLUMNS = ("fault", "driver", "injected", "observed on the wire", "reported", "result")


def cells(row):
    return (row.kind, row.driver, row.injected, row.observed, row.reported, row.result)


def markdown(rows):
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
    lines += ["| " + " | ".join(cells(row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portillon")
    parser.add_argument("kinds", nargs="*", metavar="KIND")
    parser.add_argument("--drivers")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--jobs", type=int, default=4, help="a run waits more than it works")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--markdown")
    parser.add_argument("--keep", help="leave the scenarios there")
    parser.add_argument("--prove", action="store_true")
    parser.add_argument("--must-know", action="store_true")
    given = parser.parse_args()
    wanted = given.kinds or (SHORT if given.short else list(kinds.KINDS))
    drivers = given.drivers.split(",") if given.drivers else list(kinds.DRIVERS)
    for name, known in [(name, kinds.KINDS) for name in wanted] + [(name, kinds.DRIVERS) for name in drivers]:
        if name not in known:
            parser.error(f"{name} is not known (known: {', '.join(known)})")
    if given.keep:
        os.makedirs(given.keep, exist_ok=True)
    pairs = [(kind, driver) for kind in wanted for driver in drivers
             if driver in kinds.KINDS[kind].drivers or (given.drivers and not given.short)]
    if given.short:
        pairs = [(kind, driver) for kind, driver in pairs if driver in kinds.USUAL]
    rows = []
    with concurrent.futures.ProcessPoolExecutor(given.jobs) as pool:
        tries = [pool.submit(try_one, os.path.abspath(given.portillon), kind, driver, given.seed, given.keep, given.prove)
                 for kind, driver in pairs]
        print(f"{COLUMNS[0]:<12} {COLUMNS[1]:<12} {COLUMNS[2]:<34} {COLUMNS[3]:<50} {COLUMNS[5]}")
        for each in tries:
            row = each.result()
            rows.append(row)
            print(f"{row.kind:<12} {row.driver:<12} {row.injected:<34} {row.observed:<50} {row.result}", flush=True)
            if row.reported:
                print(f"{'':<25} {row.reported}", flush=True)
            for problem in row.problems:
                print(f"{'':<25} {problem}", flush=True)
    if given.markdown:
        with open(given.markdown, "w") as file:
            file.write(markdown(rows))
    failed = [row for row in rows if row.result == "FAIL"]
    unknown = sorted({row.kind for row in rows if row.result == "not known"})
    print(f"{len(rows)} rows, {len(failed)} failed" + (f"; not known to this program: {', '.join(unknown)}" if unknown else ""))
    return 1 if failed or (unknown and given.must_know) else 0


if __name__ == "__main__":
    sys.exit(main())
