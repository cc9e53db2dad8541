#pragma once

// The session of a driver whose batches are requests, many at once. abandon() resets that stream alone. A server that
// takes many resets for an attack (nghttp2: 1,000 at once, then 33 a second) says GOAWAY, and the session is broken:
// what it does to a fleet whose requests time out is what a report is to show.

#include "base/pool.h"
#include "drivers/over_http2/dialect.h"
#include "drivers/over_http2/session.h"

namespace portillon::over_http2 {

class RequestSession;

struct RequestFlight final : Flight, http2::Request {
    std::size_t body_bytes() const override { return bytes; }
    void write_body(std::span<std::byte> out) const override;
    void started() override;
    void header(std::string_view name, std::string_view value) override;
    void body(std::span<const std::byte> piece) override;
    void answered() override;
    void failed(const error_code& cause) override;

    RequestSession* session = nullptr;
    std::size_t bytes = 0;
    Response response;
};

struct RequestCommon : Common {
    Dialect& dialect;
    Pool<RequestFlight> flights = {};
};

class RequestSession final : public Session {
public:
    RequestSession(RequestCommon& common, EquipmentId equipment, driver::Receipts& receipts);
    ~RequestSession() override;

private:
    friend struct RequestFlight;
    Flight& take_flight() override;
    void give_back(Flight& flight) override;
    error_code carry(Flight& flight) override;
    void time_out(Flight& flight) override;
    void withdraw_waiting() override;
    void end() override;

    RequestCommon& common_;
};

}  // namespace portillon::over_http2
