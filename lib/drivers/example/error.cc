#include "drivers/example/error.h"

namespace portillon::example {

namespace {

class Category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "portillon.example"; }
    std::string message(int value) const override {
        static constexpr const char* names[] = {"", "rejected", "throttled", "try_again", "not_understood"};
        return std::string("example_") + names[value];
    }
};

}  // namespace

error_code make_error_code(Error error) {
    static const Category category;
    return {static_cast<int>(error), category};
}

}  // namespace portillon::example
