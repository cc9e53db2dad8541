#include "man_pages.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sstream>

#include "json_schema/keys.h"
#include "protocols.h"
#include "report/json.h"
#include "scenario/schema.h"
#include "scenario_names.h"
#include "version.h"
#include "words.h"

namespace portillon::cmd {

namespace {

// Text without meaning for roff: a hyphen stays one that can be copied, and no line is a request.
std::string plain(std::string_view text) {
    std::string out;
    bool at_begin = true;
    for (const char letter : text) {
        if (at_begin && (letter == '.' || letter == '\'')) {
            out += "\\&";
        }
        out += letter == '\\' ? "\\e" : letter == '-' ? "\\-" : letter == '\n' ? "\n" : std::string(1, letter);
        at_begin = letter == '\n';
    }
    return out;
}

std::string bold(std::string_view text) {
    return "\\fB" + plain(text) + "\\fR";
}

std::string italic(std::string_view text) {
    return "\\fI" + plain(text) + "\\fR";
}

std::string heading(const std::string& title) {
    return ".SH " + title + "\n";
}

std::string page_head(const std::string& name, char section, std::string_view purpose) {
    return fmt::format(".TH {} {} \"\" \"portillon {}\" \"{}\"\n{}{} \\- {}\n", plain(name), section, version(),
                       section == '1' ? "User Commands" : "File Formats", heading("NAME"), plain(name), plain(purpose));
}

std::string see_also(const std::vector<std::string>& pages) {
    std::string text = heading("SEE ALSO");
    for (const auto& page : pages) {
        const auto bracket = page.find('(');
        text += fmt::format("{}{}", bold(page.substr(0, bracket)), page.substr(bracket));
        text += &page == &pages.back() ? "\n" : ",\n";
    }
    return text;
}

// --- commands ---

std::string value_of(const CLI::Option& option) {
    auto type = option.get_type_name();
    if (const auto range = type.find(" in ["); range != std::string::npos) {
        type.resize(type.rfind(':', range));  // "UINT:UINT in [1 - 64]"
    }
    return option.get_type_size_max() > 0 ? type : "";
}

std::string range_of(const CLI::Option& option) {
    const auto type = option.get_type_name();
    const auto begin = type.find(" in [");
    return begin == std::string::npos ? "" : type.substr(begin + 4);
}

std::string option_entry(const CLI::Option& option) {
    std::vector<std::string> names;
    for (const auto& name : option.get_snames()) {
        names.push_back(bold("-" + name));
    }
    for (const auto& name : option.get_lnames()) {
        names.push_back(bold("--" + name));
    }
    std::string text = fmt::format(
        ".TP\n{}", option.get_positional() ? bold(option.get_name(true)) : fmt::format("{}", fmt::join(names, ", ")));
    if (const auto value = value_of(option); !value.empty()) {
        text += " " + italic(value);
    }
    text += "\n" + plain(option.get_description());
    const auto add = [&text](const std::string& more) {
        if (!more.empty()) {
            text += text.back() == '.' ? " " + more : ". " + more;
        }
    };
    const auto allowed = allowed_words(option);
    add(allowed.empty() ? "" : plain(fmt::format("One of {}.", fmt::join(allowed, ", "))));
    const auto range = range_of(option);
    add(range.empty() ? "" : plain("Allowed: " + range + "."));
    add(option.get_default_str().empty() ? "" : plain("Default: " + option.get_default_str() + "."));
    add(option.get_envname().empty() ? "" : plain("Environment: " + option.get_envname() + "."));
    return text + "\n";
}

std::string synopsis(const CLI::App& command) {
    std::string text =
        heading("SYNOPSIS") + bold("portillon " + command.get_name()) + "\n[" + italic("OPTIONS") + "]\n";
    for (const auto* option : command.get_options()) {
        if (option->get_positional() && !option->get_group().empty()) {
            const auto name = italic(option->get_name(true));
            text += option->get_required() ? name + "\n" : "[" + name + "]\n";
        }
    }
    return text;
}

std::string options_section(const CLI::App& command) {
    std::string arguments, options;
    for (const auto* option : command.get_options()) {
        if (!option->get_group().empty()) {
            (option->get_positional() ? arguments : options) += option_entry(*option);
        }
    }
    return (arguments.empty() ? "" : heading("ARGUMENTS") + arguments) +
           (options.empty() ? "" : heading("OPTIONS") + options);
}

// The footer of a command: lines that are indented stay as they are, and so does what follows "Example:".
struct Footer {
    std::string prose, examples;
};

Footer read_footer(const std::string& footer) {
    Footer parts;
    std::istringstream lines(footer);
    bool in_examples = false, kept = false;
    const auto keep = [&kept](std::string& into, bool wanted) {
        if (kept != wanted) {
            const bool begun = into.empty() || into.ends_with(".PP\n");
            into += wanted ? (begun ? ".nf\n" : ".PP\n.nf\n") : ".fi\n.PP\n";
            kept = wanted;
        }
    };
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("Example")) {
            keep(parts.prose, false);
            in_examples = true;
            line.erase(0, line.find(':') + 1);
            if (line.empty()) {
                continue;
            }
        }
        const bool indented = line.starts_with(" ");
        if (in_examples && indented) {
            parts.examples +=
                plain(line.substr(std::min<std::size_t>(line.find_first_not_of(' '), line.size()))) + "\n";
            continue;
        }
        in_examples = false;
        keep(parts.prose, indented);
        parts.prose += line.empty() ? "" : plain(line) + "\n";
        if (line.empty() || (!indented && line.ends_with('.'))) {
            parts.prose += ".PP\n";  // sentences that end with their line end a paragraph
        }
    }
    keep(parts.prose, false);
    if (parts.prose.ends_with(".PP\n")) {
        parts.prose.resize(parts.prose.size() - 4);
    }
    return parts;
}

std::string command_page(const CLI::App& command) {
    const auto name = "portillon-" + command.get_name();
    const auto footer = read_footer(command.get_footer());
    std::string text = page_head(name, '1', command.get_description()) + synopsis(command) + heading("DESCRIPTION") +
                       plain(command.get_description()) + ".\n";
    text += footer.prose.empty() ? "" : ".PP\n" + footer.prose;
    text += options_section(command);
    text += footer.examples.empty() ? "" : heading("EXAMPLES") + ".nf\n" + footer.examples + ".fi\n";
    return text + see_also({"portillon(1)", "portillon-scenario(5)", "portillon-report(5)"});
}

std::string program_page(const CLI::App& app) {
    auto text = page_head("portillon", '1', "load test of a fleet of equipments over MQTT, HTTP/2 and gRPC") +
                heading("SYNOPSIS") + bold("portillon") + "\n" + italic("COMMAND") + " [" + italic("OPTIONS") + "]\n" +
                heading("DESCRIPTION") + plain(app.get_description()) + "\n" + heading("COMMANDS");
    std::vector<std::string> pages;
    for (const auto& name : command_names(app)) {
        text += ".TP\n" + bold("portillon " + name) + "\n" + plain(find_command(app, name)->get_description()) + "\n";
        pages.push_back("portillon-" + name + "(1)");
    }
    pages.insert(pages.end(), {"portillon-scenario(5)", "portillon-report(5)"});
    text += heading("EXIT STATUS");
    const std::pair<const char*, const char*> codes[] = {
        {"0", "passed"},
        {"1", "the run failed, or something could not be written"},
        {"2", "usage, a scenario or a report that cannot be read, an output that cannot be written"},
        {"3", "the measurement is invalid, the run is incomplete, or reports are incomparable"},
        {"99", "a threshold or a regression gate failed or had no data"},
        {"129, 130, 143", "interrupted (SIGHUP, Ctrl-C, SIGTERM); a partial report is written"}};
    for (const auto& [code, meaning] : codes) {
        text += ".TP\n" + bold(code) + "\n" + plain(meaning) + "\n";
    }
    text += heading("ENVIRONMENT");
    const std::pair<const char*, const char*> variables[] = {
        {"PORTILLON_ADMIN_TOKEN", "the token for admin endpoints: of serve, and of the target that --ledger names"},
        {scenario_folder_variable, "the folder of the scenarios that can be named without a path"},
        {"NO_COLOR", "if set, nothing is printed in colours"}};
    for (const auto& [variable, meaning] : variables) {
        text += ".TP\n" + bold(variable) + "\n" + plain(meaning) + "\n";
    }
    return text + see_also(pages);
}

// --- file formats ---

std::string key_entry(const json_schema::Key& key) {
    std::string text = ".TP\n" + bold(key.path);
    text += key.type.empty() ? "" : " " + italic(key.type);
    std::vector<std::string> parts;
    if (!key.description.empty()) {
        parts.push_back(key.description + (key.description.ends_with(".") ? "" : "."));
    }
    if (key.is_required) {
        parts.push_back("Required.");
    }
    if (key.is_nullable) {
        parts.push_back("May be null.");
    }
    if (!key.allowed.empty()) {
        parts.push_back(fmt::format("Allowed: {}.", fmt::join(key.allowed, ", ")));
    } else if (!key.range.empty() && (key.examples.empty() || key.type.ends_with("number"))) {
        parts.push_back(fmt::format("Allowed: {}.", key.range));
    } else if (!key.examples.empty()) {
        parts.push_back(fmt::format("Such as {}.", fmt::join(key.examples, ", ")));
    }
    if (!key.default_value.empty()) {
        parts.push_back(fmt::format("Default: {}.", key.default_value));
    }
    return text + "\n" + (parts.empty() ? "\\&" : plain(fmt::format("{}", fmt::join(parts, " ")))) + "\n";
}

std::string format_page(const std::string& name, std::string_view purpose, std::string_view description,
                        std::string_view schema, const std::vector<std::string>& others) {
    auto text = page_head(name, '5', purpose) + heading("DESCRIPTION") + plain(description) + "\n" + heading("KEYS");
    for (const auto& key : json_schema::keys_of(schema)) {
        text += key_entry(key);
    }
    return text + see_also(others);
}

constexpr const char* scenario_description =
    "A scenario is a YAML file that says what a fleet of equipments does. An unknown key is an error. Every key but "
    "fleet.equipments and traffic.stages has a default; portillon plan SCENARIO shows all of them, and portillon init "
    "writes a commented scenario to begin with. With --set KEY=VALUE any key can be changed for one run; the items of "
    "a "
    "list are counted from 0 there: traffic.stages.0.duration=20s. In this page [] stands for the place in a list, and "
    "NAME for a name that the scenario chooses. portillon schema scenario prints the JSON Schema from which editors "
    "complete.";
constexpr const char* report_description =
    "A report is a JSON document that run writes; compare writes one that holds the reports of all its runs in runs[]. "
    "Durations end in _us, sizes in _bytes, rates in _per_s. What was not measured is null, never 0. Keys may be added "
    "within schema 1, never renamed. In this page [] stands for the place in a list, and NAME for a name that the "
    "report "
    "chooses; keys of an object that occurs several times stand below its first place. portillon schema report prints "
    "the JSON Schema, portillon explain TERM defines the figures.";

}  // namespace

std::vector<ManPage> man_pages(const CLI::App& app) {
    std::vector<ManPage> pages{{"portillon", '1', program_page(app)}};
    for (const auto& name : command_names(app)) {
        pages.push_back({"portillon-" + name, '1', command_page(*find_command(app, name))});
    }
    pages.push_back({"portillon-scenario", '5',
                     format_page("portillon-scenario", "the format of a scenario", scenario_description,
                                 scenario::schema_text(known_protocols()),
                                 {"portillon(1)", "portillon-validate(1)", "portillon-report(5)"})});
    pages.push_back(
        {"portillon-report", '5',
         format_page("portillon-report", "the format of a report", report_description, report::schema_text(),
                     {"portillon(1)", "portillon-explain(1)", "portillon-scenario(5)"})});
    return pages;
}

}  // namespace portillon::cmd
