// Reports out of foreign bytes: what is accepted must be written and read again without change, and can be judged.

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "report/figures.h"
#include "report/json.h"
#include "report/judged.h"
#include "report/league.h"
#include "report/terminal.h"

namespace report = portillon::report;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const auto parsed = report::parse_report(text, "fuzzed");
    if (!parsed) {
        return 0;
    }
    const auto written = report::to_json(*parsed);
    const auto again = report::parse_report(written, "written");
    portillon::check(bool(again), "a report of ours is refused");
    portillon::check(report::to_json(*again) == written, "a report changes when read and written again");
    static_cast<void>(report::judge(*parsed, {}));
    if (const auto* run = std::get_if<report::RunReport>(&*parsed)) {
        static_cast<void>(report::summary(*run, report::Style::coloured));
    } else {
        static_cast<void>(report::league_markdown(std::get<report::Comparison>(*parsed)));
    }
    return 0;
}
