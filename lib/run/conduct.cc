#include "run/conduct.h"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <random>

#include "host/machine.h"
#include "net/signals.h"
#include "net/task_group.h"
#include "plan/sizing.h"
#include "run/command_runner.h"
#include "run/conductor.h"
#include "run/embedded_target.h"
#include "run/foreign_target.h"
#include "run/routes.h"

namespace portillon::run {

namespace {

RunId random_run() {
    std::random_device device;
    return RunId{(std::uint64_t{device()} << 32) | device()};
}

std::uint32_t equipments_of(const scenario::Scenario& scenario) {
    std::uint32_t sum = 0;
    for (const auto& lot : scenario.lots) {
        sum += lot.fleet.equipments;
    }
    return sum;
}

plan::Sizing sizing_of(const Order& order) {
    const auto options = order.scenario.protocols.find(order.protocol->name);
    const auto traits =
        order.protocol->traits(options == order.scenario.protocols.end() ? nlohmann::json::object() : options->second);
    const auto descriptors = std::min<std::uint64_t>(host::raise_descriptor_limit(), 1 << 30);
    return plan::size_for(equipments_of(order.scenario), traits.descriptors_per_session,
                          order.target ? plan::Server::foreign : plan::Server::embedded,
                          {.descriptor_limit = static_cast<unsigned>(descriptors),
                           .cores = host::cores(),
                           .ports_per_address = host::ports_per_address()},
                          fewest_server_shards(order.scenario));
}

// A run with the processes of this machine, its clock and its signals.
class LocalRun {
public:
    LocalRun(const Order& order, Progress& progress, const plan::Sizing& sizing)
        : target_(make_target(order, sizing.server_shards)),
          conductor_(order, progress,
                     {.loop = loop_,
                      .generators = generators_,
                      .target = *target_,
                      .generator_shards = order.shards > 0 ? order.shards : sizing.generator_shards,
                      .ports_per_address = host::ports_per_address(),
                      .target_in_words = describe_target(order),
                      .server_shards = sizing.server_shards,
                      .execute = [this](std::vector<std::string> words,
                                        Nanos limit) { return commands_.execute(std::move(words), limit); },
                      .run = random_run()}) {}

    RunOutcome conduct() {
        tasks_.spawn(live());
        loop_.run();
        return std::move(outcome_);
    }

private:
    std::unique_ptr<Target> make_target(const Order& order, unsigned server_shards) {
        if (order.target) {
            return std::make_unique<ForeignTarget>(loop_, *order.target, order.ledger, order.ledger_token);
        }
        return std::make_unique<EmbeddedTarget>(loop_, order.protocol->listener, order.protocol->scheme, server_shards,
                                                [this](const std::string& what) { conductor_.mourn(what); });
    }

    net::Task<void> live() {
        outcome_ = co_await conductor_.live();
        loop_.stop();
    }

    void interrupt(const net::StopSignal& signal) {
        if (!conductor_.interrupt(signal)) {
            ::_exit(128 + signal.number);  // the shards die with this process
        }
    }

    MonotonicClock clock_;
    net::Loop loop_{clock_};
    Generators generators_{loop_, [this](unsigned) { return link::start_process(loop_, {"generator-shard"}); }};
    CommandRunner commands_{loop_};
    std::unique_ptr<Target> target_;
    Conductor conductor_;
    RunOutcome outcome_;
    net::Signals signals_{loop_, net::stop_signals(), [this](int signal) { interrupt({signal, loop_.now()}); }};
    net::TaskGroup tasks_{loop_};
};

}  // namespace

RunOutcome conduct(const Order& order, Progress& progress) {
    return LocalRun(order, progress, sizing_of(order)).conduct();
}

}  // namespace portillon::run
