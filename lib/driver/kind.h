#pragma once

// A protocol's name and properties: each folder of lib/drivers provides one Kind, and cmd/ lists them.

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "driver/driver.h"
#include "net/dialer.h"
#include "net/endpoint.h"
#include "net/loop.h"

namespace portillon::driver {

// A driver's surroundings. Everything in it outlives the driver.
struct Context {
    net::Loop& loop;
    net::Dialer& dialer;
    const net::Url& target;         // for Host, :authority and paths; the dialer knows the address
    const nlohmann::json& options;  // the scenario's protocols.<name>, valid by the kind's schema; {} if absent
    wire::Encoding encoding;        // of the bodies that will be offered
    std::uint32_t in_flight;        // the most batches that a session will have in flight
    RunId run;
};

struct Kind {
    std::string name;                                                    // "mqtt": the name that --protocol takes
    std::string scheme;                                                  // "mqtt": of --target URLs
    std::string listener;                                                // the reference server's listener for it
    enum class Paths : std::uint8_t { none, some } paths = Paths::none;  // whether --target URLs have paths
    std::string_view options_schema;  // JSON Schema (draft 7) of its options: an object, no additional properties
    std::function<Traits(const nlohmann::json& options)> traits;
    std::function<std::unique_ptr<Driver>(const Context&)> make;
    // Options, as JSON, with which a process that did not make the sessions makes a server forget them; the first ones
    // that the server accepts are used. Empty: the protocol leaves nothing behind.
    std::vector<std::string> clearing_options = {};
};

using Kinds = std::vector<Kind>;

}  // namespace portillon::driver
