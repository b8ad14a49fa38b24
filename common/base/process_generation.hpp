// Whether this process is still the one in which something was made. In a child of fork() the threads of its parent do
// not exist: nothing that was made before may be waited for, joined or locked there.
#pragma once

namespace gate {

// Another number in each child of fork() than in its parent. Costs a load.
unsigned process_generation() noexcept;

// The generation in which it was made.
class made_in_process {
 public:
  made_in_process() noexcept : generation_(process_generation()) {}
  // True in a child of the process that made it.
  bool gone() const noexcept { return generation_ != process_generation(); }

 private:
  unsigned generation_;
};

}  // namespace gate
