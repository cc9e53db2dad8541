#pragma once

// Histograms as bytes.
//
// The encodings of the reference implementation (HdrHistogram V2, plain and deflated) carry only the buckets: a decoded
// histogram has no overflow, and its min and max are those of its extreme buckets. A report writes overflow, min and
// max beside the encoding and passes them to Histogram::restore(); between processes pack() carries everything.
//
// Decoding takes untrusted bytes: bounded memory, at most 2^53 values, and a message that says what is wrong. Only the
// layout of stats::Histogram is accepted; other significant digits, ranges, ratios or offsets are named in the message.

#include <string>
#include <string_view>

#include "base/problem.h"
#include "stats/histogram.h"

namespace portillon::stats {

// HdrHistogram V2: cookie 0x1c849313, header, counts as ZigZag LEB128 with runs of zeros.
std::string encode(const Histogram& histogram);
Checked<Histogram> decode(std::string_view bytes);

// HdrHistogram V2 deflated (cookie 0x1c849314: the former in zlib), in base64: the form in the histogram log format and
// in our reports.
std::string encode_deflated(const Histogram& histogram);
Checked<Histogram> decode_deflated(std::string_view base64);

// Exact, overflow, min and max included; for transport between our own processes.
std::string pack(const Histogram& histogram);
Checked<Histogram> unpack(std::string_view bytes);

}  // namespace portillon::stats
