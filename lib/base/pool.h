#pragma once

// Objects that are reused. A pool grows to the most that were ever taken at once, and allocates nothing after that.

#include <algorithm>
#include <deque>
#include <vector>

namespace portillon {

template <class T>
class Pool {
public:
    Pool() = default;
    Pool(Pool&&) = default;

    // A new object, or the one that was given back last, in the state in which it was.
    T& take() {
        if (free_.empty()) {
            T& made = all_.emplace_back();
            if (free_.capacity() < all_.size()) {
                free_.reserve(2 * all_.size());  // so that give_back() allocates nothing
            }
            return made;
        }
        T& taken = *free_.back();
        free_.pop_back();
        return taken;
    }

    void give_back(T& one) { free_.push_back(&one); }

private:
    std::deque<T> all_;
    std::vector<T*> free_;
};

}  // namespace portillon
