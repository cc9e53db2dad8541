#include "report/page/page.h"

#include "report/page/html.h"

namespace portillon::report {

namespace {

Html verdict_of(const RunReport& run) {
    auto html = element("p", Html("measurement: ") + name_of(run.verdict.measurement));
    for (const auto& reason : run.verdict.reasons) {
        html += element("p", reason);
    }
    return html;
}

}  // namespace

std::string html_page(const Report& report) {
    const auto* run = std::get_if<RunReport>(&report);
    const auto* comparison = std::get_if<Comparison>(&report);
    Html body = element("h1", run != nullptr ? run->scenario.name : comparison->scenario.name);
    if (run != nullptr) {
        body += verdict_of(*run);
    } else {
        for (const auto& turn : comparison->runs) {
            body += element("h2", turn.run.protocol) + verdict_of(turn.run);
        }
    }
    return "<!DOCTYPE html>\n" + element("html", element("body", body)).markup() + '\n';
}

}  // namespace portillon::report
