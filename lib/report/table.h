#pragma once

// A table of a report as a value: its columns, its lines, and what stands in each cell. It is made once (tables.h) and
// shown by one renderer for each output: page/html_table.h, markdown_table.h, text_table.h. They escape its text, which
// is as it came; the table knows of no output.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "report/spread.h"

namespace portillon::report {

enum class Align : std::uint8_t { left, right };

// How good the news is, which an output may show by a colour.
enum class Mood : std::uint8_t { plain, good, fair, bad, quiet };

enum class Form : std::uint8_t { prose, code };

// Something that a program which reads the page wants to know of a cell or of a line; people do not see it.
struct Fact {
    std::string name, value;
};

// Something to know of a cell besides its text.
struct Remark {
    std::string text;
    Mood mood = Mood::plain;
};

struct Cell {
    std::string text = {};    // for people, "6.31 ms"; empty where the figure is absent
    std::string figure = {};  // where a run's report has it, "latency.response.p95_us"; empty: it is none of a report
    std::string value = {};   // what stands there, as to_json() writes it; "null" where it is absent
    std::string why = {};     // why the figure is absent, or what to know of it
    std::string beyond = {};  // how to show one that is absent because it is above everything: "never"
    Spread spread = {};       // over the repeats, for outputs that write numbers of their own
    std::string range = {};   // the repeats' own, "6.26-7.51 ms"; empty of fewer than two
    std::string mark = {};    // of a footnote: "*"
    Mood mood = Mood::plain;
    Form form = Form::prose;
    std::string explanation = {};  // what the figure is, in small print
    std::vector<Remark> remarks = {};
    std::vector<Fact> facts = {};
    std::vector<std::size_t> runs = {};  // the places in the report of the runs it is made of; empty: its line says so
    std::vector<Cell> each = {};         // of every repeat its own

    bool is_absent() const { return text.empty() && !why.empty(); }
};

struct Column {
    std::string name;
    Align align = Align::left;
    std::string group = {};  // the heading that it shares with its neighbours; empty: it has none
};

// As many cells as the table has columns; the first one names the line.
struct Line {
    std::vector<Cell> cells;
    std::vector<Fact> facts = {};
    std::vector<std::size_t> runs = {};  // those of every cell that names none; empty: its group says so
};

// Lines that belong together.
struct LineGroup {
    std::string heading = {};            // above them; empty: they need none
    std::string name = {};               // of whom the lines are, in few words
    std::vector<std::size_t> runs = {};  // those of every line that names none
    std::vector<Line> lines = {};
    std::uint64_t unseen = 0;  // how many more there are
};

struct Table {
    std::string title;  // for those who hear it
    std::vector<Column> columns = {};
    std::vector<LineGroup> groups = {};
    // Whether a line says little without the name of its group: an output without headings then adds a column.
    bool named_groups = false;

    bool is_empty() const;  // neither lines nor headings
};

// "6.31 ms", "never", "-"; with the footnote's mark.
std::string plain_text(const Cell& cell);

// The range where it says more than the text: empty where all repeats are the same.
std::string telling_range(const Cell& cell);

// The same lines with these columns only, in this order. The table must have them all.
Table selected(const Table& table, std::initializer_list<std::string_view> columns);
// All columns but these.
Table without(const Table& table, std::initializer_list<std::string_view> columns);

// At most `most` lines of each group; the rest is counted as unseen.
Table shortened(Table table, std::size_t most);

// Without the ranges of the repeats, for an output that has no room for them.
Table without_ranges(Table table);

// Every group's name as the first column of its lines, and one group of them all.
Table with_names(const Table& table);

}  // namespace portillon::report
