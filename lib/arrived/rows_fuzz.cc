// The reader takes any text, in pieces of any size, finds the same in it, and bounds what it keeps.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "arrived/row_reader.h"
#include "base/check.h"

namespace {

using namespace portillon;

struct Found {
    std::vector<arrived::Row> rows;
    Problems problems;
    bool operator==(const Found&) const = default;
};

Found read(arrived::Format format, std::string_view text, std::size_t piece) {
    Found found;
    arrived::RowReader reader(format, [&found](const arrived::Row& row) { found.rows.push_back(row); });
    while (!text.empty()) {
        reader.read(text.substr(0, piece));
        text.remove_prefix(std::min(piece, text.size()));
    }
    reader.end();
    found.problems = reader.problems();
    check(found.problems.size() <= arrived::RowReader::most_problems, "not too many problems");
    check(reader.rows() == found.rows.size(), "every row was handed on");
    return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const auto format : {arrived::Format::csv, arrived::Format::jsonl}) {
        const auto whole = read(format, text, size + 1);
        for (const auto& row : whole.rows) {
            check(number_of(row.equipment) > 0 && row.sequence > 0, "a row that can be");
        }
        // A record that is too long is given up sooner in small pieces, so that more of it may be read as records.
        if (size <= arrived::RowReader::longest_line) {
            check(read(format, text, 1 + size / 3) == whole, "the same in pieces");
        }
    }
    return 0;
}
