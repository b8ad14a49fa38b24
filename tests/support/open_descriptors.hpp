// Counts the descriptors of the test's process, or takes them away.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace gate::test {

inline std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  // Without the descriptor of the folder itself.
  return static_cast<std::size_t>(std::distance(begin(all), end(all))) - 1;
}

// While this object lives, only that many more descriptors can be opened.
class scarce_descriptors {
 public:
  explicit scarce_descriptors(std::size_t left) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    // There may be free numbers below the highest one. Fills all of them.
    int highest = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      highest = std::max(highest, std::stoi(entry.path().filename()));
    }
    rlimit now = before_;
    now.rlim_cur = static_cast<rlim_t>(highest) + 1 + left;
    ::setrlimit(RLIMIT_NOFILE, &now);
    for (int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC); fd >= 0; fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) {
      filling_.push_back(fd);
    }
    for (; left > 0 && !filling_.empty(); --left) give_one_back();
  }
  scarce_descriptors(const scarce_descriptors&) = delete;
  scarce_descriptors& operator=(const scarce_descriptors&) = delete;
  ~scarce_descriptors() {
    while (!filling_.empty()) give_one_back();
    ::setrlimit(RLIMIT_NOFILE, &before_);
  }

 private:
  void give_one_back() {
    ::close(filling_.back());
    filling_.pop_back();
  }
  rlimit before_{};
  std::vector<int> filling_;
};

}  // namespace gate::test
