#pragma once

// Compares the ledger with what each equipment generated, as sets: only the exceptions are named.

#include <cstddef>
#include <optional>

#include "account/ledger_account.h"
#include "server/ledger.h"

namespace portillon::server {

using account::Generated;
using account::LedgerAccount;
using account::Range;

// Equipments beyond the list generated nothing; those beyond the run are missing whole; those whose count is unknown
// appear in `unexpected` only. The ranges are in order. Nothing if there are more than `most_ranges` ranges. The ledger
// is frozen.
std::optional<LedgerAccount> reconcile(const Ledger& ledger, const Generated& generated,
                                       std::size_t most_ranges = 10'000'000);

}  // namespace portillon::server
