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

// Reads the file, or each *.toml of the folder in the order of their names, all of them private (see
// read_private_file). Throws store_error, and private_file_error.
snapshot load_store(const std::string& path);

// Readable by any thread, reloaded by one at a time.
class store {
 public:
  // Loads. Throws store_error or private_file_error: a broker does not start without the store that it was told of.
  explicit store(std::string path);
  store(const store&) = delete;
  store& operator=(const store&) = delete;

  std::shared_ptr<const snapshot> current() const;

  struct reloaded {
    bool in_force = false;                  // else `fault` says why not, and the old one stays in force
    std::string fault;                      // with file and line; without any credential
    std::vector<principal_change> changes;  // from the old one to this
  };
  // Reads it again, whole. Never throws what a file can cause.
  reloaded reload();

  // Whether a file came, went or was written since it was last read, whatever came of that. Costs a look at each file.
  bool changed_on_disk() const;

 private:
  std::string path_;
  mutable std::mutex lock_;
  std::shared_ptr<const snapshot> current_;
  std::string seen_;  // names, sizes and times of the files as they were read
};

}  // namespace gate::security
