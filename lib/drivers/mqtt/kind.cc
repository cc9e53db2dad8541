#include "drivers/mqtt/kind.h"

#include <nlohmann/json.hpp>

#include "drivers/mqtt/receiver.h"
#include "drivers/mqtt/session.h"

namespace portillon::embedded {
extern const std::string_view mqtt_options;
}

namespace portillon::drivers::mqtt {

namespace {

driver::Traits traits_of(const Options& options) {
    return {
        .descriptors_per_session = 1,
        .acknowledges = options.qos == wire::mqtt::Qos::at_most_once ? driver::Traits::Acknowledges::no
                                                                     : driver::Traits::Acknowledges::yes,
        .native = wire::Encoding::protobuf,
        .leaves = options.resumes() ? driver::Traits::Leaves::sessions : driver::Traits::Leaves::nothing,
    };
}

class MqttDriver final : public driver::Driver {
public:
    explicit MqttDriver(const driver::Context& context)
        : common_(context.loop, context.dialer, read_options(context.options), context.run) {}

    driver::Traits traits() const override { return traits_of(common_.options); }

    std::unique_ptr<driver::Session> make_session(EquipmentId equipment, driver::Receipts& receipts) override {
        return std::make_unique<Session>(common_, equipment, receipts);
    }

    std::unique_ptr<driver::Session> make_receiver(EquipmentId number, driver::Receipts& receipts, driver::Inbox& inbox,
                                                   driver::Interest interest) override {
        return std::make_unique<Receiver>(common_, number, receipts, inbox, std::move(interest));
    }

private:
    Common common_;
};

}  // namespace

driver::Kind kind() {
    return {
        .name = "mqtt",
        .scheme = "mqtt",
        .listener = "mqtt",
        .options_schema = embedded::mqtt_options,
        .traits = [](const nlohmann::json& options) { return traits_of(read_options(options)); },
        .make = [](const driver::Context& context) { return std::make_unique<MqttDriver>(context); },
        // A session has the same client identifier in all versions. 3.1.1 comes first because it opens a session
        // without a clean start.
        .clearing_options = {R"({"version": "3.1.1"})", R"({"version": 5})"},
    };
}

}  // namespace portillon::drivers::mqtt
