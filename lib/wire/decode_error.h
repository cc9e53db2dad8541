#pragma once

// Why bytes from outside were refused. message() is the name under which reports count the error.

#include "base/error.h"

namespace portillon::wire {

enum class DecodeError {
    truncated = 1,    // the bytes end within a value
    syntax,           // not protobuf, not JSON
    wrong_type,       // a known field of another type
    out_of_range,     // a number its field cannot hold
    not_utf8,         // text that is not UTF-8
    duplicate_key,    // JSON: a known key twice in one object
    too_deep,         // JSON: nested beyond 64 levels
    missing,          // no equipment or first; in JSON, no run or no validations
    empty,            // a batch without validations
    too_many,         // more than most_validations
    wrong_sequence,   // the validations are not first, first + 1, ...
    wrong_equipment,  // a validation of an equipment that is not the batch's
    too_large,        // a gRPC message above the reader's limit
    compressed,       // a gRPC message with a compression nobody agreed to
};

error_code make_error_code(DecodeError error);

}  // namespace portillon::wire

template <>
struct boost::system::is_error_code_enum<portillon::wire::DecodeError> : std::true_type {};
