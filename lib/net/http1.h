#pragma once

// HTTP/1.1 over a ByteStream, with Beast's parser doing no I/O. Reads no further than the end of the message: the bytes
// that follow stay in the stream's buffer.

#include <boost/beast/http/basic_parser.hpp>

#include "net/byte_stream.h"

namespace portillon::net {

// Complete without an error, with the parser's error (http::error::end_of_stream: the stream ended before the first
// byte, partial_message: in the middle) or with the stream's (timed_out at `deadline`). The header and the body are
// then in `parser`.
Task<error_code> read_header(ByteStream& stream, boost::beast::http::basic_parser<true>& parser, Instant deadline);
Task<error_code> read_message(ByteStream& stream, boost::beast::http::basic_parser<true>& parser, Instant deadline);
Task<error_code> read_message(ByteStream& stream, boost::beast::http::basic_parser<false>& parser, Instant deadline);

}  // namespace portillon::net
