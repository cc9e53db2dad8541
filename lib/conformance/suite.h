#pragma once

// What the suites of the kit have in common: each is run with every candidate.

#include <gtest/gtest.h>

#include <string>

#include "conformance/candidate.h"

namespace portillon::conformance {

class Suite : public ::testing::TestWithParam<Candidate> {
protected:
    static const Candidate& candidate() { return GetParam(); }
    static const Manners& manners() { return candidate().manners; }
    static bool acknowledges() {
        return candidate().driver.traits(candidate().options).acknowledges == driver::Traits::Acknowledges::yes;
    }
    // What is said of a batch that all goes well with.
    static std::string good() { return acknowledges() ? "acknowledged" : "sent"; }
};

inline std::string name_of_candidate(const ::testing::TestParamInfo<Candidate>& info) {
    return info.param.name;
}

}  // namespace portillon::conformance
