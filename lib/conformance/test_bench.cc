#include "conformance/test_bench.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <utility>

#include "wire/batch_codec.h"

namespace portillon::conformance {

namespace {

constexpr RunId run{0x0123'4567'89AB'CDEF};
constexpr wire::Payload payload{.seed = 11, .bytes = 100};

const char* name_of(driver::Answer answer) {
    static constexpr const char* names[] = {"acknowledged", "sent",      "rejected", "throttled",
                                            "try_again",    "timed_out", "broken"};
    return names[static_cast<int>(answer)];
}

}  // namespace

// Ingest.

struct ScriptedIngest::Wait final : Alarm {
    Wait(ScriptedIngest& its_ingest, server::Answers& its_answers, const server::Ticket& its_ticket,
         const server::Decision& its_decision)
        : ingest(its_ingest), answers(its_answers), ticket(its_ticket), decision(its_decision) {}
    void ring(Instant) override {
        --ingest.undecided_;
        state = State::decided;
        answers.decided(ticket, decision);
    }
    ScriptedIngest& ingest;
    server::Answers& answers;
    server::Ticket ticket;
    server::Decision decision;
    enum class State : std::uint8_t { undecided, decided } state = State::undecided;
};

ScriptedIngest::ScriptedIngest(net::Loop& loop) : loop_(loop) {}
ScriptedIngest::~ScriptedIngest() = default;

std::size_t ScriptedIngest::times(Sequence first) const {
    return static_cast<std::size_t>(
        std::count_if(arrivals.begin(), arrivals.end(), [first](const Arrival& each) { return each.first == first; }));
}

void ScriptedIngest::forget() {
    waits_.clear();
    undecided_ = 0;
}

void ScriptedIngest::accept_undecided() {
    for (const auto& wait : waits_) {
        if (wait->state == Wait::State::undecided) {
            wait->decision.disposition = server::Disposition::accepted;
            wait->cancel();
            wait->ring(loop_.now());
        }
    }
}

void ScriptedIngest::arrived(std::span<const std::byte> body, server::Answers& answers, const server::Ticket& ticket) {
    wire::ReceivedBatch batch;
    const error_code error = wire::decode(body, wire::detect_encoding(body), batch);
    EXPECT_FALSE(error) << "what arrived is no batch: " << error.message();
    EXPECT_EQ(batch.run, run);
    for (const auto& validation : batch.validations) {
        EXPECT_TRUE(wire::matches(validation, payload.seed)) << "not the bytes that were offered";
    }
    const auto count = static_cast<std::uint32_t>(batch.validations.size());
    const Arrival& arrival = arrivals.emplace_back(Arrival{loop_.now(), batch.equipment, batch.first, count});
    const Verdict verdict = decide(arrival);
    server::Decision decision{verdict.disposition, {}, batch.equipment, batch.first, count, verdict.retry_after};
    if (verdict.disposition == server::Disposition::malformed) {
        decision = {
            verdict.disposition, boost::system::errc::make_error_code(boost::system::errc::invalid_argument), {}, 0, 0,
            std::nullopt};
    }
    if (verdict.after == 0ns || verdict.disposition == server::Disposition::malformed) {
        answers.decided(ticket, decision);
        return;
    }
    undecided_most = std::max(undecided_most, ++undecided_);
    waits_.push_back(std::make_unique<Wait>(*this, answers, ticket, decision));
    if (verdict.after != never_decided) {
        loop_.timers().set(*waits_.back(), loop_.now() + verdict.after);
    }
}

// Equipment.

class Body final : public driver::Body {
public:
    Body(EquipmentId equipment, Sequence first, std::uint32_t count, wire::Encoding encoding)
        : head_{run, equipment, first, count}, encoding_(encoding) {}

    std::size_t size() const override {
        expect_alive();
        return wire::encoded_size(head_, payload, encoding_, Dues{});
    }
    void write_to(std::span<std::byte> out) const override {
        expect_alive();
        wire::encode(head_, payload, encoding_, Dues{}, out);
    }

    void end() { life_ = Life::over; }

private:
    struct Dues {
        Nanos operator()() { return due += 1ms; }
        Nanos due{};
    };
    void expect_alive() const { EXPECT_EQ(life_, Life::offered) << "a body was asked for after its batch was settled"; }

    wire::BatchHead head_;
    wire::Encoding encoding_;
    enum class Life : std::uint8_t { offered, over } life_ = Life::offered;
};

ScriptedEquipment::ScriptedEquipment(TestBench& bench, EquipmentId id)
    : bench_(bench), id_(id), session_(bench.driver().make_session(id, *this)) {}

ScriptedEquipment::~ScriptedEquipment() = default;

void ScriptedEquipment::open() {
    begin_to_open(10s);
    bench_.pass_round_trips();
    ASSERT_TRUE(opened) << "it takes too long";
    EXPECT_FALSE(*opened) << cause_name(*opened);
}

void ScriptedEquipment::close() {
    begin_to_close(10s);
    bench_.pass_round_trips();
    EXPECT_TRUE(closed) << "it takes too long";
}

void ScriptedEquipment::begin_to_open(Nanos within) {
    ASSERT_EQ(link_, Link::closed);
    link_ = Link::opening;
    opened.reset();
    bench_.tasks.spawn(open_into(*session_, bench_.now() + within, *this));
}

void ScriptedEquipment::begin_to_open_unjoined() {
    link_ = Link::opening;
    boost::asio::co_spawn(bench_.simulation.loop().executor(), open_into(*session_, never, *this),
                          [](const std::exception_ptr& failure) { EXPECT_FALSE(failure); });
}

void ScriptedEquipment::begin_to_close(Nanos within) {
    ASSERT_EQ(link_, Link::open);
    closed.reset();
    bench_.tasks.spawn(close_into(*session_, bench_.now() + within, *this));
}

net::Task<void> ScriptedEquipment::open_into(driver::Session& session, Instant deadline, ScriptedEquipment& self) {
    const error_code failure = co_await session.open(deadline);
    self.opened = failure;
    if (self.link_ == Link::opening) {
        self.link_ = failure ? Link::closed : Link::open;
    }
}

net::Task<void> ScriptedEquipment::close_into(driver::Session& session, Instant deadline, ScriptedEquipment& self) {
    if (self.link_ == Link::open) {
        self.link_ = Link::closing;
        co_await session.close(deadline);
        EXPECT_EQ(self.in_flight(), 0u) << "what is in flight is settled before the session is closed";
        self.link_ = Link::closed;
    }
    self.closed = self.bench_.now();
}

void ScriptedEquipment::offer(Sequence first, std::uint32_t count, Nanos within) {
    ASSERT_EQ(link_, Link::open) << "there is no session to offer to";
    auto& entry = in_flight_[first];
    ASSERT_EQ(entry.body, nullptr) << "a batch of this name is in flight";
    entry.at = bench_.now();
    entry.body = std::make_unique<Body>(id_, first, count, bench_.candidate.encoding);
    const Inside before = std::exchange(inside_, Inside::yes);
    session_->offer({.equipment = id_,
                     .first = first,
                     .count = count,
                     .attempt = 1,
                     .deadline = bench_.now() + within,
                     .body = entry.body.get()});
    inside_ = before;
}

void ScriptedEquipment::offer_all(Sequence first, Sequence last) {
    for (Sequence each = first; each <= last; ++each) {
        offer(each);
    }
}

void ScriptedEquipment::abandon(Sequence first) {
    const Inside before = std::exchange(inside_, Inside::yes);
    session_->abandon(first);
    inside_ = before;
}

void ScriptedEquipment::destroy() {
    link_ = Link::destroyed;
    session_.reset();
}

std::vector<Sequence> ScriptedEquipment::firsts_in_flight() const {
    std::vector<Sequence> firsts;
    for (const auto& [first, offer] : in_flight_) {
        firsts.push_back(first);
    }
    return firsts;
}

std::string ScriptedEquipment::answered_with(Sequence first) const {
    for (auto each = settlements.rbegin(); each != settlements.rend(); ++each) {
        if (each->first == first) {
            const auto& after = each->outcome.retry_after;
            return name_of(each->outcome.answer) + (after ? " after " + format_duration(*after) : "");
        }
    }
    return "nothing";
}

const driver::Outcome& ScriptedEquipment::outcome(Sequence first) const {
    static const driver::Outcome none;
    for (auto each = settlements.rbegin(); each != settlements.rend(); ++each) {
        if (each->first == first) {
            return each->outcome;
        }
    }
    ADD_FAILURE() << "batch " << first << " was never settled";
    return none;
}

bool ScriptedEquipment::all_said(Sequence first, Sequence last, const std::string& what) const {
    for (Sequence each = first; each <= last; ++each) {
        if (answered_with(each) != what) {
            ADD_FAILURE() << "of batch " << each << ": " << answered_with(each);
            return false;
        }
    }
    return true;
}

void ScriptedEquipment::settled(Sequence first, const driver::Outcome& outcome) {
    EXPECT_EQ(inside_, Inside::no) << "batch " << first << " was settled from inside a call";
    EXPECT_TRUE(link_ == Link::open || link_ == Link::closing) << "batch " << first << " was settled without a session";
    const auto found = in_flight_.find(first);
    if (found == in_flight_.end()) {
        ADD_FAILURE() << "batch " << first << " was settled, and is not in flight: " << name_of(outcome.answer);
        return;
    }
    check_outcome(found->second.at, outcome);
    found->second.body->end();
    settled_bodies_.push_back(std::move(found->second.body));
    in_flight_.erase(found);
    settlements.push_back({first, outcome});
    if (on_settled) {
        on_settled(first);
    }
}

void ScriptedEquipment::check_outcome(Instant offered_at, const driver::Outcome& outcome) const {
    using driver::Answer;
    const bool is_good = outcome.answer == Answer::acknowledged || outcome.answer == Answer::sent;
    EXPECT_EQ(static_cast<bool>(outcome.cause), !is_good) << name_of(outcome.answer) << cause_name(outcome.cause);
    EXPECT_EQ(outcome.answered, bench_.now());
    if (outcome.sent != Instant{}) {
        EXPECT_GE(outcome.sent, offered_at);
        EXPECT_LE(outcome.sent, outcome.answered);
        const auto& writes = bench_.cable.writes;
        EXPECT_TRUE(std::any_of(writes.begin(), writes.end(), [&](const auto& each) {
            return each.at == outcome.sent;
        })) << "nothing was written then";
    } else {
        EXPECT_FALSE(is_good) << "what is acknowledged or sent was sent";
    }
    if (outcome.retry_after) {
        EXPECT_TRUE(outcome.answer == Answer::throttled || outcome.answer == Answer::try_again);
        EXPECT_GE(*outcome.retry_after, 0ns);
    }
}

void ScriptedEquipment::stray(const error_code& cause) {
    EXPECT_EQ(inside_, Inside::no) << "a stray answer from inside a call";
    EXPECT_TRUE(cause) << "a stray answer without a cause";
    strays.push_back(cause_name(cause));
}

void ScriptedEquipment::broken(const error_code& cause) {
    EXPECT_EQ(inside_, Inside::no) << "broken from inside a call";
    EXPECT_EQ(link_, Link::open) << "what is not open does not break";
    EXPECT_EQ(in_flight(), 0u) << "what is in flight is settled before the break is told";
    EXPECT_TRUE(cause);
    link_ = Link::closed;
    breaks.push_back(cause_name(cause));
    if (on_broken) {
        on_broken();
    }
}

// All of it.

TestBench::TestBench(const Candidate& its_candidate, std::uint32_t in_flight, server::Limits limits)
    : candidate(its_candidate), limits_(limits) {
    replace_listener();
    driver_ = candidate.driver.make(
        {simulation.loop(), cable, target_, candidate.options, candidate.encoding, in_flight, run});
}

TestBench::~TestBench() {
    cable.dials = Cable::Dials::connect;
    cable.unblock();
    cable.mend();
    if (tasks.running() > 0) {
        pass(1min);  // a test that failed midway
        EXPECT_EQ(tasks.running(), 0u) << "an open() or close() does not come to its end";
    }
    for (const auto& [number, equipment] : equipments_) {
        equipment->destroy();
    }
    EXPECT_EQ(cable.living(), 0u) << "a session has left its connection behind";
    ingest.decide = [](const auto&) { return ScriptedIngest::Verdict{}; };
    ingest.accept_undecided();  // only then may a server read to the end
    pass(10s);
    EXPECT_EQ(listener_->connections(), 0u);
    equipments_.clear();
}

ScriptedEquipment& TestBench::equipment(std::uint32_t number) {
    auto& equipment = equipments_[number];
    if (equipment == nullptr) {
        equipment = std::make_unique<ScriptedEquipment>(*this, EquipmentId{number});
    }
    return *equipment;
}

void TestBench::replace_listener() {
    ingest.forget();
    listener_ = candidate.peer.make({simulation.loop(), ingest, limits_, figures_});
}

}  // namespace portillon::conformance
