// For ci/strangers: the published service implemented with the official gRPC library, on a free port of 127.0.0.1.
// Prints "port N"; at the end of standard input stops and prints what came: "batches N", "validations N".
//
// Equipment 2 is turned away: its batches end with UNAVAILABLE the first time, and equipment 3's with
// INVALID_ARGUMENT always.

#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <mutex>
#include <set>

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
        if (batch->equipment() == 3) {
            return {grpc::StatusCode::INVALID_ARGUMENT, "not you: 100 %"};
        }
        if (batch->equipment() == 2 && turned_away_.insert(batch->first()).second) {
            return {grpc::StatusCode::UNAVAILABLE, "later"};
        }
        ++batches_;
        validations_ += batch->validations_size();
        receipt->set_equipment(batch->equipment());
        receipt->set_first(batch->first());
        receipt->set_count(static_cast<std::uint32_t>(batch->validations_size()));
        return grpc::Status::OK;
    }

    void print() {
        const std::lock_guard lock(mutex_);
        std::printf("batches %d\nvalidations %d\n", batches_, validations_);
    }

private:
    std::mutex mutex_;
    std::set<std::uint64_t> turned_away_;
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
