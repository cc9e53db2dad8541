#pragma once

// The documents that are made from what the program declares, in Markdown: the reference of every key of a scenario,
// and the glossary. `portillon help --document reference|glossary` prints them; scenarios/reference.md and
// reports/glossary.md hold them, and a test compares.

#include <string>

namespace portillon::cmd {

std::string scenario_reference();
std::string glossary_document();

}  // namespace portillon::cmd
