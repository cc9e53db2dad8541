#pragma once

// Failures of the network are data: an error_code, and the short stable name under which reports count it.

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <string>

namespace portillon {

using boost::system::error_code;

template <class T>
using Result = boost::system::result<T>;

// Returns "refused", "reset", "closed" (end of file), "timed_out", "unreachable", "no_ports", "no_descriptors", ... for
// system and Asio errors; for a category of our own its message(), which by convention is such a name ("http_503",
// "mqtt_0x97", "grpc_unavailable"). Lower case, digits and underscores only.
std::string cause_name(const error_code& code);

// The errno of the system call that has just failed, as an error_code.
error_code last_error();

}  // namespace portillon
