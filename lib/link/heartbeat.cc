#include "link/heartbeat.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <utility>

namespace portillon::link {

Heartbeat::Heartbeat(net::Loop& loop, std::unique_ptr<Link> carrier, Nanos every, Nanos silence)
    : loop_(loop), carrier_(std::move(carrier)), every_(every), silence_(silence) {}

Heartbeat::~Heartbeat() = default;

void Heartbeat::start(Received received, Ended ended) {
    received_ = std::move(received);
    ended_ = std::move(ended);
    heard_at_ = sent_at_ = looked_at_ = loop_.now();
    loop_.timers().set(*this, loop_.now() + every_);
    carrier_->start([this](const v1::LinkMessage& message) { heard(message); },
                    [this](const error_code& cause) { end(cause); });
}

void Heartbeat::send(const v1::LinkMessage& message) {
    sent_at_ = loop_.now();
    carrier_->send(message);
}

void Heartbeat::close() {
    cancel();
    carrier_->close();
}

void Heartbeat::heard(const v1::LinkMessage& message) {
    heard_at_ = loop_.now();
    if (!message.has_heartbeat()) {
        received_(message);  // may destroy this
    }
}

void Heartbeat::ring(Instant now) {
    // If this loop stood still itself (a stopped process, a suspended machine), it could not receive anything, and the
    // silence proves nothing. Whatever is in the socket by now is read before the alarm rings again.
    const bool stood_still = now - looked_at_ > 2 * every_;
    looked_at_ = now;
    if (!stood_still && now - heard_at_ >= silence_) {
        carrier_->close();
        end(boost::asio::error::make_error_code(boost::asio::error::timed_out));
        return;
    }
    if (now - sent_at_ >= every_) {
        v1::LinkMessage message;
        message.mutable_heartbeat();
        send(message);
    }
    loop_.timers().set(*this, now + every_);
}

void Heartbeat::end(const error_code& cause) {
    cancel();
    if (const auto ended = std::exchange(ended_, nullptr)) {
        ended(cause);
    }
}

}  // namespace portillon::link
