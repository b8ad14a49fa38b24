// A worker that serves the files below a folder, of any size. usage: file-server-worker [FLAGS] FOLDER
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gate/huge_data.hpp>
#include <gate/run_worker.hpp>

#include "examples/file_server/tree.hpp"

namespace file_server {

class FileServer : public gate::Worker {
 public:
  // The arguments that are not flags.
  explicit FileServer(const std::vector<std::string>& folders) : tree_(only(folders)), root_(only(folders)) {}

  GATE_INTERFACE(list, stat, download, upload)
  GATE_DOC(list, "the files and folders in a folder", folder)
  GATE_DOC(stat, "the size and time of a file or folder", path)
  GATE_DOC(download, "a file's content", path)
  GATE_DOC(upload, "puts a file in its place once all of it is there", path, content)

  std::string description() const override { return "serves the files below " + root_; }

  std::vector<entry> list(const std::string& folder) const { return tree_.list(folder); }
  entry stat(const std::string& path) const { return tree_.stat(path); }

  // [download]
  // Returns at once: the file is read, compressed and sent as fast as the caller takes it.
  gate::HugeData download(const std::string& path) const {
    const descriptor file = tree_.open_file(path);
    const entry about = tree::stat(file, path);
    gate::huge_options options;
    options.etag = std::to_string(about.bytes) + "-" + std::to_string(about.changed);  // lets a broken transfer go on
    return gate::HugeData::from_descriptor(file.number(), 0, about.bytes, std::move(options));
  }
  // [/download]

  // [upload]
  gate::task<entry> upload(std::string path, gate::HugeData content) {
    tree::arriving file(tree_, path);
    co_await content.to_descriptor(file.number());
    file.complete();
    co_return tree_.stat(path);
  }
  // [/upload]

 private:
  static const std::string& only(const std::vector<std::string>& folders) {
    if (folders.size() != 1) throw std::invalid_argument("which folder? Give one");
    return folders.front();
  }

  tree tree_;
  std::string root_;
};

}  // namespace file_server

int main(int argc, char** argv) { return gate::run_worker<file_server::FileServer>(argc, argv); }
