#pragma once

// The manual, made from what the program declares: a page for each command (section 1), one for the program, and one
// each for the formats of scenarios and reports (section 5).

#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace portillon::cmd {

struct ManPage {
    std::string name;    // "portillon-run"
    char section = '1';  // '1' commands, '5' file formats
    std::string text;    // roff, with the macros of man(7)
};

std::vector<ManPage> man_pages(const CLI::App& app);

}  // namespace portillon::cmd
