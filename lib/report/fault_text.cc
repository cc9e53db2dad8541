#include "report/fault_text.h"

#include <fmt/format.h>

#include <cmath>

#include "base/units.h"
#include "gate/metric.h"
#include "report/prose.h"

namespace portillon::report {

namespace {

const Phase* phase_of(const RunReport& run, const Fault& fault, std::string_view part) {
    for (const auto& phase : run.phases) {
        if (phase.kind == "fault" && phase.fault == fault.number && phase.part == part) {
            return &phase;
        }
    }
    return nullptr;
}

std::string p95_of(const Phase& phase) {
    const auto& latency = phase.latency.response ? phase.latency.response : phase.latency.end_to_end;
    if (!latency) {
        return "-";
    }
    const auto p95 = latency->percentile(95);
    return p95 ? humanize(*p95) : latency->word_for_absent();
}

// The limit up to which the P95 counted as normal, in words.
std::string limit_of(const Fault& fault) {
    const auto us = [](double value) { return gate::humanize_figure(gate::Kind::latency, value); };
    if (!fault.normal_p95_us) {
        return {};
    }
    return fault.usual_p95_us ? fmt::format(" (a P95 of response within {}, usually {})", us(*fault.normal_p95_us),
                                            us(*fault.usual_p95_us))
                              : fmt::format(" (a P95 of response within {})", us(*fault.normal_p95_us));
}

void list(std::string& text, const std::string& more) {
    text += (text.empty() ? "" : ", ") + more;
}

std::string did(const Fault& fault) {
    std::string text;
    const auto add = [&text](const std::optional<Count>& count, const char* what) {
        if (count.value_or(0) > 0) {
            list(text, counted(*count, what));
        }
    };
    add(fault.connections, "connection");
    if (fault.injected && fault.injected->count > 0) {
        std::string one = fault.injected->what;
        one.resize(one.size() - (one.ends_with('s') ? 1 : 0));
        list(text, counted(fault.injected->count, one));
    }
    if (fault.dials_refused.value_or(0) > 0) {
        list(text, counted(*fault.dials_refused, "dial") + " refused");
    }
    if (fault.dials_hung.value_or(0) > 0) {
        list(text, counted(*fault.dials_hung, "dial") + " hung");
    }
    return text.empty() ? "" : "; affected " + text;
}

// "; run exited with 0 after 1.2 s; until ..."
std::string executed(const Fault& fault) {
    std::string text;
    for (const auto& command : fault.commands) {
        text += fmt::format("; {} {}", command.key, ending_of(command));
    }
    return text;
}

// Whom or what the fault hit, after a comma; empty for a command, which only the user can know.
std::string whom(const Fault& fault) {
    return fault.equipments          ? ", " + counted(*fault.equipments, "equipment")
           : fault.kind == "command" ? ""
                                     : ", on the server";
}

}  // namespace

std::string ending_of(const ExecutedCommand& command) {
    const bool is_told = !command.succeeded() && !command.last_line.empty();
    return command.ended +
           (command.exit_status ? " after " + humanize(Nanos{std::llround(command.took_s * 1e9)}) : "") +
           (is_told ? fmt::format(" ({})", command.last_line) : "");
}

std::string fault_line(const RunReport& run, const Fault& fault) {
    std::string text = fmt::format("{} {}, at {}", fault.number, fault.what, in_seconds(fault.at_s));
    if (fault.to_s > fault.at_s) {
        text += " to " + in_seconds(fault.to_s);
    }
    if (!fault.happened) {
        return text + ": did not happen: " + fault.back_to_normal_reason;
    }
    text += whom(fault);
    text += ": " +
            (fault.back_to_normal_s ? "back to normal after " + in_seconds(*fault.back_to_normal_s)
                                    : "not seen back to normal: " + fault.back_to_normal_reason) +
            limit_of(fault);
    std::string p95;
    Count retries = 0;
    std::optional<Count> lost = 0;
    for (const char* part : {"before", "during", "after"}) {
        if (const auto* phase = phase_of(run, fault, part); phase != nullptr && phase->to_s > phase->from_s) {
            list(p95, p95_of(*phase) + " " + part);
            const bool before = std::string_view(part) == "before";
            retries += before ? 0 : phase->counts.retries.value_or(0);
            lost =
                lost && phase->counts.lost ? std::optional(*lost + (before ? 0 : *phase->counts.lost)) : std::nullopt;
        }
    }
    text += p95.empty() ? "" : "; P95 " + p95;
    text += lost && !p95.empty() ? fmt::format("; lost {}", counted(*lost)) : "";
    text += p95.empty() ? "" : "; " + counted(retries, "retry");
    if (fault.cached_max > 0) {
        text += fmt::format("; at most {} cached", counted(fault.cached_max));
    }
    return text + did(fault) + executed(fault);
}

}  // namespace portillon::report
