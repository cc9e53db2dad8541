#pragma once

// The inside of a generator's process: a slice of the fleet that does what the conductor says over the link, and ends
// when the link does.

#include <span>

#include "driver/kind.h"
#include "scenario/scenario.h"

namespace portillon::run {

// Serves the link at `link_descriptor` until it is told to exit or the conductor is gone; returns the exit status.
int generator_shard(const driver::Kinds& kinds, std::span<const scenario::KnownProtocol> protocols);

}  // namespace portillon::run
