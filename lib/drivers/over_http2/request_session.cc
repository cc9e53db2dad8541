#include "drivers/over_http2/request_session.h"

#include <boost/asio/error.hpp>

#include "http2/error.h"

namespace portillon::over_http2 {

void RequestFlight::write_body(std::span<std::byte> out) const {
    session->common_.dialect.write_body(batch, out);
}

void RequestFlight::started() {
    session->started(*this);
}

void RequestFlight::header(std::string_view name, std::string_view value) {
    session->common_.dialect.note(response, name, value);
}

void RequestFlight::body(std::span<const std::byte> piece) {
    session->common_.dialect.note_body(response, piece);
}

void RequestFlight::answered() {
    const Reading reading = session->common_.dialect.read(response);
    session->pass_on_words(response, reading.cause);
    session->answered(*this, reading);
}

void RequestFlight::failed(const error_code& cause) {
    if (session->is_draining() && cause == http2::make_error_code(http2::Error::refused_stream)) {
        session->settle(*this, {driver::Answer::broken, cause, {}});  // GOAWAY has left it out
    } else {
        session->was_reset(*this, session->common_.dialect.read_reset(cause));
    }
}

RequestSession::RequestSession(RequestCommon& common, EquipmentId equipment, driver::Receipts& receipts)
    : Session(common, equipment, receipts), common_(common) {}

RequestSession::~RequestSession() {
    give_all_back();
}

Flight& RequestSession::take_flight() {
    return common_.flights.take();
}

void RequestSession::give_back(Flight& flight) {
    auto& request = static_cast<RequestFlight&>(flight);
    common_.words.leave(&request.response);
    common_.flights.give_back(request);
}

error_code RequestSession::carry(Flight& flight) {
    auto& request = static_cast<RequestFlight&>(flight);
    request.session = this;
    request.response = {};
    request.response.words = &common_.words;
    request.bytes = common_.dialect.body_bytes(request.batch);
    return connection().submit(request, common_.dialect.request_headers(request.batch, request.bytes));
}

void RequestSession::time_out(Flight& flight) {
    connection().cancel(static_cast<RequestFlight&>(flight));
    settle(flight, {driver::Answer::timed_out, boost::asio::error::make_error_code(boost::asio::error::timed_out), {}});
}

void RequestSession::withdraw_waiting() {
    for (auto next = in_flight().begin(); next != in_flight().end();) {
        Flight& flight = *next++;  // settle() takes it out of the list
        if (flight.state == Flight::State::waiting) {
            connection().cancel(static_cast<RequestFlight&>(flight));
            settle(flight, {driver::Answer::broken, http2::Error::refused_stream, {}});
        }
    }
}

// Their answers are of no use any more, and what was not sent goes nowhere: GOAWAY would let both go on.
void RequestSession::end() {
    for (Flight& flight : in_flight()) {
        connection().cancel(static_cast<RequestFlight&>(flight));
    }
}

}  // namespace portillon::over_http2
