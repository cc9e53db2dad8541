#include "net/local.h"

#include <fcntl.h>

#include "net/connection.h"

namespace portillon::net {

std::unique_ptr<Transport> adopt_local(Loop& loop, int descriptor, Traffic& traffic) {
    ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
    return std::make_unique<Connection>(loop, traffic, descriptor);
}

}  // namespace portillon::net
