// The descriptors of this process: how many are left, and which connection one of them is.
#pragma once

#include <string>

#include <sys/types.h>

namespace gate {

// The inode of the socket behind a descriptor; 0 when it is closed or is no socket.
ino_t socket_inode(int descriptor) noexcept;

// A connection whose descriptor belongs to somebody else, who may close it at any time. The system uses the number
// again at once, the inode not.
struct socket_mark {
  int descriptor = -1;
  ino_t inode = 0;

  static socket_mark of(int descriptor) noexcept { return {descriptor, socket_inode(descriptor)}; }
  bool is_open() const noexcept { return inode != 0 && socket_inode(descriptor) == inode; }
  // It is open, and neither the other side nor a fault has ended it.
  bool is_whole() const noexcept;
};

// Throws std::system_error unless so many descriptors can be opened now. libzmq aborts where it gets none for a
// context, or none because the kernel has no memory; so it is asked for what there is.
void need_descriptors(int count);

// An errno of the transport or the system, for people.
std::string text_of(int error);

}  // namespace gate
