#include "server/shard.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace portillon::server {

namespace {

template <class... Each>
struct Overloaded : Each... {
    using Each::operator()...;
};
template <class... Each>
Overloaded(Each...) -> Overloaded<Each...>;

}  // namespace

Shard::Shard(net::Loop& loop, const ListenerKinds& kinds, const Limits& limits, SharedFigures shared_figures,
             unsigned number)
    : loop_(loop),
      kinds_(kinds),
      limits_(limits),
      number_(number),
      shards_(shared_figures.shards()),
      figures_(shared_figures.figures(number)),
      received_before_(figures_.bytes_received.get()),
      sent_before_(figures_.bytes_sent.get()),
      pipeline_(loop, number, figures_, shared_figures.shares()),
      drains_(loop, pipeline_, [this] { return connections(); }),
      planned_closings_(loop, shared_figures.shares(), [this](Listener::Parting parting) { return dismiss(parting); }) {
}

Shard::~Shard() = default;

error_code Shard::meet(const std::string& group) {
    check(places_.empty(), "listeners must know that there are others");
    Mesh::Events events;
    events.heard = [this](unsigned from, const std::string& listener, std::span<const std::byte> message) {
        place(listener).listener->heard(from, message);
    };
    events.changed = [this](unsigned shard) {
        for (auto& [name, place] : places_) {
            place.listener->shard_changed(shard);
        }
    };
    mesh_.emplace(loop_, group, number_, shards_, std::move(events));
    return mesh_->listen();
}

error_code Shard::listen(const std::string& listener, const net::Endpoint& at) {
    Place& here = place(listener);
    here.acceptor = std::make_unique<net::Acceptor>(
        loop_, traffic_,
        [this, listener](std::unique_ptr<net::Transport> transport) { take(listener, std::move(transport)); });
    return here.acceptor->listen(at);
}

net::Endpoint Shard::at(const std::string& listener) const {
    return places_.at(listener).acceptor->at();
}

void Shard::take(const std::string& listener, std::unique_ptr<net::Transport> transport) {
    figures_.accepted.add();
    if (pipeline_.turns_away()) {
        figures_.closed.add(name_of(FaultKind::turn_away));
        transport->reset();
        return;
    }
    if (connections() >= limits_.connections) {
        figures_.closed.add("too_many_connections");
        transport->reset();
        return;
    }
    place(listener).listener->accepted(std::move(transport));
    figures_.connections.set(connections());
}

void Shard::obey(const Instruction& instruction, Done done) {
    publish();
    std::visit(Overloaded{
                   [&](const OpenRun& open) { done(open_run(open)); },
                   [&](const CloseRun& close) {
                       pipeline_.close(close.run);
                       planned_closings_.drop(close.run);
                       memories_.erase(close.run);
                       done({});
                   },
                   [&](const DrainRun& to_drain) {
                       drains_.begin(to_drain.deadline, [this, done](std::size_t left) {
                           publish();
                           done({.problem = {}, .connections_left = left});
                       });
                   },
                   [&](const SetFault& instructed) {
                       set(instructed.fault);
                       done({});
                   },
                   [&](const ClearFaults&) {
                       pipeline_.clear_faults();
                       planned_closings_.clear();
                       done({});
                   },
               },
               instruction);
}

void Shard::set(const Fault& fault) {
    if (fault.kind == FaultKind::close || fault.kind == FaultKind::goaway) {
        planned_closings_.set(fault);
    } else {
        pipeline_.set(fault);
    }
}

std::size_t Shard::dismiss(Listener::Parting parting) {
    const std::size_t there_were = connections();
    for (auto& [name, place] : places_) {
        place.listener->dismiss(parting);
    }
    return there_were;
}

void Shard::stop() {
    for (auto& [name, place] : places_) {
        if (place.acceptor) {
            place.acceptor->stop();
        }
    }
    pipeline_.clear_faults();
    planned_closings_.clear();
    for (auto& [name, place] : places_) {
        place.listener->stop();
    }
    publish();
}

std::size_t Shard::connections() const {
    std::size_t sum = 0;
    for (const auto& [name, place] : places_) {
        sum += place.listener->connections();
    }
    return sum;
}

void Shard::publish() {
    figures_.connections.set(connections());
    figures_.bytes_received.set(received_before_ + traffic_.bytes_received);
    figures_.bytes_sent.set(sent_before_ + traffic_.bytes_sent);
}

Shard::Place& Shard::place(const std::string& listener) {
    Place& here = places_[listener];
    if (!here.listener) {
        const auto kind =
            std::find_if(kinds_.begin(), kinds_.end(), [&](const ListenerKind& each) { return each.name == listener; });
        check(kind != kinds_.end(), "a listener of no known kind");
        here.name = listener;
        here.mesh = mesh_ ? &*mesh_ : nullptr;
        here.listener = kind->make({loop_, pipeline_, limits_, figures_, mesh_ ? &here : nullptr});
    }
    return here;
}

Obeyed Shard::open_run(const OpenRun& instruction) {
    auto memory = SharedMemory::open(instruction.memory);
    if (!memory) {
        return {.problem = "a shard cannot open the run's memory: " + memory.error().message()};
    }
    const auto ledger = Ledger::attach(memory->bytes());
    if (!ledger) {
        return {.problem = "the run's memory holds no ledger"};
    }
    pipeline_.open(*ledger);
    memories_.insert_or_assign(ledger->run(), std::move(*memory));
    return {};
}

}  // namespace portillon::server
