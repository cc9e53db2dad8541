#pragma once

// Every kind of fault that a scenario can ask for, each declared once: its name, on which side it happens, what it
// strikes, and which keys it takes. The scenario's reader and its schema, the admin endpoint, and the code that
// executes the faults (net/faults, server) use this table.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace portillon::faults {

enum class Kind : std::uint8_t {
    // Faults of the server.
    stall,      // messages that arrive are held, unanswered and unrecorded, until its end; then taken in order
    delay,      // each arrival is held for `delay`
    slow,       // each shard works for `delay` on every arrival, one after the other
    limit,      // all shards together take `rate` validations a second; the others wait their turn
    lose,       // validations are acknowledged and never recorded
    duplicate,  // validations are recorded twice
    swap,       // validations are acknowledged at once, but recorded after the next one of their equipment
    drop,       // messages are neither recorded nor answered
    mute,       // messages are recorded and never answered
    error,      // messages are not recorded; the answer is "something went wrong, try again"
    throttle,   // messages are not recorded; the answer is "too much, not before `retry_after`"
    reject,     // messages are not recorded; the answer is "no", for good
    turn_away,  // new connections are reset
    close,      // every connection is closed without a word; with `every`, again and again
    goaway,     // every connection is ended with its protocol's goodbye; with `every`, again and again
    kill,       // one shard is killed; it comes back at the fault's end, if it has one
    restart,    // all shards are killed, and come back at the fault's end

    // Faults of the network.
    latency,    // bytes arrive `delay` later, and up to `jitter` more, in both directions; their order is kept
    bandwidth,  // `rate` bytes a second pass in each direction
    cut,        // nothing passes in either direction, nothing is closed, dials hang; at its end, held bytes flow again
    reset,      // every connection is reset when the fault begins; with `for`, again after each `every`
    half_open,  // the server's end of every connection is gone when the fault begins, and the equipment is not told
    refuse,     // dials fail at once; open connections stay
    flapping,   // once in every `up` + `down`, at a random instant: a reset, and for `down` dials are refused
    slow_read,  // the equipment reads `rate` bytes a second, so that the server's writes pile up
    one_way,    // nothing passes in one direction; dials hang

    // Executed by the conductor.
    command,  // a command of the user is executed on the conductor's machine, and another one at the fault's end
};

// The side that executes a fault: the server, the connections of the generators, or the conductor.
enum class Side : std::uint8_t { server, network, conductor };

// The things that a fault strikes, which its count counts. ways: the ways between equipments and server. nothing: only
// the user knows what a command does.
enum class Victim : std::uint8_t { held_messages, validations, messages, connections, shards, ways, nothing };

// All keys that a fault in a scenario may have besides `kind` and `at`.
inline constexpr std::array<std::string_view, 16> keys{"for",   "delay", "count", "one_in",    "retry_after", "jitter",
                                                       "rate",  "every", "up",    "down",      "direction",   "run",
                                                       "until", "limit", "share", "equipments"};

// A set of keys, written as names with spaces between them.
struct Keys {
    std::string_view names;

    constexpr bool hold(std::string_view key) const {
        for (std::size_t at = 0; at < names.size();) {
            const auto end = names.find(' ', at);
            if (names.substr(at, end - at) == key) {
                return true;
            }
            at = end == std::string_view::npos ? names.size() : end + 1;
        }
        return false;
    }
};

struct KindOfFault {
    Kind kind{};
    std::string_view name;
    Side side{};
    Victim victim{};
    Keys needed, allowed;
    std::string_view meaning;  // for users who write scenarios

    constexpr bool needs(std::string_view key) const { return needed.hold(key); }
    // Whether a fault of this kind may have the key; true of needed keys, too.
    constexpr bool takes(std::string_view key) const {
        const bool of_equipments = side == Side::network && (key == "share" || key == "equipments");
        return needs(key) || allowed.hold(key) || of_equipments;
    }
};

// The rows are in the order of Kind, so that a Kind is an index.
inline constexpr std::array<KindOfFault, 27> kinds{{
    {Kind::stall, "stall", Side::server, Victim::held_messages, {"for"}, {}, "answers nothing for a while"},
    {Kind::delay, "delay", Side::server, Victim::held_messages, {"for delay"}, {}, "answers late for a while"},
    {Kind::slow,
     "slow",
     Side::server,
     Victim::held_messages,
     {"for delay"},
     {},
     "each of its processes works for a while on every message, one after the other"},
    {Kind::limit,
     "limit",
     Side::server,
     Victim::held_messages,
     {"for rate"},
     {},
     "takes so many validations a second, the rest waits its turn"},
    {Kind::lose, "lose", Side::server, Victim::validations, {"count"}, {"one_in"}, "acknowledges and then forgets"},
    {Kind::duplicate, "duplicate", Side::server, Victim::validations, {"count"}, {"one_in"}, "counts twice"},
    {Kind::swap, "swap", Side::server, Victim::validations, {"count"}, {"one_in"}, "exchanges two neighbours"},
    {Kind::drop,
     "drop",
     Side::server,
     Victim::messages,
     {},
     {"for count one_in"},
     "messages are neither recorded nor answered"},
    {Kind::mute,
     "mute",
     Side::server,
     Victim::messages,
     {},
     {"for count one_in"},
     "messages are recorded and never answered"},
    {Kind::error,
     "error",
     Side::server,
     Victim::messages,
     {},
     {"for count one_in"},
     "messages are answered with an error, try again"},
    {Kind::throttle,
     "throttle",
     Side::server,
     Victim::messages,
     {"retry_after"},
     {"for count one_in"},
     "messages are answered with too much, not before retry_after"},
    {Kind::reject,
     "reject",
     Side::server,
     Victim::messages,
     {},
     {"for count one_in"},
     "messages are answered with no, for good"},
    {Kind::turn_away, "turn_away", Side::server, Victim::connections, {"for"}, {}, "new connections are reset"},
    {Kind::close,
     "close",
     Side::server,
     Victim::connections,
     {},
     {"for every"},
     "every connection is closed without a word"},
    {Kind::goaway,
     "goaway",
     Side::server,
     Victim::connections,
     {},
     {"for every"},
     "every connection is ended with the goodbye of its protocol"},
    {Kind::kill,
     "kill",
     Side::server,
     Victim::shards,
     {},
     {"for"},
     "one of its processes is killed; with for, it is started again"},
    {Kind::restart,
     "restart",
     Side::server,
     Victim::shards,
     {"for"},
     {},
     "all of them are killed and started again, with the ledger kept"},
    {Kind::latency,
     "latency",
     Side::network,
     Victim::ways,
     {"for delay"},
     {"jitter"},
     "every piece later, in either direction"},
    {Kind::bandwidth, "bandwidth", Side::network, Victim::ways, {"for rate"}, {}, "so many bytes a second each way"},
    {Kind::cut, "cut", Side::network, Victim::ways, {"for"}, {}, "silence both ways; nothing is closed, dials hang"},
    {Kind::reset,
     "reset",
     Side::network,
     Victim::ways,
     {},
     {"for every"},
     "connections are reset at that instant, with for again and again"},
    {Kind::half_open,
     "half_open",
     Side::network,
     Victim::ways,
     {},
     {},
     "the far end of the connections of that instant is gone and nobody is told"},
    {Kind::refuse, "refuse", Side::network, Victim::ways, {"for"}, {}, "dials fail at once"},
    {Kind::flapping,
     "flapping",
     Side::network,
     Victim::ways,
     {"for up down"},
     {},
     "up and down in turn; down is a reset, and dials are refused"},
    {Kind::slow_read,
     "slow_read",
     Side::network,
     Victim::ways,
     {"for rate"},
     {},
     "the equipment reads slowly, so that the server has to wait"},
    {Kind::one_way, "one_way", Side::network, Victim::ways, {"for direction"}, {}, "silence in one direction"},
    {Kind::command,
     "command",
     Side::conductor,
     Victim::nothing,
     {"run"},
     {"for until limit"},
     "run is executed on this machine when it begins, until at its end, if option --allow-commands allows it"},
}};

constexpr const KindOfFault& about(Kind kind) {
    return kinds[static_cast<std::size_t>(kind)];
}

constexpr std::string_view name_of(Kind kind) {
    return about(kind).name;
}

constexpr bool is_of_network(Kind kind) {
    return about(kind).side == Side::network;
}

constexpr Victim victim_of(Kind kind) {
    return about(kind).victim;
}

constexpr bool is_of_server(Kind kind) {
    return about(kind).side == Side::server;
}

// Whether the fault strikes messages. Such a fault needs `for` or `count`, so that it ends.
constexpr bool strikes_messages(Kind kind) {
    return victim_of(kind) == Victim::messages;
}

// The word for the victims in reports and answers: "messages", "connections", ...
std::string_view name_of(Victim victim);

// The kind of that side with this name; nothing if there is none.
std::optional<Kind> kind_named(std::string_view name, Side side);

// The names of all kinds of one side: "stall, delay, ... or restart".
std::string names_of(Side side);

}  // namespace portillon::faults
