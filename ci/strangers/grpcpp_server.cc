// For ci/strangers: the published service implemented with the official gRPC library, on a free port of 127.0.0.1.
// Prints "port N"; at the end of standard input it stops and prints the totals: "batches N", "validations N".
//
// Equipment 2 is turned away the first time with each batch (UNAVAILABLE; on a stream ANSWER_TRY_AGAIN), equipment 3
// always (INVALID_ARGUMENT; ANSWER_REJECTED).

#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <mutex>
#include <set>
#include <utility>

#include "portillon.grpc.pb.h"

namespace {

class CountingGate final : public portillon::v1::Gate::Service {
public:
    grpc::Status Deliver(grpc::ServerContext* context, const portillon::v1::Batch* batch,
                         portillon::v1::Receipt* receipt) override {
        const std::lock_guard lock(mutex_);
        if (context->deadline() > std::chrono::system_clock::now() + std::chrono::minutes(1)) {
            return {grpc::StatusCode::INVALID_ARGUMENT, "the deadline is missing"};
        }
        switch (judge(*batch, *receipt)) {
            case portillon::v1::ANSWER_REJECTED:
                return {grpc::StatusCode::INVALID_ARGUMENT, "not you: 100 %"};
            case portillon::v1::ANSWER_TRY_AGAIN:
                return {grpc::StatusCode::UNAVAILABLE, "later"};
            default:
                return grpc::Status::OK;
        }
    }

    grpc::Status Stream(grpc::ServerContext*,
                        grpc::ServerReaderWriter<portillon::v1::Receipt, portillon::v1::Batch>* stream) override {
        portillon::v1::Batch batch;
        while (stream->Read(&batch)) {
            portillon::v1::Receipt receipt;
            {
                const std::lock_guard lock(mutex_);
                receipt.set_answer(judge(batch, receipt));
            }
            stream->Write(receipt);
        }
        return grpc::Status::OK;
    }

    void print() {
        const std::lock_guard lock(mutex_);
        std::printf("batches %d\nvalidations %d\n", batches_, validations_);
    }

private:
    portillon::v1::Answer judge(const portillon::v1::Batch& batch, portillon::v1::Receipt& receipt) {
        receipt.set_equipment(batch.equipment());
        receipt.set_first(batch.first());
        receipt.set_count(static_cast<std::uint32_t>(batch.validations_size()));
        if (batch.equipment() == 3) {
            return portillon::v1::ANSWER_REJECTED;
        }
        if (batch.equipment() == 2 && turned_away_.insert({batch.run(), batch.first()}).second) {
            return portillon::v1::ANSWER_TRY_AGAIN;
        }
        ++batches_;
        validations_ += batch.validations_size();
        return portillon::v1::ANSWER_ACKNOWLEDGED;
    }

    std::mutex mutex_;
    std::set<std::pair<std::uint64_t, std::uint64_t>> turned_away_;  // run, first
    int batches_ = 0;
    int validations_ = 0;
};

}  // namespace

int main() {
    CountingGate gate;
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&gate);
    const auto server = builder.BuildAndStart();
    if (!server) {
        return 1;
    }
    std::printf("port %d\n", port);
    std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
    server->Shutdown();
    gate.print();
    return 0;
}
