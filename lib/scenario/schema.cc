#include "scenario/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>

#include "json_schema/validator.h"
#include "scenario/schema_limits.h"

namespace portillon::embedded {
extern const std::string_view scenario_schema;
}

namespace portillon::scenario {

namespace {

using nlohmann::ordered_json;

// A value as it is shown in a problem: on one line, shortened if it is long.
std::string show(const nlohmann::json& value) {
    if (value.is_object()) {
        return "a mapping";
    }
    if (value.is_array()) {
        return "a list";
    }
    if (value.is_null()) {
        return "nothing";
    }
    const auto text = value.dump();
    return text.size() <= 60 ? text : text.substr(0, 56) + "...\"";
}

std::string list_of(const std::vector<std::string>& words) {
    std::string list;
    for (const auto& word : words) {
        list += list.empty() ? word : ", " + word;
    }
    return list;
}

std::string bare(const nlohmann::json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

std::vector<std::string> keys_of(const nlohmann::json& object) {
    std::vector<std::string> keys;
    for (const auto& [key, ignored] : object.items()) {
        keys.push_back(key);
    }
    return keys;
}

std::string range_of(const nlohmann::json& schema, const char* least, const char* most, const char* unit) {
    if (schema.contains(least) && schema.contains(most)) {
        return fmt::format("{} to {}{}", schema[least].dump(), schema[most].dump(), unit);
    }
    return schema.contains(least) ? fmt::format("at least {}{}", schema[least].dump(), unit)
                                  : fmt::format("at most {}{}", schema[most].dump(), unit);
}

bool is_of_type(const nlohmann::json& value, const std::string& type) {
    return (type == "object" && value.is_object()) || (type == "array" && value.is_array()) ||
           (type == "string" && value.is_string()) || (type == "boolean" && value.is_boolean()) ||
           (type == "integer" && value.is_number_integer()) || (type == "number" && value.is_number()) ||
           (type == "null" && value.is_null());
}

std::string name_of_type(const nlohmann::json& schema) {
    const auto type = !schema.contains("type")    ? std::string("string")
                      : schema["type"].is_array() ? schema["type"][0].get<std::string>()
                                                  : schema["type"].get<std::string>();
    std::string name = type == "object"    ? "a mapping of keys to values"
                       : type == "array"   ? "a list"
                       : type == "boolean" ? "true or false"
                       : type == "integer" ? "a whole number"
                       : type == "number"  ? "a number"
                                           : "text";
    if (schema.contains("title")) {
        const auto title = schema["title"].get<std::string>();
        name = (std::string_view("aeiou").find(title.front()) == std::string_view::npos ? "a " : "an ") + title;
    }
    if (schema.contains("examples")) {
        std::vector<std::string> examples;
        for (const auto& example : schema["examples"]) {
            examples.push_back(bare(example));
        }
        name += " such as " + list_of(examples);
    } else if (schema.contains("minimum") && schema.contains("maximum")) {
        name += ", " + range_of(schema, "minimum", "maximum", "");
    }
    return name;
}

// The placeholders in a text, such as "{equipment}". One that is not closed reaches to the end of the text; a "}"
// without a "{" counts as one by itself.
std::vector<std::string> placeholders_in(std::string_view text) {
    std::vector<std::string> found;
    while (true) {
        const auto begin = text.find_first_of("{}");
        if (begin == std::string_view::npos) {
            return found;
        }
        const auto end = text[begin] == '}' ? begin : std::min(text.find('}', begin), text.size() - 1);
        found.emplace_back(text.substr(begin, end - begin + 1));
        text.remove_prefix(end + 1);
    }
}

// Returns what is wrong with the placeholders of `text`, or an empty text. An option is a template if its default has
// placeholders; its values may have those and no others.
std::string wrong_placeholder(const nlohmann::json& schema, std::string_view text) {
    const auto known = schema.contains("default") && schema["default"].is_string()
                           ? placeholders_in(schema["default"].get_ref<const std::string&>())
                           : std::vector<std::string>{};
    if (known.empty()) {
        return {};
    }
    for (const auto& placeholder : placeholders_in(text)) {
        if (std::find(known.begin(), known.end(), placeholder) == known.end()) {
            const auto near = did_you_mean(placeholder, known);
            return fmt::format("{} stands for nothing{} (allowed: {})", placeholder,
                               near.empty() ? "" : fmt::format("; did you mean {}?", near), list_of(known));
        }
    }
    return {};
}

// Compares a value with a schema by walking through both together.
class Walk {
public:
    Walk(const nlohmann::json& root, Findings& findings) : root_(root), findings_(findings) {}

    void check(const nlohmann::json& unresolved, const nlohmann::json& value) {
        const nlohmann::json& named = resolve(unresolved);
        const nlohmann::json& schema = alternative(named, value);
        if (schema.contains("enum")) {
            const auto longer = longer_form(named, value);
            if (longer.empty()) {
                check_enum(schema, value);
            } else {
                say(fmt::format("must be {}, not just its kind", longer));
            }
            return;
        }
        if (schema.contains("type") && !has_a_type_of(schema, value)) {
            const nlohmann::json& wanted = named.contains("title") ? named : schema;
            say(fmt::format("must be {}, not {}{}", name_of_type(wanted), show(value), hint(schema, value)));
            return;
        }
        if (value.is_object()) {
            check_object(schema, value);
        } else if (value.is_array()) {
            check_array(schema, value);
        } else if (value.is_string()) {
            check_string(named.contains("title") ? named : schema, schema, value);
        } else if (value.is_number()) {
            check_number(named.contains("title") ? named : schema, schema, value);
        }
    }

private:
    // The definition to which a schema refers. Narrower limits beside a reference are ignored: the function resolve()
    // of resolve.h checks them with better messages.
    const nlohmann::json& resolve(const nlohmann::json& schema) const {
        if (schema.contains("$ref")) {
            return resolve(root_.at(nlohmann::json::json_pointer(schema["$ref"].get<std::string>().substr(1))));
        }
        return schema.contains("allOf") && schema["allOf"][0].contains("$ref") ? resolve(schema["allOf"][0]) : schema;
    }

    // The first alternative that has the value's type. If there is none: the one whose message is the plainest.
    static const nlohmann::json& alternative(const nlohmann::json& schema, const nlohmann::json& value) {
        if (!schema.contains("anyOf")) {
            return schema;
        }
        for (const auto& each : schema["anyOf"]) {
            if (each.contains("type") && has_a_type_of(each, value)) {
                return each;
            }
        }
        const bool container = value.is_object() || value.is_array() || value.is_null();
        return container ? schema["anyOf"].front() : schema["anyOf"].back();
    }

    // "{ kind: trace, file: day.csv }" if a mapping with this kind, and with a key that the kind needs, is allowed.
    static std::string longer_form(const nlohmann::json& schema, const nlohmann::json& value) {
        if (!schema.contains("anyOf") || !schema["anyOf"][0].contains("allOf")) {
            return {};
        }
        const auto& mapping = schema["anyOf"][0];
        for (const auto& rule : mapping["allOf"]) {
            if (rule["if"]["properties"]["kind"]["enum"][0] == value) {
                const auto key = rule["then"]["required"][0].get<std::string>();
                return fmt::format("{{ kind: {}, {}: {} }}", bare(value), key,
                                   bare(mapping["properties"][key]["examples"][0]));
            }
        }
        return {};
    }

    void say(std::string message) { findings_.push_back({path_, std::move(message)}); }

    static bool has_a_type_of(const nlohmann::json& schema, const nlohmann::json& value) {
        if (schema["type"].is_string()) {
            return is_of_type(value, schema["type"].get<std::string>());
        }
        for (const auto& type : schema["type"]) {
            if (is_of_type(value, type.get<std::string>())) {
                return true;
            }
        }
        return false;
    }

    static std::string hint(const nlohmann::json& schema, const nlohmann::json& value) {
        const bool scalar = value.is_number() || value.is_boolean();
        return scalar && schema.contains("type") && schema["type"] == "string"
                   ? " (text that looks like a number needs quotes)"
                   : "";
    }

    void check_enum(const nlohmann::json& schema, const nlohmann::json& value) {
        for (const auto& candidate : schema["enum"]) {
            if (candidate == value) {
                return;
            }
        }
        const auto allowed = words_of(schema["enum"]);
        const auto near = value.is_string() ? did_you_mean(value.get<std::string>(), allowed) : "";
        say(fmt::format("{} is not known{} (allowed: {})", show(value),
                        near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near), list_of(allowed)));
    }

    // Returns whether other keys decide which keys an object may have, as the kind of a fault does.
    static bool has_conditional_keys(const nlohmann::json& schema) {
        return schema.contains("allOf") && schema["allOf"][0].contains("then") &&
               schema["allOf"][0]["then"].contains("additionalProperties");
    }

    // The schemas of all keys that such an object may have in any case. The function resolve() of resolve.h says which
    // of them have no meaning in this one.
    static nlohmann::json all_conditional_keys(const nlohmann::json& schema) {
        auto properties = schema["properties"];
        for (const auto& rule : schema["allOf"]) {
            properties.insert(rule["then"]["properties"].begin(), rule["then"]["properties"].end());
        }
        return properties;
    }

    void check_object(const nlohmann::json& schema, const nlohmann::json& value) {
        const bool conditional = has_conditional_keys(schema);
        const auto all_keys = conditional ? all_conditional_keys(schema) : nlohmann::json::object();
        const nlohmann::json& properties =
            conditional || !schema.contains("properties") ? all_keys : schema["properties"];
        for (const auto& [key, child] : value.items()) {
            path_.push_back(key);
            if (properties.contains(key)) {
                check(properties[key], child);
            } else if (schema.contains("additionalProperties")) {
                if (schema["additionalProperties"].is_object()) {
                    check(schema["additionalProperties"], child);
                } else if (schema["additionalProperties"] == false) {
                    say_unknown(key, keys_of(properties));
                }
            } else if (conditional) {
                say_unknown(key, keys_of(properties));
            }
            path_.pop_back();
        }
        if (!schema.contains("required")) {
            return;
        }
        for (const auto& key : schema["required"]) {
            if (!value.contains(key.get<std::string>())) {
                path_.push_back(key.get<std::string>());
                say("is missing" + purpose(properties, key.get<std::string>()));
                path_.pop_back();
            }
        }
    }

    std::string purpose(const nlohmann::json& properties, const std::string& key) const {
        if (!properties.contains(key)) {
            return "";
        }
        if (const auto& property = resolve(properties[key]); property.contains("enum")) {
            return " (allowed: " + list_of(words_of(property["enum"])) + ")";
        }
        return properties[key].contains("description") ? ": " + properties[key]["description"].get<std::string>() : "";
    }

    // The enumerators as they are shown, each once: 5 and "5" look the same.
    static std::vector<std::string> words_of(const nlohmann::json& enumerators) {
        std::vector<std::string> words;
        for (const auto& enumerator : enumerators) {
            const auto word = bare(enumerator);
            if (std::find(words.begin(), words.end(), word) == words.end()) {
                words.push_back(word);
            }
        }
        return words;
    }

    void say_unknown(const std::string& key, const std::vector<std::string>& known) {
        const auto near = did_you_mean(key, known);
        say(fmt::format("unknown key{} (allowed: {})", near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near),
                        list_of(known)));
    }

    void check_array(const nlohmann::json& schema, const nlohmann::json& value) {
        const bool too_few = schema.contains("minItems") && value.size() < schema["minItems"].get<std::size_t>();
        const bool too_many = schema.contains("maxItems") && value.size() > schema["maxItems"].get<std::size_t>();
        if (too_many && schema["maxItems"] == 0) {
            say(fmt::format("a list of {} (allowed: a mapping of keys to values, or an empty list)", value.size()));
            return;
        }
        if (too_few || too_many) {
            say(fmt::format("a list of {} (allowed: {})", value.size(), range_of(schema, "minItems", "maxItems", "")));
            return;
        }
        if (!schema.contains("items")) {
            return;
        }
        for (std::size_t at = 0; at < value.size(); ++at) {
            path_.push_back(std::to_string(at));
            check(schema["items"], value[at]);
            path_.pop_back();
        }
    }

    void check_string(const nlohmann::json& named, const nlohmann::json& schema, const nlohmann::json& value) {
        const auto& text = value.get_ref<const std::string&>();
        const auto length = static_cast<std::size_t>(std::count_if(
            text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
        const bool too_short = schema.contains("minLength") && length < schema["minLength"].get<std::size_t>();
        const bool too_long = schema.contains("maxLength") && length > schema["maxLength"].get<std::size_t>();
        if ((too_short || too_long) && !schema.contains("pattern")) {
            say(fmt::format("{} characters (allowed: {})", length, range_of(schema, "minLength", "maxLength", "")));
            return;
        }
        if (const auto wrong = wrong_placeholder(schema, text); !wrong.empty()) {
            say(wrong);
            return;
        }
        const bool matches =
            !schema.contains("pattern") || std::regex_search(text, std::regex(schema["pattern"].get<std::string>()));
        if (too_short || too_long || !matches) {
            say(fmt::format("must be {}, not {}", name_of_type(named), show(value)));
        }
    }

    void check_number(const nlohmann::json& named, const nlohmann::json& schema, const nlohmann::json& value) {
        const bool too_small = schema.contains("minimum") && value < schema["minimum"];
        const bool too_large = schema.contains("maximum") && value > schema["maximum"];
        if (schema.contains("const") && value != schema["const"]) {
            say(fmt::format("must be {}, not {}", name_of_type(named), show(value)));
            return;
        }
        if (!too_small && !too_large) {
            return;
        }
        if (named.contains("examples")) {
            say(fmt::format("must be {}, not {}", name_of_type(named), show(value)));
        } else {
            say(fmt::format("{} is out of range (allowed: {})", value.dump(),
                            range_of(schema, "minimum", "maximum", "")));
        }
    }

    const nlohmann::json& root_;
    Findings& findings_;
    Path path_;
};

ordered_json merge(std::span<const KnownProtocol> protocols) {
    auto schema = ordered_json::parse(embedded::scenario_schema);
    auto names = ordered_json::array();
    auto options = ordered_json::object();
    for (const auto& protocol : protocols) {
        names.push_back(protocol.name);
        options[protocol.name] = ordered_json::parse(protocol.options_schema);
    }
    schema["properties"]["protocol"]["enum"] = std::move(names);
    schema["properties"]["protocols"]["properties"] = std::move(options);
    add_limits(schema);
    return schema;
}

}  // namespace

std::string schema_text(std::span<const KnownProtocol> protocols) {
    return merge(protocols).dump(2) + "\n";
}

nlohmann::json schema_json(std::span<const KnownProtocol> protocols) {
    return nlohmann::json::parse(merge(protocols).dump());
}

Findings explain(const nlohmann::json& schema, const nlohmann::json& value) {
    Findings findings;
    Walk(schema, findings).check(schema, value);
    return findings;
}

bool conforms(const nlohmann::json& schema_of_value, const nlohmann::json& value) {
    return json_schema::Validator(schema_of_value).accepts(value);
}

}  // namespace portillon::scenario
