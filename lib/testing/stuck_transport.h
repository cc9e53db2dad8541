#pragma once

#include <memory>
#include <vector>

#include "net/transport.h"

namespace portillon::testing {

// A transport that accepts nothing more until it is told to, like a kernel with a full send buffer.
class StuckTransport final : public net::Transport {
public:
    explicit StuckTransport(std::unique_ptr<net::Transport> inner) : inner_(std::move(inner)) {}

    net::Task<error_code> connect(Instant deadline) override { return inner_->connect(deadline); }
    void start(Reader& reader) override {
        reader_ = &reader;
        inner_->start(reader);
    }
    void write(std::span<const std::byte> bytes) override {
        if (stuck) {
            kept_.insert(kept_.end(), bytes.begin(), bytes.end());
        } else {
            inner_->write(bytes);
        }
    }
    std::size_t unsent() const override { return kept_.size(); }
    void pause() override { inner_->pause(); }
    void resume() override { inner_->resume(); }
    void shut() override { inner_->shut(); }
    void close() override { inner_->close(); }
    void reset() override { inner_->reset(); }

    void come_loose() {
        stuck = false;
        inner_->write(kept_);
        kept_.clear();
        reader_->drained();
    }

    bool stuck = false;

private:
    std::unique_ptr<net::Transport> inner_;
    Reader* reader_ = nullptr;
    std::vector<std::byte> kept_;
};

}  // namespace portillon::testing
