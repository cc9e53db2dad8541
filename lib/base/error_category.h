#pragma once

// An error category of our own, from the two things in which such categories differ: its name, and the function that
// gives the name under which reports count each of its errors (base/error.h).
//
//     error_code make_error_code(Error error) {
//         static const ErrorCategory<Error> category("portillon.example", name_of);
//         return category.code(error);
//     }

#include <cstdint>
#include <string>

#include "base/error.h"

namespace portillon {

// Boost's error_category has a destructor that is not virtual; categories are never deleted.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

// `Value` is the enum, or int where a category's errors are more than one enum's.
template <class Value>
class ErrorCategory final : public boost::system::error_category {
public:
    using NameOf = std::string (*)(Value);
    enum class Zero : std::uint8_t { is_success, is_failure };  // whether an error_code of value 0 is a failure

    constexpr ErrorCategory(const char* name, NameOf name_of, Zero zero = Zero::is_success)
        : name_(name), name_of_(name_of), zero_(zero) {}

    error_code code(Value value) const { return {static_cast<int>(value), *this}; }

    const char* name() const noexcept override { return name_; }
    std::string message(int value) const override { return name_of_(static_cast<Value>(value)); }
    bool failed(int value) const noexcept override { return value != 0 || zero_ == Zero::is_failure; }

private:
    const char* name_;
    NameOf name_of_;
    Zero zero_;
};

#pragma GCC diagnostic pop

}  // namespace portillon
