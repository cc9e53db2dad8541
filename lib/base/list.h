#pragma once

// Intrusive lists of objects that live elsewhere, in a Pool (base/pool.h) for example: they allocate nothing and own
// nothing. An object derives from a hook, and is in one list of that hook at a time.
//
//     struct Flight : ListHook { ... };
//     List<Flight> in_flight;
//     in_flight.push_back(flight);
//     in_flight.erase(in_flight.iterator_to(flight));

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/slist.hpp>

namespace portillon {

// A doubly linked list: removes an element anywhere in constant time. Two pointers large; it does not know its size.
using ListHook = boost::intrusive::list_base_hook<>;
template <class T>
using List = boost::intrusive::list<T, boost::intrusive::constant_time_size<false>>;

// First in, first out. Its hook is one pointer smaller; to remove from its middle, the element before must be found.
using QueueHook = boost::intrusive::slist_base_hook<>;
template <class T>
using Queue =
    boost::intrusive::slist<T, boost::intrusive::constant_time_size<false>, boost::intrusive::cache_last<true>>;

// Removes the first element and returns it. The list or queue is not empty.
template <class Elements>
typename Elements::value_type& take_front(Elements& elements) {
    auto& first = elements.front();
    elements.pop_front();
    return first;
}

// Removes and returns the first element for which `wanted` is true; nullptr if there is none.
template <class T, class Wanted>
T* take_first(Queue<T>& queue, Wanted wanted) {
    for (auto before = queue.before_begin(), at = queue.begin(); at != queue.end(); before = at++) {
        if (wanted(*at)) {
            T& found = *at;
            queue.erase_after(before);
            return &found;
        }
    }
    return nullptr;
}

}  // namespace portillon
