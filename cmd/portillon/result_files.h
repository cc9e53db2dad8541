#pragma once

// The files beside the report that run and compare write on request, so that one command does the job of gate and
// render, too.

#include <memory>
#include <optional>
#include <string>

#include "files.h"
#include "report/diff.h"
#include "report/judged.h"
#include "report/model.h"

namespace portillon::cmd {

class ResultFiles {
public:
    // Adds --junit --html --markdown.
    void add_to(Files& files);

    // Returns false if one could not be written, which has been reported. `changes`: how named targets are compared.
    bool write(const report::Report& report, report::Strictness strictness,
               const report::DiffOptions& changes = {}) const;

private:
    std::optional<std::string> junit_, html_, markdown_;
};

}  // namespace portillon::cmd
