#include "arrived/row_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <list>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace portillon::arrived {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
constexpr std::size_t longest_quoted = 40;  // bytes of a wrong value that a message shows

std::string_view trimmed(std::string_view text) {
    const auto first = std::min(text.find_first_not_of(" \t\r"), text.size());
    const auto last = text.find_last_not_of(" \t\r");
    return text.substr(first, last == std::string_view::npos ? 0 : last + 1 - first);
}

std::string quoted(std::string_view value) {
    return fmt::format("\"{}\"{}", value.substr(0, longest_quoted), value.size() > longest_quoted ? "..." : "");
}

// Splits a record of CSV into its fields.
class Fields {
public:
    explicit Fields(std::string_view record) : rest_(record) {}

    // The next field, without its quotes; valid as long as record and Fields are. Nothing after the last one, or if the
    // record is not CSV.
    std::optional<std::string_view> next() {
        if (ended_) {
            return std::nullopt;
        }
        return !rest_.empty() && rest_.front() == '"' ? next_quoted() : next_plain();
    }
    bool is_csv() const { return is_csv_; }

private:
    std::optional<std::string_view> next_plain() {
        const auto end = std::min(rest_.find(','), rest_.size());
        const auto field = rest_.substr(0, end);
        if (field.find('"') != std::string_view::npos) {
            return fail();
        }
        pass(end);
        return trimmed(field);
    }

    std::optional<std::string_view> next_quoted() {
        std::string* doubled = nullptr;
        std::size_t from = 1, at = 1;
        for (;;) {
            at = rest_.find('"', at);
            if (at == std::string_view::npos) {
                return fail();
            }
            if (!rest_.substr(at + 1).starts_with('"')) {
                break;
            }
            doubled = doubled == nullptr ? &unquoted_.emplace_back() : doubled;
            *doubled += rest_.substr(from, at + 1 - from);
            from = at = at + 2;
        }
        const auto last = rest_.substr(from, at - from);
        if (at + 1 < rest_.size() && rest_[at + 1] != ',') {
            return fail();
        }
        pass(at + 1);
        return trimmed(doubled == nullptr ? last : std::string_view(*doubled += last));
    }

    void pass(std::size_t end) {
        ended_ = end >= rest_.size();
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
    }

    std::optional<std::string_view> fail() {
        is_csv_ = false;
        ended_ = true;
        return std::nullopt;
    }

    std::string_view rest_;
    std::list<std::string> unquoted_;  // fields with quotes within them
    bool ended_ = false, is_csv_ = true;
};

// Takes the values of the columns out of an object, as texts. Values within other values are passed over.
class Members final : public nlohmann::json_sax<nlohmann::json> {
public:
    std::array<std::optional<std::string>, columns.size()> values;
    bool is_object = false;

    bool null() override { return leave(); }
    bool boolean(bool value) override { return put(value ? "true" : "false"); }
    bool number_integer(number_integer_t value) override { return put(std::to_string(value)); }
    bool number_unsigned(number_unsigned_t value) override { return put(std::to_string(value)); }
    bool number_float(number_float_t, const string_t& text) override { return put(text); }
    bool string(string_t& text) override { return put(std::move(text)); }
    bool binary(binary_t&) override { return leave(); }
    bool start_object(std::size_t) override {
        is_object = is_object || depth_ == 0;
        put("{...}");
        ++depth_;
        return true;
    }
    bool key(string_t& name) override {
        if (depth_ == 1) {
            const auto found = std::find(columns.begin(), columns.end(), name);
            at_ = static_cast<std::size_t>(found - columns.begin());
        }
        return true;
    }
    bool end_object() override {
        --depth_;
        return leave();
    }
    bool start_array(std::size_t) override {
        put("[...]");
        ++depth_;
        return true;
    }
    bool end_array() override {
        --depth_;
        return leave();
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

private:
    bool put(std::string value) {
        if (depth_ == 1 && at_ < values.size()) {
            values[at_] = std::move(value);
        }
        return leave();
    }
    bool leave() {
        at_ = depth_ == 1 ? columns.size() : at_;
        return true;
    }

    unsigned depth_ = 0;
    std::size_t at_ = columns.size();  // the column whose value comes next; beyond the last: none
};

template <class Number>
std::optional<Number> number_from_1(std::string_view text) {
    Number number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() && number > 0 ? std::optional(number)
                                                                                  : std::nullopt;
}

}  // namespace

void RowReader::read(std::string_view piece) {
    while (!piece.empty() && !is_hopeless_) {
        const auto end = end_of_record(piece);
        const auto part = piece.substr(0, end);
        if (end == std::string_view::npos) {
            keep(part);
            return;
        }
        if (begun_.empty() && !skips_) {
            finish(part);
        } else {
            keep(part);
            finish(begun_);
        }
        piece.remove_prefix(end + 1);
    }
}

void RowReader::end() {
    if ((!begun_.empty() || skips_) && !is_hopeless_) {
        finish(begun_);
    }
    if (format_ == Format::csv && !has_header_ && !is_hopeless_) {
        read_header("");
    }
}

// Returns the place in `piece` at which the present record ends: a line end that is not within quotes of CSV.
std::size_t RowReader::end_of_record(std::string_view piece) {
    if (format_ == Format::jsonl) {
        return piece.find('\n');
    }
    for (std::size_t at = 0;;) {
        const auto line_end = piece.find('\n', at);
        const auto line = piece.substr(at, line_end - at);
        quoted_ ^= std::count(line.begin(), line.end(), '"') % 2 == 1;
        if (line_end == std::string_view::npos || !quoted_) {
            return line_end;
        }
        ++more_lines_;
        at = line_end + 1;
    }
}

void RowReader::keep(std::string_view part) {
    if (skips_ || begun_.size() + part.size() > longest_line) {
        skips_ = true;
        quoted_ = false;
        begun_.clear();
    } else {
        begun_ += part;
    }
}

// `record` may be begun_.
void RowReader::finish(std::string_view record) {
    is_refused_ = false;
    if (std::exchange(is_first_, false) && record.starts_with(byte_order_mark)) {
        record.remove_prefix(byte_order_mark.size());
    }
    if (skips_ || record.size() > longest_line) {
        refuse("", fmt::format("longer than {} bytes{}", longest_line,
                               format_ == Format::csv ? ": is a quote not closed?" : ""));
    } else if (!trimmed(record).empty()) {
        if (format_ == Format::jsonl) {
            read_json(record);
        } else if (has_header_) {
            read_csv(record);
        } else {
            read_header(record);
        }
    }
    line_ += 1 + std::exchange(more_lines_, 0);
    skips_ = false;
    begun_.clear();
}

void RowReader::read_header(std::string_view line) {
    std::vector<std::string> names;
    Fields fields(line);
    while (const auto field = fields.next()) {
        names.emplace_back(*field);
    }
    for (std::size_t at = 0; at < columns.size(); ++at) {
        const auto found = std::find(names.begin(), names.end(), columns[at]);
        places_[at] = static_cast<std::size_t>(found - names.begin());
        if (found == names.end()) {
            is_hopeless_ = true;
            refuse(columns[at],
                   "is no column (allowed: a first line that names the columns run, equipment and sequence, "
                   "with commas between them)");
        }
    }
    has_header_ = !is_hopeless_;
}

void RowReader::read_csv(std::string_view line) {
    Values values;
    const auto last = *std::max_element(places_.begin(), places_.end());
    Fields fields(line);
    for (std::size_t place = 0; place <= last; ++place) {
        const auto field = fields.next();
        if (!field) {
            break;
        }
        for (std::size_t at = 0; at < columns.size(); ++at) {
            if (places_[at] == place) {
                values[at] = field;
            }
        }
    }
    while (fields.next()) {  // a quote further on may have joined this line and the next
    }
    if (fields.is_csv()) {
        take(values);
    } else {
        refuse("", "is not CSV: a quote is not closed, stands next to text, or within a field without quotes");
    }
}

void RowReader::read_json(std::string_view line) {
    Members members;
    if (!nlohmann::json::sax_parse(line, &members) || !members.is_object) {
        refuse("", "is no JSON object");
        return;
    }
    Values values;
    for (std::size_t at = 0; at < columns.size(); ++at) {
        if (members.values[at]) {
            values[at] = *members.values[at];
        }
    }
    take(values);
}

void RowReader::take(const Values& values) {
    Row row;
    for (std::size_t at = 0; at < columns.size(); ++at) {
        if (!values[at]) {
            refuse(columns[at], "is missing");
        }
    }
    if (is_refused_) {
        return;
    }
    if (const auto run = parse_run(*values[0])) {
        row.run = *run;
    } else {
        refuse(columns[0], quoted(*values[0]) + " is no run (allowed: its 16 hexadecimal digits)");
    }
    if (const auto equipment = number_from_1<std::uint32_t>(*values[1])) {
        row.equipment = EquipmentId{*equipment};
    } else {
        refuse(columns[1], quoted(*values[1]) + " is no equipment (allowed: a whole number from 1 to 4294967295)");
    }
    if (const auto sequence = number_from_1<Sequence>(*values[2])) {
        row.sequence = *sequence;
    } else {
        refuse(columns[2], quoted(*values[2]) + " is no sequence (allowed: a whole number from 1 on)");
    }
    if (!is_refused_) {
        ++rows_;
        take_(row);
    }
}

void RowReader::refuse(std::string_view column, std::string message) {
    is_refused_ = true;
    if (problems_.size() < most_problems) {
        problems_.push_back({.source = {}, .line = line_, .key = std::string(column), .message = std::move(message)});
    } else {
        ++beyond_;
    }
}

}  // namespace portillon::arrived
