#include "scenario_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "base/problem.h"
#include "scenario/document.h"
#include "words.h"

namespace portillon::cmd {

namespace {

namespace fs = std::filesystem;

bool is_scenario_name(const fs::path& path) {
    return path.extension() == ".yaml" || path.extension() == ".yml";
}

fs::path folder_of_program() {
    std::error_code none;
    return fs::read_symlink("/proc/self/exe", none).parent_path();
}

// The folders in which scenarios may lie: beside the program, in the source tree where it was built, installed.
std::vector<fs::path> scenario_folders() {
    if (const char* chosen = std::getenv(scenario_folder_variable); chosen != nullptr) {
        return {chosen};
    }
    const auto beside = folder_of_program();
    return {beside / "scenarios", beside / "../../scenarios", beside / "../share/portillon/scenarios"};
}

// Names and files of all scenarios that come with the program.
std::map<std::string, std::string> known_scenarios() {
    std::error_code none;
    std::map<std::string, std::string> found;
    for (const auto& folder : scenario_folders()) {
        for (const auto& entry : fs::directory_iterator(folder, none)) {
            if (is_scenario_name(entry.path())) {
                found.emplace(entry.path().stem().string(), entry.path().lexically_normal().string());
            }
        }
    }
    return found;
}

std::string description_of(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    const auto document = scenario::Document::read(text, file);
    if (!document) {
        return format_problem(document.problems().front());
    }
    scenario::Findings unused;
    const auto json = document->to_json(unused);
    const auto found = json.is_object() ? json.find("description") : json.end();
    return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

bool is_there(const std::string& path) {
    std::error_code none;
    return fs::exists(path, none) && !fs::is_directory(path, none);
}

}  // namespace

std::vector<InstalledScenario> installed_scenarios() {
    std::vector<InstalledScenario> all;
    for (const auto& [name, file] : known_scenarios()) {
        all.push_back({name, file, description_of(file)});
    }
    return all;
}

std::string installed_schema() {
    const auto beside = folder_of_program();
    for (const auto* place : {"../share/portillon/schemas", "../../scenarios"}) {
        const auto file = (beside / place / "scenario.schema.json").lexically_normal();
        if (is_there(file.string())) {
            return file.string();
        }
    }
    return {};
}

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
