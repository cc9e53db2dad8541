#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace portillon {

void check_failed(std::string_view what, const char* file, unsigned line) {
    std::fprintf(stderr, "portillon: internal error at %s:%u: %.*s\n", file, line, static_cast<int>(what.size()),
                 what.data());
    std::abort();
}

}  // namespace portillon
