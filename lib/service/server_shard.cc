#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "host/machine.h"
#include "link/heartbeat.h"
#include "link/process.h"
#include "link/stream_link.h"
#include "server/shard.h"
#include "server/shared_memory.h"
#include "service/instruction_message.h"
#include "service/plan_message.h"
#include "service/serve.h"

namespace portillon::service {

namespace {

constexpr Nanos publish_every = 100ms;
constexpr Nanos connections_end_within = 2s;
constexpr Nanos join_patience = 15s;
constexpr Nanos join_step = 5ms;
constexpr int niceness_beside_a_generator = 5;
constexpr std::uint64_t own_descriptors = 200;  // sockets, memories, libraries, and some to spare

class ServerShard final : private Alarm {
public:
    explicit ServerShard(const server::ListenerKinds& kinds)
        : kinds_(kinds), link_(loop_, std::make_unique<link::StreamLink>(loop_, link::link_descriptor)) {}

    int run() {
        link_.start([this](const link::v1::LinkMessage& message) { heard(message); },
                    [this](const error_code&) {
                        exit_status_ = 1;  // the conductor is gone, and the ledgers with it
                        loop_.stop();
                    });
        link::v1::LinkMessage hello;
        hello.mutable_hello()->set_pid(::getpid());
        link_.send(hello);
        loop_.run();
        return exit_status_;
    }

private:
    void heard(const link::v1::LinkMessage& message) {
        if (message.has_server_plan()) {
            if (const std::string problem = take(message.server_plan()); !problem.empty()) {
                say_ready(problem);
            }
        } else if (message.has_bye()) {
            stop();
        } else if (const auto request = request_of(message); request && shard_) {
            obey(*request);
        }
    }

    void obey(const Request& request) {
        const auto done = [this, number = request.number](const server::Obeyed& obeyed) { answer(number, obeyed); };
        if (request.instruction) {
            shard_->obey(*request.instruction, done);
        } else {
            done({.problem = format_problem(request.instruction.problems().front()), .connections_left = 0});
        }
    }

    // Returns what is wrong with the plan, or an empty text.
    std::string take(const link::v1::ServerPlan& message) {
        auto plan = read_plan(message);
        if (!plan) {
            return "a server process cannot read its plan: " + format_problem(plan.problems().front());
        }
        plan_ = std::move(*plan);
        return prepare();
    }

    std::string prepare() {
        auto memory = server::SharedMemory::open(plan_.figures);
        if (!memory) {
            return "a server process cannot open the shared memory: " + memory.error().message();
        }
        if (memory->bytes().size() < server::SharedFigures::bytes_needed(plan_.shards)) {
            return "a server process finds too little shared memory";
        }
        memory_.emplace(std::move(*memory));
        auto limits = plan_.limits;
        const auto descriptors = host::raise_descriptor_limit();
        limits.connections = static_cast<std::uint32_t>(
            std::min<std::uint64_t>(limits.connections, descriptors - std::min(descriptors, own_descriptors)));
        const server::SharedFigures shared_figures(memory_->bytes(), plan_.shards);
        shard_.emplace(loop_, kinds_, limits, shared_figures, plan_.shard);
        if (!plan_.mesh.empty()) {
            if (const auto error = shard_->meet(plan_.mesh)) {
                return "a server process cannot be reached by the others: " + error.message();
            }
        }
        for (const unsigned dead : plan_.dead) {
            shard_->expect_none_of(dead);
        }
        std::string problem;
        const auto note = [&problem](const server::Obeyed& obeyed) {
            problem = problem.empty() ? obeyed.problem : problem;
        };
        for (const auto& run : plan_.runs) {
            shard_->obey(server::OpenRun{run}, note);
        }
        for (const auto& fault : plan_.faults) {
            shard_->obey(server::SetFault{fault}, note);
        }
        if (!problem.empty()) {
            return problem;
        }
        join_by_ = loop_.now() + join_patience;
        loop_.timers().set(*this, loop_.now());
        return {};
    }

    // If a generator runs on the same cores, the server lets it go first, since a generator that is late measures
    // itself. This begins only after the fleet has dialled, because before all of it would wait in the listen queue.
    // Measured with 50,000 equipments over HTTP/2 on 2 cores, 94 % busy: generator_lag P99 fell from 9.4 to 1.6 ms, and
    // P99 of response from 43 to 11 ms. A niceness of 10 instead of 5 was no better and made the server slower.
    void give_way() {
        plan_.gives_way = false;
        static_cast<void>(::nice(niceness_beside_a_generator));
    }

    // Begins to accept connections once every other shard can be reached, since a new session may belong to any of
    // them.
    void begin(Instant now) {
        if (!plan_.mesh.empty() && !shard_->join()) {
            if (now < *join_by_) {
                loop_.timers().set(*this, now + join_step);
            } else {
                say_ready("a server process cannot reach the others");
            }
            return;
        }
        join_by_.reset();
        say_ready(listen());
        loop_.timers().set(*this, now + publish_every);
    }

    std::string listen() {
        for (const auto& [listener, at] : plan_.listeners) {
            if (!server::is_among(kinds_, listener)) {
                return fmt::format("a server process knows no listener {}", listener);
            }
            if (const auto error = shard_->listen(listener, at)) {
                return fmt::format("{}={}: {}", listener, net::format_endpoint(at), error.message());
            }
        }
        return {};
    }

    void say_ready(const std::string& problem) {
        link::v1::LinkMessage message;
        message.mutable_ready()->set_problem(problem);
        link_.send(message);
    }

    void answer(std::uint64_t request, const server::Obeyed& obeyed) {
        link::v1::LinkMessage message;
        message.mutable_done()->set_request(request);
        message.mutable_done()->set_problem(obeyed.problem);
        message.mutable_done()->set_connections_left(obeyed.connections_left);
        link_.send(message);
    }

    void stop() {
        if (!shard_) {
            loop_.stop();
            return;
        }
        join_by_.reset();
        shard_->stop();
        stop_by_ = loop_.now() + connections_end_within;
        loop_.timers().set(*this, loop_.now());
    }

    void ring(Instant now) override {
        if (join_by_) {
            begin(now);
            return;
        }
        shard_->publish();
        if (plan_.gives_way && shard_->is_running(now)) {
            give_way();
        }
        if (stop_by_ && (shard_->is_at_rest() || now >= *stop_by_)) {
            loop_.stop();
            return;
        }
        loop_.timers().set(*this, now + (stop_by_ ? publish_every / 10 : publish_every));
    }

    const server::ListenerKinds& kinds_;
    MonotonicClock clock_;
    net::Loop loop_{clock_};
    link::Heartbeat link_;
    std::optional<server::SharedMemory> memory_;
    std::optional<server::Shard> shard_;
    Plan plan_;
    std::optional<Instant> join_by_;  // set until this shard and all others can reach each other
    std::optional<Instant> stop_by_;
    int exit_status_ = 0;
};

}  // namespace

int serve_shard(const server::ListenerKinds& kinds) {
    return ServerShard(kinds).run();
}

}  // namespace portillon::service
