#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "wire/grpc_retry_info.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace portillon;
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    wire::parse_pushback(text);
    if (const auto delay = wire::parse_retry_info(text)) {
        check(*delay >= 0s && *delay <= 24h * 365, "a delay is bounded");
        check(wire::parse_retry_info(wire::format_retry_info(wire::GrpcStatus::unavailable, text, *delay)) == delay,
              "what is read is written");
    }
    return 0;
}
