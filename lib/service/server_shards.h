#pragma once

// The server's shards as its conductor sees them: processes behind links.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "link/worker.h"
#include "net/wakeup.h"
#include "server/shard_group.h"
#include "service/plan.h"

namespace portillon::service {

class ServerShards final : public server::ShardGroup {
public:
    // Called at once when a shard is lost: "server shard 1 (pid 4711) killed by signal 9".
    using Lost = std::function<void(const std::string& what)>;

    ServerShards(net::Loop& loop, Lost lost) : loop_(loop), lost_(std::move(lost)), changed_(loop) {}

    // Starts `plan.shards` processes and waits until all of them serve. Returns a problem in words, or an empty text.
    net::Task<std::string> start(Plan plan);

    // Tells the shards to end, and kills those that have not ended by `deadline`.
    net::Task<void> dismiss(Instant deadline);

    std::vector<server::ShardStatus> status() override;
    net::Task<server::Obeyed> tell(server::Instruction instruction) override;
    net::Task<void> kill(unsigned shard) override;
    net::Task<void> revive(std::vector<unsigned> shards, Inheritance inheritance) override;

private:
    struct Shard {
        unsigned number = 0;
        std::unique_ptr<link::Worker> worker;
        enum class Stage : std::uint8_t { started, serving, ended } stage = Stage::started;
        std::string problem;
        server::ShardStatus last_seen;
        double cpu_s_before = 0;  // CPU time of the processes that had its place before
        enum class Death : std::uint8_t { unplanned, planned } death = Death::unplanned;
    };
    struct Pending {  // an instruction under way
        explicit Pending(net::Loop& loop) : changed(loop) {}
        std::set<unsigned> awaited;
        server::Obeyed obeyed;
        net::Wakeup changed;
    };

    std::string launch(Shard& shard, Plan plan);  // returns a problem in words, or an empty text
    void heard(Shard& shard, const link::v1::LinkMessage& message);
    void ended(Shard& shard, const error_code& cause);
    void done(Shard& shard, const link::v1::Done& message);
    bool all(Shard::Stage stage) const;

    net::Loop& loop_;
    Plan plan_;
    Lost lost_;
    net::Wakeup changed_;
    std::vector<std::unique_ptr<Shard>> shards_;
    std::map<std::uint64_t, Pending*> pending_;
    std::uint64_t requests_ = 0;
    enum class Purpose : std::uint8_t { serving, ending } purpose_ = Purpose::serving;
};

}  // namespace portillon::service
