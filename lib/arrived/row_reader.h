#pragma once

// Reads what a server exported of the validations that it has stored: a row for each, with the run, the equipment and
// the sequence that it received. Rows are handed on one by one, so that an export may be larger than memory.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/problem.h"
#include "base/units.h"

namespace portillon::arrived {

// csv: RFC 4180, with a header line that names the columns, in any order; further columns are ignored. jsonl: an object
// with these keys in each line; further keys are ignored, and whole numbers may also be written as texts.
enum class Format : std::uint8_t { csv, jsonl };

// The columns, or keys: the run in 16 hexadecimal digits, the equipment and the sequence as numbers from 1 on.
inline constexpr std::array<std::string_view, 3> columns{"run", "equipment", "sequence"};

struct Row {
    RunId run{};
    EquipmentId equipment{};
    Sequence sequence = 0;
    bool operator==(const Row&) const = default;
};

class RowReader {
public:
    using Take = std::function<void(const Row&)>;

    static constexpr std::size_t most_problems = 50;
    static constexpr std::size_t longest_line = 1 << 16;  // bytes; no server writes so much about one validation

    RowReader(Format format, Take take) : format_(format), take_(std::move(take)) {}

    // Takes the next piece of the export, of any size; end() after the last one.
    void read(std::string_view piece);
    void end();

    std::uint64_t rows() const { return rows_; }
    // The first most_problems problems, each with its line; problems_beyond() counts the others.
    const Problems& problems() const { return problems_; }
    std::uint64_t problems_beyond() const { return beyond_; }

private:
    using Values = std::array<std::optional<std::string_view>, columns.size()>;

    std::size_t end_of_record(std::string_view piece);
    void keep(std::string_view part);
    void finish(std::string_view record);
    void read_header(std::string_view line);
    void read_csv(std::string_view line);
    void read_json(std::string_view line);
    void take(const Values& values);
    void refuse(std::string_view column, std::string message);

    Format format_;
    Take take_;
    std::string begun_;     // the record of which the end is not there yet
    bool skips_ = false;    // that record is too long, and is not kept
    bool quoted_ = false;   // whether the next byte lies within quotes
    int line_ = 1;          // in which the record begins
    int more_lines_ = 0;    // that the record has, because of line ends within quotes
    bool is_first_ = true;  // no record was read so far
    bool has_header_ = false, is_hopeless_ = false;
    std::array<std::size_t, columns.size()> places_{};  // of the columns
    std::uint64_t rows_ = 0, beyond_ = 0;
    bool is_refused_ = false;  // the record at hand
    Problems problems_;
};

}  // namespace portillon::arrived
