#include "service/server_plan.h"

#include <nlohmann/json.hpp>

#include "server/admin/bodies.h"

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
        message.mutable_fault_set()->set_fault(server::write_fault(set.fault));
    }
    void operator()(const server::ClearFaults&) const { message.mutable_fault_set()->set_request(request); }
};

server::Instruction fault_of(const std::string& text) {
    if (text.empty()) {
        return server::ClearFaults{};
    }
    return server::SetFault{*server::read_fault(text, Instant{})};
}

}  // namespace

std::string write_limits(const server::Limits& limits) {
    return nlohmann::json{{"packet_bytes", limits.packet_bytes},
                          {"header_list_bytes", limits.header_list_bytes},
                          {"streams", limits.streams},
                          {"connections", limits.connections},
                          {"first_byte_ns", limits.first_byte.count()},
                          {"idle_ns", limits.idle.count()}}
        .dump();
}

server::Limits read_limits(const std::string& text) {
    const auto object = nlohmann::json::parse(text);
    server::Limits limits;
    object.at("packet_bytes").get_to(limits.packet_bytes);
    object.at("header_list_bytes").get_to(limits.header_list_bytes);
    object.at("streams").get_to(limits.streams);
    object.at("connections").get_to(limits.connections);
    limits.first_byte = Nanos{object.at("first_byte_ns").get<std::int64_t>()};
    limits.idle = Nanos{object.at("idle_ns").get<std::int64_t>()};
    return limits;
}

link::v1::LinkMessage message_of(const server::Instruction& instruction, std::uint64_t request) {
    link::v1::LinkMessage message;
    std::visit(Writing{message, request}, instruction);
    return message;
}

std::optional<Request> request_of(const link::v1::LinkMessage& message) {
    switch (message.what_case()) {
        case link::v1::LinkMessage::kRunOpened:
            return Request{message.run_opened().request(), server::OpenRun{message.run_opened().memory()}};
        case link::v1::LinkMessage::kRunClosed:
            return Request{message.run_closed().request(), server::CloseRun{RunId{message.run_closed().run()}}};
        case link::v1::LinkMessage::kRunFreeze:
            return Request{
                message.run_freeze().request(),
                server::DrainRun{RunId{message.run_freeze().run()}, instant_of(message.run_freeze().deadline_ns())}};
        case link::v1::LinkMessage::kFaultSet:
            return Request{message.fault_set().request(), fault_of(message.fault_set().fault())};
        default:
            return std::nullopt;
    }
}

}  // namespace portillon::service
