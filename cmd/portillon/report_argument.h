#pragma once

// A report on the command line: FILE, or FILE#PART of a comparison; or the folder in which run or compare left it.

#include <string>

#include "base/problem.h"
#include "report/diff.h"

namespace portillon::cmd {

struct ReportArgument {
    std::string text;  // as typed
    std::string path;  // of the file, also if a folder was typed
    std::string part;  // the text after the last '#', unless a file of the whole name exists; may be empty
};

ReportArgument report_argument(const std::string& text);
std::string path_of_report(const std::string& text);

// "FOLDER/report.json" or "FOLDER/comparison.json" for a folder with one of these; otherwise `path` itself.
std::string report_in(const std::string& path);

// `path`: a file, or a folder with a report.
Checked<report::Report> load_report(const std::string& path);

// Reads "10%", "10 %" or "10" as 0.1. Problems name `option`.
Checked<double> parse_percentage(const std::string& text, const std::string& option);

}  // namespace portillon::cmd
