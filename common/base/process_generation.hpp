// Tells whether this process is still the one that made an object. In a child of fork() the threads of the parent do
// not exist: the child must not wait for, join or lock anything that was made before.
#pragma once

namespace gate {

// A number that is different in a child of fork() and in its parent. Costs one load.
unsigned process_generation() noexcept;

// Remembers the generation in which it was made.
class made_in_process {
 public:
  made_in_process() noexcept : generation_(process_generation()) {}
  // True in a child of the process that made this object.
  bool gone() const noexcept { return generation_ != process_generation(); }

 private:
  unsigned generation_;
};

}  // namespace gate
