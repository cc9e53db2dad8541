// The first byte chooses the encoding and, in kilobytes, the limit of the decompressed size.

#include <cstdint>
#include <vector>

#include "base/check.h"
#include "wire/grpc_compression.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace portillon::wire;
    if (size == 0) {
        return 0;
    }
    const auto encoding = static_cast<MessageEncoding>(bytes[0] % 3);
    const std::size_t most_bytes = std::size_t{bytes[0] / 3U} << 10;
    std::vector<std::byte> out;
    const auto error = unpack(encoding, std::as_bytes(std::span(bytes + 1, size - 1)), most_bytes, out);
    portillon::check(out.size() <= most_bytes, "not more than may come of it");
    portillon::check(!error || out.empty(), "nothing comes of what is wrong");
    return 0;
}
