#include "net/faults/faulty_dialer.h"

#include "net/faults/faulty_network.h"

namespace portillon::net::faults {

namespace {

// A driver's end of a FaultyConnection.
class FaultyTransport final : public Transport {
public:
    explicit FaultyTransport(FaultyConnection& connection) : connection_(connection) {}
    ~FaultyTransport() override { connection_.disown(); }

    Task<error_code> connect(Instant deadline) override { return connection_.connect(deadline); }
    void start(Reader& reader) override { connection_.start(reader); }
    void write(std::span<const std::byte> bytes) override { connection_.write(bytes); }
    std::size_t unsent() const override { return connection_.unsent(); }
    void pause() override { connection_.pause(); }
    void resume() override { connection_.resume(); }
    void shut() override { connection_.shut(); }
    void close() override { connection_.close(FaultyConnection::Close::orderly); }
    void reset() override { connection_.close(FaultyConnection::Close::reset); }

private:
    FaultyConnection& connection_;
};

}  // namespace

FaultyDialer::FaultyDialer(Loop& loop, Dialer& inner, const portillon::faults::NetworkFaults& faults)
    : inner_(inner), network_(std::make_unique<FaultyNetwork>(loop, faults)) {}

FaultyDialer::~FaultyDialer() = default;

void FaultyDialer::start(Instant t0) {
    network_->start(t0);
}

std::unique_ptr<Transport> FaultyDialer::dial(EquipmentId equipment) {
    auto inner = inner_.dial(equipment);
    if (network_->faults().spares(equipment)) {
        return inner;
    }
    return std::make_unique<FaultyTransport>(network_->add(equipment, std::move(inner)));
}

const std::vector<Injected>& FaultyDialer::injected() const {
    return std::as_const(*network_).injected();
}

}  // namespace portillon::net::faults
