#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrived/arrivals.h"
#include "arrived/row_reader.h"
#include "base/error.h"
#include "commands.h"
#include "exits.h"
#include "files.h"
#include "print.h"
#include "report/comparison_text.h"
#include "report/file.h"
#include "report/json.h"
#include "report/markdown.h"
#include "report/page/page.h"
#include "report/terminal.h"
#include "report_argument.h"
#include "result_files.h"
#include "run/reconcile_report.h"
#include "run_options.h"
#include "scenario_options.h"
#include "words.h"

namespace portillon::cmd {

namespace {

constexpr std::size_t piece_bytes = 1 << 20;

const std::vector<std::string>& names_of_formats() {
    static const std::vector<std::string> names{"csv", "jsonl"};
    return names;
}

std::optional<arrived::Format> format_named(const std::string& name) {
    if (name == "csv") {
        return arrived::Format::csv;
    }
    return name == "jsonl" || name == "ndjson" ? std::optional(arrived::Format::jsonl) : std::nullopt;
}

// Reads a file, or standard input for "-", piece by piece.
template <class Take>
error_code read_pieces(const std::string& path, Take take) {
    const int descriptor = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return last_error();
    }
    std::string buffer(piece_bytes, '\0');
    error_code failure;
    for (;;) {
        const auto got = ::read(descriptor, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            failure = got < 0 ? last_error() : error_code{};
            break;
        }
        take(std::string_view(buffer).substr(0, static_cast<std::size_t>(got)));
    }
    ::close(descriptor);
    return failure;
}

// A run of the report that can be reconciled, and what arrived of it.
struct Subject {
    report::RunReport* run;
    account::GeneratorAccount account;
    arrived::Arrivals arrivals;
    std::uint64_t rows = 0;
};

std::string rows_in_words(std::uint64_t rows) {
    return fmt::format("{} row{}", rows, rows == 1 ? "" : "s");
}

using Subjects = std::map<RunId, Subject>;

std::vector<report::RunReport*> runs_of(report::Report& report) {
    std::vector<report::RunReport*> runs;
    if (auto* comparison = std::get_if<report::Comparison>(&report)) {
        for (auto& turn : comparison->runs) {
            runs.push_back(&turn.run);
        }
    } else {
        runs.push_back(&std::get<report::RunReport>(report));
    }
    return runs;
}

struct ReconcileCommand {
    std::shared_ptr<Files> files;
    ResultFiles results;
    std::string path, arrived;
    std::optional<std::string> format, output;
    bool strict = false;

    Exit execute() const {
        if (arrived.empty()) {
            return refuse({{"--arrived", 0, "", "is needed: the rows that arrived"}});
        }
        const auto file = path_of_report(path);
        auto report = load_report(file);
        if (!report) {
            return refuse(report.problems());
        }
        Problems problems;
        auto subjects = subjects_of(*report, file, problems);
        const auto read_as = chosen_format(problems);
        if (file == "-" && !output) {
            problems.push_back(
                {"-o", 0, "", "is needed: a report from standard input has no place to which it returns"});
        }
        if (!problems.empty()) {
            return refuse(problems);
        }
        std::map<RunId, std::uint64_t> others;
        if (!read_rows(*read_as, subjects, others)) {
            return Exit::usage;
        }
        tell_of_rows(subjects, others);
        std::uint64_t of_others = 0;
        for (const auto& [run, rows] : others) {
            of_others += rows;
        }
        for (auto& [id, subject] : subjects) {
            run::reconcile_report(*subject.run, subject.account, subject.arrivals.findings());
            subject.run->reconciliation = report::Reconciliation{subject.rows, of_others};
        }
        return present(*report, output.value_or(file));
    }

private:
    static Exit refuse(const Problems& problems) {
        print_problems(problems);
        return Exit::usage;
    }

    static Subjects subjects_of(report::Report& report, const std::string& file, Problems& problems) {
        Subjects subjects;
        std::string with_ledger, without_account;
        for (auto* run : runs_of(report)) {
            auto account = account::decode(run->equipment_account);
            const auto id = parse_run(run->run);
            if (!run->equipment_account.empty() && account && id) {
                auto arrivals = arrived::Arrivals(*account);
                subjects.emplace(*id, Subject{run, std::move(*account), std::move(arrivals)});
            } else {
                (run->has_ledger() ? with_ledger : without_account) = run->run.empty() ? "a run" : "run " + run->run;
            }
        }
        if (!without_account.empty()) {
            problems.push_back({file, 0, "",
                                fmt::format("{} does not say what each equipment generated: a run of this version "
                                            "against a server without a ledger is needed, of fewer than 17 billion "
                                            "validations, and of fewer than 4 million gaps between those that were "
                                            "acknowledged",
                                            without_account)});
        } else if (subjects.empty()) {
            problems.push_back({file, 0, "",
                                with_ledger.empty()
                                    ? std::string("the comparison has no runs")
                                    : with_ledger + " was reconciled already, with the ledger of its server"});
        }
        return subjects;
    }

    std::optional<arrived::Format> chosen_format(Problems& problems) const {
        if (format) {
            return format_named(*format);
        }
        auto extension = std::filesystem::path(arrived).extension().string();
        const auto found = extension.empty() ? std::nullopt : format_named(extension.substr(1));
        if (!found) {
            problems.push_back({"--arrived", 0, "",
                                fmt::format("'{}' does not say its format (allowed: a name that ends in .csv or "
                                            ".jsonl, or --format csv or jsonl)",
                                            arrived)});
        }
        return found;
    }

    // Returns false if something is wrong with the rows, which has been reported.
    bool read_rows(arrived::Format read_as, Subjects& subjects, std::map<RunId, std::uint64_t>& others) const {
        auto latest = subjects.end();
        arrived::RowReader reader(read_as, [&](const arrived::Row& row) {
            if (latest == subjects.end() || latest->first != row.run) {  // rows of a run follow one another
                latest = subjects.find(row.run);
            }
            if (latest == subjects.end()) {
                ++others[others.size() < most_others || others.contains(row.run) ? row.run : RunId{}];
                return;
            }
            latest->second.arrivals.add(row.equipment, row.sequence);
            ++latest->second.rows;
        });
        if (const auto failure = read_pieces(arrived, [&](std::string_view piece) { reader.read(piece); })) {
            print_problems({{arrived, 0, "", failure.message()}});
            return false;
        }
        reader.end();
        auto problems = reader.problems();
        for (auto& problem : problems) {
            problem.source = arrived;
        }
        print_problems(problems);
        if (const auto more = reader.problems_beyond(); more > 0) {
            print(standard_error(), "{}: {} more problem{}\n", arrived, more, more == 1 ? "" : "s");
        }
        if (!problems.empty()) {
            print(standard_error(), "portillon: nothing was written\n");
        }
        return problems.empty();
    }

    static void tell_of_rows(const Subjects& subjects, const std::map<RunId, std::uint64_t>& others) {
        for (const auto& [id, subject] : subjects) {
            print(standard_error(), "{} of run {}\n", rows_in_words(subject.rows), format_run(id));
        }
        std::size_t shown = 0;
        std::uint64_t rest = 0;
        for (const auto& [id, rows] : others) {
            if (id != RunId{} && shown < 3) {
                print(standard_error(), "{} of another run, {}, left out\n", rows_in_words(rows), format_run(id));
                ++shown;
            } else {
                rest += rows;
            }
        }
        if (rest > 0) {
            print(standard_error(), "{} of further runs, left out\n", rows_in_words(rest));
        }
    }

    Exit present(const report::Report& report, const std::string& place) const {
        auto& words = files->words();
        const auto strictness = strict ? report::Strictness::strict : report::Strictness::lenient;
        const auto* comparison = std::get_if<report::Comparison>(&report);
        if (comparison != nullptr) {
            show(words, report::comparison_text(*comparison, {}, columns_for(words), style_for(words)));
        } else {
            show(words, report::summary(std::get<report::RunReport>(report), style_for(words)));
        }
        bool written = results.write(report, strictness);
        written = write_output(place, report::to_json(report)) && written;
        written = (output || make_again(report, place)) && written;
        if (!written) {
            return Exit::failed;
        }
        if (place != "-") {
            print(standard_error(), "\nReport: {}\n", place);
        }
        return exit_of(report, strictness);
    }

    // Makes those files again that run and compare leave beside their report.
    static bool make_again(const report::Report& report, const std::string& place) {
        bool written = true;
        const auto again = [&](const char* name, const auto& make) {
            const auto beside = std::filesystem::path(place).replace_filename(name);
            if (std::error_code none; std::filesystem::exists(beside, none)) {
                written = write_output(beside.string(), make()) && written;
            }
        };
        const auto name = std::filesystem::path(place).filename();
        if (name == "report.json") {
            again("report.html", [&] { return report::page::html_page(report); });
        } else if (name == "comparison.json") {
            again("comparison.html", [&] { return report::page::html_page(report); });
            again("comparison.md", [&] { return report::comparison_markdown(std::get<report::Comparison>(report)); });
        }
        return written;
    }

    static constexpr std::size_t most_others = 1'000;  // runs that are told apart; rows of more count as those of run 0
};

}  // namespace

void add_reconcile_command(CLI::App& app, Exit& exit) {
    auto* command = app.add_subcommand(
        "reconcile", "Find what was lost at a server without a ledger, from an export of what it stored");
    command->footer(
        "The rows name the run, the equipment and the sequence of each validation that arrived, as its message had\n"
        "them: CSV with a header line (run,equipment,sequence; any order, further columns are ignored), or a JSON\n"
        "object in each line. The report is written again with what was lost, doubled, undelivered and unexpected,\n"
        "by name, and its thresholds are judged again. Rows have no order, so reordered stays unknown.\n"
        "Examples:\n"
        "  portillon run smoke --target http://127.0.0.1:8080 -o report.json\n"
        "  psql -c \"\\copy (select run, equipment, sequence from validation) to rows.csv csv header\"\n"
        "  portillon reconcile report.json --arrived rows.csv\n"
        "  zcat rows.jsonl.gz | portillon reconcile portillon-results/smoke-2026-01-31T12-00-00 --arrived - --format "
        "jsonl\n"
        "Exit codes as those of run: 0 passed, 1 something could not be written, 2 bad input, 3 the measurement is\n"
        "invalid, 99 a threshold failed.");
    const auto reconcile = std::make_shared<ReconcileCommand>();
    reconcile->files = Files::of(*command);
    reconcile->files
        ->input("REPORT", reconcile->path, "A report of run or compare, or its folder; - is standard input",
                path_of_report)
        ->required();
    reconcile->files->input("--arrived", reconcile->arrived, "The rows that arrived (needed); - is standard input")
        ->type_name("ROWS");
    command->add_option("--format", reconcile->format, "Format of the rows; by default from the name's end")
        ->type_name("NAME")
        ->check(one_of(names_of_formats()));
    reconcile->files->output("-o,--output", reconcile->output,
                             "File for the new report; - is standard output; by default REPORT itself");
    reconcile->results.add_to(*reconcile->files);
    command->add_flag("--strict", reconcile->strict, "A suspect measurement fails, too (exit code 3)");
    command->callback(reconcile->files->checked(exit, [reconcile] { return reconcile->execute(); }));
}

}  // namespace portillon::cmd
