#pragma once

// For tests: the admin endpoint with one shard in the same process, asked without sockets.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "net/task_group.h"
#include "server/admin/admin.h"
#include "server/sample_run.h"
#include "server/shard.h"
#include "testing/simulation.h"

namespace portillon::server::admin {

// A group of one shard. An instruction completes when the shard says so.
class InProcessGroup final : public ShardGroup {
public:
    InProcessGroup(net::Loop& loop, Shard& shard) : loop_(loop), shard_(shard) {}

    std::vector<ShardStatus> status() override { return {{.pid = 4711, .cpu_s = 1.5, .rss_bytes = 1'000}}; }

    net::Task<Obeyed> tell(Instruction instruction) override {
        if (!problem.empty()) {
            co_return Obeyed{.problem = problem, .connections_left = 0};
        }
        net::Wakeup answered(loop_);
        std::optional<Obeyed> answer;
        shard_.obey(instruction, [&](const Obeyed& obeyed) {
            answer = obeyed;
            answered.wake();
        });
        while (!answer) {
            co_await answered.until(never);
        }
        co_return *answer;
    }

    // A shard of the same process cannot be killed: the calls are noted only.
    net::Task<void> kill(unsigned shard) override {
        killed.push_back(shard);
        co_return;
    }
    net::Task<void> revive(std::vector<unsigned> shards, Inheritance inheritance) override {
        revived = std::move(shards);
        inherited = std::move(inheritance);
        co_return;
    }

    std::string problem;  // the problem with which every instruction fails
    std::vector<unsigned> killed, revived;
    Inheritance inherited;

private:
    net::Loop& loop_;
    Shard& shard_;
};

struct AdminScene {
    struct Answer {
        unsigned status = 0;
        nlohmann::json body;
        std::string allow;
    };

    Answer ask(std::string method, std::string target, std::string body = {}) {
        Answer answer;
        net::TaskGroup tasks(simulation.loop());
        tasks.spawn(asked({std::move(method), std::move(target), std::move(body)}, answer));
        for (int i = 0; i < 10'000 && tasks.running() > 0; ++i) {
            simulation.run_for(1ms);
        }
        return answer;
    }

    net::Task<void> asked(AdminRequest request, Answer& answer) {
        const AdminAnswer raw = co_await admin.respond(std::move(request));
        answer = {raw.status, nlohmann::json::parse(raw.body), raw.allow};
    }

    void arrive(std::span<const std::byte> bytes) { shard.ingest().arrived(bytes, answers, {}); }

    testing::Simulation simulation;
    ListenerKinds kinds;
    Limits limits;
    SharedMemory memory = SharedMemory::create("figures", SharedFigures::bytes_needed(1)).value();
    SharedFigures shared_figures{memory.bytes(), 1};
    Shard shard{simulation.loop(), kinds, limits, shared_figures, 0};
    InProcessGroup group{simulation.loop(), shard};
    host::Facts machine;  // what the machine says of itself
    Admin admin{
        simulation.loop(), group, shared_figures, {"0.1.0", {{"mqtt", "127.0.0.1:1883"}}, [this] { return machine; }}};
    SampleRun sample;  // its batches are used, its ledger is not
    HeardAnswers answers;
};

}  // namespace portillon::server::admin
