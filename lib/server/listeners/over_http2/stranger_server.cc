// For ci/strangers: one of our listeners on a free port of 127.0.0.1, with an ingest that decodes and counts. Prints
// "port N"; at the end of standard input stops and prints what came: "batches N", "validations N",
// "malformed N", "refused CAUSE N", "closed CAUSE N".
//
// Usage: portillon_stranger_server http2|grpc

#include <unistd.h>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cstdio>
#include <string_view>

#include "net/task_group.h"
#include "net/tcp.h"
#include "net/wakeup.h"
#include "server/listeners/grpc/kind.h"
#include "server/listeners/http2/kind.h"
#include "wire/batch_codec.h"

namespace portillon::server {
namespace {

class CountingIngest final : public Ingest {
public:
    std::uint64_t batches = 0, validations = 0, malformed = 0;

    void arrived(std::span<const std::byte> body, Answers& answers, const Ticket& ticket) override {
        if (const error_code error = wire::decode(body, wire::detect_encoding(body), batch_)) {
            ++malformed;
            answers.decided(ticket, {Disposition::malformed, error, {}, 0, 0});
            return;
        }
        ++batches;
        validations += batch_.validations.size();
        answers.decided(ticket, {Disposition::accepted,
                                 {},
                                 batch_.equipment,
                                 batch_.first,
                                 static_cast<std::uint32_t>(batch_.validations.size())});
    }

private:
    wire::ReceivedBatch batch_;
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

int run(const ListenerKind& kind) {
    const MonotonicClock clock;
    net::Loop loop(clock);
    net::Traffic traffic;
    CountingIngest ingest;
    const Limits limits;
    Figures figures;
    const auto listener = kind.make({loop, ingest, limits, figures});
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
    std::printf("batches %llu\nvalidations %llu\nmalformed %llu\n", static_cast<unsigned long long>(ingest.batches),
                static_cast<unsigned long long>(ingest.validations), static_cast<unsigned long long>(ingest.malformed));
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

int main(int count, char** arguments) {
    const std::string_view protocol = count == 2 ? arguments[1] : "";
    if (protocol == "http2") {
        return portillon::server::run(portillon::server::http2::kind());
    }
    if (protocol == "grpc") {
        return portillon::server::run(portillon::server::grpc::kind());
    }
    std::fputs("usage: portillon_stranger_server http2|grpc\n", stderr);
    return 2;
}
