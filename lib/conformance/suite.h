#pragma once

// The common base of the kit's suites: each is run with every candidate.

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
    // The answer for a batch when all goes well.
    static std::string good() { return acknowledges() ? "acknowledged" : "sent"; }
};

inline std::string name_of_candidate(const ::testing::TestParamInfo<Candidate>& info) {
    return info.param.name;
}

}  // namespace portillon::conformance
