#include "base/error.h"

#include <fmt/format.h>

#include <cctype>
#include <cerrno>

namespace portillon {

namespace {

std::string as_name(std::string text) {
    for (char& letter : text) {
        letter = std::isalnum(static_cast<unsigned char>(letter)) != 0
                     ? static_cast<char>(std::tolower(static_cast<unsigned char>(letter)))
                     : '_';
    }
    return text;
}

}  // namespace

std::string cause_name(const error_code& code) {
    if (!code) {
        return "none";
    }
    namespace errc = boost::system::errc;
    if (code.category() == boost::system::system_category() || code.category() == boost::system::generic_category()) {
        switch (code.value()) {
            case errc::connection_refused:
                return "refused";
            case errc::connection_reset:
            case errc::broken_pipe:
                return "reset";
            case errc::connection_aborted:
                return "aborted";
            case errc::timed_out:
                return "timed_out";
            case errc::host_unreachable:
            case errc::network_unreachable:
                return "unreachable";
            case errc::address_not_available:
                return "no_ports";
            case errc::too_many_files_open:
            case errc::too_many_files_open_in_system:
                return "no_descriptors";
            case errc::no_buffer_space:
            case errc::not_enough_memory:
                return "no_memory";
            case errc::operation_canceled:
                return "cancelled";
            case errc::protocol_error:
                return "protocol_error";
            case errc::message_size:
                return "too_large";
            default:
                return fmt::format("errno_{}", code.value());
        }
    }
    const std::string category = code.category().name();
    if (category == "asio.misc" &&
        code.value() == 2) {  // boost::asio::error::eof, by its number so that base needs no Asio
        return "closed";
    }
    return as_name(code.message());
}

error_code last_error() {
    return {errno, boost::system::system_category()};
}

}  // namespace portillon
