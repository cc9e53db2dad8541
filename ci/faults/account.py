"""Works out what the server's ledger must say from the copies that were sent to it. Pure.

Each copy was taken in by the server (yes), or not (no), or nobody beyond the server can know (maybe): it was forwarded to a
connection that the server ended before it said a word about it. What follows from copies of the last kind is an interval.
"""
from streams import LATE, OK

YES, NO, MAYBE = "yes", "no", "maybe"
AT_THE_END_NS = 100_000_000  # so shortly before its connection's end, a missing answer proves nothing
UNREAD_NS = 500_000_000      # QoS 0 has no answers: messages younger than this may lie unread when the server ends the connection


class Range:
    """The interval in which a number must lie."""

    def __init__(self, low, high=None):
        self.low, self.high = low, low if high is None else high

    def __contains__(self, value):
        return value is not None and self.low <= value <= self.high

    def __add__(self, other):
        other = other if isinstance(other, Range) else Range(other)
        return Range(self.low + other.low, self.high + other.high)

    def __str__(self):
        return str(self.low) if self.low == self.high else f"{self.low} to {self.high}"


class Session:
    """The session of a client in an MQTT server: the identifiers that are not released (5.0, 4.3.3)."""

    def __init__(self):
        self.held = {}  # packet identifier -> the copy that took it
        self.last = {}  # packet identifier -> the last batch with it


def by_client(talks):
    clients = {}
    for talk in talks:
        if talk.client_id is not None:
            clients.setdefault(talk.client_id, []).append(talk)
    return clients


def classify(talks, silent=None, answers=True):
    """Sets `taken` of each copy. `silent`: what a missing answer means: "drop", the message was thrown away; None or
    "mute", nothing. `answers`: False at QoS 0."""
    superseded = {}
    for theirs in by_client(talks).values():
        theirs.sort(key=lambda talk: talk.connected_order)
        for talk, later in zip(theirs, theirs[1:]):
            superseded[talk] = later.connected_order
    for talk in talks:
        meeting = talk.meeting
        server_order = meeting.server_end[0] if meeting.server_end else float("inf")
        cut_off = talk.dismissed() or superseded.get(talk, float("inf")) < server_order
        for copy in talk.copies:
            if not answers:
                young = copy.at_ns > (meeting.server_end[1] if meeting.server_end else float("inf")) - UNREAD_NS
                copy.taken = MAYBE if cut_off and young else YES
            elif copy.answer == OK:
                copy.taken = YES
            elif copy.answer == LATE:  # the call was over before there was an answer
                copy.taken = NO if silent == "drop" else YES
            elif copy.answer is not None:
                copy.taken = NO
            elif cut_off:
                copy.taken = MAYBE
            elif silent == "drop":
                ends = [at for at in (copy.cancelled_ns, meeting.client_end and meeting.client_end[1]) if at]
                copy.taken = MAYBE if ends and copy.at_ns > min(ends) - AT_THE_END_NS else NO
            else:
                copy.taken = YES


def suppress(talks):
    """QoS 2: a message with an identifier that is not released is a copy, and is dropped. Also returns which batches were
    completed: {(equipment, sequence)}."""
    completed = set()
    for theirs in by_client(talks).values():
        session, events = Session(), []
        for talk in theirs:
            events += [(talk.connected_order, 0, "clean", None)] if talk.clean else []
            events += [(talk.present[0], 0, "clean", None)] if talk.present and not talk.present[1] else []
            events += [(copy.order, 1, "copy", copy) for copy in talk.copies]
            events += [(copy.answered_order, 1, "answer", copy) for copy in talk.copies if copy.answer is not None]
            events += [(order, 1, "released", name) for order, name in talk.released]
            events += [(order, 1, "completed", name) for order, name in talk.completed]
        for _, _, what, of in sorted(events, key=lambda event: event[:2]):
            if what == "clean":
                session.held.clear()
            elif what == "copy":
                if of.name in session.held:
                    if session.held[of.name].taken == YES:
                        of.taken = NO
                    elif of.taken == YES:
                        of.taken = MAYBE
                elif of.taken != NO or of.answer is not None:
                    session.held[of.name] = of
                session.last[of.name] = of
            elif what == "answer":
                if of.answer != OK and session.held.get(of.name) is of:
                    del session.held[of.name]
            elif what == "released":
                session.held.pop(of, None)
            elif of in session.last:
                batch = session.last[of]
                completed |= {(batch.equipment, sequence) for sequence in batch.sequences()}
    return completed


class Account:
    """Sets of (equipment, sequence): `sure` and `possible` bound what the ledger says."""

    def __init__(self, copies):
        self.on_the_wire, self.taken = set(), 0
        self.delivered_sure, self.delivered_possible = set(), set()
        self.reordered_sure, self.reordered_possible = set(), set()
        times_sure, times_possible, highest_sure, highest_possible, first = {}, {}, {}, {}, {}
        for copy in sorted(copies, key=lambda each: each.order):
            for sequence in copy.sequences():
                self.on_the_wire.add(key := (copy.equipment, sequence))
                if copy.taken == NO:
                    continue
                times_possible[key] = times_possible.get(key, 0) + 1
                is_sure = copy.taken == YES
                if key not in self.delivered_sure:  # it may still be the first one
                    over = sequence < highest_possible.get(copy.equipment, 0)
                    surely_over = sequence < highest_sure.get(copy.equipment, 0)
                    # The earliest that can have been the first decides what is certain, the latest what is possible.
                    first.setdefault(key, surely_over)
                    if over:
                        self.reordered_possible.add(key)
                if is_sure:
                    times_sure[key] = times_sure.get(key, 0) + 1
                    self.delivered_sure.add(key)
                    highest_sure[copy.equipment] = max(sequence, highest_sure.get(copy.equipment, 0))
                self.delivered_possible.add(key)
                highest_possible[copy.equipment] = max(sequence, highest_possible.get(copy.equipment, 0))
        self.reordered_sure = {key for key, over in first.items() if over and key in self.delivered_sure}
        self.duplicated_sure = {key for key, times in times_sure.items() if times > 1}
        self.duplicated_possible = {key for key, times in times_possible.items() if times > 1}
        self.delivered = Range(len(self.delivered_sure), len(self.delivered_possible))
        self.duplicated = Range(sum(times - 1 for times in times_sure.values()), sum(times - 1 for times in times_possible.values()))
        self.reordered = Range(len(self.reordered_sure), len(self.reordered_possible))
        self.unknown = sum(copy.taken == MAYBE for copy in copies)


def named(report, *states):
    """The validations that the report names as being in one of these states."""
    return {(item["equipment"], sequence) for item in report["delivery"]["exceptions"] if item["state"] in states
            for sequence in range(item["first"], item["last"] + 1)}
