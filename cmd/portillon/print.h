#pragma once

// How a command says something: formatted, and through the streams that know what could not be said.

#include <fmt/format.h>

#include "base/standard_stream.h"

namespace portillon::cmd {

template <class... Values>
void print(StandardStream& stream, fmt::format_string<Values...> format, Values&&... values) {
    stream.write(fmt::format(format, std::forward<Values>(values)...));
}

}  // namespace portillon::cmd
