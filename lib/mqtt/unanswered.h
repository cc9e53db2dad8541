#pragma once

// The messages of one connection that wait for their PUBACK or PUBREC. Decisions come in any order; answers leave in
// the order of arrival (MQTT 5.0, 4.6).

#include <cstdint>
#include <vector>

#include "base/check.h"
#include "wire/mqtt/framer.h"
#include "wire/mqtt/reason.h"

namespace portillon::mqtt {

class Unanswered {
public:
    struct Message {
        std::uint16_t packet_id = 0;
        wire::mqtt::Reason reason{};
        enum class State : std::uint8_t { undecided, decided, never } state{};  // never: it gets no answer
        enum class Answer : std::uint8_t { puback, pubrec } answer{};

        wire::mqtt::PacketType type() const {
            return answer == Answer::puback ? wire::mqtt::PacketType::puback : wire::mqtt::PacketType::pubrec;
        }
    };

    bool empty() const { return size() == 0; }
    std::size_t size() const { return messages_.size() - answered_; }

    // Returns the number under which the message is to be decided.
    std::uint64_t add(std::uint16_t packet_id, Message::Answer answer) {
        messages_.push_back({packet_id, {}, Message::State::undecided, answer});
        return next_++;
    }

    void decide(std::uint64_t number, wire::mqtt::Reason reason) {
        Message& message = undecided(number);
        message.reason = reason;
        message.state = Message::State::decided;
    }
    void leave_without_answer(std::uint64_t number) { undecided(number).state = Message::State::never; }

    // Whether pop() may be called: the oldest message is decided.
    bool ready() const { return !empty() && messages_[answered_].state != Message::State::undecided; }

    Message pop() {
        const Message message = messages_[answered_++];
        if (answered_ == messages_.size()) {
            messages_.clear();
            answered_ = 0;
            if (messages_.capacity() > most_kept) {
                messages_ = {};
            }
        } else if (answered_ >= most_kept && answered_ * 2 >= messages_.size()) {
            messages_.erase(messages_.begin(), messages_.begin() + static_cast<std::ptrdiff_t>(answered_));
            answered_ = 0;
        }
        return message;
    }

private:
    Message& undecided(std::uint64_t number) {
        check(number < next_ && next_ - number <= size(), "a message is decided once");
        Message& message = messages_[messages_.size() - static_cast<std::size_t>(next_ - number)];
        check(message.state == Message::State::undecided, "a message is decided once");
        return message;
    }

    static constexpr std::size_t most_kept = 64;  // 384 bytes per connection

    std::vector<Message> messages_;  // the first `answered_` of them have been answered
    std::size_t answered_ = 0;
    std::uint64_t next_ = 0;
};

}  // namespace portillon::mqtt
