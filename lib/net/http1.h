#pragma once

// HTTP/1.1 over a ByteStream: Beast's parser, which does no I/O here. Reads no further than the message: what follows
// stays in the stream's buffer.

#include <boost/beast/http/basic_parser.hpp>

#include "net/byte_stream.h"

namespace portillon::net {

// Complete with the parser's error (http::error::end_of_stream: ended before the first byte, partial_message: in the
// middle) or the stream's (timed_out at `deadline`). What the parser makes of the bytes lives in the parser.
Task<error_code> read_header(ByteStream& stream, boost::beast::http::basic_parser<true>& parser, Instant deadline);
Task<error_code> read_message(ByteStream& stream, boost::beast::http::basic_parser<true>& parser, Instant deadline);
Task<error_code> read_message(ByteStream& stream, boost::beast::http::basic_parser<false>& parser, Instant deadline);

}  // namespace portillon::net
