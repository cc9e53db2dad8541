#pragma once

// A request under way: its progress, its deadlines, and the part of its body that has been received. If it is a stream
// of messages, it has a MessageStream instead of a body.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/list.h"
#include "base/units.h"
#include "http2/server_connection.h"
#include "server/listeners/over_http2/message_stream.h"

namespace portillon::server::listeners::over_http2 {

struct Request final : portillon::http2::Exchange, ListHook {  // in its connection's list
    enum class Progress : std::uint8_t { head, open, ended } progress = Progress::head;
    enum class Answer : std::uint8_t { awaited, never } answer = Answer::awaited;
    enum class Content : std::uint8_t { wanted, unwanted } content = Content::wanted;  // of the answer; none for HEAD
    std::uint8_t coding = 0;                                                           // as judged by the dialect

    std::vector<std::byte> body;
    std::optional<MessageStream> messages;  // of a request that is a stream

    Instant deadline = never;       // the client's own
    Instant read_until = never;     // for its message, or for the rest of it after a refusal
    Instant written_until = never;  // for more of its answer to be sent
    std::size_t written_bytes = 0;  // of its answer, when written_until was set
    std::size_t gathered_bytes = 0;
    std::size_t unread_bytes = 0;

    // Prepares it for the next request. A buffer that has grown large is not kept.
    void clear() {
        constexpr std::size_t most_kept_capacity = 64 << 10;
        progress = Progress::head;
        answer = Answer::awaited;
        messages.reset();
        deadline = read_until = written_until = never;
        gathered_bytes = unread_bytes = 0;
        body.clear();
        if (body.capacity() > most_kept_capacity) {
            body = {};
        }
    }
};

}  // namespace portillon::server::listeners::over_http2
