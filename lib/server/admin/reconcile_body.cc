#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "server/admin/bodies.h"
#include "stats/histogram_codec.h"

namespace portillon::server::admin {

namespace {

using nlohmann::json;

// Reads {"generated": [12, 12, null, ...]}; other members are skipped.
class GeneratedReader final : public nlohmann::json_sax<json> {
public:
    // The problem of a text that is JSON, as far as it was read.
    const std::string& problem() const { return problem_; }
    Generated take() { return std::move(generated_); }

    bool null() override { return add(std::nullopt); }
    bool number_unsigned(std::uint64_t value) override {
        return value <= plan::most_run_validations ? add(value) : refuse();
    }
    bool boolean(bool) override { return other(); }
    bool number_integer(std::int64_t) override { return other(); }
    bool number_float(double, const std::string&) override { return other(); }
    bool string(std::string&) override { return other(); }
    bool binary(json::binary_t&) override { return other(); }
    bool start_object(std::size_t) override { return ++depth_ == 1 || other(); }
    bool end_object() override { return --depth_ > 0 || seen_ || refuse("is missing"); }
    bool start_array(std::size_t) override {
        if (++depth_ == 1) {
            return refuse("must be in an object");
        }
        if (depth_ == 2 && here_ && !inside_) {
            inside_ = seen_ = true;
            return true;
        }
        return other();
    }
    bool end_array() override {
        --depth_;
        inside_ = false;
        return true;
    }
    bool key(std::string& name) override {
        if (depth_ == 1) {
            here_ = name == "generated";
            return !(here_ && seen_) || refuse("is there twice");
        }
        return true;
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

private:
    bool add(std::optional<Sequence> count) {
        if (!inside_) {
            return other();
        }
        if (generated_.size() == plan::most_equipments) {
            return refuse("has too many equipments");
        }
        generated_.push_back(count);
        return true;
    }
    // Called for any value that is no count: where a count belongs, it is a problem.
    bool other() { return depth_ > 0 && !here_ ? true : refuse(); }
    bool refuse(const char* why = "must be an array of counts, or null where unknown") {
        problem_ = why;
        return false;
    }

    int depth_ = 0;
    bool here_ = false;    // in the member `generated`
    bool inside_ = false;  // in its array
    bool seen_ = false;
    Generated generated_;
    std::string problem_;
};

void write_counts(fmt::memory_buffer& out, const account::Counts& counts) {
    const char* separator = "{";
    for (const auto& figure : account::count_figures) {
        if (figure.section == account::Section::ledger) {
            fmt::format_to(std::back_inserter(out), "{}\"{}\":{}", separator, figure.name, counts.*figure.count);
            separator = ",";
        }
    }
}

void write_ranges(fmt::memory_buffer& out, std::string_view key, const std::vector<Range>& ranges) {
    fmt::format_to(std::back_inserter(out), ",\"{}\":[", key);
    const char* separator = "";
    for (const Range& range : ranges) {
        fmt::format_to(std::back_inserter(out), "{}[{},{},{}]", separator, number_of(range.equipment), range.first,
                       range.last);
        separator = ",";
    }
    out.push_back(']');
}

void write_histogram(fmt::memory_buffer& out, std::string_view key, const stats::Histogram& histogram) {
    fmt::format_to(std::back_inserter(out), ",\"{}\":{{\"histogram\":\"{}\",\"count\":{},\"overflow\":{}", key,
                   stats::encode_deflated(histogram), histogram.count(), histogram.overflow());
    const auto extreme = [&](std::string_view name, std::optional<Nanos> value) {
        if (value) {
            fmt::format_to(std::back_inserter(out), ",\"{}\":{}", name, value->count());
        } else {
            fmt::format_to(std::back_inserter(out), ",\"{}\":null", name);
        }
    };
    extreme("min_ns", histogram.min());
    extreme("max_ns", histogram.max());
    out.push_back('}');
}

}  // namespace

Checked<Generated> read_generated(std::string_view body) {
    GeneratedReader reader;
    const bool whole = json::sax_parse(body, &reader);
    if (!reader.problem().empty()) {
        return Problems{{"", 0, "generated", reader.problem()}};
    }
    if (!whole) {
        return Problems{{"", 0, "", "not JSON"}};
    }
    return reader.take();
}

std::string write_reconciliation(const LedgerAccount& account) {
    fmt::memory_buffer out;
    write_counts(out, account.counts);
    write_ranges(out, "missing", account.missing);
    write_ranges(out, "duplicated_ranges", account.duplicated_ranges);
    write_ranges(out, "reordered_ranges", account.reordered_ranges);
    write_histogram(out, "end_to_end", account.end_to_end);
    fmt::format_to(std::back_inserter(out), ",\"segments\":[");
    const char* separator = "";
    for (const auto& segment : account.segments) {
        fmt::format_to(std::back_inserter(out), "{}{{\"duplicated\":{}", separator, segment.duplicated);
        write_histogram(out, "end_to_end", segment.end_to_end);
        out.push_back('}');
        separator = ",";
    }
    out.push_back(']');
    fmt::format_to(std::back_inserter(out), ",\"delivered_per_s\":[{}]}}", fmt::join(account.delivered_per_s, ","));
    return fmt::to_string(out);
}

}  // namespace portillon::server::admin
