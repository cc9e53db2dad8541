#pragma once

// The keys that documents of a JSON Schema may have, as a list: for manuals, and for completion.

#include <string>
#include <string_view>
#include <vector>

namespace portillon::json_schema {

struct Key {
    std::string path;                  // "traffic.stages[].rate"; NAME stands for a key that the document chooses
    std::string type;                  // the schema's title or type: "duration", "whole number", "list"
    std::string description;           // empty if the schema has none
    std::vector<std::string> allowed;  // the values of an enumeration; texts without quotes, others as JSON
    std::string range;                 // "1 to 1000", "at least 1", or empty
    std::string default_value;         // as in `allowed`; empty if there is none
    std::vector<std::string> examples;
    bool is_required = false;  // whether the object around it must have it
    bool is_nullable = false;
};

// The keys in the order of the schema (draft 7, as far as ours use it): of every alternative, each path once. A
// definition with keys of its own that is referred to several times is listed at its first place only.
std::vector<Key> keys_of(std::string_view schema);

}  // namespace portillon::json_schema
