// Finds out whether a call comes from libzmq. The replaced system functions of this folder act only on libzmq's calls.
#pragma once

namespace gate::peer {

// Any thread. False if libzmq is linked statically, and so is not a library of its own in this process.
bool is_libzmq_loaded() noexcept;
// `address` is the return address of the call.
bool is_code_of_libzmq(const void* address) noexcept;

}  // namespace gate::peer
