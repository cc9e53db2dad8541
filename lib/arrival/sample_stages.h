#pragma once

// For tests: stages of a constant rate and of a rate that rises or falls evenly.

#include "arrival/stages.h"

namespace portillon::arrival {

inline Stage step(Nanos duration, double rate, Measure measure = Measure::on) {
    return {duration, rate, rate, measure};
}

inline Stage ramp(Nanos duration, double from, double to) {
    return {duration, from, to, Measure::on};
}

}  // namespace portillon::arrival
