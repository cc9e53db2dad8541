#include "drivers/grpc/kind.h"

#include <array>
#include <nlohmann/json.hpp>

#include "drivers/over_grpc/response.h"
#include "drivers/over_http2/options.h"
#include "drivers/over_http2/request_session.h"
#include "http2/error.h"
#include "wire/grpc_frame.h"

namespace portillon::embedded {
extern const std::string_view grpc_options;
}

namespace portillon::drivers::grpc {

namespace {

using portillon::http2::Header;

constexpr driver::Traits traits{
    .descriptors_per_session = 1,
    .acknowledges = driver::Traits::Acknowledges::yes,
    .native = wire::Encoding::protobuf,
};

// gRPC over HTTP/2 (grpc/doc/PROTOCOL-HTTP2.md), unary.
class Calls {
public:
    using Response = over_grpc::Response;

    Calls(net::Loop& loop, const net::Url& target, const nlohmann::json& options)
        : loop_(loop),
          authority_(options.value("authority", over_http2::authority_of(target))),
          headers_{{{":method", "POST"},
                    {":scheme", "http"},
                    {":path", "/portillon.v1.Gate/Deliver"},
                    {":authority", authority_},
                    {"te", "trailers"},
                    {"content-type", "application/grpc"},
                    {"user-agent", "grpc-portillon/1"},
                    {"grpc-timeout", {}, Header::Value::varies}}} {}

    std::size_t body_bytes(const driver::Batch& batch) const { return wire::grpc_prefix_bytes + batch.body->size(); }

    void write_body(const driver::Batch& batch, std::span<std::byte> out) const {
        const auto message = out.subspan(wire::grpc_prefix_bytes);
        wire::write_grpc_prefix(message.size(), out.first<wire::grpc_prefix_bytes>());
        batch.body->write_to(message);
    }

    std::span<const Header> request_headers(const driver::Batch& batch, std::size_t) {
        const std::span<const Header> all(headers_);
        if (batch.deadline == never) {
            return all.first(all.size() - 1);
        }
        timeout_ = wire::format_grpc_timeout(std::max(batch.deadline - loop_.now(), Nanos{1}));
        headers_.back().value = timeout_;
        return all;
    }

    void note(Response& response, std::string_view name, std::string_view value) const {
        over_grpc::note(response, name, value);
    }

    void note_body(Response& response, std::span<const std::byte> bytes) const {
        over_grpc::note_body(response, bytes);
    }

    over_http2::AnswerMeaning read(const Response& response) const { return over_grpc::read(response); }

    over_http2::AnswerMeaning read_reset(const error_code& cause) const {
        if (cause == make_error_code(portillon::http2::Error::enhance_your_calm)) {
            return {driver::Answer::throttled, cause, {}};  // RESOURCE_EXHAUSTED, by PROTOCOL-HTTP2
        }
        if (cause == make_error_code(portillon::http2::Error::inadequate_security) ||  // PERMISSION_DENIED
            cause == make_error_code(portillon::http2::Error::http_1_1_required)) {
            return {driver::Answer::rejected, cause, {}};
        }
        return {driver::Answer::try_again, cause, {}};
    }

private:
    net::Loop& loop_;
    std::string authority_;
    std::string timeout_;  // at most 9 characters: never allocates
    std::array<Header, 8> headers_;
};

class GrpcDriver final : public driver::Driver {
public:
    explicit GrpcDriver(const driver::Context& context)
        : calls_(context.loop, context.target, context.options),
          common_{{{context.loop, context.dialer}, context.in_flight, over_http2::keepalive_of(context.options)},
                  calls_} {}

    driver::Traits traits() const override { return grpc::traits; }

    std::unique_ptr<driver::Session> make_session(EquipmentId equipment, driver::Receipts& receipts) override {
        return std::make_unique<over_http2::RequestSession<Calls>>(common_, equipment, receipts);
    }

private:
    Calls calls_;
    over_http2::RequestCommon<Calls> common_;
};

}  // namespace

driver::Kind kind() {
    return {
        .name = "grpc",
        .scheme = "grpc",
        .listener = "grpc",
        .options_schema = embedded::grpc_options,
        .traits = [](const nlohmann::json&) { return traits; },
        .make = [](const driver::Context& context) { return std::make_unique<GrpcDriver>(context); },
    };
}

}  // namespace portillon::drivers::grpc
