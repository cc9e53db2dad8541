// For ci/strangers: offers batches of a small fleet over one of our drivers to somebody else's server, and says what
// became of them, one line per answer and cause: "acknowledged 1000".
//
// Usage: portillon_stranger_client PROTOCOL URL SESSIONS BATCHES-EACH IN-FLIGHT VALIDATIONS-A-BATCH
//
// A batch is offered once, but for those that are to be tried again. Gives up after 30 s, with exit code 1.

#include <cstdio>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/check.h"
#include "drivers/grpc/kind.h"
#include "drivers/http2/kind.h"
#include "net/task_group.h"
#include "net/tcp.h"
#include "net/wakeup.h"

namespace portillon {
namespace {

constexpr RunId run{0x5742};
constexpr wire::Payload payload{.seed = 7, .bytes = 100};
constexpr Nanos patience = 30s;

struct Plan {
    Sequence batches;
    std::uint32_t in_flight;
    std::uint32_t validations;
    wire::Encoding encoding;
};

class GeneratedBody final : public driver::Body {
public:
    GeneratedBody(const wire::BatchHead& head, wire::Encoding encoding) : head_(head), encoding_(encoding) {}
    std::size_t size() const override { return wire::encoded_size(head_, payload, encoding_, EverySecond{}); }
    void write_to(std::span<std::byte> out) const override {
        wire::encode(head_, payload, encoding_, EverySecond{}, out);
    }

private:
    struct EverySecond {
        Nanos due{0};
        Nanos operator()() { return due += 1s; }
    };
    wire::BatchHead head_;
    wire::Encoding encoding_;
};

class Equipment final : private driver::Receipts {
public:
    Equipment(net::Loop& loop, driver::Driver& driver, EquipmentId id, const Plan& plan,
              std::map<std::string, int>& answers)
        : loop_(loop),
          id_(id),
          plan_(plan),
          answers_(answers),
          session_(driver.make_session(id, *this)),
          changed_(loop) {}

    net::Task<void> live() {
        while (settled_ < plan_.batches) {
            const error_code error = co_await session_->open(loop_.now() + 5s);
            if (error) {
                ++answers_["not_connected " + cause_name(error)];
                co_return;
            }
            open_ = true;
            while (open_ && settled_ < plan_.batches) {
                while (open_ && bodies_.size() < plan_.in_flight && (!again_.empty() || next_ <= plan_.batches)) {
                    offer();
                }
                co_await changed_.until(never);
            }
        }
        if (open_) {
            co_await session_->close(loop_.now() + 5s);
        }
    }

private:
    void offer() {
        Sequence batch = next_;
        if (again_.empty()) {
            ++next_;
        } else {
            batch = *again_.begin();
            again_.erase(again_.begin());
        }
        const Sequence first = 1 + (batch - 1) * plan_.validations;
        const auto& body =
            bodies_.try_emplace(first, wire::BatchHead{run, id_, first, plan_.validations}, plan_.encoding)
                .first->second;
        session_->offer({id_, first, plan_.validations, 1, loop_.now() + 10s, &body});
    }

    void settled(Sequence first, const driver::Outcome& outcome) override {
        static constexpr const char* names[] = {"acknowledged", "sent",      "rejected", "throttled",
                                                "try_again",    "timed_out", "broken"};
        bodies_.erase(first);
        ++answers_[names[static_cast<int>(outcome.answer)] +
                   (outcome.cause ? " " + cause_name(outcome.cause) : std::string())];
        if (outcome.answer == driver::Answer::try_again || outcome.answer == driver::Answer::broken) {
            again_.insert((first - 1) / plan_.validations + 1);
        } else {
            ++settled_;
        }
        changed_.wake();
    }

    void broken(const error_code& cause) override {
        ++answers_["session_broken " + cause_name(cause)];
        open_ = false;
        changed_.wake();
    }

    net::Loop& loop_;
    EquipmentId id_;
    const Plan& plan_;
    std::map<std::string, int>& answers_;
    std::unique_ptr<driver::Session> session_;
    net::Wakeup changed_;
    std::map<Sequence, GeneratedBody> bodies_;
    std::set<Sequence> again_;
    Sequence next_ = 1;
    Sequence settled_ = 0;
    bool open_ = false;
};

class GiveUp final : public Alarm {
    void ring(Instant) override {
        std::fputs("no end after 30 s\n", stderr);
        std::exit(1);
    }
};

net::Task<void> run_all(net::TaskGroup& group, net::Loop& loop) {
    co_await group.join();
    loop.stop();
}

int offer_all(const driver::Kind& kind, const net::Url& target, int sessions, Plan plan) {
    const auto at = net::resolve(target.host, target.port);
    if (!at) {
        std::fputs("cannot resolve the target\n", stderr);
        return 2;
    }
    const MonotonicClock clock;
    net::Loop loop(clock);
    net::Traffic traffic;
    net::TcpDialer dialer(loop, *at, {}, traffic);
    const auto options = nlohmann::json::object();
    plan.encoding = kind.traits(options).native;
    const auto driver = kind.make({loop, dialer, target, options, plan.encoding, plan.in_flight, run});
    std::map<std::string, int> answers;
    std::vector<std::unique_ptr<Equipment>> fleet;
    net::TaskGroup lives(loop);
    net::TaskGroup last(loop);
    GiveUp give_up;
    loop.timers().set(give_up, loop.now() + patience);
    for (int i = 1; i <= sessions; ++i) {
        fleet.push_back(
            std::make_unique<Equipment>(loop, *driver, EquipmentId{static_cast<std::uint32_t>(i)}, plan, answers));
        lives.spawn(fleet.back()->live());
    }
    last.spawn(run_all(lives, loop));
    loop.run();
    loop.poll();
    for (const auto& [answer, count] : answers) {
        std::printf("%s %d\n", answer.c_str(), count);
    }
    return 0;
}

}  // namespace
}  // namespace portillon

int main(int count, char** arguments) {
    using namespace portillon;
    const std::vector<std::string> words(arguments + 1, arguments + count);
    const auto target = words.size() == 6 ? net::parse_url(words[1]) : std::nullopt;
    if (!target) {
        std::fputs("usage: portillon_stranger_client http2|grpc URL SESSIONS BATCHES IN-FLIGHT VALIDATIONS\n", stderr);
        return 2;
    }
    const auto kind = words[0] == "grpc" ? grpc::kind() : http2::kind();
    return offer_all(kind, *target, std::stoi(words[2]),
                     {std::stoull(words[3]), static_cast<std::uint32_t>(std::stoul(words[4])),
                      static_cast<std::uint32_t>(std::stoul(words[5])), wire::Encoding::json});
}
