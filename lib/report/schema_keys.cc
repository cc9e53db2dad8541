#include "report/schema_keys.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "report/json.h"

namespace portillon::report {

namespace {

using Ordered = nlohmann::ordered_json;

std::vector<const account::CountFigure*> in_order(account::Section section) {
    std::vector<const account::CountFigure*> figures;
    for (const auto& key : SchemaKeys::of("run").at(account::name_of(section)).keys()) {
        if (const auto* figure = account::find_count(key)) {
            figures.push_back(figure);
        }
    }
    const auto declared = std::count_if(account::count_figures.begin(), account::count_figures.end(),
                                        [section](const auto& figure) { return figure.section == section; });
    check(static_cast<std::ptrdiff_t>(figures.size()) == declared, "the schema of reports has every count");
    return figures;
}

}  // namespace

SchemaKeys SchemaKeys::of(const char* definition) {
    static const Ordered schema = Ordered::parse(schema_text());
    return SchemaKeys(schema.at("definitions").at(definition));
}

SchemaKeys SchemaKeys::at(std::string_view key) const {
    return SchemaKeys(schema_->at("properties").at(std::string(key)));
}

bool SchemaKeys::has(std::string_view key) const {
    return schema_->at("properties").contains(std::string(key));
}

bool SchemaKeys::must_have(std::string_view key) const {
    const auto& required = schema_->at("required");
    return std::find(required.begin(), required.end(), std::string(key)) != required.end();
}

bool SchemaKeys::may_be_null(std::string_view key) const {
    const auto& property = schema_->at("properties").at(std::string(key));
    const auto type = property.find("type");
    return type != property.end() && type->is_array() && std::find(type->begin(), type->end(), "null") != type->end();
}

Ordered SchemaKeys::arranged(const Ordered& object) const {
    auto sorted = Ordered::object();
    for (const auto& key : keys()) {
        if (const auto found = object.find(key); found != object.end()) {
            sorted[key] = *found;
        }
    }
    check(sorted.size() == object.size(), "the schema of reports has every key that is written");
    return sorted;
}

std::vector<std::string> SchemaKeys::keys() const {
    std::vector<std::string> keys;
    for (const auto& [key, ignored] : schema_->at("properties").items()) {
        keys.push_back(key);
    }
    return keys;
}

const std::vector<const account::CountFigure*>& counts_of(account::Section section) {
    static const std::array all{in_order(account::Section::tally), in_order(account::Section::ledger),
                                in_order(account::Section::delivery), in_order(account::Section::fleet)};
    return all[static_cast<std::size_t>(section)];
}

}  // namespace portillon::report
