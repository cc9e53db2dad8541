// For ci/strangers: offers batches of a small fleet over our driver to somebody else's broker, and says what became of
// them, one line per answer and cause: "acknowledged 1000".
//
// Usage: portillon_stranger_mqtt_client PORT OPTIONS-AS-JSON SESSIONS BATCHES-EACH IN-FLIGHT BODY-BYTES
//
// A body is "EQUIPMENT:BATCH:" and x up to its size. Each batch is offered once. Gives up after 60 s, with exit code 1.

#include <cstdio>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "drivers/mqtt/kind.h"
#include "net/task_group.h"
#include "net/tcp.h"
#include "net/wakeup.h"

namespace portillon {
namespace {

struct Plan {
    Sequence batches;
    std::uint32_t in_flight;
    std::size_t body_bytes;
};

class LabelledBody final : public driver::Body {
public:
    LabelledBody(EquipmentId equipment, Sequence batch, std::size_t bytes)
        : text_(std::to_string(number_of(equipment)) + ":" + std::to_string(batch) + ":") {
        text_.resize(std::max(text_.size(), bytes), 'x');
    }
    std::size_t size() const override { return text_.size(); }
    void write_to(std::span<std::byte> out) const override {
        std::copy_n(reinterpret_cast<const std::byte*>(text_.data()), text_.size(), out.begin());
    }

private:
    std::string text_;
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
            if (const error_code error = co_await session_->open(loop_.now() + 10s)) {
                ++answers_["not_connected " + cause_name(error)];
                co_return;
            }
            open_ = true;
            while (open_ && settled_ < plan_.batches) {
                while (open_ && bodies_.size() < plan_.in_flight && next_ <= plan_.batches) {
                    const auto& body = bodies_.try_emplace(next_, id_, next_, plan_.body_bytes).first->second;
                    session_->offer({id_, next_++, 1, 1, never, &body});
                }
                co_await changed_.until(never);
            }
        }
        if (open_) {
            co_await session_->close(loop_.now() + 10s);
        }
    }

private:
    void settled(Sequence first, const driver::Outcome& outcome) override {
        static constexpr const char* names[] = {"acknowledged", "sent",      "rejected", "throttled",
                                                "try_again",    "timed_out", "broken"};
        bodies_.erase(first);
        ++answers_[names[static_cast<int>(outcome.answer)] +
                   (outcome.cause ? " " + cause_name(outcome.cause) : std::string())];
        ++settled_;
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
    std::map<Sequence, LabelledBody> bodies_;
    Sequence next_ = 1;
    Sequence settled_ = 0;
    bool open_ = false;
};

class GiveUp final : public Alarm {
    void ring(Instant) override {
        std::fputs("no end after 60 s\n", stderr);
        std::exit(1);
    }
};

net::Task<void> stop_after(net::TaskGroup& lives, net::Loop& loop) {
    co_await lives.join();
    loop.stop();
}

int offer_all(std::uint16_t port, const nlohmann::json& options, std::uint32_t sessions, const Plan& plan) {
    const MonotonicClock clock;
    net::Loop loop(clock);
    net::Traffic traffic;
    const net::Url target{"mqtt", "127.0.0.1", port, ""};
    net::TcpDialer dialer(loop, *net::resolve(target.host, port), {}, traffic);
    const RunId run{static_cast<std::uint64_t>(loop.now().time_since_epoch().count())};
    const auto driver =
        mqtt::kind().make({loop, dialer, target, options, wire::Encoding::protobuf, plan.in_flight, run});
    std::map<std::string, int> answers;
    std::vector<std::unique_ptr<Equipment>> fleet;
    net::TaskGroup lives(loop);
    net::TaskGroup last(loop);
    GiveUp give_up;
    loop.timers().set(give_up, loop.now() + 60s);
    for (std::uint32_t i = 1; i <= sessions; ++i) {
        fleet.push_back(std::make_unique<Equipment>(loop, *driver, EquipmentId{i}, plan, answers));
        lives.spawn(fleet.back()->live());
    }
    last.spawn(stop_after(lives, loop));
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
    const std::vector<std::string> words(arguments + 1, arguments + count);
    if (words.size() != 6) {
        std::fputs("usage: portillon_stranger_mqtt_client PORT OPTIONS SESSIONS BATCHES IN-FLIGHT BODY-BYTES\n",
                   stderr);
        return 2;
    }
    return portillon::offer_all(
        static_cast<std::uint16_t>(std::stoul(words[0])), nlohmann::json::parse(words[1]),
        static_cast<std::uint32_t>(std::stoul(words[2])),
        {std::stoull(words[3]), static_cast<std::uint32_t>(std::stoul(words[4])), std::stoull(words[5])});
}
