#include "report_argument.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <filesystem>

#include "report/file.h"
#include "report/json.h"

namespace portillon::cmd {

namespace {

namespace fs = std::filesystem;

std::vector<std::string> reports_in(const std::string& folder) {
    std::vector<std::string> found;
    std::error_code none;
    for (const auto* name : {"report.json", "comparison.json"}) {
        if (const auto path = fs::path(folder) / name; fs::exists(path, none)) {
            found.push_back(path.string());
        }
    }
    return found;
}

}  // namespace

ReportArgument report_argument(const std::string& text) {
    std::error_code unreadable;
    const auto mark = text.rfind('#');
    if (mark == std::string::npos || mark == 0 || fs::exists(text, unreadable)) {
        return {text, report_in(text), {}};
    }
    return {text, report_in(text.substr(0, mark)), text.substr(mark + 1)};
}

std::string report_in(const std::string& path) {
    std::error_code none;
    const auto found = fs::is_directory(path, none) ? reports_in(path) : std::vector<std::string>{};
    return found.size() == 1 ? found.front() : path;
}

std::string path_of_report(const std::string& text) {
    return report_argument(text).path;
}

Checked<report::Report> load_report(const std::string& typed) {
    const auto path = report_in(typed);
    if (std::error_code none; fs::is_directory(path, none)) {
        return Problems{{.source = path,
                         .key = {},
                         .message = fmt::format(
                             "it is a folder {} report.json {} comparison.json (allowed: a report, or "
                             "a folder with one of the two)",
                             reports_in(path).empty() ? "without" : "with", reports_in(path).empty() ? "or" : "and")}};
    }
    const auto text = report::read_file(path);
    if (text.has_error()) {
        return Problems{{.source = path, .key = {}, .message = text.error().message()}};
    }
    return report::parse_report(*text, path);
}

Checked<double> parse_percentage(const std::string& text, const std::string& option) {
    double percent = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
    const std::string rest(end, text.data() + text.size());
    constexpr double most = 1'000;
    if (error != std::errc{} || (!rest.empty() && rest != "%" && rest != " %") || !(percent >= 0 && percent <= most)) {
        return Problems{
            {.source = option,
             .key = {},
             .message = fmt::format("\"{}\" is no percentage (allowed: 0 to {:.0f}, as in 5, 5% or 5 %)", text, most)}};
    }
    return percent / 100;
}

}  // namespace portillon::cmd
