// Thresholds as users type them.

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "gate/threshold.h"

namespace gate = portillon::gate;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const auto threshold = gate::parse_cli_threshold(text);
    if (threshold) {
        const auto nothing = gate::judge(*threshold, [](const gate::Threshold&) { return gate::Figure{}; });
        portillon::check(nothing.outcome == gate::Outcome::no_data, "a threshold passed without data");
        portillon::check(bool(gate::parse_cli_threshold(threshold->text())),
                         "a threshold's own text is not read again");
    }
    return 0;
}
