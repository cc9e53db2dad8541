#include "drivers/grpc_stream/kind.h"

#include <nlohmann/json.hpp>

#include "drivers/grpc_stream/session.h"
#include "drivers/over_http2/options.h"

namespace portillon::embedded {
extern const std::string_view grpc_stream_options;
}

namespace portillon::drivers::grpc_stream {

namespace {

constexpr driver::Traits traits{
    .descriptors_per_session = 1,
    .acknowledges = driver::Traits::Acknowledges::yes,
    .native = wire::Encoding::protobuf,
};

class GrpcStreamDriver final : public driver::Driver {
public:
    explicit GrpcStreamDriver(const driver::Context& context)
        : common_{{{context.loop, context.dialer}, context.in_flight, over_http2::keepalive_of(context.options)},
                  context.options.value("authority", over_http2::authority_of(context.target))} {}

    driver::Traits traits() const override { return grpc_stream::traits; }

    std::unique_ptr<driver::Session> make_session(EquipmentId equipment, driver::Receipts& receipts) override {
        return std::make_unique<Session>(common_, equipment, receipts);
    }

private:
    Common common_;
};

}  // namespace

driver::Kind kind() {
    return {
        .name = "grpc-stream",
        .scheme = "grpc",
        .listener = "grpc",
        .options_schema = embedded::grpc_stream_options,
        .traits = [](const nlohmann::json&) { return traits; },
        .make = [](const driver::Context& context) { return std::make_unique<GrpcStreamDriver>(context); },
    };
}

}  // namespace portillon::drivers::grpc_stream
