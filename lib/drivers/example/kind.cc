#include "drivers/example/kind.h"

#include "base/check.h"
#include "drivers/example/session.h"

namespace portillon::drivers::example {

namespace {

constexpr driver::Traits traits{
    .descriptors_per_session = 1,
    .acknowledges = driver::Traits::Acknowledges::yes,
    .native = wire::Encoding::json,
};

class ExampleDriver final : public driver::Driver {
public:
    explicit ExampleDriver(const driver::Context& context) : common_{context.loop, context.dialer} {
        check(context.encoding == wire::Encoding::json, "a line end would not be one in protobuf");
    }

    driver::Traits traits() const override { return example::traits; }

    std::unique_ptr<driver::Session> make_session(EquipmentId equipment, driver::Receipts& receipts) override {
        return std::make_unique<Session>(common_, equipment, receipts);
    }

private:
    Common common_;
};

}  // namespace

driver::Kind kind() {
    return {
        .name = "example",
        .scheme = "example",
        .listener = "example",
        .options_schema = R"({"type": "object", "additionalProperties": false})",
        .traits = [](const nlohmann::json&) { return traits; },
        .make = [](const driver::Context& context) { return std::make_unique<ExampleDriver>(context); },
    };
}

}  // namespace portillon::drivers::example
