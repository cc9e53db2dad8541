// Histograms from untrusted bytes, for every decoder; a decoded histogram must survive being encoded again.

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "stats/histogram_codec.h"

using portillon::check;
namespace stats = portillon::stats;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    if (const auto histogram = stats::decode(text)) {
        const auto again = stats::decode(stats::encode(*histogram));
        check(again && *again == *histogram, "a decoded histogram changes when encoded again");
    }
    if (const auto histogram = stats::decode_deflated(text)) {
        const auto again = stats::decode_deflated(stats::encode_deflated(*histogram));
        check(again && *again == *histogram, "an inflated histogram changes when deflated again");
    }
    if (const auto histogram = stats::unpack(text)) {
        check(bool(stats::unpack(stats::pack(*histogram))), "an unpacked histogram cannot be packed again");
        for (const double percent : {0.0, 50.0, 99.99, 100.0}) {
            static_cast<void>(histogram->percentile(percent, 1));
        }
        static_cast<void>(histogram->stdev());
    }
    return 0;
}
