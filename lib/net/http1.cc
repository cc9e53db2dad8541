#include "net/http1.h"

#include <boost/asio/error.hpp>
#include <boost/beast/http/error.hpp>

namespace portillon::net {

namespace http = boost::beast::http;

// How much of a message to read.
enum class Extent : std::uint8_t { header, message };

namespace {

// Feeds what is buffered to the parser, and waits for more bytes only when the parser asks for them. The parser's
// leftover stays in the stream.
template <bool is_request>
Task<error_code> read(ByteStream& stream, http::basic_parser<is_request>& parser, Extent extent, Instant deadline) {
    parser.eager(extent == Extent::message);
    error_code error;
    while (extent == Extent::message ? !parser.is_done() : !parser.is_header_done()) {
        const auto bytes = stream.buffered();
        error = http::error::need_more;
        if (!bytes.empty()) {
            stream.consume(parser.put(asio::buffer(bytes.data(), bytes.size()), error));
        }
        if (error == http::error::need_more) {
            error = co_await stream.read_more(deadline);
        }
        if (error == asio::error::eof) {
            error = http::error::end_of_stream;
            if (parser.got_some()) {
                parser.put_eof(error);
            }
        }
        if (error) {
            co_return error;
        }
    }
    co_return error_code{};
}

}  // namespace

Task<error_code> read_header(ByteStream& stream, http::basic_parser<true>& parser, Instant deadline) {
    return read(stream, parser, Extent::header, deadline);
}

Task<error_code> read_message(ByteStream& stream, http::basic_parser<true>& parser, Instant deadline) {
    return read(stream, parser, Extent::message, deadline);
}

Task<error_code> read_message(ByteStream& stream, http::basic_parser<false>& parser, Instant deadline) {
    return read(stream, parser, Extent::message, deadline);
}

}  // namespace portillon::net
