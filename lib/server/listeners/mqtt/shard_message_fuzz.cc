// What one shard of the server says to another about a session: what is read is written so that it is read again.

#include <cstdint>
#include <vector>

#include "base/check.h"
#include "server/listeners/mqtt/shard_message.h"

namespace mqtt = portillon::server::listeners::mqtt;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (const auto message = mqtt::decode_shard_message(std::as_bytes(std::span(data, size)))) {
        std::vector<std::byte> once, twice;
        mqtt::encode(*message, once);
        const auto again = mqtt::decode_shard_message(once);
        portillon::check(again && again->client_id == message->client_id, "a message is not read again");
        mqtt::encode(*again, twice);
        portillon::check(once == twice, "a message changes when it is read");
    }
    return 0;
}
