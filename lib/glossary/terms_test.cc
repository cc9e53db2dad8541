#include "glossary/terms.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "faults/kinds.h"
#include "gate/metric.h"

namespace portillon::glossary {
namespace {

TEST(Terms, ExplainEveryMetricOfThresholds) {
    for (const auto& metric : gate::metrics()) {
        const auto* term = find_term(metric.name);
        ASSERT_NE(term, nullptr) << metric.name;
        EXPECT_FALSE(term->metric.empty()) << metric.name;
        EXPECT_FALSE(term->usage.empty()) << metric.name;
    }
}

TEST(Terms, ExplainEveryKindOfFaultWithItsKeys) {
    for (const auto& kind : faults::kinds) {
        const auto* term = find_term(kind.name);
        ASSERT_NE(term, nullptr) << kind.name;
        EXPECT_EQ(term->group, Group::faults) << kind.name;
        const auto keys = term->usage.substr(term->usage.find("at: 30s"));  // the kind `limit` has the name of a key
        for (const auto key : faults::keys) {
            EXPECT_EQ(keys.find(" " + std::string(key)) != std::string::npos, kind.takes(key))
                << kind.name << " " << key;
        }
    }
}

TEST(Terms, AreSentences) {
    for (const auto& term : terms()) {
        EXPECT_TRUE(term.definition.ends_with(".")) << term.name;
        EXPECT_EQ(term.definition.find(". ."), std::string::npos) << term.name;
        EXPECT_FALSE(std::islower(static_cast<unsigned char>(term.definition.front())) != 0 &&
                     !term.definition.starts_with(term.name))
            << term.name << ": " << term.definition;
        EXPECT_FALSE(first_sentence(term).empty()) << term.name;
    }
}

TEST(Terms, HaveNamesOfTheirOwn) {
    std::map<std::string, std::string> owner;
    for (const auto& term : terms()) {
        auto all = term.other_names;
        all.push_back(term.name);
        for (const auto& name : all) {
            const auto [other, is_new] = owner.emplace(name, term.name);
            EXPECT_TRUE(is_new) << name << " is a name of both " << other->second << " and " << term.name;
        }
    }
}

TEST(Terms, AreFoundByTheirOldNamesAndHoweverTheyAreWritten) {
    const auto found = [](std::string_view name) { return find_term(name) == nullptr ? "" : find_term(name)->name; };
    EXPECT_EQ(found("lateness"), "send delay");
    EXPECT_EQ(found("send-delay"), "send delay");
    EXPECT_EQ(found("generator_lag"), "scheduling delay");
    EXPECT_EQ(found("books"), "delivery account");
    EXPECT_EQ(found("ledger"), "server's record");
    EXPECT_EQ(found("T0"), "start");
    EXPECT_EQ(found("struck"), "affected");
    EXPECT_EQ(found("shards"), "process");
    EXPECT_EQ(found("END_TO_END"), "end to end");
    EXPECT_EQ(found("Response{stage:peak}"), "response");
    EXPECT_EQ(found("nonsense"), "");
    for (const auto& alias : gate::aliases) {
        ASSERT_NE(find_term(alias.name), nullptr) << alias.name;
        EXPECT_EQ(find_term(alias.name)->metric, alias.metric);
    }
    EXPECT_EQ(find_term("send delay")->metric, "lateness");
    EXPECT_EQ(find_term("equipment")->metric, "equipments");
}

TEST(Terms, ComeGroupByGroup) {
    EXPECT_TRUE(
        std::is_sorted(terms().begin(), terms().end(), [](const Term& a, const Term& b) { return a.group < b.group; }));
    for (const auto group : groups) {
        EXPECT_TRUE(std::any_of(terms().begin(), terms().end(), [&](const Term& term) { return term.group == group; }));
        EXPECT_FALSE(title_of(group).empty());
    }
}

}  // namespace
}  // namespace portillon::glossary
