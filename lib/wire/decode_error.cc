#include "wire/decode_error.h"

#include <string>

#include "base/error_category.h"

namespace portillon::wire {

namespace {

std::string name_of(DecodeError error) {
    switch (error) {
        case DecodeError::truncated:
            return "decode_truncated";
        case DecodeError::syntax:
            return "decode_syntax";
        case DecodeError::wrong_type:
            return "decode_wrong_type";
        case DecodeError::out_of_range:
            return "decode_out_of_range";
        case DecodeError::not_utf8:
            return "decode_not_utf8";
        case DecodeError::duplicate_key:
            return "decode_duplicate_key";
        case DecodeError::too_deep:
            return "decode_too_deep";
        case DecodeError::missing:
            return "decode_missing";
        case DecodeError::empty:
            return "decode_empty";
        case DecodeError::too_many:
            return "decode_too_many";
        case DecodeError::wrong_sequence:
            return "decode_wrong_sequence";
        case DecodeError::wrong_equipment:
            return "decode_wrong_equipment";
        case DecodeError::too_large:
            return "decode_too_large";
        case DecodeError::compressed:
            return "decode_compressed";
    }
    return "decode_unknown";
}

}  // namespace

error_code make_error_code(DecodeError error) {
    static const ErrorCategory<DecodeError> category("portillon.decode", name_of);
    return category.code(error);
}

}  // namespace portillon::wire
