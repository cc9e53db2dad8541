// Writes each of the page's samples as NAME.json and NAME.html into the folder named on the command line, for the test
// that opens them in a browser.

#include <cstdio>
#include <string>

#include "report/file.h"
#include "report/json.h"
#include "report/page/page.h"
#include "report/page/page_samples.h"

int main(int count, char** arguments) {
    using namespace portillon::report;
    if (count != 2) {
        std::fputs("usage: write_page_samples FOLDER\n", stderr);
        return 2;
    }
    const std::string folder = arguments[1];
    auto samples = page::page_samples();
    samples.emplace_back("large", page::large_comparison(600));
    for (const auto& [name, report] : samples) {
        const auto json = write_file(folder + "/" + name + ".json", to_json(report));
        const auto html = write_file(folder + "/" + name + ".html", page::html_page(report));
        if (json || html) {
            std::fprintf(stderr, "cannot write %s: %s\n", name.c_str(), (json ? json : html).message().c_str());
            return 1;
        }
    }
    return 0;
}
