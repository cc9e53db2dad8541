#include "conformance/example_listener.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

#include "wire/batch_codec.h"
#include "wire/receipt.h"

namespace portillon::conformance {

class ExampleListener::Connection final : private net::Transport::Reader {
public:
    Connection(ExampleListener& listener, std::uint32_t number, std::unique_ptr<net::Transport> transport)
        : listener_(listener), number_(number), transport_(std::move(transport)) {
        transport_->start(*this);
        const auto& limits = listener_.context_.limits;
        say("hello " + std::to_string(limits.streams) + " " + std::to_string(limits.packet_bytes) + "\n");
    }

    std::uint32_t number() const { return number_; }

    void decided(std::uint64_t exchange, const server::Decision& decision) {
        const auto asked = unanswered_.find(exchange);
        if (asked == unanswered_.end()) {
            return;
        }
        wire::Receipt receipt = asked->second;
        unanswered_.erase(asked);
        if (!server::is_answered(decision.disposition)) {
            leave_if_done();
            return;
        }
        if (decision.disposition == server::Disposition::malformed ||
            decision.disposition == server::Disposition::rejected) {
            receipt.answer = wire::ReceiptAnswer::rejected;
        } else if (decision.disposition != server::Disposition::accepted) {
            receipt.answer = decision.retry_after ? wire::ReceiptAnswer::throttled : wire::ReceiptAnswer::try_again;
            receipt.retry_after_ms = static_cast<std::uint32_t>((decision.retry_after.value_or(0ns) + 1ms - 1ns) / 1ms);
        }
        std::array<std::byte, wire::largest_receipt_bytes> bytes;
        const auto size = wire::encode(receipt, wire::Encoding::json, bytes);
        say(std::string(reinterpret_cast<const char*>(bytes.data()), size) + "\n");
        leave_if_done();
    }

    void stop() {
        stopping_ = true;
        leave_if_done();
    }

private:
    void say(const std::string& line) { transport_->write(std::as_bytes(std::span(line))); }

    void received(std::span<const std::byte> bytes) override {
        for (const std::byte byte : bytes) {
            if (byte != std::byte{'\n'}) {
                line_.push_back(byte);
            } else if (!stopping_) {
                take();
            }
        }
    }

    // A client that sends something unreadable or forbidden gets no more answers.
    void take() {
        const auto& limits = listener_.context_.limits;
        const auto line = std::exchange(line_, {});
        wire::ReceivedBatch batch;
        if (line.size() > limits.packet_bytes || unanswered_.size() >= limits.streams ||
            wire::decode(line, wire::Encoding::json, batch)) {
            listener_.context_.figures.closed.add("malformed");
            stop();
            return;
        }
        const auto count = static_cast<std::uint32_t>(batch.validations.size());
        unanswered_[++exchanges_] = {.equipment = batch.equipment, .first = batch.first, .count = count};
        listener_.context_.ingest.arrived(line, listener_, {number_, 0, exchanges_});
    }

    void leave_if_done() {
        if (stopping_ && unanswered_.empty()) {
            transport_->shut();
        }
    }

    void ended(const error_code&) override { listener_.forget(number_); }

    ExampleListener& listener_;
    std::uint32_t number_;
    std::unique_ptr<net::Transport> transport_;
    std::vector<std::byte> line_;
    std::map<std::uint64_t, wire::Receipt> unanswered_;  // by exchange
    std::uint64_t exchanges_ = 0;
    bool stopping_ = false;
};

ExampleListener::ExampleListener(const server::ListenerContext& context) : context_(context) {}
ExampleListener::~ExampleListener() = default;

void ExampleListener::accepted(std::unique_ptr<net::Transport> transport) {
    connections_.push_back(std::make_unique<Connection>(*this, next_++, std::move(transport)));
}

// The protocol's only goodbye is the end of the stream.
void ExampleListener::dismiss(Parting) {
    stop();
}

void ExampleListener::stop() {
    for (const auto& connection : connections_) {
        connection->stop();
    }
}

void ExampleListener::decided(const server::Ticket& ticket, const server::Decision& decision) {
    for (const auto& connection : connections_) {
        if (connection->number() == ticket.connection) {
            connection->decided(ticket.exchange, decision);
            return;
        }
    }
}

void ExampleListener::forget(std::uint32_t number) {
    connections_.remove_if([number](const auto& each) { return each->number() == number; });
}

server::ListenerKind example_listener_kind() {
    return {"example", [](const server::ListenerContext& context) -> std::unique_ptr<server::Listener> {
                return std::make_unique<ExampleListener>(context);
            }};
}

}  // namespace portillon::conformance
