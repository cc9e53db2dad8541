#include "run/rounds.h"

#include <algorithm>

namespace portillon::run {

Rounds::Rounds(std::size_t entrants, unsigned repeats) : entrants_(entrants), repeats_(repeats), orders_(repeats, 0) {}

std::size_t Rounds::at(std::size_t place) const {
    return round_ % 2 == 0 ? entrants_.size() - 1 - place : place;
}

RoundTurn Rounds::turn(std::size_t entrant, unsigned repeat, bool again) {
    return {.entrant = entrant, .repeat = repeat, .order = ++orders_[repeat - 1], .again = again};
}

std::optional<RoundTurn> Rounds::next() {
    while (round_ <= repeats_) {
        while (place_ < entrants_.size()) {
            const auto entrant = at(place_++);
            if (!entrants_[entrant].given_up) {
                return turn(entrant, round_, false);
            }
        }
        while (place_again_ < entrants_.size()) {
            const auto entrant = at(place_again_++);
            auto& state = entrants_[entrant];
            if (!state.given_up && !state.pending.empty() && state.again < round_) {
                ++state.again;
                any_again_ = true;
                const auto repeat = state.pending.front();
                state.pending.erase(state.pending.begin());
                return turn(entrant, repeat, true);
            }
        }
        place_again_ = 0;
        if (!any_again_) {
            ++round_;
            place_ = 0;
        }
        any_again_ = false;
    }
    return std::nullopt;
}

void Rounds::invalid(const RoundTurn& turn) {
    auto& pending = entrants_[turn.entrant].pending;
    pending.insert(std::lower_bound(pending.begin(), pending.end(), turn.repeat), turn.repeat);
}

void Rounds::give_up(std::size_t entrant) {
    entrants_[entrant].given_up = true;
}

std::size_t Rounds::left_invalid() const {
    std::size_t count = 0;
    for (const auto& entrant : entrants_) {
        count += entrant.pending.size();
    }
    return count;
}

}  // namespace portillon::run
