#include "drivers/example/session.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <charconv>

#include "drivers/example/error.h"
#include "wire/receipt.h"

namespace portillon::drivers::example {

namespace {

using driver::Answer;
using Status = Flight::Status;

constexpr std::size_t most_line_bytes = 4 << 10;        // of the server's lines: a receipt has 128, and may be extended
constexpr std::size_t most_written_at_once = 64 << 10;  // larger writes do not get cheaper

}  // namespace

void Session::greet() {
    line_.clear();
    unanswered_ = 0;
}

void Session::offer(const driver::Batch& batch) {
    const auto flight = flights_.insert(flights_.end(), Flight{batch});
    if (!takes_offer()) {
        settle(flight, Answer::broken, cause());
    } else if (batch.body->size() > most_batch_bytes_) {
        settle(flight, Answer::rejected, boost::asio::error::message_size);
    }
    write_soon();
}

void Session::abandon(Sequence first) {
    const auto flight = std::find_if(flights_.begin(), flights_.end(),
                                     [first](const Flight& each) { return each.batch.first == first; });
    if (flight == flights_.end()) {
        return;
    }
    const bool was_sent = flight->status == Status::sent;
    settle(flight, Answer::timed_out, boost::asio::error::timed_out);
    if (was_sent) {
        lost(boost::asio::error::timed_out);
    }
}

// A line may come in pieces, and a piece may hold many lines.
void Session::take(std::span<const std::byte> bytes) {
    std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    while (!rest.empty() && is_connected()) {
        const auto end = rest.find('\n');
        line_ += rest.substr(0, end);
        rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
        if (line_.size() > most_line_bytes) {
            lost(boost::asio::error::message_size);
        } else if (end != rest.npos) {
            if (const error_code error = is_opening() ? take_hello() : take_receipt()) {
                lost(error);
            }
            line_.clear();
        }
    }
}

error_code Session::take_hello() {
    constexpr std::string_view hello = "hello ";
    const char* const end = line_.data() + line_.size();
    if (!line_.starts_with(hello)) {
        return Error::not_understood;
    }
    const auto window = std::from_chars(line_.data() + hello.size(), end, window_);
    if (window.ptr == end || *window.ptr != ' ' || window_ == 0) {
        return Error::not_understood;
    }
    const auto bytes = std::from_chars(window.ptr + 1, end, most_batch_bytes_);
    if (bytes.ptr != end || bytes.ec != std::errc{}) {
        return Error::not_understood;
    }
    greeted();
    return {};
}

// A receipt that comes twice, or for a batch that was not sent, settles nothing and is counted as stray.
error_code Session::take_receipt() {
    wire::Receipt receipt;
    if (const error_code error = wire::decode(std::as_bytes(std::span(line_)), wire::Encoding::json, receipt)) {
        return error;
    }
    const auto flight = std::find_if(flights_.begin(), flights_.end(), [&](const Flight& each) {
        return each.batch.first == receipt.first && each.status == Status::sent;
    });
    if (flight == flights_.end() || receipt.equipment != equipment()) {
        receipts().stray(wire::ReceiptError::stray);
        return {};
    }
    std::optional<Nanos> retry_after;
    if (receipt.retry_after_ms > 0) {
        retry_after = std::chrono::milliseconds{receipt.retry_after_ms};
    }
    switch (receipt.answer) {
        case wire::ReceiptAnswer::acknowledged:
            settle(flight, Answer::acknowledged, {});
            break;
        case wire::ReceiptAnswer::rejected:
            settle(flight, Answer::rejected, Error::rejected);
            break;
        case wire::ReceiptAnswer::throttled:
            settle(flight, Answer::throttled, Error::throttled, retry_after);
            break;
        default:
            settle(flight, Answer::try_again, Error::try_again, retry_after);
    }
    return {};
}

void Session::write() {
    while (write_some()) {
    }
}

// Writes, in one write, the batches that the server's window admits; nothing while earlier bytes wait for the kernel.
bool Session::write_some() {
    if (!is_open() || transport().unsent() > 0) {
        return false;
    }
    auto& out = common_.out;
    out.clear();
    for (Flight& flight : flights_) {
        if (unanswered_ == window_ || out.size() >= most_written_at_once) {
            break;
        }
        if (flight.status == Status::waiting) {
            const std::size_t begin = out.size(), size = flight.batch.body->size();
            out.resize(begin + size + 1);
            flight.batch.body->write_to(std::span(out).subspan(begin, size));
            out.back() = std::byte{'\n'};
            flight.sent = common_.loop.now();
            flight.status = Status::sent;
            ++unanswered_;
        }
    }
    if (out.empty()) {
        return false;
    }
    transport().write(out);
    return true;
}

void Session::settle(Flights::iterator flight, Answer answer, const error_code& cause,
                     std::optional<Nanos> retry_after) {
    unanswered_ -= flight->status == Status::sent ? 1 : 0;
    settled_.push_back({flight->batch.first, {answer, cause, flight->sent, common_.loop.now(), retry_after}});
    flights_.erase(flight);
    note_settled();
}

void Session::break_all() {
    while (!flights_.empty()) {
        settle(flights_.begin(), Answer::broken, cause());
    }
}

driver::Settled Session::take_settled() {
    const driver::Settled settled = settled_.front();
    settled_.pop_front();
    return settled;
}

}  // namespace portillon::drivers::example
