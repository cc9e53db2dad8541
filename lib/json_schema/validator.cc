#include "json_schema/validator.h"

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace portillon::json_schema {

namespace {

// Turns "[tally]" into "tally".
std::string segment_of(const std::string& context) {
    const bool bracketed = context.size() >= 2 && context.front() == '[' && context.back() == ']';
    return bracketed ? context.substr(1, context.size() - 2) : context;
}

}  // namespace

struct Validator::Compiled {
    bool validate(const nlohmann::json& document, valijson::ValidationResults* results) const {
        valijson::Validator validator(valijson::Validator::kStrongTypes);
        return validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(document), results);
    }

    valijson::Schema schema;
};

Validator::Validator(const nlohmann::json& schema) : compiled_(std::make_unique<Compiled>()) {
    valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(schema), compiled_->schema);
}

Validator::~Validator() = default;

bool Validator::accepts(const nlohmann::json& document) const {
    return compiled_->validate(document, nullptr);
}

std::vector<Mismatch> Validator::mismatches(const nlohmann::json& document) const {
    valijson::ValidationResults results;
    compiled_->validate(document, &results);
    std::vector<Mismatch> found;
    for (const auto& error : results) {
        Mismatch mismatch{.path = {}, .description = error.description};
        for (std::size_t i = 1; i < error.context.size(); ++i) {  // the first is the root
            mismatch.path.push_back(segment_of(error.context[i]));
        }
        found.push_back(std::move(mismatch));
    }
    return found;
}

}  // namespace portillon::json_schema
