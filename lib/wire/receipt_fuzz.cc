// The first byte chooses the encoding.

#include <array>
#include <cstdint>

#include "base/check.h"
#include "wire/receipt.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace portillon;
    if (size == 0) {
        return 0;
    }
    const auto text = std::as_bytes(std::span(bytes + 1, size - 1));
    const auto encoding = bytes[0] % 2 == 0 ? wire::Encoding::protobuf : wire::Encoding::json;
    wire::Receipt receipt;
    if (!wire::decode(text, encoding, receipt)) {
        std::array<std::byte, wire::largest_receipt_bytes> out;
        wire::Receipt again;
        const auto used = wire::encode(receipt, encoding, out);
        check(used <= out.size(), "a receipt has its room");
        check(!wire::decode(std::span(out).first(used), encoding, again) && again == receipt,
              "what is read is written");
    }
    if (const auto named = wire::receipt_naming(text)) {
        check(number_of(named->equipment) > 0 && named->first > 0, "a name is whole");
    }
    return 0;
}
