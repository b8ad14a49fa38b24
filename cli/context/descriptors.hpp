// Descriptors: an owned one, a function to write to one, and the three that a process begins with.
#pragma once

#include <string_view>
#include <utility>

#include <unistd.h>

namespace gate::cli {

// Closes its descriptor when it is destroyed.
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

// Writes all bytes. Returns 0, or the errno of the write that failed.
int write_all(int descriptor, std::string_view bytes) noexcept;

// Opens those of the descriptors 0, 1 and 2 that are closed, in such a way that using them fails. Otherwise a socket or
// a file that is opened later would get one of these numbers.
void hold_standard_descriptors() noexcept;

}  // namespace gate::cli
