#pragma once

// The layout of the JSON report, taken from its schema: which keys an object has, in which order, and which are
// required. CSV columns and the metrics of diff have the same order.

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "account/figures.h"

namespace portillon::report {

class SchemaKeys {
public:
    // The keys of a definition of the schema: "run", "phase", ...
    static SchemaKeys of(const char* definition);
    // The keys of the object at `key` of this one.
    SchemaKeys at(std::string_view key) const;

    bool has(std::string_view key) const;
    bool must_have(std::string_view key) const;  // the key is required, though its value may be null
    bool may_be_null(std::string_view key) const;

    // The same object with its keys in the schema's order. Asserts that the schema knows every one.
    nlohmann::ordered_json arranged(const nlohmann::ordered_json& object) const;

    std::vector<std::string> keys() const;

private:
    explicit SchemaKeys(const nlohmann::ordered_json& schema) : schema_(&schema) {}

    const nlohmann::ordered_json* schema_;
};

// The counts of a section in the schema's order.
const std::vector<const account::CountFigure*>& counts_of(account::Section section);

}  // namespace portillon::report
