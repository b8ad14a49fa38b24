// The credential store on disk: a file, or a folder of files, and the snapshot of it that is in force.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "broker/credential_store/snapshot.hpp"
#include "broker/credential_store/store_text.hpp"

namespace gate::security {

// Reads the file, or each *.toml of the folder in the order of their names. All files must be private (see
// read_private_file). Throws store_error and private_file_error.
snapshot load_store(const std::string& path);

// Any thread may read it. One thread at a time may reload it.
class store {
 public:
  // Loads the store. Throws store_error or private_file_error, because a broker must not start without its store.
  explicit store(std::string path);
  store(const store&) = delete;
  store& operator=(const store&) = delete;

  std::shared_ptr<const snapshot> current() const;

  struct reloaded {
    bool in_force = false;                  // false: `fault` says why, and the old one stays in force
    std::string fault;                      // names the file and the line; holds no credential
    std::vector<principal_change> changes;  // from the old snapshot to the new one
  };
  // Reads all files again. Does not throw for any fault in the files: it reports them.
  reloaded reload();

  // True if a file was added, removed or written since the last reload, even if that reload failed. Costs a stat of
  // each file.
  bool changed_on_disk() const;

 private:
  std::string path_;
  mutable std::mutex lock_;
  std::shared_ptr<const snapshot> current_;
  std::string seen_;  // names, sizes and times of the files at the last reading
};

}  // namespace gate::security
