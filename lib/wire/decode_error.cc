#include "wire/decode_error.h"

#include <string>

namespace portillon::wire {

namespace {

const char* name_of(DecodeError error) {
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

class DecodeCategory final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "portillon.decode"; }
    std::string message(int value) const override { return name_of(static_cast<DecodeError>(value)); }
};

}  // namespace

error_code make_error_code(DecodeError error) {
    static const DecodeCategory category;
    return {static_cast<int>(error), category};
}

}  // namespace portillon::wire
