#pragma once

#include <gate/thread_pool.hpp>

namespace gate::huge {

// The threads, one a core at nice 10, on which the huge transfers of the process are read, compressed, summed and
// written. Started when it is first asked for; lives until the process ends, since a job may outlive who asked for it.
thread_pool& transfer_pool();

}  // namespace gate::huge
