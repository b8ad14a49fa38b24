// How a connection shows who it is, and what a greeting that failed says about it.
#pragma once

#include <string>
#include <string_view>

#include <zmq.hpp>

#include <gate/credentials.hpp>
#include <gate/error.hpp>

namespace gate::peer {

// Before the socket is connected. Throws zmq::error_t when this libzmq has no CURVE.
void show(const credentials& own, zmq::socket_t& on);

// Why a connection failed. `unauthenticated` is final: the same credentials would fare no better. `busy`: we are put
// off.
struct verdict {
  errc why;
  std::string text;
};

// Of handshake_failed_auth, with the ZAP status.
verdict of_refusal(int status, const credentials& own, std::string_view endpoint);

struct server_facts;

// Of a greeting that failed at a server of which an inquiry told this.
verdict of_server(const server_facts& theirs, const credentials& own, std::string_view endpoint);

// Of a server that takes connections and does not greet.
verdict of_mute(std::string_view endpoint);

// Of a server that does not answer what was shown: libzmq says nothing to those who are to come back later, and either
// keeps the connection or, when the verdict came at once, ends it.
verdict of_silence(std::string_view endpoint);

}  // namespace gate::peer
