// The descriptors of this process: whether some are left, and which connection belongs to one.
#pragma once

#include <string>

#include <sys/types.h>

namespace gate {

// The inode of the socket of a descriptor. 0 if it is closed or is not a socket.
ino_t socket_inode(int descriptor) noexcept;

// A connection whose descriptor belongs to other code, which may close it at any time. The system may use the number
// again at once, but not the inode.
struct socket_mark {
  int descriptor = -1;
  ino_t inode = 0;

  static socket_mark of(int descriptor) noexcept { return {descriptor, socket_inode(descriptor)}; }
  bool is_open() const noexcept { return inode != 0 && socket_inode(descriptor) == inode; }
  // True if it is open, and neither the other side nor a fault has ended it.
  bool is_whole() const noexcept;
};

// Throws std::system_error if so many descriptors cannot be opened now. libzmq aborts if it gets no descriptor for a
// context, so call this first.
void need_descriptors(int count);

// The text for an errno of the transport or the system, for people.
std::string text_of(int error);

}  // namespace gate
