#pragma once

// Standard output and standard error. Everything that the program prints goes through these two. A failed write is
// never an exception and never lost: it is reported on standard error at once, and by the exit code at the end.

#include <string_view>

#include "base/error.h"

namespace portillon {

class StandardStream {
public:
    // A failure to write is reported on `complaints`, if that is given.
    explicit StandardStream(int descriptor, StandardStream* complaints = nullptr)
        : descriptor_(descriptor), complaints_(complaints) {}
    StandardStream(const StandardStream&) = delete;
    StandardStream& operator=(const StandardStream&) = delete;

    // Writes all of `text` now; nothing is buffered. After a failure nothing more is written, so that no text has a
    // gap.
    void write(std::string_view text) noexcept;

    // The first failure.
    const error_code& failure() const { return failure_; }

    int descriptor() const { return descriptor_; }

private:
    int descriptor_;
    StandardStream* complaints_;
    error_code failure_;
};

StandardStream& standard_output();
StandardStream& standard_error();

// Call this before anything is opened. A descriptor 0, 1 or 2 that is closed gets a placeholder that can be neither
// read nor written (EBADF); otherwise the next socket or report that is opened would get its number, and with it what
// the program prints or reads.
void hold_standard_descriptors() noexcept;

}  // namespace portillon
