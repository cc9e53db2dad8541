#pragma once

// The JSON of the admin endpoint, as README.md documents it: untrusted text to values, or what is wrong with it.

#include <optional>
#include <string>
#include <string_view>

#include "base/problem.h"
#include "plan/run_spec.h"
#include "server/fault.h"
#include "server/reconcile.h"

namespace portillon::server::admin {

Checked<plan::RunSpec> read_run(std::string_view body);
Checked<Instant> read_start(std::string_view body);

inline constexpr Nanos freeze_by_default = 5s;
inline constexpr Nanos freeze_at_most = 60s;
Checked<Nanos> read_freeze(std::string_view body);  // `within`; an empty body means the default

// Without `at_ns` the fault begins `now`. A fault that was read has no problem (problem_of()).
Checked<Fault> read_fault(std::string_view body, Instant now);
std::string write_fault(const Fault& fault);

// For bodies of many megabytes: read without building a document.
Checked<Generated> read_generated(std::string_view body);
std::string write_reconciliation(const LedgerAccount& account);

}  // namespace portillon::server::admin
