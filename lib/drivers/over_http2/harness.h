#pragma once

// For tests: one session of a driver, on simulated time, against a server that sends what the test tells it to.

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "driver/kind.h"
#include "http2/raw_frames.h"
#include "net/task_group.h"
#include "testing/pipe.h"
#include "testing/simulation.h"

namespace portillon::drivers::over_http2 {

namespace raw = portillon::http2::raw;

// Records every frame; sends by itself only the acknowledgement of SETTINGS, once the test has made it send anything.
class ScriptedServer final : private net::Transport::Reader {
public:
    explicit ScriptedServer(std::unique_ptr<net::Transport> transport) : transport_(std::move(transport)) {
        transport_->start(*this);
    }

    void send(const std::string& bytes) {
        transport_->write(bytes_of(bytes));
        speaks_ = speaks_ || !bytes.empty();
    }
    net::Transport& transport() { return *transport_; }

    std::vector<raw::Frame> frames;
    error_code end;

    std::vector<raw::Frame> of(raw::Type type) const {
        std::vector<raw::Frame> found;
        for (const auto& frame : frames) {
            if (frame.type == type) {
                found.push_back(frame);
            }
        }
        return found;
    }

    std::string body(std::uint32_t stream) const {
        std::string bytes;
        for (const auto& frame : of(raw::Type::data)) {
            if (frame.stream == stream) {
                bytes += frame.payload;
            }
        }
        return bytes;
    }

private:
    void received(std::span<const std::byte> bytes) override {
        for (auto& frame : reader_.read(text_of(bytes))) {
            if (speaks_ && frame.type == raw::Type::settings && (frame.flags & raw::ack) == 0) {
                send(raw::settings_ack());
            }
            frames.push_back(std::move(frame));
        }
    }
    void ended(const error_code& cause) override { end = cause; }

    std::unique_ptr<net::Transport> transport_;
    raw::Frames reader_;
    bool speaks_ = false;
};

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

struct Settled {
    Sequence first;
    driver::Outcome outcome;
};

class Recorder final : public driver::Receipts {
public:
    void settled(Sequence first, const driver::Outcome& outcome) override {
        EXPECT_TRUE(breaks.empty()) << "settled after the break";
        all.push_back({first, outcome});
        if (on_settled) {
            on_settled(first, outcome);
        }
    }
    void said(const error_code& cause, std::string_view text) override {
        EXPECT_TRUE(breaks.empty()) << "said after the break";
        words.push_back(cause_name(cause) + ": " + std::string(text));
    }
    void stray(const error_code& cause) override { strays.push_back(cause_name(cause)); }
    void broken(const error_code& cause) override {
        breaks.push_back(cause_name(cause));
        if (on_broken) {
            on_broken();
        }
    }

    std::vector<Settled> all;
    std::vector<std::string> breaks;
    std::vector<std::string> words;   // "CAUSE: WORDS"
    std::vector<std::string> strays;  // their causes
    std::function<void(Sequence, const driver::Outcome&)> on_settled;
    std::function<void()> on_broken;
};

class Harness : public ::testing::Test {
protected:
    static constexpr Nanos latency = 1ms;  // one way

    Harness(driver::Kind kind, net::Url target, wire::Encoding encoding)
        : kind_(std::move(kind)), target_(std::move(target)), encoding_(encoding) {
        make_session(4);
    }

    // Replaces the session; call it before any batch is offered.
    void make_session(std::uint32_t in_flight, nlohmann::json options = nlohmann::json::object()) {
        session_.reset();
        driver_.reset();
        options_ = std::move(options);
        driver_ = kind_.make({simulation_.loop(), dialer_, target_, options_, encoding_, in_flight, RunId{7}});
        session_ = driver_->make_session(EquipmentId{1}, receipts_);
    }

    ScriptedServer& server() { return *servers_.back(); }

    void open() {
        start_opening(never);
        simulation_.run_for(2 * latency);
        ASSERT_FALSE(servers_.empty());
        simulation_.run_for(2 * latency);
        ASSERT_TRUE(opened_.has_value());
        ASSERT_EQ(cause_name(*opened_), "none");
    }

    void start_opening(Instant deadline) {
        opened_.reset();
        tasks_.spawn(open_into(*session_, deadline, opened_));
    }

    void offer(Sequence first, const std::string& text, Instant deadline = never) {
        bodies_.emplace_back(text);
        session_->offer({EquipmentId{1}, first, 1, 1, deadline, &bodies_.back()});
    }

    void pass(Nanos time) { simulation_.run_for(time); }
    Instant now() const { return simulation_.now(); }

    static std::string text_of(const Settled& settled) {
        static constexpr const char* answers[] = {"acknowledged", "sent",      "rejected", "throttled",
                                                  "try_again",    "timed_out", "broken"};
        std::string text = std::to_string(settled.first) + " " + answers[static_cast<int>(settled.outcome.answer)];
        if (settled.outcome.cause) {
            text += " " + cause_name(settled.outcome.cause);
        }
        if (settled.outcome.retry_after) {
            text += " after " + format_duration(*settled.outcome.retry_after);
        }
        return text;
    }

    std::vector<std::string> settled() const {
        std::vector<std::string> texts;
        for (const auto& each : receipts_.all) {
            texts.push_back(text_of(each));
        }
        return texts;
    }

    static net::Task<void> open_into(driver::Session& session, Instant deadline, std::optional<error_code>& into) {
        into = co_await session.open(deadline);
    }
    static net::Task<void> close_into(driver::Session& session, Instant deadline, bool& into) {
        co_await session.close(deadline);
        into = true;
    }

    testing::Simulation simulation_;
    driver::Kind kind_;
    net::Url target_;
    wire::Encoding encoding_;
    nlohmann::json options_;
    std::string greeting_ = raw::settings();
    std::vector<std::unique_ptr<ScriptedServer>> servers_;
    testing::PipeDialer dialer_{simulation_.loop(), latency,
                                [this](EquipmentId, std::unique_ptr<net::Transport> transport) {
                                    servers_.push_back(std::make_unique<ScriptedServer>(std::move(transport)));
                                    servers_.back()->send(greeting_);
                                }};
    Recorder receipts_;
    std::deque<TextBody> bodies_;
    std::unique_ptr<driver::Driver> driver_;
    std::unique_ptr<driver::Session> session_;
    std::optional<error_code> opened_;
    net::TaskGroup tasks_{simulation_.loop()};
};

}  // namespace portillon::drivers::over_http2
