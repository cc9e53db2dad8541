#pragma once

// For tests: the protocols that ship, with the schemas beside their drivers.

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "scenario/scenario.h"

namespace portillon::scenario {

inline std::string read_source(const std::string& path) {
    std::ifstream file(PORTILLON_SOURCE_DIR "/" + path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline std::vector<KnownProtocol> shipped_protocols() {
    std::vector<KnownProtocol> protocols;
    for (const std::string name : {"mqtt", "http2", "grpc", "grpc-stream"}) {
        std::string folder = name;
        std::replace(folder.begin(), folder.end(), '-', '_');
        protocols.push_back({name, read_source("lib/drivers/" + folder + "/options.schema.json"), 1});
    }
    return protocols;
}

}  // namespace portillon::scenario
