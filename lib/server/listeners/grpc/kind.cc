#include "server/listeners/grpc/kind.h"

#include <array>
#include <string>

#include "server/listeners/over_http2/listener.h"
#include "wire/grpc_frame.h"
#include "wire/grpc_status.h"
#include "wire/receipt.h"

namespace portillon::server::grpc {

namespace {

using over_http2::Judgement;
using over_http2::Message;
using over_http2::Refusal;
using over_http2::Reply;
using over_http2::RequestHead;
using portillon::http2::Header;
using wire::GrpcStatus;

constexpr std::array<Header, 1> ok_trailers{{{"grpc-status", "0"}}};
constexpr std::array<Header, 2> ok_headers{{{":status", "200"}, {"content-type", "application/grpc"}}};

GrpcStatus status_of(Refusal refusal) {
    switch (refusal) {
        case Refusal::headers_too_large:
        case Refusal::too_large:
            return GrpcStatus::resource_exhausted;
        case Refusal::too_much:
            return GrpcStatus::unavailable;
        case Refusal::unknown_call:
        case Refusal::compressed:
            return GrpcStatus::unimplemented;
        default:
            return GrpcStatus::invalid_argument;
    }
}

class Calls final : public over_http2::Dialect {
public:
    std::size_t framing_bytes() const override { return wire::grpc_prefix_bytes; }

    Judgement judge(const RequestHead& head) const override {
        constexpr std::string_view media_type = "application/grpc";
        if (head.method != "POST") {
            return {.refusal = Refusal::wrong_method};
        }
        const std::string_view rest = head.content_type.starts_with(media_type)
                                          ? std::string_view(head.content_type).substr(media_type.size())
                                          : "x";
        if (!rest.empty() && rest[0] != '+' && rest[0] != ';') {
            return {.refusal = Refusal::wrong_media_type};
        }
        if (head.path != "/portillon.v1.Gate/Deliver") {
            return {.refusal = Refusal::unknown_call};
        }
        if (head.timeout.empty()) {
            return {};
        }
        const auto patience = wire::parse_grpc_timeout(head.timeout);
        if (!patience) {
            return {.refusal = Refusal::malformed};
        }
        return {.patience = *patience};
    }

    Message message(std::span<const std::byte> body) const override {
        wire::GrpcFrameReader reader(body.size());
        reader.feed(body);
        const auto message = reader.next();
        if (!message || wire::grpc_prefix_bytes + message->body.size() != body.size()) {
            return {.bytes = {}, .refusal = Refusal::malformed};
        }
        if (message->compression == wire::Compression::compressed) {
            return {.bytes = {}, .refusal = Refusal::compressed};
        }
        return {.bytes = message->body};
    }

    Reply reply(const Decision& decision, over_http2::Timeliness timeliness) override {
        if (timeliness == over_http2::Timeliness::late) {
            return end(GrpcStatus::deadline_exceeded, "late");
        }
        switch (decision.disposition) {
            case Disposition::accepted: {
                const wire::Receipt receipt{
                    .equipment = decision.equipment, .first = decision.first, .count = decision.count};
                const auto message = std::span(framed_).subspan<wire::grpc_prefix_bytes>();
                const auto size = wire::encode(receipt, wire::Encoding::protobuf, message);
                wire::write_grpc_prefix(size, std::span(framed_).first<wire::grpc_prefix_bytes>());
                return {ok_headers, std::span<const std::byte>(framed_).first(wire::grpc_prefix_bytes + size),
                        ok_trailers};
            }
            case Disposition::malformed:
                return end(GrpcStatus::invalid_argument, cause_name(decision.cause));
            case Disposition::refused:
                break;
        }
        return end(GrpcStatus::unavailable, "busy");
    }

    Reply refuse(Refusal refusal) override {
        if (refusal == Refusal::wrong_method) {
            return plain("405");
        }
        if (refusal == Refusal::wrong_media_type) {
            return plain("415");  // perhaps no gRPC client: it would not understand a grpc-status
        }
        return end(status_of(refusal), over_http2::name_of(refusal));
    }

private:
    // "Trailers-Only": a call that ends without a message.
    Reply end(GrpcStatus status, std::string_view why) {
        why_ = wire::percent_encode(why);
        headers_ = {{ok_headers[0],
                     ok_headers[1],
                     {"grpc-status", wire::header_value_of(status)},
                     {"grpc-message", why_, Header::Value::varies},
                     {"grpc-accept-encoding", "identity"}}};
        return {headers_, {}, {}};
    }

    Reply plain(std::string_view status) {
        headers_[0] = {":status", status};
        return {std::span<const Header>(headers_).first(1), {}, {}};
    }

    std::array<std::byte, wire::grpc_prefix_bytes + wire::largest_receipt_bytes> framed_{};
    std::string why_;
    std::array<Header, 5> headers_;
};

}  // namespace

ListenerKind kind() {
    return {"grpc", [](const ListenerContext& context) {
                return std::make_unique<over_http2::Listener>(context, std::make_unique<Calls>());
            }};
}

}  // namespace portillon::server::grpc
