#pragma once

// A server's answer to a batch, for protocols that can carry one.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/error.h"
#include "base/units.h"
#include "wire/batch_codec.h"

namespace portillon::wire {

// The numbers of portillon.proto.
enum class ReceiptAnswer : std::uint32_t { acknowledged, rejected, throttled, try_again };

struct Receipt {
    EquipmentId equipment{};
    Sequence first = 0;
    std::uint32_t count = 0;
    ReceiptAnswer answer = ReceiptAnswer::acknowledged;
    std::uint32_t retry_after_ms = 0;
    bool operator==(const Receipt&) const = default;
};

// Why a valid receipt is ignored: "stray_receipt" came a second time, or for a batch that was not sent.
enum class ReceiptError { stray = 1 };
error_code make_error_code(ReceiptError error);

inline constexpr std::size_t largest_receipt_bytes = 128;

// Writes at most largest_receipt_bytes to the front of `out` and returns how many.
std::size_t encode(const Receipt& receipt, Encoding encoding, std::span<std::byte, largest_receipt_bytes> out);

// Decodes untrusted bytes. Unknown fields and keys are skipped; absent ones are 0, as in protobuf: an empty message is
// a valid receipt.
error_code decode(std::span<const std::byte> bytes, Encoding encoding, Receipt& into);

// A receipt that names this protobuf batch and does not answer it yet: for a server that cannot take the batch. The
// validations are not read. Nothing if the batch does not begin with its equipment and first sequence.
std::optional<Receipt> receipt_naming(std::span<const std::byte> batch);

}  // namespace portillon::wire

template <>
struct boost::system::is_error_code_enum<portillon::wire::ReceiptError> : std::true_type {};
