#pragma once

#include <gate/thread_pool.hpp>

namespace gate::huge {

// The threads, one a core, at nice 10, that read, compress, check and write the huge transfers of this process. They
// start with the first call and live until the process ends: a job may outlive the object that started it.
thread_pool& transfer_pool();

}  // namespace gate::huge
