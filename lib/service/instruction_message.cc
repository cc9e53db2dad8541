#include "service/instruction_message.h"

#include "service/fault_message.h"

namespace portillon::service {

namespace {

std::uint64_t count_ns(Instant at) {
    return static_cast<std::uint64_t>(at.time_since_epoch().count());
}
Instant instant_of(std::uint64_t count_ns) {
    return Instant{Nanos{static_cast<std::int64_t>(count_ns)}};
}

struct Writing {
    link::v1::LinkMessage& message;
    std::uint64_t request;

    void operator()(const server::OpenRun& open) const {
        message.mutable_run_opened()->set_request(request);
        message.mutable_run_opened()->set_memory(open.memory);
    }
    void operator()(const server::CloseRun& close) const {
        message.mutable_run_closed()->set_request(request);
        message.mutable_run_closed()->set_run(static_cast<std::uint64_t>(close.run));
    }
    void operator()(const server::DrainRun& drain) const {
        message.mutable_run_freeze()->set_request(request);
        message.mutable_run_freeze()->set_run(static_cast<std::uint64_t>(drain.run));
        message.mutable_run_freeze()->set_deadline_ns(count_ns(drain.deadline));
    }
    void operator()(const server::SetFault& set) const {
        message.mutable_fault_set()->set_request(request);
        write_fault(set.fault, *message.mutable_fault_set()->mutable_fault());
    }
    void operator()(const server::ClearFaults&) const { message.mutable_fault_set()->set_request(request); }
};

Checked<server::Instruction> instruction_of(const link::v1::FaultSet& message) {
    if (!message.has_fault()) {
        return server::Instruction{server::ClearFaults{}};
    }
    const auto fault = read_fault(message.fault());
    if (!fault) {
        return fault.problems();
    }
    return server::Instruction{server::SetFault{*fault}};
}

}  // namespace

link::v1::LinkMessage message_of(const server::Instruction& instruction, std::uint64_t request) {
    link::v1::LinkMessage message;
    std::visit(Writing{message, request}, instruction);
    return message;
}

std::optional<Request> request_of(const link::v1::LinkMessage& message) {
    using server::Instruction;
    switch (message.what_case()) {
        case link::v1::LinkMessage::kRunOpened: {
            const auto& open = message.run_opened();
            return Request{open.request(), Instruction{server::OpenRun{open.memory()}}};
        }
        case link::v1::LinkMessage::kRunClosed: {
            const auto& close = message.run_closed();
            return Request{close.request(), Instruction{server::CloseRun{RunId{close.run()}}}};
        }
        case link::v1::LinkMessage::kRunFreeze: {
            const auto& freeze = message.run_freeze();
            return Request{freeze.request(),
                           Instruction{server::DrainRun{RunId{freeze.run()}, instant_of(freeze.deadline_ns())}}};
        }
        case link::v1::LinkMessage::kFaultSet:
            return Request{message.fault_set().request(), instruction_of(message.fault_set())};
        default:
            return std::nullopt;
    }
}

}  // namespace portillon::service
