#include "base/pool.h"

#include <gtest/gtest.h>

#include "base/list.h"

namespace portillon {
namespace {

struct Ball : ListHook {
    int number = 0;
};

TEST(Pool, GivesTheOneThatCameBackLast) {
    Pool<Ball> pool;
    Ball& first = pool.take();
    Ball& second = pool.take();
    EXPECT_NE(&first, &second);
    first.number = 7;
    pool.give_back(second);
    pool.give_back(first);
    EXPECT_EQ(&pool.take(), &first);
    EXPECT_EQ(first.number, 7);
    EXPECT_EQ(&pool.take(), &second);
}

TEST(Pool, KeepsWhatItHasGivenWhereItIs) {
    Pool<Ball> pool;
    List<Ball> balls;
    for (int i = 0; i < 1'000; ++i) {
        Ball& ball = pool.take();
        ball.number = i;
        balls.push_back(ball);
    }
    int expected = 0;
    while (!balls.empty()) {
        Ball& ball = take_front(balls);
        EXPECT_EQ(ball.number, expected++);
        pool.give_back(ball);
    }
    EXPECT_EQ(expected, 1'000);
}

TEST(List, TakesOutOfItsMiddle) {
    Ball balls[3];
    List<Ball> list;
    for (Ball& ball : balls) {
        list.push_back(ball);
    }
    list.erase(list.iterator_to(balls[1]));
    EXPECT_EQ(&list.front(), &balls[0]);
    EXPECT_EQ(&list.back(), &balls[2]);
    list.clear();
}

struct Guest : QueueHook {};

TEST(Queue, TakesOutTheFirstThatIsWanted) {
    Guest guests[3];
    Queue<Guest> queue;
    for (Guest& guest : guests) {
        queue.push_back(guest);
    }
    EXPECT_EQ(take_first(queue, [&](const Guest& each) { return &each == &guests[2]; }), &guests[2]);
    EXPECT_EQ(take_first(queue, [&](const Guest& each) { return &each == &guests[2]; }), nullptr);
    EXPECT_EQ(&queue.back(), &guests[1]);
    EXPECT_EQ(&take_front(queue), &guests[0]);
    EXPECT_EQ(&take_front(queue), &guests[1]);
    EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace portillon
