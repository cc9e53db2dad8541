#include "link/link.h"

#include <boost/asio/error.hpp>

namespace portillon::link {

bool spoke_nonsense(const error_code& cause) {
    return cause == boost::asio::error::message_size || cause == boost::asio::error::invalid_argument;
}

bool fell_silent(const error_code& cause) {
    return cause == boost::asio::error::timed_out;
}

}  // namespace portillon::link
