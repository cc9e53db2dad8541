#pragma once

// Prints the answer of a command with --format json, in ASCII, so that no text of a report can play tricks on a
// terminal. Bytes that are not UTF-8 are replaced.

#include <nlohmann/json.hpp>
#include <string>

#include "base/standard_stream.h"
#include "commands.h"

namespace portillon::cmd {

// The head of every answer: "schema", its "kind" (the command's name) and the "exit_code".
inline nlohmann::ordered_json json_answer(const char* kind, Exit exit) {
    return {{"schema", 1}, {"kind", kind}, {"exit_code", static_cast<int>(exit)}};
}

inline void print_json(StandardStream& stream, const nlohmann::ordered_json& answer) {
    stream.write(answer.dump(2, ' ', true, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace portillon::cmd
