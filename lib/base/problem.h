#pragma once

// Problems of an input, and the outcome of reading one: a value, or every problem at once.

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/check.h"

namespace portillon {

// One line for the user: "peak.yaml:12: traffic.stages[1].rate: ... (allowed: ...)".
struct Problem {
    std::string source;   // file name or option, as the user wrote it
    int line = 0;         // 1-based; 0 when there is none
    std::string key;      // dotted, in the form that --set takes; may be empty
    std::string message;  // what is wrong and what is allowed

    bool operator==(const Problem&) const = default;
};

using Problems = std::vector<Problem>;

std::string format_problem(const Problem& problem);

// The candidate with the fewest edits from `word`, if so few that it is a likely typing error; otherwise empty.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates);

// A value, or at least one problem.
template <class T>
class Checked {
public:
    Checked(T value) : state_(std::move(value)) {}
    Checked(Problems problems) : state_(std::move(problems)) { check(!this->problems().empty(), "no problem given"); }

    explicit operator bool() const { return state_.index() == 0; }
    T& operator*() { return std::get<0>(state_); }
    const T& operator*() const { return std::get<0>(state_); }
    T* operator->() { return &std::get<0>(state_); }
    const T* operator->() const { return &std::get<0>(state_); }
    const Problems& problems() const { return std::get<1>(state_); }

private:
    std::variant<T, Problems> state_;
};

}  // namespace portillon
