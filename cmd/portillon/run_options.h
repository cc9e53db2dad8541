#pragma once

// The options of every command that runs something: the target, the number of processes, and how much is confirmed.

#include <CLI/App.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/problem.h"
#include "base/standard_stream.h"
#include "commands.h"
#include "live_line.h"
#include "net/endpoint.h"
#include "report/terminal.h"
#include "run/order.h"
#include "scenario_options.h"

namespace portillon::cmd {

// A server to load: --target [NAME=]URL, with the --ledger of the same name.
struct Destination {
    std::string name;  // empty if there is only one
    net::Located server;
    std::optional<net::Located> ledger;

    std::string text() const { return server.url.text(); }
};

class RunOptions {
public:
    // Adds --shards --source-address --strict --yes --quiet --no-progress --allow-commands --target --ledger;
    // `several`: targets may be named.
    enum class Target : std::uint8_t { one, several };
    void add_to(CLI::App& app, Target target);

    // In the order in which they were named; empty: the embedded server. A name may have several URLs of different
    // schemes: one server that speaks several protocols.
    Checked<std::vector<Destination>> destinations() const;

    // The order for one protocol, whose scheme must be that of the destination; `command` is the command line.
    Checked<run::Order> order(const Loaded& loaded, const std::string& protocol,
                              const std::optional<Destination>& destination, std::vector<std::string> command) const;

    // Whether this machine can carry each of the runs; if not, prints what is missing and which command helps. Sends
    // nothing.
    bool machine_carries(const std::vector<const run::Order*>& orders) const;

    bool strict() const { return strict_; }
    bool quiet() const { return quiet_; }
    LiveLine::Output output() const;

    // Prints what will be sent where, and asks for confirmation if a target is not this machine. Returns false if the
    // user declines, or cannot be asked.
    bool confirm(const Loaded& loaded, const std::string& protocols,
                 const std::vector<Destination>& destinations) const;

private:
    std::vector<std::string> targets_, ledgers_;
    unsigned shards_ = 0;
    std::vector<std::string> source_addresses_;
    bool strict_ = false;
    bool yes_ = false;
    bool commands_allowed_ = false;
    bool quiet_ = false;
    bool no_progress_ = false;
};

// The style for a stream: with colours on a terminal, unless NO_COLOR is set.
report::Style style_for(const StandardStream& stream);

// Returns the number of columns of the stream's terminal, or report::terminal_columns if it is none.
std::size_t columns_for(const StandardStream& stream);

// The command line, for the report.
std::vector<std::string> command_line();

}  // namespace portillon::cmd
