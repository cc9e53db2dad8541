// Any bytes must give a scenario or a list of problems; a scenario that is written and read again must stay the same;
// and the two validators of the schema must agree.

#include <cstdint>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "scenario/compress.h"
#include "scenario/parse.h"
#include "scenario/resolved.h"
#include "scenario/schema.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace portillon;
    static const std::vector<scenario::KnownProtocol> protocols{
        {"mqtt", R"({"type":"object","additionalProperties":false,"properties":{
            "version":{"enum":[5,"5","3.1.1"],"default":5},"qos":{"type":"integer","enum":[0,1],"default":1},
            "keepalive":{"type":"string","pattern":"^[0-9]{1,5}s$","default":"60s"},
            "topic":{"type":"string","pattern":"^[^+#]*$","default":"validations/{equipment}"}}})",
         1},
        {"http2", R"({"type":"object","additionalProperties":false,"properties":{
            "path":{"type":"string","pattern":"^/[^ ]*$","default":"/v1/validations"}}})",
         1},
        {"grpc", R"({"type":"object","additionalProperties":false,"properties":{}})", 1}};
    static const auto schema = scenario::schema_json(protocols);
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);

    if (const auto document = scenario::Document::read(text, "fuzz")) {
        scenario::Findings findings;
        const auto value = document->to_json(findings);
        check(scenario::explain(schema, value).empty() || !scenario::conforms(schema, value), "the validators agree");
    }
    auto scenario = scenario::parse(text, "fuzz", {}, protocols);
    if (!scenario) {
        for (const auto& problem : scenario.problems()) {
            check(!problem.message.empty(), "a problem says what is wrong");
            check(problem.message != scenario::unexplained, "the schema refuses only what can be explained");
        }
        return 0;
    }
    for (const double times : {1.0, 3.0}) {
        scenario::compress(*scenario, times);
        for (const auto& written : {scenario::serialize(*scenario), scenario::to_yaml(*scenario)}) {
            const auto again = scenario::parse(written, "again", {}, protocols);
            check(static_cast<bool>(again) && *again == *scenario, "what is written is read back");
        }
    }
    return 0;
}
