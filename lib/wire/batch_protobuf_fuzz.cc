#include <cstdint>

#include "base/check.h"
#include "wire/batch_codec.h"
#include "wire/receipt.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace portillon;
    const auto input = std::as_bytes(std::span(bytes, size));
    static wire::ReceivedBatch batch;
    if (!wire::decode(input, wire::Encoding::protobuf, batch)) {
        check(!batch.validations.empty() &&
                  batch.validations.back().sequence == batch.first + batch.validations.size() - 1,
              "an accepted batch has its validations in order");
        for (const wire::Validation& validation : batch.validations) {
            check(validation.equipment == batch.equipment && validation.due >= Nanos{0},
                  "an accepted validation is possible");
            wire::matches(validation, 1);
        }
    }
    wire::Receipt receipt;
    wire::decode(input, wire::Encoding::protobuf, receipt);
    return 0;
}
