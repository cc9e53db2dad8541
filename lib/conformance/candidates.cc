#include "conformance/candidate.h"
#include "conformance/example_listener.h"
#include "drivers/example/kind.h"
#include "drivers/grpc/kind.h"
#include "drivers/grpc_stream/kind.h"
#include "drivers/http2/kind.h"
#include "drivers/mqtt/kind.h"
#include "server/listeners/grpc/kind.h"
#include "server/listeners/http2/kind.h"
#include "server/listeners/mqtt/kind.h"

namespace portillon::conformance {

namespace {

using driver::Answer;
using HeldBackBy = Manners::HeldBackBy;

Candidate mqtt_candidate(std::string name, const nlohmann::json& version, int qos, Manners manners) {
    return {.name = std::move(name),
            .driver = drivers::mqtt::kind(),
            .options = {{"version", version}, {"qos", qos}, {"keepalive", "5s"}},
            .peer = server::listeners::mqtt::kind(),
            .manners = manners};
}

Manners mqtt_5() {
    return {.answers = Manners::Answers::in_order,
            .repeated = Manners::Repeated::passes,
            .refused = Answer::throttled,
            .refused_for_a_while = Answer::throttled};
}

Manners exactly_once(Manners manners) {
    manners.promise = Manners::Promise::exactly_once;
    manners.round_trips = 2;
    return manners;
}

// 3.1.1 has no reasons: a server that does not want a batch accepts it or ends the connection.
Manners mqtt_3() {
    return {.answers = Manners::Answers::in_order,
            .held_back_by = HeldBackBy::kernel,
            .repeated = Manners::Repeated::passes,
            .malformed = Answer::acknowledged,
            .refused = Answer::broken,
            .refused_for_a_while = Answer::broken,
            .too_large = Answer::broken};
}

Manners unacknowledged() {
    return {.promise = Manners::Promise::at_most_once,
            .held_back_by = HeldBackBy::kernel,
            .malformed = Answer::sent,
            .refused = Answer::sent,
            .refused_for_a_while = Answer::sent};
}

Candidate http2_candidate(std::string name, wire::Encoding encoding) {
    return {.name = std::move(name),
            .driver = drivers::http2::kind(),
            .options = {{"keepalive", "5s"}},
            .encoding = encoding,
            .peer = server::listeners::http2::kind(),
            .manners = {.time_out = Manners::TimeOut::cancels, .retry_after_unit = 1s}};
}

}  // namespace

const std::vector<Candidate>& candidates() {
    static const std::vector<Candidate> all{
        mqtt_candidate("mqtt_5_qos_0", 5, 0, unacknowledged()),
        mqtt_candidate("mqtt_5_qos_1", 5, 1, mqtt_5()),
        mqtt_candidate("mqtt_5_qos_2", 5, 2, exactly_once(mqtt_5())),
        mqtt_candidate("mqtt_3_1_1_qos_1", "3.1.1", 1, mqtt_3()),
        http2_candidate("http2_json", wire::Encoding::json),
        http2_candidate("http2_protobuf", wire::Encoding::protobuf),
        {.name = "grpc",
         .driver = drivers::grpc::kind(),
         .options = {{"keepalive", "5s"}},
         .peer = server::listeners::grpc::kind(),
         .manners = {.time_out = Manners::TimeOut::cancels, .retry_after_unit = 1ms, .too_large = Answer::throttled}},
        {.name = "grpc_stream",
         .driver = drivers::grpc_stream::kind(),
         .options = {{"keepalive", "5s"}},
         .peer = server::listeners::grpc::kind(),
         .manners = {.held_back_by = HeldBackBy::flow_control, .retry_after_unit = 1ms, .too_large = Answer::broken}},
        {.name = "example",
         .driver = drivers::example::kind(),
         .options = nlohmann::json::object(),
         .encoding = wire::Encoding::json,
         .peer = example_listener_kind(),
         .manners = {.repeated = Manners::Repeated::passes, .retry_after_unit = 1ms}},
    };
    return all;
}

}  // namespace portillon::conformance
