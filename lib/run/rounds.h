#pragma once

// Decides which run of a comparison is next. Pure: knows neither reports nor processes.
//
// Each round runs every entrant once, and every other round in reverse order, so that slow changes of the machine
// (heat, page cache) favour none of them. A repeat whose measurement is invalid is run again after its round, but after
// n rounds an entrant has been run again n times at most. So a short disturbance costs no repeat, a long one does not
// delay the comparison for ever, and there are at most twice as many runs as asked for.

#include <cstddef>
#include <optional>
#include <vector>

namespace portillon::run {

struct RoundTurn {
    std::size_t entrant = 0;  // from 0
    unsigned repeat = 1;      // from 1
    unsigned order = 1;       // the run's place among all runs of that repeat, from 1
    bool again = false;       // the repeat was run before, and its measurement was invalid
};

class Rounds {
public:
    Rounds(std::size_t entrants, unsigned repeats);

    // The next run; nothing after the last one.
    std::optional<RoundTurn> next();

    void invalid(const RoundTurn& turn);  // the measurement of this run is invalid
    void give_up(std::size_t entrant);    // this entrant is not to be run any more

    // Repeats that are invalid and will not be run again.
    std::size_t left_invalid() const;

private:
    struct Entrant {
        std::vector<unsigned> pending;  // repeats whose measurement is invalid, the oldest first
        unsigned again = 0;             // repeats that were run again
        bool given_up = false;
    };

    RoundTurn turn(std::size_t entrant, unsigned repeat, bool again);
    std::size_t at(std::size_t place) const;  // the entrant at that place of this round

    std::vector<Entrant> entrants_;
    unsigned repeats_;
    unsigned round_ = 1;
    std::size_t place_ = 0;         // the next entrant in this round; entrants_.size(): all have run
    std::size_t place_again_ = 0;   // the next entrant in this pass over invalid repeats
    bool any_again_ = false;        // whether anything was run again in this pass
    std::vector<unsigned> orders_;  // how many runs each repeat has had so far
};

}  // namespace portillon::run
