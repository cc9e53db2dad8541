#pragma once

// Which run of a comparison is next. Pure: knows neither reports nor processes.
//
// Rounds interleave the entrants, and every other round turns their order round, so that what drifts (heat, page cache)
// favours none of them. A repeat whose measurement is invalid is run again after its round, as long as its entrant has
// been run again no more often than it was asked for so far: a bad hour is not waited for, a bad minute costs nothing,
// and in all there are at most twice as many runs as asked for.

#include <cstddef>
#include <optional>
#include <vector>

namespace portillon::run {

struct RoundTurn {
    std::size_t entrant = 0;  // from 0
    unsigned repeat = 1;      // from 1
    unsigned order = 1;       // its place among the runs of that repeat, from 1
    bool again = false;       // of a repeat that was run before, with an invalid measurement
};

class Rounds {
public:
    Rounds(std::size_t entrants, unsigned repeats);

    // The next run; nothing when there is none any more.
    std::optional<RoundTurn> next();

    void invalid(const RoundTurn& turn);  // its measurement is
    void give_up(std::size_t entrant);    // it is not run any more

    // Repeats that are invalid and will not be run again.
    std::size_t left_invalid() const;

private:
    struct Entrant {
        std::vector<unsigned> pending;  // repeats whose measurement is invalid, the oldest first
        unsigned again = 0;             // runs beyond those asked for
        bool given_up = false;
    };

    RoundTurn turn(std::size_t entrant, unsigned repeat, bool again);
    std::size_t at(std::size_t place) const;  // the entrant at that place of this round

    std::vector<Entrant> entrants_;
    unsigned repeats_;
    unsigned round_ = 1;
    std::size_t place_ = 0;         // of the next first run in this round; entrants_.size(): all have run
    std::size_t place_again_ = 0;   // of the next run again
    bool any_again_ = false;        // in the pass at hand
    std::vector<unsigned> orders_;  // runs of each repeat so far
};

}  // namespace portillon::run
