#pragma once

// The session is one stream, which lives as long as the connection. A batch that times out drops the connection, unless
// nothing of the batch was sent; so does the end of the stream. Batches in flight are then settled as broken, and are
// offered again on the next connection. A receipt for a batch that was not sent or is answered already is stray.

#include <array>
#include <string>

#include "base/pool.h"
#include "drivers/over_grpc/response.h"
#include "drivers/over_http2/session.h"
#include "wire/grpc_frame.h"
#include "wire/receipt.h"

namespace portillon::drivers::grpc_stream {

// State that the sessions of one driver share.
struct Common : over_http2::Common {
    std::string authority;
    Pool<over_http2::Flight> flights = {};
};

class Session final : public over_http2::Session {
public:
    Session(Common& common, EquipmentId equipment, driver::Receipts& receipts);
    ~Session() override;

private:
    class Call final : public portillon::http2::Request {
    public:
        explicit Call(Session& session) : session_(session) {}
        std::size_t body_bytes() const override;
        void write_body(std::span<std::byte> out) const override;
        void started() override {}
        void header(std::string_view name, std::string_view value) override;
        void body(std::span<const std::byte> bytes) override;
        void piece_started() override;
        void answered() override;
        void failed(const error_code& cause) override;

    private:
        Session& session_;
    };

    over_http2::Flight& take_flight() override;
    void give_back(over_http2::Flight& flight) override;
    void begin() override;
    error_code carry(over_http2::Flight& flight) override;
    void time_out(over_http2::Flight& flight) override;
    void end() override;

    void settle_as_said(const wire::Receipt& receipt);

    Common& common_;
    Call call_{*this};
    enum class Stream : std::uint8_t { none, open, ended } stream_ = Stream::none;
    List<over_http2::Flight>::iterator waiting_;  // the oldest batch of which nothing was sent; all behind it wait, too
    over_http2::Flight* writing_ = nullptr;       // while its bytes are asked for
    over_grpc::Response response_;
    wire::GrpcFrameReader receipts_;
};

}  // namespace portillon::drivers::grpc_stream
