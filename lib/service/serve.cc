#include "service/serve.h"

#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "base/standard_stream.h"
#include "escape/formats.h"
#include "host/facts.h"
#include "link/heartbeat.h"
#include "link/stream_link.h"
#include "net/port_reservation.h"
#include "net/signals.h"
#include "net/task_group.h"
#include "server/admin/http_server.h"
#include "server/shared_memory.h"
#include "service/server_shards.h"

namespace portillon::service {

namespace {

constexpr Nanos shards_stop_within = 4s;

class Serving {
public:
    explicit Serving(const ServeOptions& options)
        : options_(options),
          tasks_(loop_),
          stop_wanted_(loop_),
          signals_(loop_, options.parent_link < 0 ? net::stop_signals() : std::vector<int>{},
                   [this](int signal) {
                       interrupt({signal, loop_.now()});
                   }),
          shards_(loop_, [this](const std::string& what) { tell_lost(what); }) {}

    Served run() {
        if (options_.parent_link >= 0) {
            parent_ = std::make_unique<link::Heartbeat>(
                loop_, std::make_unique<link::StreamLink>(loop_, options_.parent_link));
            parent_->start([this](const link::v1::LinkMessage& message) { message.has_bye() ? stop() : void(); },
                           [this](const error_code&) { stop(); });
        }
        tasks_.spawn(live());
        loop_.run();
        return {problem_, ended_by_.number};
    }

private:
    net::Task<void> live() {
        problem_ = co_await start();
        if (problem_.empty()) {
            say_ready();
            co_await stop_wanted_.until(never);
        }
        if (http_) {
            co_await http_->stopped();
        }
        if (admin_) {
            co_await admin_->stop();
        }
        co_await shards_.dismiss(loop_.now() + shards_stop_within);
        parent_.reset();
        ending_.emplace(*this);
        loop_.later(*ending_);
    }

    net::Task<std::string> start() {
        Plan plan{.shards = options_.shards, .limits = options_.limits, .gives_way = options_.parent_link >= 0};
        std::map<std::string, std::string> listeners;
        for (const auto& [name, endpoint] : options_.listeners) {
            auto port = net::PortReservation::make(endpoint);
            if (!port) {
                co_return fmt::format("{}={}: {}", name, net::format_endpoint(endpoint), port.error().message());
            }
            listeners.emplace(name, net::format_endpoint(port->at()));
            plan.listeners.push_back({name, port->at()});
            ports_.push_back(std::move(*port));
        }
        auto memory =
            server::SharedMemory::create("portillon-figures", server::SharedFigures::bytes_needed(options_.shards));
        if (!memory) {
            co_return "no shared memory: " + memory.error().message();
        }
        shared_memory_.emplace(std::move(*memory));
        plan.figures = shared_memory_->path();
        if (options_.shards > 1) {
            plan.mesh = fmt::format("portillon-{}-{:016x}", ::getpid(), clock_.now().time_since_epoch().count());
        }
        if (std::string problem = co_await shards_.start(plan); !problem.empty()) {
            co_return problem;
        }
        const server::SharedFigures shared_figures(shared_memory_->bytes(), options_.shards);
        listeners_ = listeners;
        admin_.emplace(loop_, shards_, shared_figures,
                       server::admin::Admin::About{options_.version, listeners, host::look});
        http_.emplace(loop_, options_.admin_token,
                      [this](server::admin::AdminRequest request) { return admin_->respond(std::move(request)); });
        if (const auto error = http_->listen(options_.admin)) {
            co_return fmt::format("admin={}: {}", net::format_endpoint(options_.admin), error.message());
        }
        co_return std::string();
    }

    void say_ready() const {
        const std::string admin = net::format_endpoint(http_->at());
        if (options_.ready == ServeOptions::Ready::json) {
            const nlohmann::ordered_json line{
                {"listeners", listeners_}, {"admin", admin}, {"shards", options_.shards}, {"pid", ::getpid()}};
            standard_output().write(line.dump() + "\n");
        } else {
            for (const auto& [name, at] : listeners_) {
                standard_output().write(fmt::format("{} listening on {}\n", name, at));
            }
            standard_output().write(fmt::format("admin listening on {}\n", admin));
        }
    }

    // Tells the parent process, or else the user.
    void tell_lost(const std::string& what) {
        if (parent_) {
            link::v1::LinkMessage message;
            message.mutable_shard_lost()->set_what(what);
            parent_->send(message);
        } else {
            standard_error().write(fmt::format("portillon: {}\n", escape::terminal(what)));
        }
    }

    void stop() { stop_wanted_.wake(); }

    void interrupt(const net::StopSignal& signal) {
        if (ended_by_.number == 0) {
            ended_by_ = signal;
            stop();
        } else if (net::insists(ended_by_, signal)) {
            ::_exit(128 + signal.number);  // the shards die with this process
        }
    }

    // Stops the loop in the turn after the last coroutine has ended.
    struct Ending final : net::Deferred {
        explicit Ending(Serving& owner) : serving(owner) {}
        void run() override {
            if (serving.tasks_.running() > 0) {
                serving.loop_.later(*this);
            } else {
                serving.loop_.stop();
            }
        }
        Serving& serving;
    };

    const ServeOptions& options_;
    MonotonicClock clock_;
    net::Loop loop_{clock_};
    net::TaskGroup tasks_;
    net::Wakeup stop_wanted_;
    net::Signals signals_;
    std::unique_ptr<link::Link> parent_;
    std::vector<net::PortReservation> ports_;
    std::optional<server::SharedMemory> shared_memory_;
    std::map<std::string, std::string> listeners_;
    ServerShards shards_;
    std::optional<server::admin::Admin> admin_;
    std::optional<server::admin::HttpServer> http_;
    std::optional<Ending> ending_;
    std::string problem_;
    net::StopSignal ended_by_;
};

}  // namespace

Served serve(const ServeOptions& options) {
    return Serving(options).run();
}

}  // namespace portillon::service
