#include "scenario/document.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>

namespace portillon::scenario {

namespace {

// Thrown out of the YAML parser's callbacks; never leaves this file.
struct Refusal {
    int line;
    std::string message;
};

// Builds the tree from the parser's events.
class Builder final : public YAML::EventHandler {
public:
    explicit Builder(std::uint32_t source) : source_(source) {}

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1) {
            refuse(mark, "a second document begins here; one is allowed");
        }
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        refuse_anchor(mark, anchor);
        add(mark, Node::Kind::null, "");
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        refuse(mark, "aliases (*name) are not allowed; write the value out");
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_anchor(mark, anchor);
        if (tag != "?" && tag != "!") {
            refuse(mark, "tags (!name) are not allowed");
        }
        if (value.size() > max_scalar_bytes) {
            refuse(mark, fmt::format("a value of {} bytes (allowed: at most {})", value.size(), max_scalar_bytes));
        }
        if (!is_clean_text(value)) {
            refuse(mark, "a value with control characters or broken UTF-8");
        }
        add(mark, tag == "?" ? Node::Kind::plain : Node::Kind::quoted, value);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        push(mark, Node::Kind::list);
    }
    void OnSequenceEnd() override { open_.pop_back(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        push(mark, Node::Kind::mapping);
    }
    void OnMapEnd() override { open_.pop_back(); }

    Node take_root() { return std::move(root_); }
    int documents() const { return documents_; }

private:
    // A list or mapping that is being filled. The pointer stays valid: only the entries of the innermost one grow.
    struct Open {
        Node* node;
        std::set<std::string> keys;
        std::string key;
        int key_line = 0;
        bool has_key = false;
    };

    [[noreturn]] static void refuse(const YAML::Mark& mark, std::string message) {
        throw Refusal{mark.line + 1, std::move(message)};
    }

    static void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor != YAML::NullAnchor) {
            refuse(mark, "anchors (&name) are not allowed; write the value out");
        }
    }

    static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
        if (!tag.empty() && tag != "?" && tag != "!") {
            refuse(mark, "tags (!name) are not allowed");
        }
    }

    void take_key(const YAML::Mark& mark, const std::string& text) {
        auto& open = open_.back();
        if (!open.keys.insert(text).second) {
            refuse(mark, fmt::format("the key \"{}\" stands here a second time", text));
        }
        open.key = text;
        open.key_line = mark.line + 1;
        open.has_key = true;
    }

    // Adds a node to the innermost container and returns it; nullptr if the scalar was taken as a mapping's key.
    Node* add(const YAML::Mark& mark, Node::Kind kind, const std::string& text) {
        if (++nodes_ > max_nodes) {
            refuse(mark, fmt::format("more than {} values", max_nodes));
        }
        Node node;
        node.kind = kind;
        node.text = text;
        node.source = source_;
        node.line = mark.line + 1;
        if (open_.empty()) {
            root_ = std::move(node);
            return &root_;
        }
        auto& open = open_.back();
        if (open.node->kind == Node::Kind::list) {
            open.node->entries.push_back(std::move(node));
        } else if (!open.has_key) {
            if (kind == Node::Kind::list || kind == Node::Kind::mapping) {
                refuse(mark, "a key must be a word (or is a [ or { left open?)");
            }
            take_key(mark, kind == Node::Kind::null ? "null" : text);
            return nullptr;
        } else {
            node.line = open.key_line;
            node.key = open.key;
            open.node->entries.push_back(std::move(node));
            open.has_key = false;
        }
        return &open.node->entries.back();
    }

    void push(const YAML::Mark& mark, Node::Kind kind) {
        if (open_.size() >= max_depth) {
            refuse(mark, fmt::format("nested deeper than {} levels", max_depth));
        }
        open_.push_back({add(mark, kind, ""), {}, {}, 0, false});
    }

    std::uint32_t source_;
    int documents_ = 0;
    std::size_t nodes_ = 0;
    Node root_;
    std::vector<Open> open_;
};

bool line_begins_with_tab(std::string_view text, int line) {
    std::size_t at = 0;
    for (int passed = 1; passed < line && at != std::string_view::npos; ++passed) {
        at = text.find('\n', at);
        at = at == std::string_view::npos ? at : at + 1;
    }
    if (at == std::string_view::npos || at >= text.size()) {
        return false;
    }
    const auto first = text.find_first_not_of(' ', at);
    return first != std::string_view::npos && text[first] == '\t';
}

std::string explain_syntax(std::string_view text, int line, const std::string& what) {
    if (line_begins_with_tab(text, line)) {
        return "not YAML: a tab indents here; use spaces";
    }
    if (what == "illegal map value") {
        return "not YAML: a \":\" where none may stand (indentation off, or a value with \": \" that needs quotes?)";
    }
    return "not YAML: " + what;
}

int first_unclean_line(std::string_view text) {
    int line = 1;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size() - 1);
        if (!is_clean_text(text.substr(0, end + 1))) {
            return line;
        }
        text.remove_prefix(end + 1);
        ++line;
    }
    return line;
}

Checked<Node> read_tree(std::string_view text, const std::string& source_name, std::uint32_t source) {
    const auto problem = [&](int line, std::string message) {
        return Problems{{source_name, line, "", std::move(message)}};
    };
    if (text.size() > max_text_bytes) {
        return problem(0, fmt::format("{} bytes (allowed: at most {})", text.size(), max_text_bytes));
    }
    if (text.starts_with("\xEF\xBB\xBF")) {
        text.remove_prefix(3);
    }
    if (!is_clean_text(text)) {
        return problem(first_unclean_line(text), "not a text: control characters or broken UTF-8");
    }
    std::istringstream stream{std::string(text)};
    Builder builder(source);
    try {
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const Refusal& refusal) {
        return problem(refusal.line, refusal.message);
    } catch (const YAML::Exception& error) {
        const int line = error.mark.line + 1;
        return problem(line, explain_syntax(text, line, error.msg));
    }
    auto root = builder.take_root();
    root.source = source;
    return root;
}

std::optional<std::size_t> parse_index(const std::string& text) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::optional<std::size_t> find_entry(const Node& node, const std::string& key) {
    if (node.kind == Node::Kind::list) {
        const auto index = parse_index(key);
        return index && *index < node.entries.size() ? index : std::nullopt;
    }
    const auto found =
        std::find_if(node.entries.begin(), node.entries.end(), [&](const auto& entry) { return entry.key == key; });
    if (found == node.entries.end()) {
        return std::nullopt;
    }
    return static_cast<std::size_t>(found - node.entries.begin());
}

std::optional<Path> split(const std::string& key) {
    Path path;
    std::size_t begin = 0;
    while (true) {
        const auto end = std::min(key.find('.', begin), key.size());
        if (end == begin) {
            return std::nullopt;
        }
        path.push_back(key.substr(begin, end - begin));
        if (end == key.size()) {
            return path;
        }
        begin = end + 1;
    }
}

bool is_decimal(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789.eE+-") == std::string_view::npos &&
           text.find_first_of("0123456789") != std::string_view::npos;
}

// Reads a scalar without quotes by YAML's core schema (YAML 1.2.2, chapter 10.3.2), but without octal and hexadecimal
// numbers.
nlohmann::json plain_to_json(const std::string& text, const Path& path, Findings& findings) {
    if (text == "true" || text == "True" || text == "TRUE") {
        return true;
    }
    if (text == "false" || text == "False" || text == "FALSE") {
        return false;
    }
    if (text == "null" || text == "Null" || text == "NULL" || text == "~" || text.empty()) {
        return nullptr;
    }
    std::string_view digits = text;
    if (digits.front() == '+') {
        digits.remove_prefix(1);
    }
    for (const std::string_view odd : {".inf", ".Inf", ".INF", "-.inf", "-.Inf", "-.INF", ".nan", ".NaN", ".NAN"}) {
        if (digits == odd) {
            findings.push_back({path, "not a finite number"});
            return 0;
        }
    }
    if (!is_decimal(digits)) {
        return text;
    }
    const char* const last = digits.data() + digits.size();
    std::int64_t whole = 0;
    if (const auto [end, error] = std::from_chars(digits.data(), last, whole); error == std::errc{} && end == last) {
        return whole;
    }
    double number = 0;
    const auto [end, error] = std::from_chars(digits.data(), last, number);
    if (end != last) {
        return text;
    }
    if (error != std::errc{} || !std::isfinite(number)) {
        findings.push_back({path, "not a number that can be held"});
        return 0;
    }
    constexpr double most_exact = 9007199254740992;  // 2^53
    if (number == std::floor(number) && std::abs(number) < most_exact) {
        return static_cast<std::int64_t>(number);  // for JSON Schema, 5.0 is an integer
    }
    return number;
}

nlohmann::json node_to_json(const Node& node, Path& path, Findings& findings) {
    switch (node.kind) {
        case Node::Kind::null:
            return nullptr;
        case Node::Kind::quoted:
            return node.text;
        case Node::Kind::plain:
            return plain_to_json(node.text, path, findings);
        default:
            break;
    }
    auto json = node.kind == Node::Kind::list ? nlohmann::json::array() : nlohmann::json::object();
    for (std::size_t at = 0; at < node.entries.size(); ++at) {
        const auto& child = node.entries[at];
        path.push_back(node.kind == Node::Kind::list ? std::to_string(at) : child.key);
        auto value = node_to_json(child, path, findings);
        path.pop_back();
        if (node.kind == Node::Kind::list) {
            json.push_back(std::move(value));
        } else {
            json[child.key] = std::move(value);
        }
    }
    return json;
}

}  // namespace

std::string join(const Path& path) {
    std::string joined;
    for (const auto& part : path) {
        joined += joined.empty() ? part : "." + part;
    }
    return joined;
}

Checked<Document> Document::read(std::string_view text, const std::string& source) {
    auto root = read_tree(text, source, 0);
    if (!root) {
        return root.problems();
    }
    Document document;
    document.root_ = std::move(*root);
    document.sources_.push_back(source);
    return document;
}

Problems Document::apply(const Override& override) {
    const auto problem = [&](std::string message) {
        return Problems{{override.option, 0, override.key, std::move(message)}};
    };
    const auto path = split(override.key);
    if (!path || path->size() > max_depth || !is_clean_text(override.key)) {
        return problem("not a dotted key (allowed: such as traffic.stages.0.rate)");
    }
    const auto source = static_cast<std::uint32_t>(sources_.size());
    auto value = read_tree(override.value, override.option, source);
    if (!value) {
        return problem(value.problems().front().message);
    }
    Node* node = &root_;
    for (const auto& part : *path) {
        if (node->kind == Node::Kind::null) {
            node->kind = Node::Kind::mapping;
            node->source = source;
        }
        if (node->kind != Node::Kind::list && node->kind != Node::Kind::mapping) {
            return problem(fmt::format("\"{}\" lies within what is a single value", part));
        }
        auto child = find_entry(*node, part);
        if (!child) {
            const auto size = node->entries.size();
            if (node->kind == Node::Kind::list && parse_index(part) != size) {
                return problem(fmt::format("no item {} (allowed: 0 to {}; {} adds one)", part, size, size));
            }
            Node& added = node->entries.emplace_back();
            added.source = source;
            added.key = part;
            child = size;
        }
        node = &node->entries[*child];
    }
    value->key = node->key;
    *node = std::move(*value);
    sources_.push_back(override.option);
    return {};
}

nlohmann::json Document::to_json(Findings& findings) const {
    Path path;
    return node_to_json(root_, path, findings);
}

Problem Document::locate(const Finding& finding) const {
    const Node* node = &root_;
    for (const auto& part : finding.path) {
        const auto child = find_entry(*node, part);
        if (!child) {
            break;
        }
        node = &node->entries[*child];
    }
    // An option has no lines.
    return {sources_[node->source], node->source == 0 ? node->line : 0, join(finding.path), finding.message};
}

bool is_clean_text(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto byte = static_cast<unsigned char>(text[at]);
        if (byte < 0x80) {
            if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F) {
                return false;
            }
            ++at;
            continue;
        }
        const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
        if (byte < 0xC2 || byte > 0xF4 || at + length > text.size()) {
            return false;
        }
        std::uint32_t point = byte & (0x7FU >> length);
        for (std::size_t next = 1; next < length; ++next) {
            const auto follower = static_cast<unsigned char>(text[at + next]);
            if ((follower & 0xC0U) != 0x80) {
                return false;
            }
            point = (point << 6) | (follower & 0x3FU);
        }
        const bool too_long = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
        const bool is_control = point >= 0x80 && point < 0xA0;
        if (too_long || is_control || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) {
            return false;
        }
        at += length;
    }
    return true;
}

}  // namespace portillon::scenario
