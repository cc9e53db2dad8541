// Traces as users record them.

#include <cstdint>
#include <string_view>

#include "arrival/trace.h"
#include "base/check.h"

namespace arrival = portillon::arrival;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    constexpr std::uint32_t equipments = 3;
    const auto trace = arrival::parse_trace(text, "t.csv", equipments);
    if (!trace) {
        return 0;
    }
    std::size_t rows = 0;
    for (std::uint32_t id = 1; id <= equipments; ++id) {
        portillon::Nanos before{};
        for (const auto due : trace->of(portillon::EquipmentId{id})) {
            portillon::check(due >= before && due <= trace->last(), "due times that descend");
            before = due;
            ++rows;
        }
    }
    portillon::check(*arrival::parse_trace(arrival::to_csv(*trace), "t.csv", equipments) == *trace,
                     "a trace's own text is not read again");
    portillon::check(rows == trace->size() && rows > 0, "rows got lost");
    return 0;
}
