#pragma once

// YAML text as a tree that remembers where everything stood, before it means anything.
//
// Accepted is what a scenario needs: one document of mappings, lists and scalars in UTF-8. Anchors, aliases and tags
// are refused: with them a small text can stand for a huge one.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/problem.h"

namespace portillon::scenario {

// Limits on what is read; whatever is beyond them is no scenario.
inline constexpr std::size_t max_text_bytes = 1 << 20;
inline constexpr std::size_t max_nodes = 100'000;
inline constexpr std::size_t max_depth = 32;
inline constexpr std::size_t max_scalar_bytes = 1000;  // also keeps regular expressions from deep recursion

// Keys and list indexes from the root; `--set` joins them with dots.
using Path = std::vector<std::string>;

std::string join(const Path& path);

// Something wrong at a path; the document knows the line.
struct Finding {
    Path path;
    std::string message;
};
using Findings = std::vector<Finding>;

struct Node {
    enum class Kind : std::uint8_t { null, plain, quoted, list, mapping };  // plain: a scalar without quotes
    Kind kind = Kind::null;
    std::string text;           // of a scalar
    std::vector<Node> entries;  // of a list or mapping
    std::string key;            // within a mapping
    std::uint32_t source = 0;   // index into Document::sources
    int line = 0;               // 1-based; of the key where there is one
};

// One `--set` or an option that stands for one.
struct Override {
    std::string option;  // as the user wrote it: "--equipments 100"
    std::string key;     // dotted
    std::string value;   // YAML
};

class Document {
public:
    static Checked<Document> read(std::string_view text, const std::string& source);

    // Replaces or adds what the override names. An index may name an item that exists, or the one after the last.
    Problems apply(const Override& override);

    // Scalars without quotes become null, booleans and numbers as in YAML's core schema. Says which numbers are not
    // finite.
    nlohmann::json to_json(Findings& findings) const;

    // Where the node at `path` stands, or the nearest one around it that exists.
    Problem locate(const Finding& finding) const;

private:
    Node root_;
    std::vector<std::string> sources_;
};

// Whether `text` is UTF-8 (RFC 3629) without control characters but tab, line feed and carriage return.
bool is_clean_text(std::string_view text);

}  // namespace portillon::scenario
