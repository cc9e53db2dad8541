#!/usr/bin/env python3
"""Every misbehaviour of clients.py once, against `portillon serve`: what it is answered, whether it is closed and counted; and
whether everybody else is served as before. Usage: hostile_test.py PORTILLON [-v] [--patient] [PROTOCOL or NAME...]

--patient: also those that wait for time-outs of half a minute.
"""
import concurrent.futures
import sys
import time

import clients
import program

portillon, *words = sys.argv[1:]
verbose = "-v" in words
patient = "--patient" in words
only = [word for word in words if not word.startswith("-")]
problems, ran, began = [], 0, time.monotonic()
stuck = [0]  # connections of clients that never read: the server notices that they are gone when its patience ends


def chosen(*kinds):
    return [(protocol, name, function) for protocol, functions in clients.CATALOGUE.items() for name, function in functions.items()
            if kind_of(function.expected) in kinds and (not only or protocol in only or name in only)]


def kind_of(expected):
    return "patient" if expected.patient else "slow" if expected.slow else "quick"


def note(protocol, name, problem, saw):
    global ran
    ran += 1
    if verbose:
        print(f"{time.monotonic() - began:6.2f} s {'FAIL' if problem else 'ok'} {protocol} {name}: {problem or saw}", flush=True)
    if problem:
        problems.append(f"{protocol} {name}: {problem}")


def misbehave(server, protocol, function):
    with clients.At(protocol, server.addresses[protocol], patience_s=75 if function.expected.patient else 20) as at:
        try:
            saw = function(at)
            stuck[0] += sum(peer.blocked for peer in at.peers)
            return saw
        except Exception as problem:  # an error in a client is reported beside the others' results
            return clients.Saw([("EXCEPTION", repr(problem))], None, 0)


def behave(server, protocol):
    with clients.At(protocol, server.addresses[protocol]) as at:
        return clients.behave(at)


def survived(server, pids):
    if server.process.poll() is not None:
        return f"the server ended with {server.process.returncode}"
    return None if server.pids() == pids else f"the shards were {pids} and are {server.pids()}"


def counted(server, before, expected):
    """Whether the count of one of the causes has grown; the figures may be an instant behind."""
    return not expected or server.wait_until(
        lambda _: any(server.causes().get(cause, 0) > before.get(cause, 0) for cause in expected), 5)


# One after the other, so that each count is seen separately. No time-out matters here.
with program.Server(portillon, shards=2) as server:
    pids = server.pids()
    for protocol, name, function in chosen("quick"):
        before = server.causes()
        saw = misbehave(server, protocol, function)
        problem = function.expected.problem(saw)
        if not problem and not counted(server, before, function.expected.counted):
            grown = {cause: n - before.get(cause, 0) for cause, n in server.causes().items() if n != before.get(cause, 0)}
            problem = f"counted as {grown}, not as {function.expected.counted}: {saw}"
        note(protocol, name, survived(server, pids) or problem or behave(server, protocol), saw)
        if server.process.poll() is not None:
            break
    if not server.wait_until(lambda figures: figures["totals"]["connections"] <= stuck[0]):
        problems.append(f"{server.figures()['totals']['connections']} connections are left after all have gone")



def all_at_once(kind, *options):
    """Runs clients at the same time, because each waits for a time-out; they are counted together."""
    with program.Server(portillon, *options, shards=2) as server, concurrent.futures.ThreadPoolExecutor(64) as pool:
        pids = server.pids()
        begun = [(protocol, name, function, pool.submit(misbehave, server, protocol, function))
                 for protocol, name, function in chosen(kind)]
        expected = {}
        for protocol, name, function, future in begun:
            saw = future.result()
            note(protocol, name, function.expected.problem(saw), saw)
            causes = tuple(function.expected.counted)
            expected[causes] = expected.get(causes, 0) + 1
        for causes, times in expected.items():
            if not server.wait_until(lambda _: sum(server.causes().get(cause, 0) for cause in causes) >= times, 5):
                problems.append(f"{causes} happened {times} times, counted: {server.causes()}")
        for protocol in server.addresses:
            problems.extend(filter(None, [behave(server, protocol)]))
        problems.extend(filter(None, [survived(server, pids)]))


all_at_once("slow", "--first-byte", "1s", "--idle", "3s")
if patient:
    all_at_once("patient")

for problem in problems:
    print("FAIL", problem)
print(f"{ran} misbehaviours, {len(problems)} problems")
sys.exit(1 if problems or not ran else 0)
