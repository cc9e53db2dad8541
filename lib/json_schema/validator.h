#pragma once

// Checks whether a JSON document is valid by a JSON Schema (draft 7). The validator behind it is valijson, whose
// templates take longer to compile than any folder of ours: only this library includes it.

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace portillon::json_schema {

// A place where a document departs from its schema.
struct Mismatch {
    std::vector<std::string> path;  // keys and indices from the document's root on: {"phases", "0", "name"}
    std::string description;        // in valijson's words
};

class Validator {
public:
    // Throws std::runtime_error when `schema` is no schema. Keeps no reference to it.
    explicit Validator(const nlohmann::json& schema);
    ~Validator();
    Validator(const Validator&) = delete;
    Validator& operator=(const Validator&) = delete;

    // Types must be those of JSON: the text "5" is no number.
    bool accepts(const nlohmann::json& document) const;

    // Every place of a failure, and those that enclose it; empty when the document is accepted.
    std::vector<Mismatch> mismatches(const nlohmann::json& document) const;

private:
    struct Compiled;
    std::unique_ptr<Compiled> compiled_;
};

}  // namespace portillon::json_schema
