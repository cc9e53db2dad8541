#include "scenario_template.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"
#include "protocols.h"

namespace portillon::cmd {

namespace {

constexpr std::size_t comment_column = 40;

// Lines of YAML, each with its explanation behind it.
class Lines {
public:
    void add(std::string line, const std::string& comment) {
        line.resize(std::max(comment_column, line.size() + 2), ' ');
        text_ += line + "# " + comment + "\n";
    }
    void add_uncommented(const std::string& line) { text_ += line + "\n"; }
    void say(const std::string& comment) { text_ += comment.empty() ? "#\n" : "# " + comment + "\n"; }
    const std::string& text() const { return text_; }

private:
    std::string text_;
};

// A double-quoted text of YAML.
std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char letter : text) {
        out += letter == '"' || letter == '\\' ? std::string("\\") + letter : std::string(1, letter);
    }
    return out + "\"";
}

std::string target_option(const Answers& answers) {
    return answers.target ? " --target " + *answers.target : "";
}

void head(Lines& lines, const Answers& answers) {
    lines.say("yaml-language-server: $schema=" + answers.schema);
    lines.say("");
    lines.say("A load test. These commands use it:");
    lines.say(fmt::format("  portillon validate {}   names everything that is wrong in it", answers.file));
    lines.say(
        fmt::format("  portillon plan {}   shows what it will do and what it needs; sends nothing", answers.file));
    lines.say(fmt::format("  portillon run {}{}   runs it", answers.file, target_option(answers)));
    if (!answers.target) {
        lines.say(fmt::format("  portillon compare {}   runs it over every protocol and compares them", answers.file));
    }
    lines.say(
        "A key that is left out has a default; `man portillon-scenario` describes all keys, `portillon explain TERM`");
    lines.say("the words. Durations are written 250ms, 30s, 5m or 1h30m, rates 10/s, 6/m or 3600/h.");
}

void fleet(Lines& lines, const Answers& answers) {
    lines.add("fleet:", "the emulated equipments");
    lines.add(fmt::format("  equipments: {}", answers.equipments),
              "how many; each has its own connection, schedule and cache");
    lines.add("  start:", "how they connect, before the instant 0 of the run");
    lines.add("    rate: 1000/s", "so many connections are begun each second");
    lines.add("    within: 60s", "equipments that are not connected by then begin offline");
}

void traffic(Lines& lines, const Answers& answers) {
    lines.add("traffic:", "when validations are due: the events that the equipments send");
    lines.add("  arrival: periodic", "even gaps; poisson: random gaps; there are also bursts and traces");
    lines.add("  stages:", "parts of the run, one after the other");
    if (parse_duration(answers.warm_up) > 0ns) {
        lines.add("    - name: warm-up", "the first part");
        lines.add(fmt::format("      duration: {}", answers.warm_up), "how long it lasts");
        lines.add(fmt::format("      rate: {}", answers.rate), "validations of each equipment");
        lines.add("      measure: false", "it is left out of the times, but nothing of it may be lost");
    }
    lines.add("    - name: measured", "the part that is measured");
    lines.add(fmt::format("      duration: {}", answers.duration), "how long it lasts");
    lines.add(fmt::format("      rate: {}", answers.rate), "validations of each equipment");
    lines.add("  payload:", "what a validation carries");
    lines.add("    bytes: 100", "its size in the protobuf form");
    lines.add("    encoding: native", "JSON over HTTP/2, protobuf over the others; or json, or protobuf");
}

void delivery(Lines& lines, const Answers& answers) {
    lines.add("delivery:", "how equipments send");
    lines.add("  batch: { max: 1, linger: 0s }",
              "validations in one message, and how long the first one waits for others");
    lines.add("  in_flight: 2", "messages that an equipment may have unanswered");
    if (answers.outage) {
        lines.add("  order: strict", "nothing overtakes a validation that waits for a retry; relaxed allows it");
    } else {
        lines.add("  order: relaxed", "strict: nothing overtakes a validation that waits for a retry");
    }
    lines.add("  timeout: 5s", "an answer that takes longer counts as none: the message is sent again");
    lines.add("  connect_timeout: 10s", "the same for a connection");
    lines.add("  cache: 10MB", "what an equipment keeps while it cannot send; more is discarded");
    lines.add("  retry: { base: 100ms, max: 5s }", "the wait before another attempt, doubled each time, with jitter");
    lines.add("  drain: 30s", "the longest time after the last part to send what is left");
}

void faults(Lines& lines, const std::string& outage, const std::string& at) {
    lines.add("faults:", "what goes wrong on purpose; `portillon explain fault`");
    lines.add("  - kind: cut", "the network is silent for everyone; nothing is closed");
    lines.add(fmt::format("    at: {}", at), "when it begins, from the instant 0 of the run");
    lines.add(fmt::format("    for: {}", outage), "how long it lasts");
}

// During an outage validations wait, so that only those of an ordinary moment can keep a promise that nobody has made.
std::string promise_of(const Answers& answers) {
    return answers.promise.value_or(answers.outage ? "med<1s" : "p(95)<50ms");
}

void thresholds(Lines& lines, const Answers& answers) {
    lines.add("thresholds:", "what must hold for the run to pass; the exit code is 99 if one does not");
    lines.add(fmt::format("  response: [{}]", quoted(promise_of(answers))),
              "from the instant it was due to its answer");
    lines.add("  never_connected: [\"count==0\"]", "every equipment has been connected");
    lines.add("  rejected: [\"count==0\"]", "the server has refused nothing for good");
    if (answers.target) {
        lines.say("What arrived is only known of a server that can be asked (--ledger). If yours can, add:");
        lines.say("  lost: [\"count==0\"]");
        lines.say("  undelivered: [\"count==0\"]");
        return;
    }
    lines.add("  lost: [\"count==0\"]", "everything that was acknowledged has arrived");
    lines.add("  undelivered: [\"count==0\"]", "everything that was due has arrived");
    if (answers.outage) {
        lines.add("  reordered: [\"count==0\"]", "and in the order of each equipment");
    }
}

std::string question_of(const Answers& answers) {
    const auto load = fmt::format("{} with {} each", counted(answers.equipments, "equipment"), answers.rate);
    return answers.outage ? fmt::format("{}, and {} without network: is anything lost?", load, *answers.outage)
                          : fmt::format("{}: does the response keep {}?", load, promise_of(answers));
}

}  // namespace

std::string commented_scenario(const Answers& answers) {
    Lines lines;
    head(lines, answers);
    lines.add("name: " + quoted(answers.name), "what reports call it");
    lines.say("The question that it answers:");
    lines.add_uncommented("description: " + quoted(question_of(answers)));
    lines.add("seed: 1", "everything random follows from it: the same seed makes the same run");
    lines.add("protocol: " + answers.protocol, "when the command line names none: " + names_of_protocols());
    fleet(lines, answers);
    traffic(lines, answers);
    delivery(lines, answers);
    if (answers.outage) {
        faults(lines, *answers.outage, *answers.outage_at);
    }
    thresholds(lines, answers);
    return lines.text();
}

}  // namespace portillon::cmd
