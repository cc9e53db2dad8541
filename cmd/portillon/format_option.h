#pragma once

// --format text|json: the answer of a command for people, or all of it as one JSON document for scripts.

#include <CLI/App.hpp>
#include <string>

#include "words.h"

namespace portillon::cmd {

struct FormatOption {
    std::string name = "text";

    bool json() const { return name == "json"; }
    void add_to(CLI::App& app) {
        app.add_option("--format", name, "text for people, or json: one document with everything that the text says")
            ->type_name("text|json")
            ->check(one_of({"text", "json"}))
            ->capture_default_str();
    }
};

}  // namespace portillon::cmd
