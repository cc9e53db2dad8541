#pragma once

// The place at which run and compare keep their report: the one that -o names; without -o a new folder below
// portillon-results, unless --no-report is given.

#include <CLI/App.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/problem.h"
#include "files.h"

namespace portillon::cmd {

// A file that can be made of a report. The first of several is the JSON.
struct Rendered {
    std::string name;  // "report.json"
    std::function<std::string()> make;
};

class ReportPlace {
public:
    // file_or_folder: -o names a file for the JSON, or a folder (an existing one, or a name that ends in /) for all
    // files. folder: it names a folder. "-" is standard output for the JSON.
    enum class Named : std::uint8_t { file_or_folder, folder };

    // Adds -o and --no-report. `names`: the files that go into a folder. The place outlives the app's parsing.
    void add_to(CLI::App& app, const std::shared_ptr<Files>& files, Named named, std::vector<std::string> names);

    // Call it before anything is sent. Makes the folder that -o names, if it names one. The folder below
    // portillon-results is named after the scenario and the present time, and made by keep().
    Problems prepare(const std::string& scenario);

    // Removes the folder that prepare() has made, if nothing was written there.
    void give_up() const;

    // Writes the report and says where: on standard error after -o, else as the last line of the command's words. A
    // folder below portillon-results is always a new one. Returns false if something could not be written, which has
    // been reported.
    enum class Say : std::uint8_t { everything, little };
    bool keep(const std::vector<Rendered>& files, Say say);

private:
    bool make_new_folder();

    std::shared_ptr<Files> files_;
    Files::IsFolder is_folder_;
    std::optional<std::string> named_;
    bool none_ = false;
    std::string new_folder_;  // below portillon-results, without the number that sets it apart from others
    std::string folder_;      // empty: the report goes into a file, or nowhere
    bool made_ = false;
};

}  // namespace portillon::cmd
