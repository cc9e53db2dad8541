#include "protocols.h"

#include <algorithm>

#include "drivers/grpc/kind.h"
#include "drivers/grpc_stream/kind.h"
#include "drivers/http2/kind.h"
#include "drivers/mqtt/kind.h"
#include "server/listeners/grpc/kind.h"
#include "server/listeners/http2/kind.h"
#include "server/listeners/mqtt/kind.h"

namespace portillon::cmd {

const driver::Kinds& driver_kinds() {
    static const driver::Kinds kinds{
        drivers::mqtt::kind(),
        drivers::http2::kind(),
        drivers::grpc::kind(),
        drivers::grpc_stream::kind(),
    };
    return kinds;
}

const server::ListenerKinds& listener_kinds() {
    static const server::ListenerKinds kinds{
        server::listeners::mqtt::kind(),
        server::listeners::http2::kind(),
        server::listeners::grpc::kind(),
    };
    return kinds;
}

std::string names_of_protocols() {
    std::string names;
    for (const auto& kind : driver_kinds()) {
        names += (names.empty() ? "" : ", ") + kind.name;
    }
    return names;
}

std::string protocol_for(const std::string& scheme, const std::string& preferred) {
    std::vector<std::string> fitting;
    for (const auto& kind : driver_kinds()) {
        if (kind.scheme == scheme) {
            fitting.push_back(kind.name);
        }
    }
    const bool fits = std::find(fitting.begin(), fitting.end(), preferred) != fitting.end();
    return fits || fitting.empty() ? preferred : fitting.front();
}

std::vector<scenario::KnownProtocol> known_protocols() {
    std::vector<scenario::KnownProtocol> known;
    for (const auto& kind : driver_kinds()) {
        known.push_back({kind.name, std::string(kind.options_schema)});
    }
    return known;
}

}  // namespace portillon::cmd
