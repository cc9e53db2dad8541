#include "report_place.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ctime>
#include <filesystem>

#include "print.h"

namespace portillon::cmd {

namespace {

namespace fs = std::filesystem;

constexpr const char* results = "portillon-results";
constexpr const char* way_out = "-o keeps the report elsewhere, --no-report nowhere";
constexpr std::size_t most_of_a_name = 60;

// The scenario's name as part of a file's name: letters, digits, '-', '_' and '.', and no '.' in front.
std::string file_name_of(const std::string& scenario) {
    std::string name;
    for (const char letter : scenario.substr(0, most_of_a_name)) {
        const bool plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                           (letter >= '0' && letter <= '9') || letter == '_' || (letter == '.' && !name.empty());
        if (plain) {
            name += letter;
        } else if (!name.empty() && name.back() != '-') {
            name += '-';
        }
    }
    while (!name.empty() && (name.back() == '-' || name.back() == '.')) {
        name.pop_back();
    }
    return name.empty() ? "scenario" : name;
}

// Returns whether a path is that of a folder: it ends with a slash, or the folder exists.
bool is_folder_name(const std::string& path) {
    std::error_code none;
    return path != "-" && !path.empty() && (path.back() == '/' || fs::is_directory(path, none));
}

bool is_no_standard_output(const std::string& path) {
    return path != "-";
}

}  // namespace

void ReportPlace::add_to(CLI::App& app, const std::shared_ptr<Files>& files, Named named,
                         std::vector<std::string> names) {
    files_ = files;
    is_folder_ = named == Named::folder ? is_no_standard_output : is_folder_name;
    const auto listed = fmt::format("{} and {}", fmt::join(names.begin(), names.end() - 1, ", "), names.back());
    const auto help =
        named == Named::folder
            ? "Folder for " + listed + ", which replace existing ones; - writes the JSON to standard output"
            : "File for the report (JSON); - is standard output; a folder (a name that ends in /, or an existing "
              "folder) gets " +
                  listed;
    auto* output = files->output("-o,--output", named_, help, is_folder_, std::move(names));
    output->type_name(named == Named::folder ? "FOLDER" : "FILE");
    app.add_flag("--no-report", none_,
                 fmt::format("Keep no report; without this and -o a new folder below {} keeps it", results))
        ->excludes(output);
    files->also_writes(
        [this]() -> std::optional<report::Output> {
            if (named_ || none_) {
                return std::nullopt;
            }
            return report::Output{results, results, report::Output::Kind::folder, {"report"}};
        },
        way_out);
}

Problems ReportPlace::prepare(const std::string& scenario) {
    if (!named_) {
        new_folder_ = (fs::path(results) /
                       fmt::format("{}-{:%Y-%m-%dT%H-%M-%SZ}", file_name_of(scenario), fmt::gmtime(std::time(nullptr))))
                          .string();
        return {};
    }
    if (!is_folder_(*named_)) {
        return {};
    }
    folder_ = *named_;
    while (folder_.size() > 1 && folder_.back() == '/') {
        folder_.pop_back();
    }
    std::error_code unmade;
    made_ = fs::create_directories(folder_, unmade);
    return unmade ? Problems{{"-o", 0, "", fmt::format("cannot make the folder {}: {}", folder_, unmade.message())}}
                  : Problems{};
}

bool ReportPlace::make_new_folder() {
    std::error_code unmade;
    fs::create_directories(results, unmade);
    constexpr unsigned most_at_once = 1000;
    for (unsigned number = 1; !unmade && number <= most_at_once; ++number) {
        folder_ = number == 1 ? new_folder_ : fmt::format("{}-{}", new_folder_, number);
        if (fs::create_directory(folder_, unmade)) {  // false: another run has it
            return true;
        }
    }
    print(standard_error(), "portillon: cannot make the folder {}: {}\n", folder_.empty() ? results : folder_,
          unmade ? unmade.message() : "there are too many of this name");
    return false;
}

void ReportPlace::give_up() const {
    if (made_) {
        std::error_code not_empty;
        fs::remove(folder_, not_empty);
    }
}

bool ReportPlace::keep(const std::vector<Rendered>& files, Say say) {
    if (none_) {
        return true;
    }
    if (!named_ && !make_new_folder()) {
        return false;
    }
    std::vector<std::string> written;
    for (const auto& file : files) {
        const auto path = folder_.empty() ? *named_ : (fs::path(folder_) / file.name).string();
        if (!write_output(path, file.make())) {
            return false;
        }
        written.push_back(path);
        if (folder_.empty()) {
            break;
        }
    }
    auto& words = files_->words();
    if (!named_) {
        print(words, "\n{}\n", folder_);
    } else if (say == Say::everything && &words == &standard_output()) {
        print(standard_error(), "\nReport{}: {}\n", written.size() == 1 ? "" : "s",
              fmt::format("{}", fmt::join(written, ", ")));
    }
    return true;
}

}  // namespace portillon::cmd
