#include "drivers/example/error.h"

#include "base/error_category.h"

namespace portillon::drivers::example {

namespace {

std::string name_of(Error error) {
    static constexpr const char* names[] = {"", "rejected", "throttled", "try_again", "not_understood"};
    return std::string("example_") + names[static_cast<std::size_t>(error)];
}

}  // namespace

error_code make_error_code(Error error) {
    static const ErrorCategory<Error> category("portillon.example", name_of);
    return category.code(error);
}

}  // namespace portillon::drivers::example
