#pragma once

// The exit code that a command ends with for what it has measured or judged.

#include "commands.h"
#include "report/judged.h"
#include "report/model.h"

namespace portillon::cmd {

// The exit code that takes precedence, as scripts rely on it.
Exit worse(Exit a, Exit b);

Exit exit_of(report::Standing standing);

// One run's contribution to the exit code: the first code that applies. A run in which no equipment ever connected has
// failed.
Exit exit_of(const report::RunReport& run, report::Strictness strictness);

// The exit code of a comparison: that of its rows, each judged over its repeats, which takes precedence.
Exit exit_of(const report::Comparison& comparison, report::Strictness strictness);

Exit exit_of(const report::Report& report, report::Strictness strictness);

}  // namespace portillon::cmd
