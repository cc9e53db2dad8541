#!/usr/bin/env python3
"""Tests of the observer's conclusions, from copies that are written down here."""
import unittest

import account
import proxy
import streams
from account import MAYBE, NO, YES
from streams import AGAIN, OK


def meeting(client_end=None, server_end=None):
    made = proxy.Meeting(0)
    made.client_end, made.server_end = client_end, server_end
    return made


def talk_of(its_meeting=None, connected=0, present=None, client=b"p"):
    talk = streams.Talk(its_meeting or meeting())
    talk.client_id, talk.connected_order, talk.present = client, connected, present
    return talk


class Copy:
    def __init__(self, order, sequence, taken=None, talk=None, answer=None, name=None, count=1, at_ns=0):
        self.equipment, self.first, self.count, self.order, self.taken, self.talk = 1, sequence, count, order, taken, talk
        self.answer, self.answered_order, self.name, self.at_ns, self.cancelled_ns = answer, order + 0.5, name, at_ns, None
        if talk:
            talk.copies.append(self)

    def sequences(self):
        return range(self.first, self.first + self.count)


def bounds(*copies):
    found = account.Account([Copy(order, *row) for order, row in enumerate(copies)])
    return [str(each) for each in (found.delivered, found.duplicated, found.reordered)]


class AccountTest(unittest.TestCase):
    def test_counts_as_the_ledger_would(self):
        for copies, expected in [
            ([(1, YES), (2, YES), (3, YES)], ["3", "0", "0"]),
            ([(1, YES), (3, YES), (2, YES), (2, YES)], ["3", "1", "1"]),
            ([(1, NO), (2, YES), (1, YES)], ["2", "0", "1"]),
            ([(2, YES), (1, YES), (2, YES), (2, YES)], ["2", "2", "1"]),
            ([(1, MAYBE), (1, YES)], ["1", "0 to 1", "0"]),
            ([(1, MAYBE), (2, YES), (1, YES)], ["2", "0 to 1", "0 to 1"]),
            ([(2, MAYBE), (1, YES), (2, YES)], ["2", "0 to 1", "0 to 1"]),
            ([(1, YES), (2, MAYBE)], ["1 to 2", "0", "0"]),
            ([(3, YES), (1, MAYBE), (1, YES)], ["2", "0 to 1", "1"]),
        ]:
            with self.subTest(str(copies)):
                self.assertEqual(bounds(*copies), expected)

    def test_a_batch_is_as_many_copies(self):
        found = account.Account([Copy(0, 1, YES, count=3), Copy(1, 2, YES, count=2)])
        self.assertEqual((found.delivered.low, found.duplicated.low), (3, 2))
        self.assertEqual(found.duplicated_sure, {(1, 2), (1, 3)})

    def test_only_what_the_server_cut_off_is_unknown(self):
        read, cut = talk_of(meeting(client_end=(9, 900, "fin"))), talk_of(meeting((9, 900, "fin"), (5, 500, "reset")), client=b"q")
        copies = [Copy(1, 1, talk=read), Copy(2, 2, talk=cut), Copy(3, 3, talk=cut, answer=OK), Copy(4, 4, talk=cut, answer=AGAIN)]
        account.classify([read, cut])
        self.assertEqual([copy.taken for copy in copies], [YES, MAYBE, YES, NO])

    def test_no_answer_means_thrown_away_unless_there_was_no_time_for_one(self):
        talk = talk_of(meeting(client_end=(9, 1_000_000_000, "fin")))
        copies = [Copy(1, 1, talk=talk, at_ns=0), Copy(2, 2, talk=talk, at_ns=999_000_000)]
        account.classify([talk], silent="drop")
        self.assertEqual([copy.taken for copy in copies], [NO, MAYBE])
        account.classify([talk], silent="mute")
        self.assertEqual([copy.taken for copy in copies], [YES, YES])

    def test_a_resumed_session_suppresses_what_it_holds(self):
        for present, expected in ((True, [YES, NO, YES]), (False, [YES, YES, YES])):
            first, second = talk_of(meeting((3, 3, "reset"), (3.5, 3, "fin")), 0, (1, False)), talk_of(None, 4, (5, present))
            copies = [Copy(2, 1, talk=first, name=1), Copy(6, 1, talk=second, name=1, answer=OK),
                      Copy(9, 2, talk=second, name=1, answer=OK)]
            second.released, second.completed = [(7, 1)], [(8, 1), (11, 1)]
            account.classify([first, second])
            self.assertEqual(account.suppress([first, second]), {(1, 1), (1, 2)})
            self.assertEqual([copy.taken for copy in copies], expected)

    def test_what_was_refused_holds_no_identifier(self):
        talk = talk_of(None, 0, (1, False))
        copies = [Copy(2, 1, talk=talk, name=1, answer=AGAIN), Copy(4, 1, talk=talk, name=1, answer=OK)]
        account.classify([talk])
        account.suppress([talk])
        self.assertEqual([copy.taken for copy in copies], [NO, YES])


if __name__ == "__main__":
    unittest.main()
