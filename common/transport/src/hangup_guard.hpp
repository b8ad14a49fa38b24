// Keeps libzmq from ending the process when a peer resets its connection while libzmq has paused reading from it.
//
// libzmq 4.3.4 pauses reading when the receive queue of a connection is full. If the connection is then reset, epoll
// reports a hang-up, which cannot be switched off. libzmq answers it as it answers data: it takes the connection out of
// its epoll and notes an I/O error. The next ping to the peer, or a PING of the peer that was received before, then
// meets the assertion `!_io_error` (stream_engine_base.cpp), which ends the process. Any peer can cause it, with or
// without a login.
//
// libzmq calls epoll_ctl and epoll_wait, which are defined here in front of the system's. They do what the system's do,
// with two differences, and only for calls that come from libzmq:
//
//   - a hang-up of a connection from which reading is paused is not reported until libzmq reads from it again;
//   - a hang-up beside data to read is reported as data to read, since libzmq would otherwise read twice, and the first
//     time may pause reading.
//
// The end of the connection is found when libzmq reads on: the read fails, and libzmq closes the connection in order.
#pragma once

namespace gate::peer {

// Makes a program that is linked with this library contain the two functions. False if the guard is not in force,
// because libzmq is not a library of its own in this process.
bool guard_hangups() noexcept;

}  // namespace gate::peer
