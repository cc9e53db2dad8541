#include "report_argument.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <filesystem>

#include "report/file.h"
#include "report/json.h"

namespace portillon::cmd {

ReportArgument report_argument(const std::string& text) {
    std::error_code unreadable;
    const auto mark = text.rfind('#');
    if (mark == std::string::npos || mark == 0 || std::filesystem::exists(text, unreadable)) {
        return {text, text, {}};
    }
    return {text, text.substr(0, mark), text.substr(mark + 1)};
}

std::string path_of_report(const std::string& text) {
    return report_argument(text).path;
}

Checked<report::Report> load_report(const std::string& path) {
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
