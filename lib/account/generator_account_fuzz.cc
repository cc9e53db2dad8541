// Whatever decode() accepts is consistent, and comes back as it was.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "account/generator_account.h"
#include "base/check.h"
#include "stats/base64.h"

namespace {

using namespace portillon;

void examine(std::string_view text) {
    const auto account = account::decode(text);
    if (!account) {
        check(!account.problems().front().message.empty(), "a reason");
        return;
    }
    check(account->generated.size() <= account::most_equipments, "not too many equipments");
    check(account->count_generated() <= account::most_validations, "not too many validations");
    check(account::normalised(account->unacknowledged) == account->unacknowledged, "normalised ranges");
    const auto again = account::decode(account::encode(*account));
    check(again && *again == *account, "the same account");
}

}  // namespace

// The input is the text; and the bytes that base64 encodes, since few random texts are base64.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    examine(text);
    examine(stats::encode_base64(text));
    return 0;
}
