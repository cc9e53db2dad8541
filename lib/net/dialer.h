#pragma once

// Where a driver gets its connections from: it says for whom, the dialer knows to where and from which address.

#include <memory>

#include "base/units.h"
#include "net/transport.h"

namespace portillon::net {

class Dialer {
public:
    virtual ~Dialer() = default;
    // A transport that is not connected yet. The dialer outlives it.
    virtual std::unique_ptr<Transport> dial(EquipmentId equipment) = 0;
};

}  // namespace portillon::net
