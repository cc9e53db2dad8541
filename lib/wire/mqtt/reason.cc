#include "wire/mqtt/reason.h"

#include <fmt/format.h>

#include <string>

namespace portillon::mqtt {

namespace {

class ReasonCategory final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "portillon.mqtt"; }
    std::string message(int value) const override { return fmt::format("mqtt_0x{:02x}", value); }
};

}  // namespace

error_code make_error_code(Reason reason) {
    static const ReasonCategory category;
    return {static_cast<int>(reason), category};
}

}  // namespace portillon::mqtt
