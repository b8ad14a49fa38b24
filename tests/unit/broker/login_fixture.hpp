// A store with a few principals, for peers that log in at the transport.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>

#include <gate/broker.hpp>

#include "broker/credential_store/password.hpp"
#include "common/credentials/curve_key.hpp"
#include "tests/support/login_peer.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/unit/broker/running_broker.hpp"

namespace gate::test {

// Keys and hashes that cost little, made once.
struct known_credentials {
  std::string alices = security::hash_password("alice's", security::least_cost);
  std::string bobs = security::hash_password("bob's", security::least_cost);
  curve_pair kates = make_curve_pair(), brokers = make_curve_pair(), strangers = make_curve_pair();

  static const known_credentials& get() {
    static const known_credentials once;
    return once;
  }
};

inline std::string everybody() {
  const known_credentials& k = known_credentials::get();
  return "[roles.all]\noperate = true\ncall = ['*']\noffer = ['*']\n[principals.alice]\npassword = '" + k.alices +
         "'\nroles = ['all']\n[principals.bob]\npassword = '" + k.bobs +
         "'\nroles = ['all']\n[principals.kate]\ncurve = '" + to_z85(k.kates.public_key) + "'\nroles = ['all']\n";
}

inline std::string without(std::string text, const std::string& principal) {
  const std::size_t begin = text.find("[principals." + principal + "]");
  const std::size_t end = std::min(text.find("[principals.", begin + 1), text.size());
  return text.erase(begin, end - begin);
}

// A broker's files, and options for it: one port with that way to log in.
struct login_files {
  scratch_folder folder;
  std::string store = folder.write("users.toml", everybody());
  std::string audit = folder.file("audit.jsonl");
  std::string key = folder.file("broker.key");

  login_files() { write_curve_file(key, known_credentials::get().brokers); }

  broker_options options(const std::string& auth) const {
    broker_options o;
    o.frontend = {"tcp://127.0.0.1:*?auth=" + auth};
    o.backend = o.frontend;
    o.log_level = "off";
    o.credentials = store;
    o.curve_key = key;
    o.audit_log = audit;
    return o;
  }
  // As an editor does: writes a new file and moves it into place.
  void replace_store(const std::string& text) const {
    const std::string next = folder.write("next", text);
    std::filesystem::rename(next, store);
  }
};

}  // namespace gate::test
