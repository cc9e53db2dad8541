#pragma once

// Sentences that say the same of several repeats, as one sentence.

#include <cstddef>
#include <string>
#include <vector>

#include "report/entrants.h"

namespace portillon::report {

struct GroupedSentence {
    std::string text;
    std::size_t count = 0;  // how many sentences it stands for
};

// Sentences that differ only in quantities become one, with the least and the greatest of each: "the P99 is 1.3 ms" and
// "the P99 is 900 us" make "the P99 is 900 us to 1.3 ms". A quantity is a time, a percentage, or a part of a whole
// ("900 of 20,000"); other numbers are names. In the order in which each was first said.
std::vector<GroupedSentence> grouped(const std::vector<std::string>& sentences);

// Returns the reasons for which the entrant's repeats are not all valid and complete, a sentence without its full stop
// for each kind: "4 of 5 repeats invalid: the generator was late by 1.3 to 4.6 ms; a clock stepped (in 1)". For a
// single run: "suspect: ...". Empty if all are.
std::vector<std::string> grouped_reasons(const Entrant& entrant);

}  // namespace portillon::report
