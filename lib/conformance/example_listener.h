#pragma once

// The peer of lib/drivers/example, whose header describes the protocol: as much of a server as it takes to test the
// driver.

#include <list>
#include <memory>

#include "server/listener.h"

namespace portillon::conformance {

class ExampleListener final : public server::Listener, private server::Answers {
public:
    explicit ExampleListener(const server::ListenerContext& context);
    ~ExampleListener() override;

    void accepted(std::unique_ptr<net::Transport> transport) override;
    void dismiss(Parting parting) override;
    void stop() override;
    std::size_t connections() const override { return connections_.size(); }

private:
    class Connection;
    void decided(const server::Ticket& ticket, const server::Decision& decision) override;
    void forget(std::uint32_t number);

    server::ListenerContext context_;
    std::list<std::unique_ptr<Connection>> connections_;
    std::uint32_t next_ = 0;
};

server::ListenerKind example_listener_kind();

}  // namespace portillon::conformance
