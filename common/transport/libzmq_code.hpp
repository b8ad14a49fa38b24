// Whether a call comes from libzmq. What stands in for functions of the system here does so for libzmq's calls only.
#pragma once

namespace gate::peer {

// Any thread. False if libzmq is not a library of its own in this process, since it is linked statically.
bool is_libzmq_loaded() noexcept;
// `address`: where the call returns to.
bool is_code_of_libzmq(const void* address) noexcept;

}  // namespace gate::peer
