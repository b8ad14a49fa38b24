#include "broker/security/endpoint_auth.hpp"

#include <string>

#include <catch2/catch.hpp>

using namespace gate::security;

TEST_CASE("each way of proving has a name that is read again", "[security]") {
  for (const auth a : {auth::none, auth::plain, auth::curve, auth::in_message}) CHECK(parse_auth(to_string(a)) == a);
  CHECK_FALSE(parse_auth("PLAIN"));
}

TEST_CASE("the broker does not start where anybody would be admitted", "[security]") {
  endpoint_facts f;
  f.local = true;
  CHECK(fault_of(f).empty());
  f.local = false;
  CHECK(fault_of(f).find("insecure = true") != std::string::npos);
  f.has_store = true;  // a store alone does not identify a peer that comes with NULL
  CHECK_FALSE(fault_of(f).empty());
  f.insecure = true;
  CHECK(fault_of(f).empty());
}

TEST_CASE("PLAIN, CURVE and in-message logins need somebody who can tell right from wrong", "[security]") {
  for (const auth how : {auth::plain, auth::curve, auth::in_message}) {
    endpoint_facts f;
    f.how = how;
    f.has_curve_key = true;
    f.insecure = true;  // does not help here
    CHECK(fault_of(f).find("needs a credential store") != std::string::npos);
    f.has_store = true;
    CHECK(fault_of(f).empty());
    f.has_store = false;
    f.has_external = true;
    CHECK(fault_of(f).empty());
  }
}

TEST_CASE("CURVE without a handler admits everybody in libzmq, so the broker does not start", "[security]") {
  endpoint_facts f;
  f.how = auth::curve;
  f.has_store = f.has_curve_key = true;
  f.has_handler = false;
  CHECK(fault_of(f).find("no ZAP handler") != std::string::npos);
  f.has_handler = true;
  f.has_curve_key = false;
  CHECK(fault_of(f).find("curve_key") != std::string::npos);
}

TEST_CASE("a domain is set wherever the transport decides, since NULL without one is asked of nobody", "[security]") {
  for (const auth how : {auth::none, auth::plain, auth::curve}) CHECK(words_for(how, true).domain == "gate");
  CHECK(words_for(auth::plain, false).enforce_domain);
  CHECK(words_for(auth::curve, false).enforce_domain);
  CHECK(words_for(auth::none, true).enforce_domain);
  CHECK_FALSE(words_for(auth::none, false).enforce_domain);
  CHECK(words_for(auth::in_message, true).domain.empty());
  CHECK(words_for(auth::curve, true).curve_server);
  CHECK_FALSE(words_for(auth::curve, true).plain_server);
  CHECK(words_for(auth::plain, true).plain_server);
}
