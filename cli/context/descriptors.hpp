// Descriptors: one that is owned, writing to one, and the three that each process begins with.
#pragma once

#include <string_view>
#include <utility>

#include <unistd.h>

namespace gate::cli {

// A descriptor that is closed with its owner.
class owned_descriptor {
 public:
  explicit owned_descriptor(int number = -1) noexcept : number_(number) {}
  owned_descriptor(owned_descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  owned_descriptor& operator=(owned_descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~owned_descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const noexcept { return number_; }
  bool is_open() const noexcept { return number_ >= 0; }

 private:
  int number_;
};

// Writes all of it. Returns 0, or the errno of the write that failed.
int write_all(int descriptor, std::string_view bytes) noexcept;

// Opens those of the descriptors 0, 1 and 2 that this process was started without, so that each use of them fails: a
// socket or a file that is opened later would be taken for them.
void hold_standard_descriptors() noexcept;

}  // namespace gate::cli
