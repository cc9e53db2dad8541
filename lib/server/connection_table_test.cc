#include "server/connection_table.h"

#include <gtest/gtest.h>

namespace portillon::server {
namespace {

struct Guest {
    Guest(int its_name, const Ticket& its_ticket) : name(its_name), ticket(its_ticket) {}
    int name;
    Ticket ticket;
};

using Guests = ConnectionTable<Guest>;

std::vector<int> names_of(Guests& guests) {
    std::vector<int> names;
    guests.for_each([&](Guest& guest) { names.push_back(guest.name); });
    return names;
}

TEST(ConnectionTable, FindsAConnectionByItsTicket) {
    Guests guests;
    const Ticket first = guests.add(1).ticket, second = guests.add(2).ticket;
    EXPECT_EQ(guests.size(), 2u);
    EXPECT_EQ(guests.find(first)->name, 1);
    EXPECT_EQ(guests.find(second)->name, 2);
}

TEST(ConnectionTable, UsesAPlaceAgainUnderAnotherGeneration) {
    Guests guests;
    const Ticket gone = guests.add(1).ticket;
    guests.remove(gone.connection);
    EXPECT_EQ(guests.size(), 0u);
    EXPECT_EQ(guests.find(gone), nullptr);
    const Ticket next = guests.add(2).ticket;
    EXPECT_EQ(next.connection, gone.connection);
    EXPECT_EQ(guests.find(gone), nullptr);
    EXPECT_EQ(guests.find(next)->name, 2);
}

TEST(ConnectionTable, ForgetsEveryoneWhenCleared) {
    Guests guests;
    const Ticket gone = guests.add(1).ticket;
    guests.add(2);
    guests.clear();
    EXPECT_EQ(guests.size(), 0u);
    guests.add(3);
    EXPECT_EQ(guests.find(gone), nullptr);
    EXPECT_EQ(names_of(guests), std::vector{3});
}

TEST(ConnectionTable, LetsTheOneThatIsVisitedBeRemoved) {
    Guests guests;
    guests.add(1);
    guests.add(2);
    guests.add(3);
    guests.for_each([&](const Guest& guest) {
        if (guest.name != 2) {
            guests.remove(guest.ticket.connection);
        }
    });
    EXPECT_EQ(names_of(guests), std::vector{2});
}

TEST(ConnectionTableDeathTest, RefusesATicketThatWasNeverGiven) {
    Guests guests;
    EXPECT_DEATH(guests.find(Ticket{0, 0, 0}), "a ticket that was never given");
}

}  // namespace
}  // namespace portillon::server
