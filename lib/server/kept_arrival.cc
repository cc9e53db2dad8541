#include "server/kept_arrival.h"

#include <functional>

namespace portillon::server {

namespace {

constexpr std::size_t allocator_overhead_bytes = 32;

}  // namespace

KeptArrival::KeptArrival(const Arrival& arrival) : kept_(arrival) {
    if (arrival.batch == nullptr) {
        storage_.assign(arrival.bytes.begin(), arrival.bytes.end());
        return;
    }
    const std::string& unescaped = arrival.batch->unescaped;
    const auto text = std::as_bytes(std::span(unescaped));
    storage_.reserve(arrival.bytes.size() + text.size());
    storage_.assign(arrival.bytes.begin(), arrival.bytes.end());
    storage_.insert(storage_.end(), text.begin(), text.end());
    batch_ = std::make_unique<wire::ReceivedBatch>();
    batch_->run = arrival.batch->run;
    batch_->equipment = arrival.batch->equipment;
    batch_->first = arrival.batch->first;
    batch_->validations = arrival.batch->validations;
    // A filler is a view of the bytes or of the unescaped text: its copy has the same offset in their copies.
    const auto* const copied = reinterpret_cast<const char*>(storage_.data());
    const auto* const bytes = reinterpret_cast<const char*>(arrival.bytes.data());
    for (wire::Validation& validation : batch_->validations) {
        const char* const from = validation.filler.data();
        if (validation.filler.empty()) {
            validation.filler = {};
            continue;
        }
        const bool in_text =
            !std::less<>{}(from, unescaped.data()) && std::less<>{}(from, unescaped.data() + unescaped.size());
        const char* const to =
            in_text ? copied + arrival.bytes.size() + (from - unescaped.data()) : copied + (from - bytes);
        validation.filler = {to, validation.filler.size()};
    }
}

Arrival KeptArrival::arrival() {
    Arrival arrival = kept_;
    arrival.bytes = std::span<const std::byte>(storage_).first(kept_.bytes.size());
    arrival.batch = batch_.get();
    return arrival;
}

std::size_t KeptArrival::memory_bytes() const {
    std::size_t bytes = sizeof(KeptArrival) + storage_.size() + allocator_overhead_bytes;
    if (batch_) {
        bytes += sizeof(*batch_) + batch_->validations.size() * sizeof(wire::Validation) + 2 * allocator_overhead_bytes;
    }
    return bytes;
}

}  // namespace portillon::server
