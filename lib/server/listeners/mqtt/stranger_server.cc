// For ci/strangers: our listener on a free port of 127.0.0.1, with an ingest that counts. Prints "port N"; at the end
// of standard input stops and prints what came: "messages N", "distinct N", "refused CAUSE N", "closed CAUSE N".
// A message that begins with "malformed" or "busy" is decided so; any other is accepted, every second one 2 ms later.

#include <unistd.h>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cstdio>
#include <deque>
#include <set>
#include <string>

#include "net/task_group.h"
#include "net/tcp.h"
#include "net/wakeup.h"
#include "server/listeners/mqtt/kind.h"

namespace portillon::server {
namespace {

class CountingIngest final : public Ingest, private Alarm {
public:
    explicit CountingIngest(net::Loop& loop) : loop_(loop) {}

    std::uint64_t messages = 0;
    std::set<std::string> distinct;

    void arrived(std::span<const std::byte> body, Answers& answers, const Ticket& ticket) override {
        const std::string text(reinterpret_cast<const char*>(body.data()), body.size());
        ++messages;
        distinct.insert(text);
        Decision decision{Disposition::accepted, {}, EquipmentId{1}, 1, 1};
        if (text.starts_with("malformed")) {
            decision.disposition = Disposition::malformed;
        } else if (text.starts_with("busy")) {
            decision.disposition = Disposition::refused;
        } else if (messages % 2 == 0) {
            late_.push_back({loop_.now() + 2ms, &answers, ticket, decision});
            if (!armed()) {
                loop_.timers().set(*this, late_.front().at);
            }
            return;
        }
        answers.decided(ticket, decision);
    }

private:
    struct Late {
        Instant at;
        Answers* answers;
        Ticket ticket;
        Decision decision;
    };

    void ring(Instant now) override {
        while (!late_.empty() && late_.front().at <= now) {
            late_.front().answers->decided(late_.front().ticket, late_.front().decision);
            late_.pop_front();
        }
        if (!late_.empty()) {
            loop_.timers().set(*this, late_.front().at);
        }
    }

    net::Loop& loop_;
    std::deque<Late> late_;
};

// Until standard input ends; then stops the listener and waits for its connections.
net::Task<void> serve(net::Loop& loop, net::Acceptor& acceptor, Listener& listener) {
    boost::asio::posix::basic_stream_descriptor<net::Executor> input(loop.executor(), ::dup(STDIN_FILENO));
    error_code end;
    char byte = 0;
    while (!end) {
        co_await input.async_read_some(boost::asio::buffer(&byte, 1), boost::asio::redirect_error(net::use_task, end));
    }
    acceptor.stop();
    listener.stop();
    net::Wakeup wait(loop);
    const Instant deadline = loop.now() + 5s;
    while (listener.connections() > 0 && loop.now() < deadline) {
        co_await wait.until(loop.now() + 10ms);
    }
    loop.stop();
}

int run() {
    const MonotonicClock clock;
    net::Loop loop(clock);
    net::Traffic traffic;
    CountingIngest ingest(loop);
    const Limits limits;
    Figures figures;
    const auto listener = mqtt::kind().make({loop, ingest, limits, figures});
    net::Acceptor acceptor(
        loop, traffic, [&](std::unique_ptr<net::Transport> transport) { listener->accepted(std::move(transport)); });
    if (const error_code error = acceptor.listen(*net::parse_endpoint("127.0.0.1:0"))) {
        std::fprintf(stderr, "cannot listen: %s\n", error.message().c_str());
        return 1;
    }
    std::printf("port %d\n", acceptor.at().port());
    std::fflush(stdout);
    net::TaskGroup group(loop);
    group.spawn(serve(loop, acceptor, *listener));
    loop.run();
    loop.poll();
    std::printf("messages %llu\ndistinct %zu\n", static_cast<unsigned long long>(ingest.messages),
                ingest.distinct.size());
    const auto print = [](const char* what) {
        return [what](std::string_view cause, std::uint64_t count) {
            std::printf("%s %.*s %llu\n", what, static_cast<int>(cause.size()), cause.data(),
                        static_cast<unsigned long long>(count));
        };
    };
    figures.refused.for_each(print("refused"));
    figures.closed.for_each(print("closed"));
    return 0;
}

}  // namespace
}  // namespace portillon::server

int main() {
    return portillon::server::run();
}
