#pragma once

// Standard output and standard error. Everything that the program says goes through these two: what could not be said
// is never an exception and never forgotten, but said on standard error at once and told by the exit code at the end.

#include <string_view>

#include "base/error.h"

namespace portillon {

class StandardStream {
public:
    // A failure to write is said on `complaints`, if there is one.
    explicit StandardStream(int descriptor, StandardStream* complaints = nullptr)
        : descriptor_(descriptor), complaints_(complaints) {}
    StandardStream(const StandardStream&) = delete;
    StandardStream& operator=(const StandardStream&) = delete;

    // Writes all of it now; nothing is buffered. After a failure nothing more is written, so that no text has a hole.
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

// To be called before anything is opened. A descriptor 0, 1 or 2 that is closed gets a placeholder which fails to be
// read and written (EBADF): otherwise the next socket or report that is opened gets the number, and with it whatever is
// said or asked.
void hold_standard_descriptors() noexcept;

}  // namespace portillon
