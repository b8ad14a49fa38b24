// The parts of msgpack-cxx that gate uses: its objects, its packer and its adaptors. Left out are the unpacker, the
// parser and the buffers, and the adaptors that read <algorithm> and <complex>: each file that includes gate would take
// a second longer to compile. For these include <msgpack.hpp>, before or after a header of gate.
#pragma once

#include <map>

#include <msgpack/adaptor/array_ref.hpp>
#include <msgpack/adaptor/bool.hpp>
#include <msgpack/adaptor/carray.hpp>
#include <msgpack/adaptor/char_ptr.hpp>
#include <msgpack/adaptor/cpp11/array.hpp>
#include <msgpack/adaptor/cpp11/array_char.hpp>
#include <msgpack/adaptor/cpp11/array_unsigned_char.hpp>
#include <msgpack/adaptor/cpp11/forward_list.hpp>
#include <msgpack/adaptor/cpp11/shared_ptr.hpp>
#include <msgpack/adaptor/cpp11/timespec.hpp>
#include <msgpack/adaptor/cpp11/tuple.hpp>
#include <msgpack/adaptor/cpp11/unique_ptr.hpp>
#include <msgpack/adaptor/cpp11/unordered_map.hpp>
#include <msgpack/adaptor/cpp11/unordered_set.hpp>
#include <msgpack/adaptor/cpp17/array_byte.hpp>
#include <msgpack/adaptor/cpp17/byte.hpp>
#include <msgpack/adaptor/cpp17/carray_byte.hpp>
#include <msgpack/adaptor/cpp17/optional.hpp>
#include <msgpack/adaptor/cpp17/string_view.hpp>
#include <msgpack/adaptor/cpp17/vector_byte.hpp>
#include <msgpack/adaptor/cpp20/span.hpp>
#include <msgpack/adaptor/define.hpp>
#include <msgpack/adaptor/deque.hpp>
#include <msgpack/adaptor/ext.hpp>
#include <msgpack/adaptor/int.hpp>
#include <msgpack/adaptor/list.hpp>
#include <msgpack/adaptor/msgpack_tuple.hpp>
#include <msgpack/adaptor/nil.hpp>
#include <msgpack/adaptor/pair.hpp>
#include <msgpack/adaptor/raw.hpp>
#include <msgpack/adaptor/set.hpp>
#include <msgpack/adaptor/string.hpp>
#include <msgpack/adaptor/v4raw.hpp>
#include <msgpack/adaptor/vector.hpp>
#include <msgpack/adaptor/vector_bool.hpp>
#include <msgpack/adaptor/vector_char.hpp>
#include <msgpack/adaptor/vector_unsigned_char.hpp>
#include <msgpack/adaptor/wstring.hpp>
#include <msgpack/object.hpp>
#include <msgpack/pack.hpp>
#include <msgpack/zone.hpp>

namespace msgpack {
MSGPACK_API_VERSION_NAMESPACE(MSGPACK_DEFAULT_API_NS) {
  namespace adaptor {

  // In place of the packer in msgpack/adaptor/map.hpp, which includes <algorithm>.
  template <class K, class V, class C, class A> struct pack<std::map<K, V, C, A>> {
    template <class Stream> packer<Stream>& operator()(packer<Stream>& o, const std::map<K, V, C, A>& v) const {
      o.pack_map(msgpack::checked_get_container_size(v.size()));
      for (const auto& entry : v) o.pack(entry.first).pack(entry.second);
      return o;
    }
  };

  }  // namespace adaptor
}
}  // namespace msgpack
