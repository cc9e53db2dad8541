#include "drivers/http2/kind.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "drivers/http2/answer.h"
#include "drivers/over_http2/options.h"
#include "drivers/over_http2/request_session.h"
#include "http2/error.h"
#include "http2/retry_after.h"

namespace portillon::embedded {
extern const std::string_view http2_options;
}

namespace portillon::drivers::http2 {

namespace {

using portillon::http2::Date;
using portillon::http2::Header;

constexpr std::string_view default_path = "/v1/validations";

constexpr driver::Traits traits{
    .descriptors_per_session = 1,
    .acknowledges = driver::Traits::Acknowledges::yes,
    .native = wire::Encoding::json,
};

class Posts {
public:
    struct Response : over_http2::Response {
        std::optional<Date> date;
        std::optional<Nanos> retry_after;
        std::optional<Date> retry_at;
    };

    Posts(const net::Url& target, const nlohmann::json& options, wire::Encoding encoding)
        : authority_(over_http2::authority_of(target)),
          path_(target.path.empty() ? options.value("path", std::string(default_path)) : target.path),
          headers_{{{":method", "POST"},
                    {":scheme", "http"},
                    {":authority", authority_},
                    {":path", path_},
                    {"content-type", wire::media_type_of(encoding)},
                    {"content-length", {}, Header::Value::varies}}} {}

    std::size_t body_bytes(const driver::Batch& batch) const { return batch.body->size(); }

    void write_body(const driver::Batch& batch, std::span<std::byte> out) const { batch.body->write_to(out); }

    std::span<const Header> request_headers(const driver::Batch&, std::size_t body_bytes) {
        const auto end = std::to_chars(length_.data(), length_.data() + length_.size(), body_bytes).ptr;
        headers_.back().value = {length_.data(), static_cast<std::size_t>(end - length_.data())};
        return headers_;
    }

    void note(Response& response, std::string_view name, std::string_view value) const {
        if (name == ":status") {
            over_http2::begin(response, value);
        } else if (!has_failed(response)) {
            return;
        } else if (name == "retry-after") {
            const auto retry_after = portillon::http2::parse_retry_after(value, wall_clock());
            if (retry_after && *retry_after >= response.retry_after.value_or(Nanos{0})) {  // the longest of several
                response.retry_after = retry_after;
                response.retry_at = portillon::http2::parse_date(value, wall_clock());
            }
        } else if (name == "date") {
            response.date = portillon::http2::parse_date(value, wall_clock());
        } else if (name == "location" && response.status < 400 && is_news(response)) {
            response.say(over_http2::Words::Worth::message, "location: ");
            response.say(over_http2::Words::Worth::message, value);
        }
    }

    void note_body(Response& response, std::span<const std::byte> bytes) const {
        if (has_failed(response) && is_news(response)) {
            response.say(over_http2::Words::Worth::body, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
        }
    }

    over_http2::AnswerMeaning read(const Response& response) const {
        auto retry_after = response.retry_after;
        if (response.retry_at && response.date) {  // by the server's clock, not by ours
            retry_after = portillon::http2::time_between(*response.date, *response.retry_at);
        }
        return answer_of(response.status, retry_after);
    }

    over_http2::AnswerMeaning read_reset(const error_code& cause) const { return answer_of_reset(cause); }

private:
    static bool has_failed(const Response& response) { return response.status < 100 || response.status >= 300; }
    static bool is_news(const Response& response) {
        return response.words != nullptr &&
               !response.words->are_known(portillon::http2::error_of_status(response.status));
    }
    static Date wall_clock() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

    std::string authority_;
    std::string path_;
    std::array<char, 20> length_{};
    std::array<Header, 6> headers_;
};

class Http2Driver final : public driver::Driver {
public:
    explicit Http2Driver(const driver::Context& context)
        : posts_(context.target, context.options, context.encoding),
          common_{{{context.loop, context.dialer}, context.in_flight, over_http2::keepalive_of(context.options)},
                  posts_} {}

    driver::Traits traits() const override { return http2::traits; }

    std::unique_ptr<driver::Session> make_session(EquipmentId equipment, driver::Receipts& receipts) override {
        return std::make_unique<over_http2::RequestSession<Posts>>(common_, equipment, receipts);
    }

private:
    Posts posts_;
    over_http2::RequestCommon<Posts> common_;
};

}  // namespace

driver::Kind kind() {
    return {
        .name = "http2",
        .scheme = "http",
        .listener = "http2",
        .paths = driver::Kind::Paths::some,
        .options_schema = embedded::http2_options,
        .traits = [](const nlohmann::json&) { return traits; },
        .make = [](const driver::Context& context) { return std::make_unique<Http2Driver>(context); },
    };
}

}  // namespace portillon::drivers::http2
