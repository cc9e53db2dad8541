#include "server/listeners/http2/kind.h"

#include <array>
#include <charconv>
#include <string>

#include "server/listeners/over_http2/listener.h"
#include "wire/receipt.h"

namespace portillon::server::listeners::http2 {

namespace {

using over_http2::Judgement;
using over_http2::Message;
using over_http2::Refusal;
using over_http2::Reply;
using over_http2::RequestHead;
using portillon::http2::Header;

std::string_view status_of(Refusal refusal) {
    switch (refusal) {
        case Refusal::headers_too_large:
            return "431";
        case Refusal::not_found:
            return "404";
        case Refusal::wrong_method:
            return "405";
        case Refusal::too_large:
            return "413";
        case Refusal::compressed:
            return "415";
        case Refusal::unfinished:
            return "408";
        case Refusal::too_much:
            return "503";
        default:
            return "400";
    }
}

class Posts final : public over_http2::Dialect {
public:
    std::size_t framing_bytes() const override { return 0; }

    Judgement judge(const RequestHead& head) const override {
        constexpr std::string_view root = "/v1/validations";
        const bool below =
            head.path.starts_with(root) &&
            (head.path.size() == root.size() || head.path[root.size()] == '/' || head.path[root.size()] == '?');
        if (!below) {
            return {.refusal = Refusal::not_found};
        }
        if (head.method != "POST") {
            return {.refusal = Refusal::wrong_method};
        }
        const bool plain = head.content_encoding.empty() || head.content_encoding == "identity";
        return {.refusal = plain ? Refusal::none : Refusal::compressed};
    }

    Message message(std::span<const std::byte> body, std::uint8_t, std::size_t) override { return {.bytes = body}; }

    Reply reply(const Decision& decision) override {
        switch (decision.disposition) {
            case Disposition::accepted: {
                const wire::Receipt receipt{
                    .equipment = decision.equipment, .first = decision.first, .count = decision.count};
                const auto size = wire::encode(receipt, wire::Encoding::json, receipt_);
                return answer("200", std::span<const std::byte>(receipt_).first(size));
            }
            case Disposition::malformed:
                return complaint("400", cause_name(decision.cause));
            case Disposition::failed:
                return complaint("500", "failed");
            case Disposition::rejected:
                return complaint("403", "rejected");
            default:
                break;
        }
        auto busy = complaint("503", "busy");
        if (decision.retry_after) {
            seconds_ = std::to_string((*decision.retry_after + 1s - 1ns) / 1s);
            headers_[3] = {"retry-after", seconds_, Header::Value::varies};
            busy.headers = headers_;
        }
        return busy;
    }

    Reply refuse(Refusal refusal) override { return complaint(status_of(refusal), over_http2::name_of(refusal)); }

private:
    Reply complaint(std::string_view status, std::string_view cause) {
        complaint_.assign(R"({"error":")").append(cause).append(R"("})");
        return answer(status, std::as_bytes(std::span(complaint_)));
    }

    Reply answer(std::string_view status, std::span<const std::byte> body) {
        const auto end = std::to_chars(length_.data(), length_.data() + length_.size(), body.size()).ptr;
        headers_ = {{{":status", status},
                     {"content-type", "application/json"},
                     {"content-length",
                      {length_.data(), static_cast<std::size_t>(end - length_.data())},
                      Header::Value::varies},
                     {}}};
        const std::span<const Header> all(headers_);
        if (status == "405") {
            headers_[3] = {"allow", "POST"};
        } else if (status == "415") {
            headers_[3] = {"accept-encoding", "identity"};
        } else {
            return {all.first(3), body, {}};
        }
        return {all, body, {}};
    }

    std::array<std::byte, wire::largest_receipt_bytes> receipt_{};
    std::string complaint_, seconds_;
    std::array<char, 20> length_{};
    std::array<Header, 4> headers_;
};

}  // namespace

ListenerKind kind() {
    return {"http2", [](const ListenerContext& context) {
                return std::make_unique<over_http2::Listener>(context, std::make_unique<Posts>());
            }};
}

}  // namespace portillon::server::listeners::http2
