#include <memory>
#include <optional>
#include <string>

#include "commands.h"
#include "glossary/terms.h"
#include "print.h"
#include "report/prose.h"
#include "words.h"

namespace portillon::cmd {

namespace {

constexpr std::size_t definition_column = 22;

// A name that does not fit into its column has a line of its own.
void list(const glossary::Term& term) {
    auto label = "  " + term.name;
    if (label.size() >= definition_column) {
        print(standard_output(), "{}\n", label);
        label.clear();
    }
    show(standard_output(), report::labelled(label, definition_column, std::string(glossary::first_sentence(term))));
}

void list_terms() {
    for (const auto group : glossary::groups) {
        print(standard_output(), "{}\n", glossary::title_of(group));
        for (const auto& term : glossary::terms()) {
            if (term.group == group) {
                list(term);
            }
        }
    }
    print(standard_output(), "\nportillon explain TERM says more, and finds keys of reports and older words, too.\n");
}

void explain(const glossary::Term& term) {
    print(standard_output(), "{}\n", term.name);
    show(standard_output(), report::labelled("", 2, term.definition));
    std::string others;
    for (const auto& other : term.other_names) {
        others += (others.empty() ? "" : ", ") + other;
    }
    if (!others.empty()) {
        show(standard_output(), report::labelled("", 2, "Also: " + others));
    }
    if (!term.usage.empty()) {
        show(standard_output(),
             report::labelled(
                 "", 2, (term.group == glossary::Group::faults ? "In faults: " : "As a threshold: ") + term.usage));
    }
}

Exit explain_or_list(const std::optional<std::string>& name) {
    if (!name) {
        list_terms();
        return Exit::passed;
    }
    const auto* term = glossary::find_term(*name);
    if (term == nullptr) {
        print(standard_error(), "portillon: nothing is called '{}' here{}\nportillon explain lists all terms\n", *name,
              suggestion(*name, glossary::names()));
        return Exit::usage;
    }
    explain(*term);
    return Exit::passed;
}

}  // namespace

void add_explain_command(CLI::App& app, Exit& exit) {
    auto* command = app.add_subcommand("explain", "Define a term of reports and scenarios, or list all terms");
    command->footer(
        "TERM is a metric, a kind of fault, or another word that reports and documents use; a key of the JSON report\n"
        "and older words are found, too. A term of several words may be written with hyphens.\n"
        "Examples:\n"
        "  portillon explain undelivered\n"
        "  portillon explain send-delay");
    const auto name = std::make_shared<std::optional<std::string>>();
    command->add_option("TERM", *name, "A term, such as undelivered; without it all terms are listed")
        ->type_name("TERM");
    command->callback([name, &exit] { exit = explain_or_list(*name); });
}

}  // namespace portillon::cmd
