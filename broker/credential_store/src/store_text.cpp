#include "broker/credential_store/store_text.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "broker/credential_store/password.hpp"
#include "common/settings/toml_text.hpp"

namespace gate::security {
namespace {

constexpr std::size_t name_bytes_max = 255;
constexpr std::size_t credentials_max = 4;  // of one kind for one principal: each login checks all hashes

bool is_plain_text(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

class reader {
 public:
  void read(const store_source& source) {
    file_ = source.name;
    toml_value parsed;
    try {
      parsed = parse_toml(source.text);
    } catch (const toml_bound_error& e) {
      fail(e.where(), e.what());
    } catch (const toml_error& e) {
      // The message of toml++ may quote the text, and a credential must not reach a log.
      fail(e.where(), "is not valid TOML here");
    }
    for (const auto& [key, at, node] : parsed.entries) {
      if (key == "roles") {
        read_each(node, "roles", [&](std::string_view name, const toml_value& t) { read_role(name, t); });
      } else if (key == "principals") {
        read_each(node, "principals", [&](std::string_view name, const toml_value& t) { read_principal(name, t); });
      } else {
        fail(at, "unknown key '" + shown(key) + "': a store has [roles.NAME] and [principals.NAME]");
      }
    }
  }

  snapshot finish() {
    for (auto& [p, wanted, at] : drafts_) {
      for (const std::string& name : wanted) {
        const auto found = roles_.find(name);
        if (found == roles_.end())
          throw store_error(at + "principal '" + p.name + "' has the unknown role '" + name + "'");
        add(p.granted, found->second.granted);
      }
    }
    std::vector<principal> all;
    for (draft& d : drafts_) all.push_back(std::move(d.who));
    return snapshot(std::move(all));
  }

 private:
  struct role {
    grants granted;
    std::string at;
  };
  struct draft {
    principal who;
    std::vector<std::string> roles;
    std::string at;
  };

  std::string place(toml_place at) const { return file_ + ":" + std::to_string(at.line) + ": "; }
  [[noreturn]] void fail(toml_place at, const std::string& what) const { throw store_error(place(at) + what); }
  static std::string shown(std::string_view text) {
    return is_plain_text(text) && text.size() <= 64 ? std::string(text) : std::string("...");
  }

  template <class F> void read_each(const toml_value& node, std::string_view what, const F& each) {
    if (!node.is(toml_kind::table)) fail(node.begin, "'" + std::string(what) + "' must be a table");
    for (const auto& [name, at, entry] : node.entries) {
      if (!entry.is(toml_kind::table))
        fail(entry.begin, "'" + std::string(what) + "." + shown(name) + "' must be a table");
      if (!is_principal_name(name)) {
        fail(at, "a name is UTF-8 text of 1 to 255 bytes without control characters");
      }
      each(name, entry);
    }
  }

  void read_role(std::string_view name, const toml_value& table) {
    role r;
    r.at = place(table.begin);
    for (const auto& [key, at, node] : table.entries) {
      if (!read_grant(key, node, r.granted)) {
        fail(at, "unknown key '" + shown(key) + "': a role has call, offer and operate");
      }
    }
    const auto [other, is_new] = roles_.emplace(std::string(name), std::move(r));
    if (!is_new) fail(table.begin, "role '" + std::string(name) + "' stands at " + other->second.at + "already");
  }

  void read_principal(std::string_view name, const toml_value& table) {
    draft d;
    d.at = place(table.begin);
    d.who.name = name;
    for (const auto& [key, at, node] : table.entries) {
      if (key == "password") {
        read_passwords(node, d.who);
      } else if (key == "curve") {
        read_keys(node, d.who);
      } else if (key == "roles") {
        d.roles = texts(node, "roles");
      } else if (key == "namespaces") {
        read_name_spaces(node, d.who);
      } else if (!read_grant(key, node, d.who.granted)) {
        fail(at, "unknown key '" + shown(key) +
                     "': a principal has password, curve, roles, namespaces, call, offer and operate");
      }
    }
    const auto [other, is_new] = places_.emplace(d.who.name, d.at);
    if (!is_new) fail(table.begin, "principal '" + d.who.name + "' stands at " + other->second + "already");
    drafts_.push_back(std::move(d));
  }

  // Reads a text or a list of texts. Messages never quote them: they may be credentials.
  std::vector<std::string> texts(const toml_value& node, std::string_view key) const {
    const std::string expected = "'" + std::string(key) + "' must be a text or a list of texts";
    std::vector<std::string> all;
    const auto take = [&](const toml_value& item) {
      if (!item.is(toml_kind::text) || !is_plain_text(item.text)) fail(item.begin, expected);
      all.push_back(item.text);
    };
    if (node.is(toml_kind::list)) {
      for (const toml_value& item : node.items) take(item);
    } else {
      take(node);
    }
    return all;
  }

  void read_passwords(const toml_value& node, principal& who) const {
    who.password_hashes = texts(node, "password");
    if (who.password_hashes.size() > credentials_max) fail(node.begin, "a principal may have at most 4 passwords");
    for (const std::string& hash : who.password_hashes) {
      if (!cost_of(hash)) {
        fail(node.begin,
             "'password' must be an argon2id hash of 8 to 256 MiB, as gate passwd writes it; "
             "never write the password itself here");
      }
    }
  }

  void read_keys(const toml_value& node, principal& who) {
    for (const std::string& text : texts(node, "curve")) {
      const auto key = parse_curve_key(text);
      if (!key) fail(node.begin, "'curve' must be a public key of 40 characters in Z85, as gate keygen prints it");
      if (!keys_.insert(*key).second) fail(node.begin, "this public key is in use already");
      who.keys.push_back(*key);
    }
    if (who.keys.size() > credentials_max) fail(node.begin, "a principal may have at most 4 keys");
  }

  void read_name_spaces(const toml_value& node, principal& who) const {
    who.name_spaces = texts(node, "namespaces");
    for (const std::string& name : who.name_spaces) {
      if (name.size() > name_bytes_max || name.starts_with('/') || name.ends_with('/') ||
          (name.find('*') != std::string::npos && name != "*")) {
        fail(node.begin, "a namespace is a text such as \"prod\", or \"*\" for all of them");
      }
    }
  }

  std::vector<std::string> patterns(const toml_value& node, std::string_view key) const {
    std::vector<std::string> all = texts(node, key);
    for (const std::string& text : all) {
      if (split_name(text).name.empty() || text.starts_with('/') || text.size() > 2 * name_bytes_max) {
        fail(node.begin, "'" + std::string(key) + "' must hold patterns such as \"billing\" or \"prod/billing.*\"");
      }
    }
    return all;
  }

  // False if a role has no such key.
  bool read_grant(std::string_view key, const toml_value& node, grants& to) const {
    if (key == "call") {
      for (const std::string& text : patterns(node, key)) {
        call_grant grant = parse_call_grant(text);
        if (split_name(text).name.ends_with('.') || split_name(text).name.starts_with('.')) {
          fail(node.begin, "'call' must hold patterns such as \"billing\" or \"prod/billing.*\"");
        }
        to.call.push_back(std::move(grant));
        to.written += "c" + text + "\n";
      }
    } else if (key == "offer") {
      for (const std::string& text : patterns(node, key)) {
        to.offer.push_back(parse_offer_grant(text));
        to.written += "o" + text + "\n";
      }
    } else if (key == "operate") {
      if (!node.is(toml_kind::boolean)) fail(node.begin, "'operate' must be true or false");
      to.operate = node.boolean;
      to.written += node.boolean ? "operate\n" : "";
    } else {
      return false;
    }
    return true;
  }

  static void add(grants& to, const grants& from) {
    to.call.insert(to.call.end(), from.call.begin(), from.call.end());
    to.offer.insert(to.offer.end(), from.offer.begin(), from.offer.end());
    to.operate = to.operate || from.operate;
    to.written += from.written;
  }

  std::string file_;
  std::map<std::string, role, std::less<>> roles_;
  std::map<std::string, std::string, std::less<>> places_;
  std::set<curve_key> keys_;
  std::vector<draft> drafts_;
};

}  // namespace

bool is_principal_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > name_bytes_max || !is_plain_text(name)) return false;
  // Checks the form of UTF-8 only. An over-long form or a surrogate does no harm in a name.
  for (std::size_t i = 0; i < name.size();) {
    const auto byte = static_cast<unsigned char>(name[i]);
    const std::size_t follow = byte < 0x80   ? 0
                               : byte < 0xc2 ? 9
                               : byte < 0xe0 ? 1
                               : byte < 0xf0 ? 2
                               : byte < 0xf5 ? 3
                                             : 9;
    if (follow == 9 || i + follow >= name.size()) return false;
    for (std::size_t k = 1; k <= follow; ++k) {
      if ((static_cast<unsigned char>(name[i + k]) & 0xc0) != 0x80) return false;
    }
    i += follow + 1;
  }
  return true;
}

snapshot read_store(std::span<const store_source> sources) {
  reader all;
  for (const store_source& source : sources) all.read(source);
  return all.finish();
}

}  // namespace gate::security
