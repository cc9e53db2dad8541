#pragma once

// YAML text as a tree, in which each value knows its source and line. What the values mean is not looked at here.
//
// Only what a scenario needs is accepted: one document of mappings, lists and scalars in UTF-8. Anchors, aliases and
// tags are refused, since with them a small text can stand for a huge one.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/problem.h"

namespace portillon::scenario {

// Limits on what is read; a text beyond them is refused.
inline constexpr std::size_t max_text_bytes = 1 << 20;
inline constexpr std::size_t max_nodes = 100'000;
inline constexpr std::size_t max_depth = 32;
inline constexpr std::size_t max_scalar_bytes = 1000;  // also keeps regular expressions from deep recursion

// The keys and list indexes that lead from the root to a value; `--set` joins them with dots.
using Path = std::vector<std::string>;

std::string join(const Path& path);

// A problem with the value at a path; Document::locate() finds its line.
struct Finding {
    Path path;
    std::string message;
};
using Findings = std::vector<Finding>;

struct Node {
    enum class Kind : std::uint8_t { null, plain, quoted, list, mapping };  // plain: a scalar without quotes
    Kind kind = Kind::null;
    std::string text;           // the text of a scalar
    std::vector<Node> entries;  // the items of a list, or the values of a mapping
    std::string key;            // the node's key, if it is within a mapping
    std::uint32_t source = 0;   // index into Document::sources_
    int line = 0;               // line of the key, or of the value if it has no key; from 1
};

// A `--set` option, or an option that is short for one.
struct Override {
    std::string option;  // as the user wrote it: "--equipments 100"
    std::string key;     // dotted
    std::string value;   // YAML
};

class Document {
public:
    static Checked<Document> read(std::string_view text, const std::string& source);

    // Replaces or adds the value that the override names. An index may be that of an item, or the one after the last.
    Problems apply(const Override& override);

    // The document as JSON. Scalars without quotes become null, booleans and numbers as in YAML's core schema. Adds a
    // finding for each number that is not finite.
    nlohmann::json to_json(Findings& findings) const;

    // The finding with the place of the node at its path, or of the innermost node around it that exists.
    Problem locate(const Finding& finding) const;

private:
    Node root_;
    std::vector<std::string> sources_;
};

// Whether `text` is UTF-8 (RFC 3629) without control characters other than tab, line feed and carriage return.
bool is_clean_text(std::string_view text);

}  // namespace portillon::scenario
