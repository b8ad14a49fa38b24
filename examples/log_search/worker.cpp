// A worker that searches text files and streams the matches. usage: log-search-worker [FLAGS] FOLDER...
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gate/generator.hpp>
#include <gate/run_worker.hpp>

#include "examples/log_search/match.hpp"
#include "examples/log_search/text_files.hpp"

namespace log_search {

class LogSearch : public gate::Worker {
 public:
  // The arguments that are not flags.
  explicit LogSearch(std::vector<std::string> folders) : folders_(std::move(folders)) {
    if (folders_.empty()) throw std::invalid_argument("which folders? Give one or more");
    static_cast<void>(files_below(folders_));  // throws at once if a folder does not exist
  }

  GATE_INTERFACE(find, survey)
  GATE_DOC(find, "the lines that contain a text, with file and number", text)
  GATE_DOC(survey, "how many files are searched, and how many are not text")

  std::string description() const override { return "searches text files below " + folders_.front(); }

  // [find]
  // Streams the lines that contain `text`. Runs in the pool, as fast as the caller reads. If the caller gives up, the
  // method ends at the next co_yield, or where it asks cancelled().
  gate::generator<match> find(gate::Call& call, std::string text) const {
    for (const std::filesystem::path& file : files_below(folders_)) {
      if (call.cancelled()) co_return;
      if (!is_text(file)) continue;
      std::ifstream in(file);
      match found;
      found.file = file.string();
      while (std::getline(in, found.text)) {
        ++found.line;
        if (found.text.find(text) != std::string::npos) co_yield found;
      }
    }
  }
  // [/find]

  summary survey(gate::Call& call) const {
    summary all;
    for (const std::filesystem::path& file : files_below(folders_)) {
      if (call.cancelled()) break;
      if (is_text(file)) {
        std::error_code ignored;
        all.bytes += std::filesystem::file_size(file, ignored);
        ++all.files;
      } else {
        ++all.skipped;
      }
    }
    return all;
  }

 private:
  std::vector<std::string> folders_;
};

}  // namespace log_search

int main(int argc, char** argv) { return gate::run_worker<log_search::LogSearch>(argc, argv); }
