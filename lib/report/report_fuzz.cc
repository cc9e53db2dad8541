// Reads reports from arbitrary bytes: a report that is accepted must be written and read again without change, and it
// can be judged and compared.

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "report/comparison_text.h"
#include "report/diff_terminal.h"
#include "report/figures.h"
#include "report/json.h"
#include "report/judged.h"
#include "report/terminal.h"

namespace report = portillon::report;

namespace {

// Compares one part of a report with another: its targets, or the first half of its runs with the second.
void diff_halves(const report::Report& parsed) {
    const auto names = report::target_names(parsed);
    auto base = report::select(parsed, names.empty() ? "" : names.front(), "base");
    auto candidate = report::select(parsed, names.empty() ? "" : names.back(), "candidate");
    if (!base || !candidate) {  // a target may have the name of a protocol
        return;
    }
    if (names.empty() && base->runs.size() > 1) {
        const auto middle = static_cast<std::ptrdiff_t>(base->runs.size() / 2);
        candidate->runs.erase(candidate->runs.begin(), candidate->runs.begin() + middle);
        base->runs.resize(base->runs.size() / 2);
    }
    const auto found = report::diff(*base, *candidate, {.force = true});
    static_cast<void>(report::format_diff(found, report::Style::coloured));
    static_cast<void>(report::doubts_about(found));
    static_cast<void>(report::junit_xml({}, report::Strictness::strict, &found));
}

}  // namespace

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
    diff_halves(*parsed);
    if (const auto* run = std::get_if<report::RunReport>(&*parsed)) {
        static_cast<void>(report::summary(*run, report::Style::coloured));
    } else {
        static_cast<void>(report::comparison_tables_markdown(std::get<report::Comparison>(*parsed)));
    }
    return 0;
}
