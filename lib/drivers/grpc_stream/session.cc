#include "drivers/grpc_stream/session.h"

#include <boost/asio/error.hpp>

#include "http2/error.h"
#include "wire/decode_error.h"
#include "wire/grpc_status.h"

namespace portillon::drivers::grpc_stream {

namespace {

using driver::Answer;
using over_http2::Flight;
using wire::GrpcStatus;

constexpr std::size_t most_receipt_bytes = 4 << 10;  // one has 20, and servers may extend it

// A refusal is named after the status that would end a unary call.
over_http2::AnswerMeaning meaning_of(const wire::Receipt& receipt) {
    const auto retry_after = receipt.retry_after_ms > 0
                                 ? std::optional<Nanos>(std::chrono::milliseconds{receipt.retry_after_ms})
                                 : std::nullopt;
    switch (receipt.answer) {
        case wire::ReceiptAnswer::acknowledged:
            return {Answer::acknowledged, {}, {}};
        case wire::ReceiptAnswer::rejected:
            return {Answer::rejected, make_error_code(GrpcStatus::invalid_argument), {}};
        case wire::ReceiptAnswer::throttled:
            return {Answer::throttled, make_error_code(GrpcStatus::resource_exhausted), retry_after};
        case wire::ReceiptAnswer::try_again:
            break;
    }
    const bool is_known = receipt.answer == wire::ReceiptAnswer::try_again;  // else a value of a later version
    return {Answer::try_again, make_error_code(is_known ? GrpcStatus::unavailable : GrpcStatus::unknown), retry_after};
}

}  // namespace

std::size_t Session::Call::body_bytes() const {
    const auto next = session_.waiting_;
    return next == session_.in_flight().end() ? 0 : wire::grpc_prefix_bytes + next->batch.body->size();
}

void Session::Call::write_body(std::span<std::byte> out) const {
    const auto message = out.subspan(wire::grpc_prefix_bytes);
    wire::write_grpc_prefix(message.size(), out.first<wire::grpc_prefix_bytes>());
    session_.writing_->batch.body->write_to(message);
}

void Session::Call::piece_started() {
    session_.writing_ = &*session_.waiting_++;
    session_.started(*session_.writing_);
}

void Session::Call::header(std::string_view name, std::string_view value) {
    over_grpc::note(session_.response_, name, value);
}

void Session::Call::body(std::span<const std::byte> bytes) {
    if (session_.response_.is_foreign) {  // a page without receipts; its end tells what it means
        over_grpc::note_body(session_.response_, bytes);
        return;
    }
    auto& receipts = session_.receipts_;
    if (receipts.error()) {
        return;
    }
    receipts.feed(bytes);
    while (const auto message = receipts.next()) {
        wire::Receipt receipt;
        if (message->compression == wire::Compression::compressed) {
            session_.complain(wire::DecodeError::compressed);
        } else if (const error_code error = wire::decode(message->body, wire::Encoding::protobuf, receipt)) {
            session_.complain(error);
        } else {
            session_.settle_as_said(receipt);
        }
    }
    if (receipts.error()) {
        session_.complain(receipts.error());
    } else if (receipts.at_boundary()) {
        receipts.trim();
    }
}

// The server has ended the stream, or never began it. If the status is about the call as a whole, it holds for every
// batch on it; otherwise they are broken with the connection.
void Session::Call::answered() {
    session_.stream_ = Stream::ended;
    const auto meaning = over_grpc::read(session_.response_);
    session_.pass_on_words(session_.response_, meaning.cause);
    const bool of_the_call =
        (meaning.answer == Answer::rejected && meaning.cause != make_error_code(GrpcStatus::invalid_argument)) ||
        (meaning.answer == Answer::throttled && meaning.retry_after);
    while (of_the_call && !session_.in_flight().empty()) {
        session_.settle(session_.in_flight().front(), meaning);
    }
    session_.waiting_ = of_the_call ? session_.in_flight().end() : session_.waiting_;
    session_.complain(meaning.cause ? meaning.cause : make_error_code(portillon::http2::Error::call_ended));
}

void Session::Call::failed(const error_code& cause) {
    session_.stream_ = Stream::ended;
    const bool left_out = session_.is_draining() && cause == make_error_code(portillon::http2::Error::refused_stream);
    session_.complain(left_out ? session_.connection().cause() : cause);  // a GOAWAY has a reason of its own
}

Session::Session(Common& common, EquipmentId equipment, driver::Receipts& receipts)
    : over_http2::Session(common, equipment, receipts),
      common_(common),
      waiting_(in_flight().end()),
      receipts_(most_receipt_bytes) {}

Session::~Session() {
    common_.words.leave(&response_);
    give_all_back();
}

Flight& Session::take_flight() {
    return common_.flights.take();
}

void Session::give_back(Flight& flight) {
    common_.flights.give_back(flight);
}

void Session::begin() {
    const std::array<portillon::http2::Header, 7> headers{{{":method", "POST"},
                                                           {":scheme", "http"},
                                                           {":path", "/portillon.v1.Gate/Stream"},
                                                           {":authority", common_.authority},
                                                           {"te", "trailers"},
                                                           {"content-type", "application/grpc"},
                                                           {"user-agent", "grpc-portillon/1"}}};
    waiting_ = in_flight().end();
    common_.words.leave(&response_);
    response_ = {};
    response_.words = &common_.words;
    receipts_ = wire::GrpcFrameReader(most_receipt_bytes);
    stream_ = Stream::open;
    if (const error_code error = connection().call(call_, headers)) {
        stream_ = Stream::ended;
        complain(error);
    }
    write_soon();
}

error_code Session::carry(Flight& flight) {
    if (waiting_ == in_flight().end()) {
        waiting_ = in_flight().iterator_to(flight);
    }
    if (stream_ == Stream::open) {
        connection().resume(call_);
    }
    return {};
}

void Session::time_out(Flight& flight) {
    const bool waits = flight.state == Flight::State::waiting;
    if (waiting_ == in_flight().iterator_to(flight)) {
        ++waiting_;
    }
    settle(flight, {Answer::timed_out, boost::asio::error::make_error_code(boost::asio::error::timed_out), {}});
    if (!waits) {
        lost(boost::asio::error::make_error_code(boost::asio::error::timed_out));
    }
}

void Session::end() {
    waiting_ = in_flight().end();
    if (stream_ == Stream::open) {
        connection().end(call_);
    }
}

void Session::settle_as_said(const wire::Receipt& receipt) {
    const bool ours = receipt.equipment == EquipmentId{0} || receipt.equipment == equipment();
    for (auto flight = in_flight().begin(); flight != waiting_; ++flight) {
        if (ours && flight->batch.first == receipt.first) {
            answered(*flight, meaning_of(receipt));
            return;
        }
    }
    receipts().stray(wire::ReceiptError::stray);
}

}  // namespace portillon::drivers::grpc_stream
