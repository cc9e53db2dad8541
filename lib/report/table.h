#pragma once

// A table of a report as a value: its columns, its lines and its cells. A table is made once (tables.h), and each
// output has one renderer: page/html_table.h, markdown_table.h, text_table.h. The renderers escape the text of cells; a
// table knows nothing of outputs.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "report/spread.h"

namespace portillon::report {

enum class Align : std::uint8_t { left, right };

// Whether a cell is good or bad news; an output may show it by a colour.
enum class Mood : std::uint8_t { plain, good, fair, bad, quiet };

enum class Form : std::uint8_t { prose, code };

// An invisible attribute of a cell or a line, for programs that read the page.
struct Fact {
    std::string name, value;
};

// A remark on a cell, shown besides its text.
struct Remark {
    std::string text;
    Mood mood = Mood::plain;
};

struct Cell {
    std::string text = {};    // the text to show, "6.31 ms"; empty if the figure is absent
    std::string figure = {};  // key in the JSON report, "latency.response.p95_us"; empty: no figure of a report
    std::string value = {};   // the value at that key as to_json() writes it; "null" if it is absent
    std::string why = {};     // why the figure is absent, or another hint on it
    std::string beyond = {};  // the word for a figure that is absent because it is above every value: "never"
    Spread spread = {};       // over the repeats, for outputs that format numbers themselves
    std::string range = {};   // range of the repeats, "6.26-7.51 ms"; empty for fewer than two
    std::string mark = {};    // mark of a footnote: "*"
    Mood mood = Mood::plain;
    Form form = Form::prose;
    std::string explanation = {};  // explains the figure, in small print
    std::vector<Remark> remarks = {};
    std::vector<Fact> facts = {};
    std::vector<std::size_t> runs = {};  // places in the report of the runs it is made from; empty: see its line
    std::vector<Cell> each = {};         // one cell for each repeat

    bool is_absent() const { return text.empty() && !why.empty(); }
};

struct Column {
    std::string name;
    Align align = Align::left;
    std::string group = {};  // a heading that it shares with its neighbours; empty: none
};

// A line has as many cells as the table has columns; the first cell names the line.
struct Line {
    std::vector<Cell> cells;
    std::vector<Fact> facts = {};
    std::vector<std::size_t> runs = {};  // the runs of every cell that names none; empty: see its group
};

// Lines that belong together.
struct LineGroup {
    std::string heading = {};            // shown above the lines; empty: none
    std::string name = {};               // a short name for what the lines are about
    std::vector<std::size_t> runs = {};  // the runs of every line that names none
    std::vector<Line> lines = {};
    std::uint64_t unseen = 0;  // how many further lines were left out
};

struct Table {
    std::string title;  // the caption, which screen readers read
    std::vector<Column> columns = {};
    std::vector<LineGroup> groups = {};
    // Whether lines need the name of their group. An output without headings then adds it as a column.
    bool named_groups = false;

    bool is_empty() const;  // whether the table has neither lines nor headings
};

// The text of a cell with the mark of its footnote: "6.31 ms", "never", "-".
std::string plain_text(const Cell& cell);

// The range of the cell; empty if all repeats are the same, so that it would say no more than the text.
std::string telling_range(const Cell& cell);

// The table with only these columns, in this order. The table must have them all.
Table selected(const Table& table, std::initializer_list<std::string_view> columns);
// The columns of several tables that have the same lines as one table. Each column is in the group of its table's
// title, if it is in none yet; the first column is that of the first table.
Table joined(std::string title, const std::vector<Table>& tables);
// The table without these columns.
Table without(const Table& table, std::initializer_list<std::string_view> columns);

// The table with at most `most` lines in each group; further lines are counted in `unseen`.
Table shortened(Table table, std::size_t most);

// The table without the ranges of the repeats, for an output that has no room for them.
Table without_ranges(Table table);

// The table with all lines in one group and the names of the groups as first column.
Table with_names(const Table& table);

}  // namespace portillon::report
