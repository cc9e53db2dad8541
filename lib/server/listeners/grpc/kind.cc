#include "server/listeners/grpc/kind.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/listeners/over_http2/listener.h"
#include "wire/decode_error.h"
#include "wire/grpc_compression.h"
#include "wire/grpc_frame.h"
#include "wire/grpc_retry_info.h"
#include "wire/grpc_status.h"
#include "wire/percent.h"
#include "wire/receipt.h"

namespace portillon::server::listeners::grpc {

namespace {

using over_http2::Judgement;
using over_http2::Manner;
using over_http2::Message;
using over_http2::Refusal;
using over_http2::Reply;
using over_http2::RequestHead;
using portillon::http2::Header;
using wire::GrpcStatus;

constexpr std::array<Header, 1> ok_trailers{{{"grpc-status", "0"}}};
constexpr std::array<Header, 3> ok_headers{
    {{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-accept-encoding", wire::grpc_accept_encoding}}};

// The mapping of the official libraries (grpc/doc/statuscodes.md), which leave INVALID_ARGUMENT to the service.
GrpcStatus status_of(Refusal refusal) {
    switch (refusal) {
        case Refusal::none:
            return GrpcStatus::ok;
        case Refusal::headers_too_large:
        case Refusal::too_large:
            return GrpcStatus::resource_exhausted;
        case Refusal::too_much:
        case Refusal::stopping:
            return GrpcStatus::unavailable;
        case Refusal::unknown_call:
        case Refusal::compressed:
        case Refusal::not_one_message:
            return GrpcStatus::unimplemented;
        case Refusal::unfinished:
            return GrpcStatus::cancelled;
        case Refusal::late:
            return GrpcStatus::deadline_exceeded;
        default:
            return GrpcStatus::internal;
    }
}

class Calls final : public over_http2::Dialect {
public:
    std::span<const std::string_view> own_headers() const override {
        static constexpr std::array<std::string_view, 2> names = {"grpc-timeout", "grpc-encoding"};
        static_assert(names.size() <= RequestHead::most_own_headers);
        return names;
    }

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
        const bool is_stream = head.path == "/portillon.v1.Gate/Stream";
        if (head.path != "/portillon.v1.Gate/Deliver" && !is_stream) {
            return {.refusal = Refusal::unknown_call};
        }
        Judgement judgement{.manner = is_stream ? Manner::stream : Manner::one_message};
        const auto& [timeout, message_encoding] = head.own;
        if (!message_encoding.empty()) {
            const auto encoding = wire::message_encoding_named(message_encoding);
            if (!encoding) {
                return {.refusal = Refusal::compressed};
            }
            judgement.coding = static_cast<std::uint8_t>(*encoding);
        }
        if (!timeout.empty()) {
            const auto patience = wire::parse_grpc_timeout(timeout);
            if (!patience) {
                return {.refusal = Refusal::malformed};
            }
            judgement.patience = *patience;
        }
        return judgement;
    }

    Message message(std::span<const std::byte> body, std::uint8_t coding, std::size_t most_bytes) override {
        wire::GrpcFrameReader reader(most_bytes);
        reader.feed(body);
        const auto message = reader.next();
        if (!message && reader.error() == wire::make_error_code(wire::DecodeError::too_large)) {
            return {.bytes = {}, .refusal = Refusal::too_large};
        }
        if (!message && !body.empty()) {
            return {.bytes = {}, .refusal = Refusal::malformed};
        }
        if (!message || wire::grpc_prefix_bytes + message->body.size() != body.size()) {
            return {.bytes = {}, .refusal = Refusal::not_one_message};
        }
        return message->compression == wire::Compression::plain ? Message{.bytes = message->body}
                                                                : unpacked(*message, coding, most_bytes);
    }

    Message unpacked(const wire::GrpcMessage& message, std::uint8_t coding, std::size_t most_bytes) {
        const auto encoding = static_cast<wire::MessageEncoding>(coding);
        if (encoding == wire::MessageEncoding::identity) {
            return {.bytes = {}, .refusal = Refusal::bad_compression};  // no coding was named (grpc/doc/compression.md)
        }
        if (const error_code error = wire::unpack(encoding, message.body, most_bytes, unpacked_)) {
            const bool too_large = error == wire::make_error_code(wire::DecodeError::too_large);
            return {.bytes = {}, .refusal = too_large ? Refusal::too_large : Refusal::bad_compression};
        }
        return {.bytes = unpacked_};
    }

    Reply reply(const Decision& decision) override {
        if (decision.disposition != Disposition::accepted) {
            return {end(decision), {}, {}};
        }
        return {ok_headers, framed({.equipment = decision.equipment, .first = decision.first, .count = decision.count}),
                ok_trailers};
    }

    Reply refuse(Refusal refusal) override {
        if (refusal == Refusal::wrong_method) {
            return plain("405");
        }
        if (refusal == Refusal::wrong_media_type) {
            return plain("415");
        }
        return {end(status_of(refusal), over_http2::name_of(refusal), {}), {}, {}};
    }

    std::unique_ptr<over_http2::MessageReader> read_stream(const Judgement& judgement, std::size_t most_bytes) override;

    std::span<const Header> stream_headers() const override { return ok_headers; }

    std::span<const std::byte> stream_reply(const Decision& decision, std::span<const std::byte> message) override {
        wire::Receipt receipt{.equipment = decision.equipment, .first = decision.first, .count = decision.count};
        if (receipt.first == 0) {
            const auto named = wire::receipt_naming(message);
            if (!named) {
                return {};
            }
            receipt = *named;
        }
        switch (decision.disposition) {
            case Disposition::malformed:
            case Disposition::rejected:
                receipt.answer = wire::ReceiptAnswer::rejected;
                break;
            case Disposition::failed:
                receipt.answer = wire::ReceiptAnswer::try_again;
                break;
            case Disposition::refused:
                receipt.answer = decision.retry_after ? wire::ReceiptAnswer::throttled : wire::ReceiptAnswer::try_again;
                receipt.retry_after_ms = static_cast<std::uint32_t>(
                    std::clamp<std::int64_t>(milliseconds(decision.retry_after.value_or(0ns)), 0, UINT32_MAX));
                break;
            default:
                break;
        }
        return framed(receipt);
    }

    std::span<const Header> stream_end(const Decision& decision) override { return trailers_of(end(decision)); }

    std::span<const Header> stream_end(Refusal refusal) override {
        return refusal == Refusal::none ? std::span<const Header>(ok_trailers)
                                        : trailers_of(end(status_of(refusal), over_http2::name_of(refusal), {}));
    }

private:
    static std::int64_t milliseconds(Nanos time) { return (time + 1ms - 1ns) / 1ms; }

    static std::span<const Header> trailers_of(std::span<const Header> trailers_only) {
        return trailers_only.subspan(ok_headers.size());
    }

    std::span<const std::byte> framed(const wire::Receipt& receipt) {
        const auto message = std::span(framed_).subspan<wire::grpc_prefix_bytes>();
        const auto size = wire::encode(receipt, wire::Encoding::protobuf, message);
        wire::write_grpc_prefix(size, std::span(framed_).first<wire::grpc_prefix_bytes>());
        return std::span<const std::byte>(framed_).first(wire::grpc_prefix_bytes + size);
    }

    std::span<const Header> end(const Decision& decision) {
        switch (decision.disposition) {
            case Disposition::malformed:
                return end(GrpcStatus::invalid_argument, cause_name(decision.cause), {});
            case Disposition::rejected:
                return end(GrpcStatus::permission_denied, "rejected", {});
            case Disposition::failed:
                return end(GrpcStatus::internal, "failed", {});
            default:
                break;
        }
        return end(decision.retry_after ? GrpcStatus::resource_exhausted : GrpcStatus::unavailable, "busy",
                   decision.retry_after);
    }

    // "Trailers-Only": a call that ends without a message.
    std::span<const Header> end(GrpcStatus status, std::string_view why, std::optional<Nanos> retry_after) {
        why_ = wire::percent_encode(why);
        std::copy(ok_headers.begin(), ok_headers.end(), headers_.begin());
        std::size_t size = ok_headers.size();
        headers_[size++] = {"grpc-status", wire::header_value_of(status)};
        headers_[size++] = {"grpc-message", why_, Header::Value::varies};
        if (retry_after) {
            details_ = wire::format_retry_info(status, why, *retry_after);
            pushback_ = std::to_string(milliseconds(*retry_after));
            headers_[size++] = {"grpc-status-details-bin", details_, Header::Value::varies};
            headers_[size++] = {"grpc-retry-pushback-ms", pushback_, Header::Value::varies};
        }
        return std::span<const Header>(headers_).first(size);
    }

    // The client is perhaps no gRPC client and would not understand a grpc-status.
    Reply plain(std::string_view status) {
        static constexpr std::string_view why = "This is gRPC: POST with content-type application/grpc.\n";
        headers_[0] = {":status", status};
        headers_[1] = {"content-type", "text/plain"};
        headers_[2] = {"allow", "POST"};
        return {std::span<const Header>(headers_).first(status == "405" ? 3 : 2), std::as_bytes(std::span(why)), {}};
    }

    std::array<std::byte, wire::grpc_prefix_bytes + wire::largest_receipt_bytes> framed_{};
    std::vector<std::byte> unpacked_;
    std::string why_, details_, pushback_;
    std::array<Header, 7> headers_;
};

class StreamReader final : public over_http2::MessageReader {
public:
    StreamReader(Calls& calls, std::uint8_t coding, std::size_t most_bytes)
        : calls_(calls), frames_(most_bytes), most_bytes_(most_bytes), coding_(coding) {}

    void feed(std::span<const std::byte> piece) override { frames_.feed(piece); }

    std::optional<Message> next() override {
        const auto message = frames_.next();
        if (!message) {
            return std::nullopt;
        }
        return message->compression == wire::Compression::plain ? Message{.bytes = message->body}
                                                                : calls_.unpacked(*message, coding_, most_bytes_);
    }

    Refusal refusal() const override {
        if (!frames_.error()) {
            return Refusal::none;
        }
        return frames_.error() == wire::make_error_code(wire::DecodeError::too_large) ? Refusal::too_large
                                                                                      : Refusal::malformed;
    }

    std::size_t gathered_bytes() const override { return frames_.gathered_bytes(); }
    bool at_boundary() const override { return frames_.at_boundary(); }
    void trim() override { frames_.trim(); }

private:
    Calls& calls_;
    wire::GrpcFrameReader frames_;
    std::size_t most_bytes_;
    std::uint8_t coding_;
};

std::unique_ptr<over_http2::MessageReader> Calls::read_stream(const Judgement& judgement, std::size_t most_bytes) {
    return std::make_unique<StreamReader>(*this, judgement.coding, most_bytes);
}

}  // namespace

ListenerKind kind() {
    return {"grpc", [](const ListenerContext& context) {
                return std::make_unique<over_http2::Listener>(context, std::make_unique<Calls>());
            }};
}

}  // namespace portillon::server::listeners::grpc
