// gate-broker with a libzmq whose ZAP handler fails as soon as somebody logs in as "the-end". No peer and no other
// process can cause that.
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <string_view>

#include <dlfcn.h>
#include <zmq.h>

#include <gate/run_broker.hpp>

namespace {

std::atomic<void*> handler = nullptr;  // the socket
std::atomic<bool> broken = false;

template <class Function> Function* in_libzmq(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

// The program's own functions are found before those of the library.

int zmq_bind(void* socket, const char* address) {
  static const auto genuine = in_libzmq<decltype(zmq_bind)>("zmq_bind");
  if (std::string_view(address) == "inproc://zeromq.zap.01") handler = socket;
  return genuine(socket, address);
}

int zmq_msg_recv(zmq_msg_t* into, void* socket, int flags) {
  static const auto genuine = in_libzmq<decltype(zmq_msg_recv)>("zmq_msg_recv");
  const int size = genuine(into, socket, flags);
  if (size < 0 || socket != handler) return size;
  const std::string_view frame(static_cast<const char*>(zmq_msg_data(into)), static_cast<std::size_t>(size));
  if (frame == "the-end") broken = true;
  return size;
}

int zmq_getsockopt(void* socket, int option, void* value, std::size_t* size) {
  static const auto genuine = in_libzmq<decltype(zmq_getsockopt)>("zmq_getsockopt");
  if (!broken || socket != handler || option != ZMQ_EVENTS) return genuine(socket, option, value, size);
  errno = ENOTSOCK;
  return -1;
}

int main(int argc, char** argv) { return gate::run_broker(argc, argv); }
