#pragma once

// A dialer makes a driver's connections: the driver says for which equipment, the dialer knows the target and the
// source address.

#include <memory>

#include "base/units.h"
#include "net/transport.h"

namespace portillon::net {

class Dialer {
public:
    virtual ~Dialer() = default;
    // Returns a transport that is not connected yet. The dialer outlives it.
    virtual std::unique_ptr<Transport> dial(EquipmentId equipment) = 0;
};

}  // namespace portillon::net
