#include "plan/segments.h"

#include <algorithm>

namespace portillon::plan {

Segments::Segments(const arrival::Stages& stages, std::vector<Nanos> cuts) {
    std::sort(cuts.begin(), cuts.end());
    auto cut = cuts.begin();
    Nanos from{0};
    std::uint32_t number = 0;
    for (const auto& stage : stages.list()) {
        const Nanos end = from + stage.duration;
        while (from < end) {
            while (cut != cuts.end() && *cut <= from) {
                ++cut;
            }
            const Nanos to = cut == cuts.end() ? end : std::min(*cut, end);
            list_.push_back({from, to, number, stage.measure});
            from = to;
        }
        ++number;
    }
}

}  // namespace portillon::plan
