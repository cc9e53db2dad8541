#include "result_files.h"

#include "report/markdown.h"
#include "report/page/page.h"

namespace portillon::cmd {

namespace {

// JUnit XML of the report judged by its own thresholds; a report without thresholds has the case of its measurement.
std::string junit_of(const report::Report& report, report::Strictness strictness) {
    const auto judged = report::judge(report, {}, report::Others::baseline);
    return report::junit_xml(judged ? *judged : std::vector<report::JudgedRun>{}, strictness);
}

std::string markdown_of(const report::Report& report, const report::DiffOptions& changes) {
    const auto* comparison = std::get_if<report::Comparison>(&report);
    return comparison != nullptr ? report::comparison_markdown(*comparison, changes) : report::markdown(report);
}

}  // namespace

void ResultFiles::add_to(Files& files) {
    files.output("--junit", junit_, "Write how the thresholds were judged as JUnit XML, as portillon gate does");
    files.output("--html", html_, "Write one self-contained page with charts");
    files.output("--markdown", markdown_, "Write GitHub's Markdown, for a pull request");
}

bool ResultFiles::write(const report::Report& report, report::Strictness strictness,
                        const report::DiffOptions& changes) const {
    bool written = !junit_ || write_output(*junit_, junit_of(report, strictness));
    written = (!html_ || write_output(*html_, report::page::html_page(report, changes))) && written;
    return (!markdown_ || write_output(*markdown_, markdown_of(report, changes))) && written;
}

}  // namespace portillon::cmd
