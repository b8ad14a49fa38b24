// Writes what docs/ says about settings from the tables of keys: docs/gate.example.toml, and the tables of
// docs/limits.md between their marks. With --check it writes nothing, and fails if a file differs.
//
// usage: gate-settings-docs --check|--write ROOT
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "broker/settings/broker_keys.hpp"
#include "broker/settings/service_keys.hpp"
#include "common/settings/settings_text.hpp"
#include "worker/settings/worker_keys.hpp"

namespace {

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text << std::flush;
  if (!file) throw std::runtime_error(path + ": cannot be written");
}

// The number of files that were, or would be, changed.
int bring_up_to_date(const std::string& path, const std::string& text, bool writes) {
  if (read(path) == text) return 0;
  if (writes) write(path, text);
  std::cerr << path << (writes ? ": written\n" : ": differs from the table of keys\n");
  return 1;
}

std::string limits_page(std::string page) {
  page = gate::with_table(page, "broker", gate::markdown_table(gate::shown_keys(gate::broker::broker_keys())));
  page = gate::with_table(page, "service", gate::markdown_table(gate::shown_keys(gate::broker::service_keys())));
  page = gate::with_table(page, "method", gate::markdown_table(gate::shown_keys(gate::broker::method_keys())));
  return gate::with_table(page, "worker", gate::markdown_table(gate::shown_keys(gate::worker::worker_keys())));
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string how = argc == 3 ? argv[1] : "";
  if (how != "--check" && how != "--write") {
    std::cerr << "usage: gate-settings-docs --check|--write ROOT\n";
    return 2;
  }
  const bool writes = how == "--write";
  const std::string docs = std::string(argv[2]) + "/docs/";
  const std::string example = gate::broker::example_config() + "\n\n" + gate::worker::example_config();
  const int changed = bring_up_to_date(docs + "gate.example.toml", example, writes) +
                      bring_up_to_date(docs + "limits.md", limits_page(read(docs + "limits.md")), writes);
  if (changed == 0 || writes) return 0;
  std::cerr << "run: " << argv[0] << " --write " << argv[2] << "\n";
  return 1;
} catch (const std::exception& e) {
  std::cerr << "gate-settings-docs: " << e.what() << "\n";
  return 1;
}
