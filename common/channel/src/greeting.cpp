#include "common/channel/src/greeting.hpp"

#include "common/channel/src/inquiry.hpp"
#include "common/credentials/material.hpp"

namespace gate::peer {

namespace {

constexpr int refused_for_good = 400;  // a ZAP status; 300 and 500 mean that the server had a problem

void set(zmq::socket_t& on, int option, const void* value, std::size_t size_bytes) {
  if (::zmq_setsockopt(on.handle(), option, value, size_bytes) != 0) throw zmq::error_t();
}

std::string in_quotes(std::string_view endpoint) { return "'" + std::string(endpoint) + "'"; }

constexpr std::string_view no_broker = ", but it is no gate broker";

std::string something_at(std::string_view endpoint) { return "something answers at " + in_quotes(endpoint); }

std::string_view mechanism_of(const credentials& own) noexcept {
  if (own.empty()) return "NULL";
  return own.what() == credentials::kind::plain ? "PLAIN" : "CURVE";
}

std::string asked_for(std::string_view mechanism) {
  if (mechanism == "NULL") return "no credentials";
  if (mechanism == "PLAIN") return "user and password (PLAIN)";
  if (mechanism == "CURVE") return "keys (CURVE)";
  return "credentials that we do not know";
}

std::string have(const credentials& own) {
  if (own.empty()) return "we have none";
  return own.what() == credentials::kind::plain ? "we have user and password" : "we have keys";
}

std::string refused_text(const credentials& own, std::string_view endpoint) {
  switch (own.what()) {
    case credentials::kind::none:
      return in_quotes(endpoint) + " does not admit us without credentials";
    case credentials::kind::plain:
      return in_quotes(endpoint) + " does not admit user '" + std::string(own.user()) +
             "': the password is wrong, or the broker does not know the user";
    case credentials::kind::curve:
      break;
  }
  return in_quotes(endpoint) + " does not admit our " + to_string(own) +
         ": is it in the broker's store (gate keygen --store)?";
}

// Recognises a program by the first bytes that it sends.
std::string_view language_of(std::string_view said) noexcept {
  struct known {
    std::string_view begin, name;
  };
  for (const known& one :
       {known{"HTTP/", "it speaks HTTP"}, known{"SSH-", "it speaks SSH"}, known{"\x15\x03", "it speaks TLS"},
        known{"\x16\x03", "it speaks TLS"}, known{"220", "it speaks FTP or SMTP"}}) {
    if (said.starts_with(one.begin)) return one.name;
  }
  return "it does not speak ZeroMQ";
}

// Returns a text of ours, never the stranger's: that may hold any bytes.
std::string type_of(std::string_view said) {
  for (const std::string_view known :
       {"PAIR",   "PUB",    "SUB",    "REQ",   "REP",  "DEALER", "ROUTER",  "PULL",  "PUSH", "XPUB",   "XSUB",
        "STREAM", "SERVER", "CLIENT", "RADIO", "DISH", "GATHER", "SCATTER", "DGRAM", "PEER", "CHANNEL"}) {
    if (said == known) return "of type " + std::string(known);
  }
  return "of an unknown type";
}

verdict of_stranger(const server_facts& theirs, std::string_view endpoint) {
  std::string text = something_at(endpoint);
  if (!theirs.said.empty()) {
    text.append(no_broker).append(": ").append(language_of(theirs.said));
  } else if (!theirs.socket_type.empty() && theirs.socket_type != "ROUTER") {
    text.append(no_broker).append(": it is a ZeroMQ socket ").append(type_of(theirs.socket_type));
  } else {
    text += ", but it hangs up while greeting: it is no gate broker, or takes no connection now";
  }
  return {errc::unavailable, std::move(text)};
}

}  // namespace

void show(const credentials& own, zmq::socket_t& on) {
  const credentials::material* const m = own.secrets();
  if (m == nullptr) return;
  if (m->what == credentials::kind::plain) {
    set(on, ZMQ_PLAIN_USERNAME, m->user.data(), m->user.size());
    set(on, ZMQ_PLAIN_PASSWORD, m->password.view().data(), m->password.size());
    return;
  }
  set(on, ZMQ_CURVE_SERVERKEY, m->server_key.data(), m->server_key.size());
  set(on, ZMQ_CURVE_PUBLICKEY, m->own.public_key.data(), m->own.public_key.size());
  set(on, ZMQ_CURVE_SECRETKEY, m->own.secret_key.view().data(), m->own.secret_key.size());
}

verdict of_refusal(int status, const credentials& own, std::string_view endpoint) {
  if (status == refused_for_good) return {errc::unauthenticated, refused_text(own, endpoint)};
  return {errc::unavailable, in_quotes(endpoint) + " cannot tell at the moment whether to admit us (status " +
                                 std::to_string(status) + ")"};
}

verdict of_server(const server_facts& theirs, const credentials& own, std::string_view endpoint) {
  const bool same = theirs.mechanism == mechanism_of(own);
  if (theirs.mechanism.empty() || (same && own.empty())) {
    return of_stranger(theirs, endpoint);
  }
  if (!same) {
    return {errc::unauthenticated,
            in_quotes(endpoint) + " asks for " + asked_for(theirs.mechanism) + ", and " + have(own)};
  }
  if (own.what() == credentials::kind::plain || theirs.reads_us) return of_silence(endpoint);
  return {errc::unauthenticated, in_quotes(endpoint) +
                                     " cannot read what we say: server_key is not its public key (gate keygen printed "
                                     "that, and the line public of its key file has it)"};
}

verdict of_mute(std::string_view endpoint) {
  return {errc::unavailable, "something takes connections at " + in_quotes(endpoint) +
                                 " and says nothing: it is no gate broker, or one that stands still"};
}

verdict of_silence(std::string_view endpoint) {
  return {errc::busy, in_quotes(endpoint) +
                          " does not answer our credentials: it puts us off for a while (too many failed "
                          "logins, or too much to do), or is not well"};
}

}  // namespace gate::peer
