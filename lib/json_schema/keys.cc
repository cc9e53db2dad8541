#include "json_schema/keys.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace portillon::json_schema {

namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string word_for_type(const std::string& type) {
    return type == "integer"   ? "whole number"
           : type == "boolean" ? "true or false"
           : type == "array"   ? "list"
           : type == "object"  ? "mapping"
           : type == "string"  ? "text"
                               : type;
}

class Listing {
public:
    explicit Listing(const Json& root) : root_(root) {}

    void list_object(const Json& unresolved, const std::string& prefix) {
        const auto* schema = &unresolved;
        if (const auto* name = reference(*schema)) {
            schema = &target(*name);
            const bool has_keys = schema->contains("properties") || schema->contains("items");
            if (has_keys && !listed_.insert(*name).second) {
                return;
            }
        }
        if (schema->contains("additionalProperties") && schema->at("additionalProperties").is_object()) {
            list_key(schema->at("additionalProperties"), prefix + "NAME", false);
        }
        if (schema->contains("properties")) {
            for (const auto& [name, child] : schema->at("properties").items()) {
                list_key(child, prefix + name, conditions_ == 0 && is_required(*schema, name));
            }
        }
        if (schema->contains("items") && schema->at("items").is_object()) {
            list_items(schema->at("items"), prefix);
        }
        for (const auto* part : alternatives_of(*schema)) {
            list_object(*part, prefix);
        }
        for (const auto* branch : {"else", "then"}) {  // what most documents are comes first
            if (schema->contains(branch)) {
                const bool is_whole = schema->at(branch).contains("$ref");
                conditions_ += is_whole ? 0 : 1;
                list_object(schema->at(branch), prefix);
                conditions_ -= is_whole ? 0 : 1;
            }
        }
    }

    std::vector<Key> take() { return std::move(keys_); }

private:
    static const std::string* reference(const Json& schema) {
        return schema.contains("$ref") ? schema.at("$ref").get_ptr<const Json::string_t*>() : nullptr;
    }

    const Json& target(const std::string& name) const { return root_.at(Json::json_pointer(name.substr(1))); }

    // The schemas that hold beside this one, or of which one holds.
    static std::vector<const Json*> alternatives_of(const Json& schema) {
        std::vector<const Json*> parts;
        for (const auto* list : {"allOf", "anyOf", "oneOf"}) {
            if (schema.contains(list)) {
                for (const auto& each : schema.at(list)) {
                    parts.push_back(&each);
                }
            }
        }
        return parts;
    }

    static bool is_required(const Json& schema, const std::string& name) {
        return schema.contains("required") && std::find(schema.at("required").begin(), schema.at("required").end(),
                                                        name) != schema.at("required").end();
    }

    // The items of a list at "stages." are "stages[].".
    void list_items(const Json& items, std::string prefix) {
        if (prefix.ends_with('.')) {
            prefix.pop_back();
        }
        list_object(items, prefix + "[].");
    }

    void list_key(const Json& schema, const std::string& path, bool required) {
        const auto place = std::find_if(keys_.begin(), keys_.end(), [&](const Key& key) { return key.path == path; });
        if (place == keys_.end()) {
            Key key;
            key.path = path;
            key.is_required = required;
            describe(schema, key);
            keys_.push_back(std::move(key));
        } else {
            describe(schema, *place);
        }
        list_object(schema, path + ".");
    }

    // Adds what the schema says and the key does not know yet: an outer schema speaks before its definition.
    void describe(const Json& schema, Key& key) const {
        const auto take = [&](std::string& into, const char* from) {
            if (into.empty() && schema.contains(from)) {
                into = text_of(schema.at(from));
            }
        };
        take(key.description, "description");
        take(key.type, "title");
        if (key.default_value.empty() && schema.contains("default")) {
            key.default_value = text_of(schema.at("default"));
        }
        add_values(schema, "enum", key.allowed);
        if (key.examples.empty()) {
            add_values(schema, "examples", key.examples);
        }
        if (schema.contains("const") && key.type.empty()) {
            add(text_of(schema.at("const")), key.allowed);
        }
        if (key.range.empty() && schema.contains("minimum")) {
            const auto least = schema.at("minimum").dump();
            key.range = schema.contains("maximum") ? least + " to " + schema.at("maximum").dump() : "at least " + least;
        }
        if (const auto* name = reference(schema)) {
            describe(target(*name), key);
        }
        for (const auto* list : {"allOf", "anyOf"}) {
            if (schema.contains(list)) {
                for (const auto& each : schema.at(list)) {
                    describe(each, key);
                }
            }
        }
        describe_type(schema, key);
    }

    static void describe_type(const Json& schema, Key& key) {
        if (!schema.contains("type")) {
            return;
        }
        const auto& type = schema.at("type");
        for (const auto& each : type.is_array() ? type : Json::array({type})) {
            if (each == "null") {
                key.is_nullable = true;
            } else if (key.type.empty()) {
                key.type = word_for_type(each.get<std::string>());
            }
        }
    }

    static void add_values(const Json& schema, const char* from, std::vector<std::string>& into) {
        if (schema.contains(from)) {
            for (const auto& value : schema.at(from)) {
                add(text_of(value), into);
            }
        }
    }

    static void add(std::string text, std::vector<std::string>& into) {
        if (std::find(into.begin(), into.end(), text) == into.end()) {
            into.push_back(std::move(text));
        }
    }

    const Json& root_;
    std::vector<Key> keys_;
    std::set<std::string> listed_;  // definitions with keys of their own
    unsigned conditions_ = 0;       // how many conditions must hold for the schema that is being listed
};

}  // namespace

std::vector<Key> keys_of(std::string_view schema) {
    const auto root = Json::parse(schema);
    Listing listing(root);
    listing.list_object(root, "");
    return listing.take();
}

}  // namespace portillon::json_schema
