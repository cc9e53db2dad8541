#include "account/range.h"

#include <algorithm>

namespace portillon::account {

std::uint64_t count_of(std::span<const Range> ranges) {
    std::uint64_t count = 0;
    for (const Range& range : ranges) {
        count += range.last - range.first + 1;
    }
    return count;
}

std::vector<Range> normalised(std::vector<Range> ranges) {
    std::sort(ranges.begin(), ranges.end());
    std::vector<Range> joined;
    for (const Range& range : ranges) {
        if (!joined.empty() && joined.back().equipment == range.equipment && range.first <= joined.back().last + 1) {
            joined.back().last = std::max(joined.back().last, range.last);
        } else {
            joined.push_back(range);
        }
    }
    return joined;
}

std::vector<Range> difference(std::span<const Range> a, std::span<const Range> b) {
    std::vector<Range> rest;
    auto cut = b.begin();
    for (Range range : a) {
        // Cuts that lie wholly before this range lie before all that follow, too.
        while (cut != b.end() &&
               (cut->equipment < range.equipment || (cut->equipment == range.equipment && cut->last < range.first))) {
            ++cut;
        }
        bool all_cut = false;
        for (auto at = cut; at != b.end() && at->equipment == range.equipment && at->first <= range.last; ++at) {
            if (at->first > range.first) {
                rest.push_back({range.equipment, range.first, at->first - 1});
            }
            if (at->last >= range.last) {
                all_cut = true;
                break;
            }
            range.first = std::max(range.first, at->last + 1);
        }
        if (!all_cut) {
            rest.push_back(range);
        }
    }
    return rest;
}

}  // namespace portillon::account
