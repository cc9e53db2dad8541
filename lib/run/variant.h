#pragma once

// The words that distinguish a run from others over the same protocol, for tables and labels.

#include <string>

#include "run/order.h"

namespace portillon::run {

// The keys that a comparison varies, with their values, in the order of Order::varied; then the options of the protocol
// that differ from their defaults: "batch.max=10, qos=0". Empty if there are none. Keys are shortened (to "qos",
// "batch.max") as far as they stay different.
std::string variant_of(const Order& order);

}  // namespace portillon::run
