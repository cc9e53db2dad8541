#include "fleet/window.h"

#include <gtest/gtest.h>

#include "fleet/scripted.h"

namespace portillon::fleet {
namespace {

using Status = Flight::Status;

constexpr Instant in(Nanos after) {
    return Instant{} + 1h + after;
}

// Batches of two: 1..2, 3..4 and so on.
struct Batches {
    explicit Batches(int count) : cursor(schedule.begin(one, 0ns)) {
        for (int i = 0; i < count; ++i) {
            flights_in_order.push_back(&window.add(flights, cursor, 2));
            schedule.advance(cursor);
            schedule.advance(cursor);
        }
    }
    Flight& operator[](std::size_t place) { return *flights_in_order[place]; }
    void offer_all(Instant deadline) {
        for (Flight* flight : flights_in_order) {
            window.offer(flights, *flight, deadline);
        }
    }
    std::vector<Sequence> waiting() {
        std::vector<Sequence> all;
        for (Flight* flight = window.first_waiting(); flight != nullptr; flight = window.next_waiting(*flight)) {
            all.push_back(flight->sequence());
        }
        return all;
    }

    arrival::Schedule schedule = plain_plan({}, {steady(100s, 1)}).schedule;
    arrival::Cursor cursor;
    Flights flights;
    Window window;
    std::vector<Flight*> flights_in_order;
};

using Sequences = std::vector<Sequence>;

TEST(Window, WhatIsAddedWaitsAndMayBeOfferedAtOnce) {
    Batches batches(2);
    EXPECT_EQ(batches.window.size(), 2u);
    EXPECT_EQ(batches.window.waiting(), 2u);
    EXPECT_EQ(batches.waiting(), (Sequences{1, 3}));
    EXPECT_LE(batches.window.next_offer(plan::Order::relaxed), in(0s));
    EXPECT_EQ(batches.flights.in_flight(), 0u);
}

TEST(Window, AnOfferIsAnAttemptWithADeadline) {
    Batches batches(2);
    batches.window.offer(batches.flights, batches[0], in(5s));
    EXPECT_EQ(batches[0].attempt, 1u);
    EXPECT_EQ(batches[0].until, in(5s));
    EXPECT_EQ(&batches.window.offered_at(1), &batches[0]);
    EXPECT_EQ(batches.window.offered(), 1u);
    EXPECT_EQ(batches.waiting(), (Sequences{3}));
    EXPECT_EQ(batches.flights.in_flight(), 2u);
}

TEST(Window, KeepsTheOrderOfSequencesWhoeverIsSettledFirst) {
    Batches batches(4);
    batches.offer_all(in(5s));
    batches.window.remove(batches.flights, batches[2]);
    batches.window.remove(batches.flights, batches[0]);
    Sequences left;
    batches.window.for_each([&](const Flight& flight) { left.push_back(flight.sequence()); });
    EXPECT_EQ(left, (Sequences{3, 7}));
    batches.window.remove(batches.flights, batches[3]);
    batches.window.add(batches.flights, batches.cursor, 1);
    left.clear();
    batches.window.for_each([&](const Flight& flight) { left.push_back(flight.sequence()); });
    EXPECT_EQ(left, (Sequences{3, 9}));
    EXPECT_EQ(batches.window.size(), 2u);
}

TEST(Window, RelaxedOrderOffersTheReadiestAndStrictOrderTheOldest) {
    Batches batches(3);
    EXPECT_EQ(Batches(0).window.next_offer(plan::Order::relaxed), never);
    batches.offer_all(in(5s));
    EXPECT_EQ(batches.window.next_offer(plan::Order::relaxed), never);
    batches.window.wait(batches.flights, batches[1], Status::held, in(9s));
    batches.window.wait(batches.flights, batches[2], Status::waiting, in(2s));
    EXPECT_EQ(batches.waiting(), (Sequences{3, 5}));
    EXPECT_EQ(batches.window.next_offer(plan::Order::relaxed), in(2s));
    EXPECT_EQ(batches.window.next_offer(plan::Order::strict), in(9s));
}

TEST(Window, AfterABreakGoesAtOnceWhatTheServerHasNotPutOff) {
    Batches batches(3);
    batches.offer_all(in(5s));
    batches.window.wait(batches.flights, batches[0], Status::held, in(9s));
    batches.window.wait(batches.flights, batches[1], Status::waiting, in(8s));
    batches.window.resend_at_once();
    EXPECT_EQ(batches[0].until, in(9s));
    EXPECT_EQ(batches[1].until, Flight::at_once);
    EXPECT_EQ(batches[2].until, in(5s));
}

TEST(Window, UsesTheMemoryOfSettledOnesAgainAsNew) {
    Batches batches(1);
    batches.offer_all(in(5s));
    batches[0].sent = in(0s);
    Flight* const first = &batches[0];
    batches.window.remove(batches.flights, *first);
    const Flight& again = batches.window.add(batches.flights, batches.cursor, 1);
    EXPECT_EQ(&again, first);
    EXPECT_EQ(again.attempt, 0u);
    EXPECT_FALSE(again.was_sent());
    EXPECT_EQ(batches.flights.in_flight(), 0u);
}

TEST(WindowDeathTest, NothingIsSettledTwice) {
    Batches batches(1);
    batches.offer_all(in(5s));
    EXPECT_DEATH(batches.window.offered_at(3), "settled exactly once");
    batches.window.wait(batches.flights, batches[0], Status::waiting, in(1s));
    EXPECT_DEATH(batches.window.offered_at(1), "settled exactly once");
}

}  // namespace
}  // namespace portillon::fleet
