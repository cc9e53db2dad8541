#pragma once

// A request that is a stream of messages: the part received of the next one, and how many await ingest's decision.

#include <cstdint>
#include <memory>
#include <utility>

#include "server/listeners/over_http2/dialect.h"

namespace portillon::server::listeners::over_http2 {

class MessageStream {
public:
    explicit MessageStream(std::unique_ptr<MessageReader> reader) : reader_(std::move(reader)) {}

    MessageReader& reader() { return *reader_; }

    void asked() { ++owed_; }  // ingest has a message, and owes a decision
    void decided() { --owed_; }
    bool is_settled() const { return owed_ == 0; }

    // Nothing is under way in either direction.
    bool is_quiet() const { return is_settled() && reader_->at_boundary(); }

private:
    std::unique_ptr<MessageReader> reader_;
    std::uint32_t owed_ = 0;
};

}  // namespace portillon::server::listeners::over_http2
