// For ci/strangers: the official gRPC library calls the published service, unary and on streams, plain and compressed.
// Prints the result: "acknowledged N", "receipts N", or why it gives up, with exit code 1.
//
// Usage: portillon_stranger_grpcpp_client HOST:PORT

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include "portillon.grpc.pb.h"

namespace {

constexpr int unary_calls = 500;
constexpr int streams = 4;
constexpr int batches_of_a_stream = 500;
constexpr std::uint32_t validations = 3;

portillon::v1::Batch batch_of(std::uint32_t equipment, std::uint64_t first) {
    portillon::v1::Batch batch;
    batch.set_run(7);  // a run that nobody registered: counted, not recorded
    batch.set_equipment(equipment);
    batch.set_first(first);
    for (std::uint32_t i = 0; i < validations; ++i) {
        auto& validation = *batch.add_validations();
        validation.set_equipment(equipment);
        validation.set_sequence(first + i);
        validation.set_due(i);
        validation.set_filler("abcdefgh");
    }
    return batch;
}

void limit(grpc::ClientContext& context, int turn) {
    constexpr grpc_compression_algorithm kinds[] = {GRPC_COMPRESS_NONE, GRPC_COMPRESS_GZIP, GRPC_COMPRESS_DEFLATE};
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(2));
    context.set_compression_algorithm(kinds[turn % 3]);
}

int fail(const std::string& what, const grpc::Status& status) {
    std::printf("%s: %d %s\n", what.c_str(), status.error_code(), status.error_message().c_str());
    return 1;
}

int call(portillon::v1::Gate::Stub& gate) {
    int acknowledged = 0;
    for (int i = 0; i < unary_calls; ++i) {
        grpc::ClientContext context;
        limit(context, i);
        const auto first = static_cast<std::uint64_t>(1 + i * static_cast<int>(validations));
        portillon::v1::Receipt receipt;
        if (const auto status = gate.Deliver(&context, batch_of(1, first), &receipt); !status.ok()) {
            return fail("Deliver", status);
        }
        acknowledged += receipt.equipment() == 1 && receipt.first() == first && receipt.count() == validations ? 1 : 0;
    }
    std::printf("acknowledged %d\n", acknowledged);
    return 0;
}

// Writes as fast as it may, and reads in a thread of its own, so that both directions are busy at once.
int stream(portillon::v1::Gate::Stub& gate) {
    int receipts = 0;
    for (int turn = 0; turn < streams; ++turn) {
        grpc::ClientContext context;
        limit(context, turn);
        const auto equipment = static_cast<std::uint32_t>(2 + turn);
        const auto call = gate.Stream(&context);
        std::thread reader([&] {
            portillon::v1::Receipt receipt;
            while (call->Read(&receipt)) {
                const bool right = receipt.equipment() == equipment && receipt.count() == validations &&
                                   receipt.answer() == portillon::v1::ANSWER_ACKNOWLEDGED;
                receipts += right ? 1 : 0;
            }
        });
        for (int i = 0; i < batches_of_a_stream; ++i) {
            call->Write(batch_of(equipment, static_cast<std::uint64_t>(1 + i * static_cast<int>(validations))));
        }
        call->WritesDone();
        reader.join();
        if (const auto status = call->Finish(); !status.ok()) {
            return fail("Stream", status);
        }
    }
    std::printf("receipts %d\n", receipts);
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        std::fputs("usage: portillon_stranger_grpcpp_client HOST:PORT\n", stderr);
        return 2;
    }
    const auto channel = grpc::CreateChannel(arguments[1], grpc::InsecureChannelCredentials());
    const auto gate = portillon::v1::Gate::NewStub(channel);
    const int failed = call(*gate);
    return failed != 0 ? failed : stream(*gate);
}
