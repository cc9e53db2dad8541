#pragma once

// A program that links portillon::counted_malloc counts every block that any library in it allocates: malloc, calloc,
// realloc, the aligned ones, and operator new, which calls malloc and is also counted separately.

#include <cstdint>

namespace portillon::testing {

struct Allocated {
    std::uint64_t blocks = 0;  // all
    std::uint64_t news = 0;    // those by operator new: C++ only, so none of nghttp2's

    double blocks_per(std::uint64_t items) const { return static_cast<double>(blocks) / static_cast<double>(items); }
    double news_per(std::uint64_t items) const { return static_cast<double>(news) / static_cast<double>(items); }
    Allocated operator-(const Allocated& less) const { return {blocks - less.blocks, news - less.news}; }
};

Allocated allocated_so_far();

// The allocations since this object was made.
class Allocations {
public:
    Allocated so_far() const { return allocated_so_far() - before_; }
    double per(std::uint64_t items) const { return so_far().blocks_per(items); }

private:
    Allocated before_ = allocated_so_far();
};

// The allocations between begin() and end(), summed.
class AllocationsOf {
public:
    void begin() { begun_ = allocated_so_far(); }
    void end() {
        const auto more = allocated_so_far() - begun_;
        counted_ = {counted_.blocks + more.blocks, counted_.news + more.news};
    }
    Allocated counted() const { return counted_; }

private:
    Allocated begun_, counted_;
};

}  // namespace portillon::testing
