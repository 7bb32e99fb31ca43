// Makes gzip data for tests.

#ifndef FITD_TESTS_CORE_DATA_GZIP_H_
#define FITD_TESTS_CORE_DATA_GZIP_H_

#include <zlib.h>

#include <string>
#include <string_view>

namespace fitd {

inline std::string Gzip(std::string_view bytes) {
  z_stream stream = {};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace fitd

#endif  // FITD_TESTS_CORE_DATA_GZIP_H_
