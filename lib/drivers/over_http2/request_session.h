#pragma once

// The session of a driver whose batches are requests, many at once. abandon() resets one stream only. A server that
// takes many resets for an attack (nghttp2: 1,000 at once, then 33 a second) sends GOAWAY, and the session is broken: a
// report is to show what such a server does to a fleet whose requests time out.

#include <boost/asio/error.hpp>
#include <concepts>
#include <span>
#include <string_view>

#include "base/pool.h"
#include "drivers/over_http2/response.h"
#include "drivers/over_http2/session.h"
#include "http2/error.h"
#include "http2/header.h"

namespace portillon::drivers::over_http2 {

// How a protocol writes a request and reads its response. A batch is a request, its answer the response.
template <class T>
concept Dialect = std::derived_from<typename T::Response, Response> &&
    requires(T& dialect, const T& reader, const driver::Batch& batch, typename T::Response& response) {
    { reader.body_bytes(batch) } -> std::same_as<std::size_t>;
    reader.write_body(batch, std::span<std::byte>{});
    // Gets the size of the body. The result is valid until the next call.
    { dialect.request_headers(batch, std::size_t{}) } -> std::same_as<std::span<const portillon::http2::Header>>;
    reader.note(response, std::string_view{} /* name */, std::string_view{} /* value */);
    reader.note_body(response, std::span<const std::byte>{});  // in any pieces
    { reader.read(response) } -> std::same_as<AnswerMeaning>;
    { reader.read_reset(error_code{}) } -> std::same_as<AnswerMeaning>;  // instead of a response
};

template <Dialect D>
class RequestSession;

template <Dialect D>
struct RequestFlight final : Flight, portillon::http2::Request {
    std::size_t body_bytes() const override { return bytes; }
    void write_body(std::span<std::byte> out) const override;
    void started() override;
    void header(std::string_view name, std::string_view value) override;
    void body(std::span<const std::byte> piece) override;
    void answered() override;
    void failed(const error_code& cause) override;

    RequestSession<D>* session = nullptr;
    std::size_t bytes = 0;
    typename D::Response response;
};

template <Dialect D>
struct RequestCommon : Common {
    D& dialect;
    Pool<RequestFlight<D>> flights = {};
};

template <Dialect D>
class RequestSession final : public Session {
public:
    RequestSession(RequestCommon<D>& common, EquipmentId equipment, driver::Receipts& receipts)
        : Session(common, equipment, receipts), common_(common) {}
    ~RequestSession() override { give_all_back(); }

private:
    friend struct RequestFlight<D>;
    using Request = RequestFlight<D>;

    Flight& take_flight() override { return common_.flights.take(); }
    void give_back(Flight& flight) override;
    error_code carry(Flight& flight) override;
    void time_out(Flight& flight) override;
    void withdraw_waiting() override;
    void end() override;

    RequestCommon<D>& common_;
};

template <Dialect D>
void RequestFlight<D>::write_body(std::span<std::byte> out) const {
    session->common_.dialect.write_body(batch, out);
}

template <Dialect D>
void RequestFlight<D>::started() {
    session->started(*this);
}

template <Dialect D>
void RequestFlight<D>::header(std::string_view name, std::string_view value) {
    session->common_.dialect.note(response, name, value);
}

template <Dialect D>
void RequestFlight<D>::body(std::span<const std::byte> piece) {
    session->common_.dialect.note_body(response, piece);
}

template <Dialect D>
void RequestFlight<D>::answered() {
    const AnswerMeaning meaning = session->common_.dialect.read(response);
    session->pass_on_words(response, meaning.cause);
    session->answered(*this, meaning);
}

template <Dialect D>
void RequestFlight<D>::failed(const error_code& cause) {
    if (session->is_draining() && cause == make_error_code(portillon::http2::Error::refused_stream)) {
        session->settle(*this, {driver::Answer::broken, cause, {}});  // GOAWAY has excluded it
    } else {
        session->was_reset(*this, session->common_.dialect.read_reset(cause));
    }
}

template <Dialect D>
void RequestSession<D>::give_back(Flight& flight) {
    auto& request = static_cast<Request&>(flight);
    common_.words.leave(&request.response);
    common_.flights.give_back(request);
}

template <Dialect D>
error_code RequestSession<D>::carry(Flight& flight) {
    auto& request = static_cast<Request&>(flight);
    request.session = this;
    request.response = {};
    request.response.words = &common_.words;
    request.bytes = common_.dialect.body_bytes(request.batch);
    return connection().submit(request, common_.dialect.request_headers(request.batch, request.bytes));
}

template <Dialect D>
void RequestSession<D>::time_out(Flight& flight) {
    connection().cancel(static_cast<Request&>(flight));
    settle(flight, {driver::Answer::timed_out, boost::asio::error::make_error_code(boost::asio::error::timed_out), {}});
}

template <Dialect D>
void RequestSession<D>::withdraw_waiting() {
    for (auto next = in_flight().begin(); next != in_flight().end();) {
        Flight& flight = *next++;  // settle() takes it out of the list
        if (flight.state == Flight::State::waiting) {
            connection().cancel(static_cast<Request&>(flight));
            settle(flight, {driver::Answer::broken, portillon::http2::Error::refused_stream, {}});
        }
    }
}

// Cancels all requests: their answers are of no use any more, and unsent ones shall not be sent, while GOAWAY alone
// would let both continue.
template <Dialect D>
void RequestSession<D>::end() {
    for (Flight& flight : in_flight()) {
        connection().cancel(static_cast<Request&>(flight));
    }
}

}  // namespace portillon::drivers::over_http2
