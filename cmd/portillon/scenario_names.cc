#include "scenario_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>

#include "base/problem.h"
#include "words.h"

namespace portillon::cmd {

namespace {

namespace fs = std::filesystem;

bool is_scenario_name(const fs::path& path) {
    return path.extension() == ".yaml" || path.extension() == ".yml";
}

// Names and files of all scenarios that come with the program: beside it, in the source tree where it was built,
// installed.
std::map<std::string, std::string> known_scenarios() {
    std::error_code none;
    std::map<std::string, std::string> found;
    const auto beside = fs::read_symlink("/proc/self/exe", none).parent_path();
    for (const auto* folder : {"scenarios", "../../scenarios", "../share/portillon/scenarios"}) {
        for (const auto& entry : fs::directory_iterator(beside / folder, none)) {
            if (is_scenario_name(entry.path())) {
                found.emplace(entry.path().stem().string(), entry.path().lexically_normal().string());
            }
        }
    }
    return found;
}

bool is_there(const std::string& path) {
    std::error_code none;
    return fs::exists(path, none) && !fs::is_directory(path, none);
}

}  // namespace

std::string scenario_file(const std::string& typed) {
    const fs::path path(typed);
    if (is_there(typed) || path.has_parent_path()) {
        return typed;
    }
    const auto known = known_scenarios();
    const auto found = known.find(is_scenario_name(path) ? path.stem().string() : typed);
    return found == known.end() ? typed : found->second;
}

bool is_scenario(const std::string& typed) {
    const auto path = scenario_file(typed);
    return path != typed || (is_there(path) && is_scenario_name(path));
}

std::string why_unreadable(const std::string& path) {
    std::error_code none;
    const bool there = fs::exists(path, none);
    if (there) {
        return fs::is_directory(path, none) ? "it is a folder"
                                            : std::strerror(::access(path.c_str(), R_OK) == 0 ? EIO : errno);
    }
    std::vector<std::string> candidates, names;
    for (const auto& [name, file] : known_scenarios()) {
        names.push_back(name);
    }
    const bool by_name = !fs::path(path).has_parent_path();
    if (by_name) {
        candidates = names;
    }
    const auto folder = by_name ? fs::path(".") : fs::path(path).parent_path();
    for (const auto& entry : fs::directory_iterator(folder, none)) {
        if (is_scenario_name(entry.path())) {
            candidates.push_back(by_name ? entry.path().filename().string() : entry.path().string());
        }
    }
    const auto known = names.empty() ? std::string("no scenarios are installed with this program")
                                     : fmt::format("there are: {}", fmt::join(names, ", "));
    return fmt::format("there is no such file{}{}",
                       by_name ? fmt::format(", and no scenario of this name ({})", known) : "",
                       suggestion(path, candidates));
}

}  // namespace portillon::cmd
