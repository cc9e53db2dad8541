// The bodies that the admin endpoint reads: any bytes, no crash, and what is accepted keeps its promises.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "server/admin/bodies.h"

using namespace portillon;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    if (const auto spec = server::admin::read_run(text)) {
        check(plan::problem_of(*spec).empty(), "an accepted run has a problem");
    }
    if (const auto fault = server::admin::read_fault(text, Instant{1s})) {
        check(server::problem_of(*fault).empty(), "an accepted fault has a problem");
        const auto again = server::admin::read_fault(server::admin::write_fault(*fault), Instant{});
        check(again && server::admin::write_fault(*again) == server::admin::write_fault(*fault),
              "a fault changes when it is forwarded");
    }
    if (const auto generated = server::admin::read_generated(text)) {
        check(generated->size() <= plan::most_equipments, "too many equipments were accepted");
    }
    server::admin::read_start(text);
    server::admin::read_freeze(text);
    return 0;
}
