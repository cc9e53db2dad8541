#include "server/ledger.h"

#include <algorithm>
#include <array>
#include <new>

#include "base/check.h"
#include "server/shared_histogram.h"

namespace portillon::server {

namespace {

constexpr std::uint64_t magic = 0x3272656764656c70;  // "pledger2"
constexpr std::size_t page_bytes = 4096;

constexpr std::size_t to_page(std::size_t bytes) {
    return (bytes + page_bytes - 1) / page_bytes * page_bytes;
}

// Returns true if this call set the bit.
bool set_bit(std::uint64_t& word, Sequence sequence) {
    const std::uint64_t bit = std::uint64_t{1} << ((sequence - 1) % 64);
    return (std::atomic_ref(word).fetch_or(bit, std::memory_order_acq_rel) & bit) == 0;
}

constexpr std::uint8_t flag_of(Mark mark) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(mark));
}

// Raises `value` to `to` if that is greater; returns the value before.
std::uint64_t raise(std::uint64_t& value, std::uint64_t to) {
    const std::atomic_ref shared(value);
    std::uint64_t before = shared.load(std::memory_order_acquire);
    while (before < to && !shared.compare_exchange_weak(before, to, std::memory_order_acq_rel)) {
    }
    return before;
}

// The bounds of the measured windows and of the segments cut the time axis into pieces, each wholly inside or outside
// every window. So a delivery is recorded once, and the figures of any window are those of its pieces, merged.
constexpr std::size_t most_cuts = 2 * (plan::most_windows + plan::most_segments);

std::vector<Nanos> cuts_of(const plan::RunSpec& spec) {
    std::vector<Nanos> cuts;
    for (const auto* windows : {&spec.measured, &spec.segments}) {
        for (const arrival::Window& window : *windows) {
            cuts.push_back(window.from);
            cuts.push_back(window.to);
        }
    }
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    return cuts;
}

}  // namespace

struct Ledger::Head {
    std::uint64_t magic;
    RunId run;
    wire::Payload payload;
    std::uint32_t shards;
    std::uint32_t equipments;
    std::uint64_t sequences;
    std::uint32_t windows;
    std::array<arrival::Window, plan::most_windows> measured;
    std::uint32_t segment_count;
    std::array<arrival::Window, plan::most_segments> segments;
    std::uint32_t cut_count;
    std::array<Nanos, most_cuts> cuts;  // piece i ends at cuts[i]; the last one has no end
    std::atomic<std::int64_t> t0_ns;    // 0: not started
    std::atomic<bool> frozen;
};

struct Ledger::Slot {
    Counter delivered, duplicated, reordered, unexpected, after_freeze;
    Counter last_arrival_ns;
    Counter seconds;  // how many of delivered_per_second are in use
    Counter near;     // index of the piece of the last due time; the next one's is nearly always the same
    std::array<Counter, most_seconds> delivered_per_second;
};

struct Ledger::Piece {
    Counter duplicated;
    SharedHistogram end_to_end;
};

struct Ledger::Layout {
    Layout(std::uint32_t equipments, Sequence sequences, std::size_t cuts, unsigned shards)
        : words_per_equipment((sequences + 63) / 64),
          slots(to_page(sizeof(Head))),
          pieces(slots + shards * to_page(sizeof(Slot))),
          highest(pieces + shards * (cuts + 1) * to_page(sizeof(Piece))),
          happened(to_page(highest + equipments * sizeof(std::uint64_t))),
          bitmaps(to_page(happened + equipments)),
          end(bitmaps + 3 * equipments * words_per_equipment * sizeof(std::uint64_t)) {}

    std::uint64_t words_per_equipment;
    std::size_t slots, pieces, highest, happened, bitmaps, end;
};

std::size_t Ledger::bytes_needed(const plan::RunSpec& spec, unsigned shards) {
    return Layout(spec.equipments, spec.sequences, cuts_of(spec).size(), shards).end;
}

Ledger Ledger::create(std::span<std::byte> zeroed, const plan::RunSpec& spec, unsigned shards) {
    check(problem_of(spec).empty() && shards > 0, "a ledger of a run that has a problem");
    const auto cuts = cuts_of(spec);
    const Layout layout(spec.equipments, spec.sequences, cuts.size(), shards);
    check(zeroed.size() >= layout.end, "too little memory for a ledger");
    Head& head = *new (zeroed.data()) Head{};
    head.run = spec.run;
    head.payload = spec.payload;
    head.shards = shards;
    head.equipments = spec.equipments;
    head.sequences = spec.sequences;
    head.windows = static_cast<std::uint32_t>(spec.measured.size());
    std::copy(spec.measured.begin(), spec.measured.end(), head.measured.begin());
    head.segment_count = static_cast<std::uint32_t>(spec.segments.size());
    std::copy(spec.segments.begin(), spec.segments.end(), head.segments.begin());
    head.cut_count = static_cast<std::uint32_t>(cuts.size());
    std::copy(cuts.begin(), cuts.end(), head.cuts.begin());
    head.magic = magic;
    return Ledger(zeroed, layout);
}

std::optional<Ledger> Ledger::attach(std::span<std::byte> bytes) {
    if (bytes.size() < sizeof(Head)) {
        return std::nullopt;
    }
    const Head& head = *reinterpret_cast<const Head*>(bytes.data());
    if (head.magic != magic) {
        return std::nullopt;
    }
    const Layout layout(head.equipments, head.sequences, head.cut_count, head.shards);
    return bytes.size() >= layout.end ? std::optional(Ledger(bytes, layout)) : std::nullopt;
}

Ledger::Ledger(std::span<std::byte> bytes, const Layout& layout)
    : head_(reinterpret_cast<Head*>(bytes.data())),
      slots_(bytes.data() + layout.slots),
      pieces_(bytes.data() + layout.pieces),
      highest_(reinterpret_cast<std::uint64_t*>(bytes.data() + layout.highest)),
      happened_(reinterpret_cast<std::uint8_t*>(bytes.data() + layout.happened)),
      bitmaps_(reinterpret_cast<std::uint64_t*>(bytes.data() + layout.bitmaps)),
      words_(layout.words_per_equipment) {}

plan::RunSpec Ledger::spec() const {
    return {head_->run,
            head_->payload,
            head_->equipments,
            head_->sequences,
            {head_->measured.begin(), head_->measured.begin() + head_->windows},
            {head_->segments.begin(), head_->segments.begin() + head_->segment_count}};
}

RunId Ledger::run() const {
    return head_->run;
}
const wire::Payload& Ledger::payload() const {
    return head_->payload;
}
unsigned Ledger::shards() const {
    return head_->shards;
}

bool Ledger::expects(EquipmentId equipment, Sequence sequence) const {
    return number_of(equipment) - 1 < head_->equipments && sequence - 1 < head_->sequences;
}

Entry Ledger::record(unsigned shard, EquipmentId equipment, Sequence sequence, Nanos due, Instant now) {
    Slot& own = slot(shard);
    own.last_arrival_ns.set(static_cast<std::uint64_t>(now.time_since_epoch().count()));
    if (frozen()) {
        own.after_freeze.add();
        return Entry::refused;
    }
    if (!expects(equipment, sequence) || due < Nanos{0} || due > longest_due) {
        own.unexpected.add();
        return Entry::unexpected;
    }
    const std::size_t place = number_of(equipment) - 1;
    // Raised before the bit is set: a reader of the bitmap up to the highest sequence misses nothing.
    const Sequence highest_before = raise(highest_[place], sequence);
    if (!set_bit(*word(Mark::delivered, equipment, sequence), sequence)) {
        std::atomic_ref(happened_[place]).fetch_or(flag_of(Mark::duplicated));
        set_bit(*word(Mark::duplicated, equipment, sequence), sequence);
        own.duplicated.add();
        piece(shard, piece_of(own, due)).duplicated.add();
        return Entry::duplicated;
    }
    own.delivered.add();
    time(own, piece(shard, piece_of(own, due)), due, now);
    if (highest_before < sequence) {
        return Entry::delivered;
    }
    std::atomic_ref(happened_[place]).fetch_or(flag_of(Mark::reordered));
    set_bit(*word(Mark::reordered, equipment, sequence), sequence);
    own.reordered.add();
    return Entry::reordered;
}

void Ledger::record_unexpected(unsigned shard, Instant now) {
    Slot& own = slot(shard);
    own.last_arrival_ns.set(static_cast<std::uint64_t>(now.time_since_epoch().count()));
    (frozen() ? own.after_freeze : own.unexpected).add();
}

bool Ledger::has(EquipmentId equipment, Sequence sequence) const {
    check(expects(equipment, sequence), "a sequence beyond the run");
    const auto bits = std::atomic_ref(*word(Mark::delivered, equipment, sequence)).load(std::memory_order_acquire);
    return (bits >> ((sequence - 1) % 64) & 1) != 0;
}

Sequence Ledger::highest(EquipmentId equipment) const {
    check(expects(equipment, 1), "an equipment beyond the run");
    return std::atomic_ref(highest_[number_of(equipment) - 1]).load(std::memory_order_acquire);
}

void Ledger::start(Instant t0) {
    head_->t0_ns.store(t0.time_since_epoch().count());
}

std::optional<Instant> Ledger::t0() const {
    const auto ns = head_->t0_ns.load(std::memory_order_relaxed);
    return ns == 0 ? std::nullopt : std::optional(Instant(Nanos{ns}));
}

void Ledger::freeze() {
    head_->frozen.store(true);
}

bool Ledger::frozen() const {
    return head_->frozen.load(std::memory_order_relaxed);
}

LedgerCounts Ledger::counts() const {
    LedgerCounts sum;
    std::uint64_t last_arrival_ns = 0;
    for (unsigned shard = 0; shard < head_->shards; ++shard) {
        const Slot& each = slot(shard);
        sum.delivered += each.delivered.get();
        sum.duplicated += each.duplicated.get();
        sum.reordered += each.reordered.get();
        sum.unexpected += each.unexpected.get();
        sum.after_freeze += each.after_freeze.get();
        last_arrival_ns = std::max(last_arrival_ns, each.last_arrival_ns.get());
    }
    if (last_arrival_ns > 0) {
        sum.last_arrival = Instant(Nanos{static_cast<std::int64_t>(last_arrival_ns)});
    }
    return sum;
}

stats::Histogram Ledger::end_to_end() const {
    stats::Histogram merged;
    const std::span windows(head_->measured.data(), head_->windows);
    for (std::size_t place = 0; place <= head_->cut_count; ++place) {
        const Nanos begin = place == 0 ? Nanos::min() : head_->cuts[place - 1];
        const bool measured =
            windows.empty() || std::any_of(windows.begin(), windows.end(), [&](const arrival::Window& window) {
                return window.from <= begin && begin < window.to;
            });
        for (unsigned shard = 0; measured && shard < head_->shards; ++shard) {
            merged.merge(piece(shard, place).end_to_end.read());
        }
    }
    return merged;
}

std::vector<SegmentAccount> Ledger::segments() const {
    std::vector<SegmentAccount> accounts;
    const std::span cuts(head_->cuts.data(), head_->cut_count);
    for (const arrival::Window& segment : std::span(head_->segments.data(), head_->segment_count)) {
        auto& account = accounts.emplace_back();
        // A segment's bounds are cuts, so its pieces are those that end at the cuts after its begin.
        const auto first = std::upper_bound(cuts.begin(), cuts.end(), segment.from) - cuts.begin();
        const auto last = std::lower_bound(cuts.begin(), cuts.end(), segment.to) - cuts.begin();
        for (auto place = first; place <= last && segment.from < segment.to; ++place) {
            for (unsigned shard = 0; shard < head_->shards; ++shard) {
                const Piece& each = piece(shard, static_cast<std::size_t>(place));
                account.duplicated += each.duplicated.get();
                account.end_to_end.merge(each.end_to_end.read());
            }
        }
    }
    return accounts;
}

std::vector<std::uint64_t> Ledger::delivered_per_second() const {
    std::vector<std::uint64_t> sum;
    for (unsigned shard = 0; shard < head_->shards; ++shard) {
        const Slot& each = slot(shard);
        const auto seconds = std::min<std::size_t>(each.seconds.get(), most_seconds);
        sum.resize(std::max(sum.size(), seconds));
        for (std::size_t second = 0; second < seconds; ++second) {
            sum[second] += each.delivered_per_second[second].get();
        }
    }
    return sum;
}

std::span<const std::uint64_t> Ledger::bits(Mark mark, EquipmentId equipment) const {
    const Sequence last = highest(equipment);
    const std::uint8_t happened = std::atomic_ref(happened_[number_of(equipment) - 1]).load(std::memory_order_acquire);
    if (last == 0 || (mark != Mark::delivered && (happened & flag_of(mark)) == 0)) {
        return {};
    }
    return {word(mark, equipment, 1), (last + 63) / 64};
}

Ledger::Slot& Ledger::slot(unsigned shard) const {
    check(shard < head_->shards, "a shard that the ledger does not know");
    return *reinterpret_cast<Slot*>(slots_ + shard * to_page(sizeof(Slot)));
}

std::size_t Ledger::piece_of(Slot& slot, Nanos due) const {
    const std::span cuts(head_->cuts.data(), head_->cut_count);
    const auto near = static_cast<std::size_t>(slot.near.get());
    if ((near == cuts.size() || due < cuts[near]) && (near == 0 || due >= cuts[near - 1])) {
        return near;
    }
    const auto place = static_cast<std::size_t>(std::upper_bound(cuts.begin(), cuts.end(), due) - cuts.begin());
    slot.near.set(place);
    return place;
}

Ledger::Piece& Ledger::piece(unsigned shard, std::size_t place) const {
    const std::size_t number = shard * (std::size_t{head_->cut_count} + 1) + place;
    return *reinterpret_cast<Piece*>(pieces_ + number * to_page(sizeof(Piece)));
}

std::uint64_t* Ledger::word(Mark mark, EquipmentId equipment, Sequence sequence) const {
    const std::uint64_t row = static_cast<std::uint64_t>(mark) * head_->equipments + (number_of(equipment) - 1);
    return bitmaps_ + row * words_ + (sequence - 1) / 64;
}

void Ledger::time(Slot& slot, Piece& piece, Nanos due, Instant now) const {
    const auto start = t0();
    if (!start) {
        return;
    }
    const Nanos since = now - *start;
    if (since >= Nanos{0} && since < std::chrono::seconds(most_seconds)) {
        const auto second = static_cast<std::size_t>(since / 1s);
        if (second >= slot.seconds.get()) {
            slot.seconds.set(second + 1);
        }
        slot.delivered_per_second[second].add();
    }
    piece.end_to_end.record(since - due);
}

}  // namespace portillon::server
