#include "service/fault_message.h"

#include <fmt/format.h>

namespace portillon::service {

void write_fault(const server::Fault& fault, link::v1::ServerFault& into) {
    into.set_id(fault.id);
    into.set_draw(fault.draw);
    into.set_kind(static_cast<std::uint32_t>(fault.kind));
    into.set_at_ns(static_cast<std::uint64_t>(fault.at.time_since_epoch().count()));
    into.set_length_ns(fault.length.count());
    into.set_delay_ns(fault.delay.count());
    into.set_retry_after_ns(fault.retry_after.count());
    into.set_every_ns(fault.every.count());
    into.set_per_s(fault.per_s);
    into.set_count(fault.count);
    into.set_one_in(fault.one_in);
    if (fault.run) {
        into.set_run(static_cast<std::uint64_t>(*fault.run));
    }
    into.set_share(fault.share);
}

Checked<server::Fault> read_fault(const link::v1::ServerFault& message) {
    if (message.kind() >= faults::kinds.size()) {
        return Problems{{"", 0, "fault", fmt::format("kind {} is unknown", message.kind())}};
    }
    const server::Fault fault{.id = message.id(),
                              .draw = message.draw(),
                              .kind = static_cast<server::FaultKind>(message.kind()),
                              .at = Instant{Nanos{static_cast<std::int64_t>(message.at_ns())}},
                              .length = Nanos{message.length_ns()},
                              .delay = Nanos{message.delay_ns()},
                              .retry_after = Nanos{message.retry_after_ns()},
                              .every = Nanos{message.every_ns()},
                              .per_s = message.per_s(),
                              .count = message.count(),
                              .one_in = message.one_in(),
                              .run = message.has_run() ? std::optional(RunId{message.run()}) : std::nullopt,
                              .share = message.share()};
    if (std::string problem = server::problem_of(fault); !problem.empty()) {
        return Problems{{"", 0, "fault", std::move(problem)}};
    }
    return fault;
}

}  // namespace portillon::service
