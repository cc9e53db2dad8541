#include "wire/mqtt/reason.h"

#include <fmt/format.h>

#include <string>

#include "base/error_category.h"

namespace portillon::wire::mqtt {

namespace {

std::string message_of(Reason reason) {
    return fmt::format("mqtt_0x{:02x}", static_cast<int>(reason));
}

}  // namespace

error_code make_error_code(Reason reason) {
    static const ErrorCategory<Reason> category("portillon.mqtt", message_of);
    return category.code(reason);
}

}  // namespace portillon::wire::mqtt
