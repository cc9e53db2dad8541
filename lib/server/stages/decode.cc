#include "server/stages/decode.h"

namespace portillon::server::stages {

void Decode::take(Arrival& arrival) {
    if (const auto error = wire::decode(arrival.bytes, wire::detect_encoding(arrival.bytes), batch_)) {
        figures_.refused.add(cause_name(error));
        arrival.reply.decided({Disposition::malformed, error, {}, 0, 0});
        return;
    }
    figures_.batches.add();
    figures_.validations.add(batch_.validations.size());
    arrival.batch = &batch_;
    arrival.count = static_cast<std::uint32_t>(batch_.validations.size());
    next_.take(arrival);
}

}  // namespace portillon::server::stages
