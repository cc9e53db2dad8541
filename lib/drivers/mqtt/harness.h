#pragma once

// For tests: one session of the driver, on simulated time, against a peer that sends what the test tells it to.

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "drivers/mqtt/kind.h"
#include "net/task_group.h"
#include "testing/byte_peer.h"
#include "testing/pipe.h"
#include "testing/simulation.h"

namespace portillon::drivers::mqtt {

// Options of the driver, and the server's CONNACK for each version.
inline constexpr const char* five = R"({"version": 5, "topic": "v/{equipment}"})";
inline constexpr const char* three = R"({"version": "3.1.1", "topic": "v/{equipment}"})";
inline constexpr const char* connack_5 = "20 03 00 00 00";
inline constexpr const char* connack_3 = "20 02 00 00";

class TextBody final : public driver::Body {
public:
    explicit TextBody(std::string text) : text_(std::move(text)) {}
    std::size_t size() const override { return text_.size(); }
    void write_to(std::span<std::byte> out) const override {
        std::copy_n(reinterpret_cast<const std::byte*>(text_.data()), text_.size(), out.begin());
    }

private:
    std::string text_;
};

class Recorder final : public driver::Receipts {
public:
    explicit Recorder(testing::Simulation& simulation) : simulation_(simulation), begin_(simulation.now()) {}

    void settled(Sequence first, const driver::Outcome& outcome) override {
        static constexpr const char* answers[] = {"acknowledged", "sent",      "rejected", "throttled",
                                                  "try_again",    "timed_out", "broken"};
        std::string text = std::to_string(first) + " " + answers[static_cast<int>(outcome.answer)];
        if (outcome.cause) {
            text += " " + cause_name(outcome.cause);
        }
        lines.push_back(text);
        outcomes.push_back(outcome);
        EXPECT_EQ(outcome.answered <= simulation_.now(), true);
        if (on_settled) {
            on_settled(first, outcome);
        }
    }
    void broken(const error_code& cause) override {
        lines.push_back("broken " + cause_name(cause));
        if (on_broken) {
            on_broken();
        }
    }

    void said(const error_code& cause, std::string_view words) override {
        lines.push_back("said " + cause_name(cause) + " " + std::string(words));
    }

    void stray(const error_code& cause) override { strays.push_back(cause_name(cause)); }

    std::vector<std::string> take() { return std::exchange(lines, {}); }
    Nanos since_begin(Instant at) const { return at - begin_; }

    std::vector<std::string> lines;
    std::vector<std::string> strays;  // their causes
    std::vector<driver::Outcome> outcomes;
    std::function<void(Sequence, const driver::Outcome&)> on_settled;
    std::function<void()> on_broken;

private:
    testing::Simulation& simulation_;
    Instant begin_;
};

class Harness : public ::testing::Test {
protected:
    static constexpr Nanos latency = 1ms;  // one way

    // Replaces the session; call it before any batch is offered.
    void make(const std::string& options) {
        session_.reset();
        driver_.reset();
        options_ = nlohmann::json::parse(options);
        driver_ =
            kind_.make({simulation_.loop(), *dialling_, target_, options_, wire::Encoding::protobuf, 100, RunId{7}});
        session_ = driver_->make_session(EquipmentId{1}, receipts_);
    }

    testing::BytePeer& peer() { return *peers_.back(); }

    // Runs until the peer has the CONNECT, which it has not answered.
    void dial(Instant deadline = never) {
        opened_.reset();
        tasks_.spawn(open_into(*session_, deadline, opened_));
        pass(2 * latency);
    }

    void open(const std::string& connack) {
        dial();
        ASSERT_FALSE(peers_.empty());
        peer().take();
        peer().send(connack);
        pass(latency);
        ASSERT_EQ(opened(), "none");
    }

    // "" while open() has not completed.
    std::string opened() const { return opened_ ? cause_name(*opened_) : ""; }

    void offer(Sequence first, const std::string& text) {
        bodies_.emplace_back(text);
        session_->offer({EquipmentId{1}, first, 1, 1, never, &bodies_.back()});
    }

    void forget(Instant deadline) {
        forgot_.reset();
        tasks_.spawn(forget_into(*session_, deadline, forgot_));
    }
    std::string forgot() const { return forgot_ ? cause_name(*forgot_) : ""; }

    void close(Instant deadline) { tasks_.spawn(close_into(*session_, deadline, closed_)); }

    void pass(Nanos time) { simulation_.run_for(time); }
    void settle() { simulation_.settle(); }
    Instant now() const { return simulation_.now(); }

    static net::Task<void> open_into(driver::Session& session, Instant deadline, std::optional<error_code>& into) {
        into = co_await session.open(deadline);
    }
    static net::Task<void> forget_into(driver::Session& session, Instant deadline, std::optional<error_code>& into) {
        into = co_await session.forget(deadline);
    }
    static net::Task<void> close_into(driver::Session& session, Instant deadline, bool& into) {
        co_await session.close(deadline);
        into = true;
    }

    testing::Simulation simulation_;
    driver::Kind kind_ = kind();
    net::Url target_{"mqtt", "broker", 1883, ""};
    nlohmann::json options_;
    std::vector<std::unique_ptr<testing::BytePeer>> peers_;
    testing::PipeDialer dialer_{simulation_.loop(), latency,
                                [this](EquipmentId, std::unique_ptr<net::Transport> transport) {
                                    peers_.push_back(std::make_unique<testing::BytePeer>(std::move(transport)));
                                }};
    net::Dialer* dialling_ = &dialer_;
    Recorder receipts_{simulation_};
    std::deque<TextBody> bodies_;
    net::TaskGroup tasks_{simulation_.loop()};
    std::unique_ptr<driver::Driver> driver_;
    std::unique_ptr<driver::Session> session_;
    std::optional<error_code> opened_;
    std::optional<error_code> forgot_;
    bool closed_ = false;
};

}  // namespace portillon::drivers::mqtt
