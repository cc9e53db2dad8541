#pragma once

// A recorded schedule, to be played again: when each validation was due somewhere else.
//
// The text is CSV, columns `seconds[,equipment]`: one row is one validation, due so many seconds after T0 (at most nine
// decimals count). Rows may come in any order. Rows without an equipment are dealt out in order of time: to equipment
// 1, 2, ... and round again. A first line that names the columns, empty lines and lines that begin with `#` are
// skipped.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/problem.h"
#include "base/units.h"

namespace portillon::arrival {

// 8 bytes each in every generator process: 400 MB.
inline constexpr std::size_t max_trace_rows = 50'000'000;

class Trace {
public:
    struct Row {
        Nanos due{};
        EquipmentId equipment{};  // 1..equipments
    };
    Trace(std::vector<Row> rows, std::uint32_t equipments);  // in any order

    // The due times of one equipment, ascending; empty if it is in no row.
    std::span<const Nanos> of(EquipmentId equipment) const;

    std::size_t size() const { return dues_.size(); }
    Nanos last() const { return last_; }          // 0 when empty
    std::size_t count_from(Nanos instant) const;  // rows due at or after it
    struct Second {
        Nanos from{};
        std::size_t count = 0;
    };
    Second busiest_second() const;      // of the whole fleet, from a full second since T0; the first of equals
    std::size_t busiest() const;        // the most rows of one equipment
    std::uint64_t fingerprint() const;  // a hash of who is due when; the same on every machine
    std::uint32_t equipments() const { return static_cast<std::uint32_t>(begins_.size() - 1); }
    bool operator==(const Trace&) const = default;

private:
    std::vector<std::size_t> begins_;  // of equipment i: [begins_[i - 1], begins_[i]) of dues_
    std::vector<Nanos> dues_;
    Nanos last_{};
};

// Writes text that parse_trace() reads back as an equal trace.
std::string to_csv(const Trace& trace);

// Reports every problem with its line, the first twenty in full. `source`: the file's name in the problems.
Checked<Trace> parse_trace(std::string_view text, const std::string& source, std::uint32_t equipments);

}  // namespace portillon::arrival
