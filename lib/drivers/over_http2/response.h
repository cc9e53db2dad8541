#pragma once

// Notes about a response, made while its headers, body and trailers are read. Each protocol derives its own type from
// Response for what it notes in addition.

#include <charconv>
#include <string_view>

#include "drivers/over_http2/words.h"

namespace portillon::drivers::over_http2 {

struct Response {
    int status = 0;
    Words* words = nullptr;  // the driver's; set before the first note

    void say(Words::Worth worth, std::string_view text) {
        if (words != nullptr && words->take(this)) {
            words->add(worth, text);
        }
    }

    // "location: /elsewhere", after a comma if it is not the first header that is reported.
    void say_header(std::string_view name, std::string_view value) {
        if (words != nullptr && !words->of(this).empty() && words->worth() == Words::Worth::header) {
            say(Words::Worth::header, ", ");
        }
        say(Words::Worth::header, name);
        say(Words::Worth::header, ": ");
        say(Words::Worth::header, value);
    }
};

// An answer's headers begin with this :status. What an interim response said is discarded (RFC 9110, 15.2).
template <class Noted>
void begin(Noted& response, std::string_view digits) {
    Words* const words = response.words;
    if (words != nullptr) {
        words->leave(&response);
    }
    response = {};
    response.words = words;
    std::from_chars(digits.data(), digits.data() + digits.size(), response.status);
}

}  // namespace portillon::drivers::over_http2
