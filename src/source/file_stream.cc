#include "source/file_stream.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

namespace millrace::source {
namespace {

constexpr size_t kInputBytes = 128 * 1024;

Error damaged(const std::string& path, const std::string& why) {
  return Error(Code::kDataLoss, "file \"" + path + "\" cannot be read to its end: " + why,
               "ALTER PIPELINE ... DROP FILE goes on without it.");
}

/// The bytes of a file as they are.
class PlainStream : public FileStream {
 public:
  PlainStream(std::string path, int file) : path_(std::move(path)), file_(file) {}
  ~PlainStream() override { ::close(file_); }
  PlainStream(const PlainStream&) = delete;
  PlainStream& operator=(const PlainStream&) = delete;

  Result<size_t> read(char* to, size_t size) override {
    while (true) {
      const ssize_t count = ::read(file_, to, size);
      if (count >= 0) return static_cast<size_t>(count);
      if (errno != EINTR) return damaged(path_, std::strerror(errno));
    }
  }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
  const int file_;
};

/// What both kinds of compression share: a buffer of compressed bytes.
class Inflating : public FileStream {
 protected:
  explicit Inflating(std::unique_ptr<PlainStream> file) : file_(std::move(file)) {}

  /// False at the end of the file.
  Result<bool> fill() {
    TRY(input_size_, file_->read(input_.data(), input_.size()));
    return input_size_ > 0;
  }

  std::unique_ptr<PlainStream> file_;
  std::vector<char> input_ = std::vector<char>(kInputBytes);
  size_t input_size_ = 0;
};

class GzipStream : public Inflating {
 public:
  explicit GzipStream(std::unique_ptr<PlainStream> file) : Inflating(std::move(file)) {
    ready_ = inflateInit2(&zip_, 15 + 16) == Z_OK;
  }
  ~GzipStream() override { inflateEnd(&zip_); }
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  Result<size_t> read(char* to, size_t size) override {
    if (!ready_) return Error(Code::kResourceExhausted, "there is no memory for zlib");
    zip_.next_out = reinterpret_cast<Bytef*>(to);
    zip_.avail_out = static_cast<uInt>(size);
    while (zip_.avail_out == size) {
      if (zip_.avail_in == 0) {
        TRY(const bool more, fill());
        if (!more && in_member_) return damaged(file_->path(), "its gzip data end too early");
        if (!more) return size_t{0};
        zip_.next_in = reinterpret_cast<Bytef*>(input_.data());
        zip_.avail_in = static_cast<uInt>(input_size_);
      }
      // Zeros behind a member fill up a block, as gzip(1) has it.
      if (!in_member_ && *zip_.next_in == 0) {
        ++zip_.next_in;
        --zip_.avail_in;
        continue;
      }
      in_member_ = true;
      const int result = broken_ ? Z_DATA_ERROR : inflate(&zip_, Z_NO_FLUSH);
      if (result == Z_STREAM_END) {
        // Several gzip files one after another are one.
        in_member_ = false;
        inflateReset(&zip_);
      } else if (result != Z_OK && zip_.avail_out < size) {
        broken_ = true;  // and what came before is given first
      } else if (result != Z_OK) {
        return damaged(file_->path(), "its gzip data are damaged");
      }
    }
    return size - zip_.avail_out;
  }

 private:
  z_stream zip_{};
  bool ready_ = false;
  bool in_member_ = false;
  bool broken_ = false;
};

class ZstdStream : public Inflating {
 public:
  explicit ZstdStream(std::unique_ptr<PlainStream> file)
      : Inflating(std::move(file)), zip_(ZSTD_createDStream()) {}
  ~ZstdStream() override { ZSTD_freeDStream(zip_); }
  ZstdStream(const ZstdStream&) = delete;
  ZstdStream& operator=(const ZstdStream&) = delete;

  Result<size_t> read(char* to, size_t size) override {
    if (zip_ == nullptr) return Error(Code::kResourceExhausted, "there is no memory for zstd");
    ZSTD_outBuffer out{to, size, 0};
    while (out.pos == 0) {
      if (at_.pos == at_.size) {
        TRY(const bool more, fill());
        if (!more && in_frame_) return damaged(file_->path(), "its zstd data end too early");
        if (!more) return size_t{0};
        at_ = {input_.data(), input_size_, 0};
      }
      const size_t result = broken_ != 0 ? broken_ : ZSTD_decompressStream(zip_, &out, &at_);
      if (ZSTD_isError(result) != 0) broken_ = result;
      if (broken_ != 0 && out.pos > 0) break;  // what came before is given first
      if (broken_ != 0)
        return damaged(file_->path(),
                       std::string("its zstd data are damaged: ") + ZSTD_getErrorName(result));
      in_frame_ = result != 0;
    }
    return out.pos;
  }

 private:
  ZSTD_DStream* zip_;
  ZSTD_inBuffer at_{nullptr, 0, 0};
  bool in_frame_ = false;
  size_t broken_ = 0;  // the error that it came to
};

}  // namespace

Result<std::unique_ptr<FileStream>> FileStream::open(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return Error(errno == EACCES ? Code::kPermission : Code::kNotFound,
                 "could not open file \"" + path + "\": " + std::strerror(errno),
                 "ALTER PIPELINE ... DROP FILE goes on without it.");
  auto plain = std::make_unique<PlainStream>(path, file);
  std::array<unsigned char, 4> magic{};
  const ssize_t known = ::pread(file, magic.data(), magic.size(), 0);
  if (known >= 2 && magic[0] == 0x1F && magic[1] == 0x8B)
    return std::unique_ptr<FileStream>(std::make_unique<GzipStream>(std::move(plain)));
  if (known == 4 && magic == std::array<unsigned char, 4>{0x28, 0xB5, 0x2F, 0xFD})
    return std::unique_ptr<FileStream>(std::make_unique<ZstdStream>(std::move(plain)));
  return std::unique_ptr<FileStream>(std::move(plain));
}

}  // namespace millrace::source
