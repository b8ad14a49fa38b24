// Sends our credentials with a connection, and explains a greeting that failed.
#pragma once

#include <string>
#include <string_view>

#include <zmq.hpp>

#include <gate/credentials.hpp>
#include <gate/error.hpp>

namespace gate::peer {

// Sets the credentials. Call it before the socket is connected. Throws zmq::error_t if this libzmq has no CURVE.
void show(const credentials& own, zmq::socket_t& on);

// Why a connection failed. `unauthenticated` is final: the same credentials would fail again. `busy`: the login is put
// off.
struct verdict {
  errc why;
  std::string text;
};

// Explains a handshake_failed_auth event. `status` is its ZAP status.
verdict of_refusal(int status, const credentials& own, std::string_view endpoint);

struct server_facts;

// Explains a greeting that failed, from the facts that an inquiry found.
verdict of_server(const server_facts& theirs, const credentials& own, std::string_view endpoint);

// Explains a server that accepts connections and does not greet.
verdict of_mute(std::string_view endpoint);

// Explains a server that does not answer our credentials. libzmq sends no answer if the login is put off: it keeps the
// connection, or ends it if the decision was immediate.
verdict of_silence(std::string_view endpoint);

}  // namespace gate::peer
