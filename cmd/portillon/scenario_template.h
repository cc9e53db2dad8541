#pragma once

// A scenario to begin with, in which every line is explained.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace portillon::cmd {

struct Answers {
    std::string name = "my-fleet";
    std::string file;    // as commands are to name it
    std::string schema;  // for the first line, from which editors complete
    std::string protocol = "mqtt";
    std::uint32_t equipments = 100;
    std::string rate = "1/s";
    std::string duration = "60s";
    std::string warm_up = "10s";
    std::optional<std::string> target;     // a server that may not say what arrived
    std::optional<std::string> outage;     // how long the network is away
    std::optional<std::string> outage_at;  // when it begins; present if the outage is
    std::optional<std::string> promise;    // of the response; nothing: p(95)<50ms, or with an outage med<1s
};

// Puts the answers into the text as they are: whoever calls it checks them before, and the text afterwards.
std::string commented_scenario(const Answers& answers);

}  // namespace portillon::cmd
