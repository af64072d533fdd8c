#include "source/file_source.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <set>
#include <vector>

#include "base/clock.h"
#include "base/thread.h"
#include "data/avro_container.h"
#include "source/file_finder.h"
#include "source/file_stream.h"

namespace millrace::source {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kPlaceMask = (int64_t{1} << kFileOffsetBits) - 1;
constexpr size_t kReadBytes = 1 << 20;
constexpr int64_t kLinesMaxDefault = 1'000'000;
/// How often the folder is looked at while nothing comes.
constexpr milliseconds kFileLook{200};

int64_t file_of(int64_t offset) {
  return offset >> kFileOffsetBits;
}

/// Cuts the content of one file into messages, which are views of buffers that the batch keeps.
class RecordReader {
 public:
  virtual ~RecordReader() = default;
  /// The next message without its end, and where it begins and the next one does; false at the end
  /// of the file.
  virtual Result<bool> next(std::string_view& record, int64_t& begin, int64_t& end) = 0;
  /// The number of the first line of the message that next() gave last, from 1; 0: not known.
  virtual int64_t first_line() const = 0;
  /// Whether there is nothing more, told without giving anything.
  virtual Result<bool> at_end() = 0;
  /// Reads up to `place`, where a message begins.
  virtual Status skip_to(int64_t place) = 0;
  /// The buffers that the messages since the last call are views of.
  virtual void keep_alive(std::vector<std::shared_ptr<std::vector<char>>>& buffers) = 0;
};

/// The content of one file in buffers, as far as it is wanted.
class Content {
 public:
  explicit Content(std::unique_ptr<FileStream> stream) : stream_(std::move(stream)) {}

  std::string_view unread() const { return {buffer_->data() + at_, size_ - at_}; }
  int64_t place() const { return place_; }  // of unread() in the content
  /// Reads more behind what is unread; false at the end.
  Result<bool> read_more();
  Result<bool> at_end() {
    if (!unread().empty()) return false;
    TRY(const bool more, read_more());
    return !more;
  }
  void take(size_t bytes) {
    at_ += bytes;
    place_ += static_cast<int64_t>(bytes);
  }
  Status skip_to(int64_t place);
  void keep_alive(std::vector<std::shared_ptr<std::vector<char>>>& buffers) {
    buffers.insert(buffers.end(), full_.begin(), full_.end());
    buffers.push_back(buffer_);
    full_.clear();
  }

 private:
  std::unique_ptr<FileStream> stream_;
  std::shared_ptr<std::vector<char>> buffer_ = std::make_shared<std::vector<char>>();
  std::vector<std::shared_ptr<std::vector<char>>> full_;
  size_t at_ = 0;      // in the buffer: what is unread
  size_t size_ = 0;    // bytes in the buffer
  int64_t place_ = 0;  // of at_ in the content
  bool ended_ = false;
};

/// Lines, or all of the file.
class LineReader : public RecordReader {
 public:
  LineReader(const FileOptions& options, std::unique_ptr<FileStream> stream)
      : options_(options), content_(std::move(stream)), line_end_(options.lines) {}

  Result<bool> next(std::string_view& line, int64_t& begin, int64_t& end) override;
  int64_t first_line() const override { return first_line_; }
  Result<bool> at_end() override { return content_.at_end(); }
  /// What is passed over is not looked at for lines.
  Status skip_to(int64_t place) override {
    next_line_ = 0;
    return content_.skip_to(place);
  }
  void keep_alive(std::vector<std::shared_ptr<std::vector<char>>>& buffers) override {
    content_.keep_alive(buffers);
  }

 private:
  Status pass_mark();

  const FileOptions& options_;
  Content content_;
  LineEnd line_end_;
  int64_t first_line_ = 0;
  int64_t next_line_ = 1;  // 0: not known
};

/// Blocks of an Avro container file, each behind the file's header.
class BlockReader : public RecordReader {
 public:
  BlockReader(const FileOptions& options, std::unique_ptr<FileStream> stream)
      : options_(options), content_(std::move(stream)) {}

  Result<bool> next(std::string_view& block, int64_t& begin, int64_t& end) override;
  int64_t first_line() const override { return 0; }
  Result<bool> at_end() override { return content_.at_end(); }
  Status skip_to(int64_t place) override;
  void keep_alive(std::vector<std::shared_ptr<std::vector<char>>>& buffers) override {
    buffers.insert(buffers.end(), given_.begin(), given_.end());
    given_.clear();
  }

 private:
  Result<AvroFrame> read_header();
  Result<bool> give(size_t bytes, std::string_view& block, int64_t& begin, int64_t& end);
  Result<bool> give_rest(std::string_view& block, int64_t& begin, int64_t& end);

  const FileOptions& options_;
  Content content_;
  std::vector<char> header_;  // empty until it is read
  std::string mark_;
  std::vector<std::shared_ptr<std::vector<char>>> given_;
};

/// Makes room and reads; what is left goes to the begin of a new buffer, for messages that were
/// given are views of the old one.
Result<bool> Content::read_more() {
  if (ended_) return false;
  const size_t left = size_ - at_;
  if (buffer_->size() - size_ < kReadBytes / 2) {
    auto larger = std::make_shared<std::vector<char>>(std::max(kReadBytes, left * 2 + kReadBytes));
    if (left > 0) std::memcpy(larger->data(), buffer_->data() + at_, left);
    if (at_ > 0) full_.push_back(std::move(buffer_));
    buffer_ = std::move(larger);
    at_ = 0;
    size_ = left;
  }
  TRY(const size_t count, stream_->read(buffer_->data() + size_, buffer_->size() - size_));
  size_ += count;
  ended_ = count == 0;
  return count > 0;
}

Status Content::skip_to(int64_t place) {
  while (place_ < place) {
    take(static_cast<size_t>(std::min(place - place_, static_cast<int64_t>(size_ - at_))));
    if (place_ == place) break;
    TRY(const bool more, read_more());
    if (!more)
      return Error(Code::kDataLoss, "it has become shorter than it was",
                   "ALTER PIPELINE ... DROP FILE goes on without it.");
  }
  return {};
}

Error too_long(const FileOptions& options, const char* what) {
  return {
      Code::kDataLoss,
      std::string(what) + " has more than " + std::to_string(options.line_bytes_max >> 20) + " MiB",
      "ALTER PIPELINE ... DROP FILE goes on without it."};
}

/// Where one is gone on with, it must be the one whose begin was read.
Status check_same(const SourceFile& file) {
  std::error_code wrong;
  const auto size = static_cast<int64_t>(std::filesystem::file_size(file.name, wrong));
  if (wrong || size == file.size) return {};
  return Error(Code::kDataLoss,
               "it has changed since its begin was read: it has " + std::to_string(size) +
                   " bytes, and had " + std::to_string(file.size) + " when it was found",
               "ALTER PIPELINE ... DROP FILE goes on without it; under another name it is a new "
               "file.");
}

/// Line ends that end no line: quoted or escaped.
int64_t lines_within(const LineRules& rules, std::string_view line) {
  if (rules.terminator.size() != 1 || (rules.quote.empty() && rules.escape.empty())) return 0;
  return std::count(line.begin(), line.end(), rules.terminator[0]);
}

/// A file of UTF-8 may begin with the mark of its byte order, which is no part of its first line.
Status LineReader::pass_mark() {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  while (content_.unread().size() < kMark.size()) {
    TRY(const bool more, content_.read_more());
    if (!more) break;
  }
  if (content_.unread().starts_with(kMark)) content_.take(kMark.size());
  return {};
}

Result<bool> LineReader::next(std::string_view& line, int64_t& begin, int64_t& end) {
  if (content_.place() == 0 && !options_.lines.terminator.empty()) TRY_OK(pass_mark());
  line_end_.restart();
  size_t found = line_end_.find(content_.unread());
  while (found == std::string_view::npos) {
    if (content_.unread().size() > options_.line_bytes_max)
      return too_long(options_, options_.lines.terminator.empty() ? "it" : "a line");
    TRY(const bool more, content_.read_more());
    if (!more) break;
    found = line_end_.find(content_.unread());
  }
  const auto unread = content_.unread();
  if (found == std::string_view::npos) found = line_end_.find_in_all(unread);
  if (found == std::string_view::npos && unread.empty()) return false;
  line = line_end_.without_return(unread.substr(0, found));
  begin = content_.place();
  content_.take(found == std::string_view::npos ? unread.size()
                                                : found + line_end_.terminator_size());
  end = content_.place();
  first_line_ = next_line_;
  if (next_line_ > 0) next_line_ += 1 + lines_within(options_.lines, line);
  return true;
}

/// kWrong, too, for a file that ends within its header.
Result<AvroFrame> BlockReader::read_header() {
  AvroContainerHeader header;
  auto state = read_avro_header(content_.unread(), header);
  while (state == AvroFrame::kCut) {
    if (content_.unread().size() > options_.line_bytes_max) return AvroFrame::kWrong;
    TRY(const bool more, content_.read_more());
    if (!more) return AvroFrame::kWrong;
    header = {};
    state = read_avro_header(content_.unread(), header);
  }
  if (state != AvroFrame::kWhole) return state;
  header_.assign(content_.unread().begin(),
                 content_.unread().begin() + static_cast<ptrdiff_t>(header.size));
  mark_ = header.mark;
  content_.take(header.size);
  return state;
}

Result<bool> BlockReader::give(size_t bytes, std::string_view& block, int64_t& begin,
                               int64_t& end) {
  auto made = std::make_shared<std::vector<char>>(header_);
  const auto unread = content_.unread().substr(0, bytes);
  made->insert(made->end(), unread.begin(), unread.end());
  block = {made->data(), made->size()};
  given_.push_back(std::move(made));
  begin = content_.place();
  content_.take(bytes);
  end = content_.place();
  return true;
}

/// What is no block, to the end of the file: a reject keeps the first bytes of it.
Result<bool> BlockReader::give_rest(std::string_view& block, int64_t& begin, int64_t& end) {
  constexpr size_t kKeptMax = 64 * 1024;
  TRY_OK(give(std::min(content_.unread().size(), kKeptMax), block, begin, end));
  while (true) {
    content_.take(content_.unread().size());
    TRY(const bool more, content_.read_more());
    if (!more) break;
  }
  end = content_.place();
  return true;
}

Result<bool> BlockReader::next(std::string_view& block, int64_t& begin, int64_t& end) {
  if (header_.empty()) {
    TRY(const auto state, read_header());
    if (state != AvroFrame::kWhole && content_.unread().empty()) return false;  // an empty file
    if (state != AvroFrame::kWhole) return give_rest(block, begin, end);
  }
  AvroContainerBlock found;
  auto state = content_.unread().empty() ? AvroFrame::kCut
                                         : read_avro_block(content_.unread(), mark_, found);
  while (state == AvroFrame::kCut) {
    if (content_.unread().size() > options_.line_bytes_max) return too_long(options_, "a block");
    TRY(const bool more, content_.read_more());
    if (!more) break;
    found = {};
    state = read_avro_block(content_.unread(), mark_, found);
  }
  if (content_.unread().empty()) return false;
  return state == AvroFrame::kWhole ? give(found.size, block, begin, end)
                                    : give_rest(block, begin, end);
}

/// The header is needed wherever the blocks go on.
Status BlockReader::skip_to(int64_t place) {
  TRY([[maybe_unused]] const auto state, read_header());
  return content_.skip_to(place);
}

/// What is wrong with a stream names its file itself.
Error named(Error error, const std::string& file) {
  const std::string name = "file \"" + file + "\"";
  return error.message.starts_with(name) ? error : std::move(error).within(name);
}

class FileSource : public Source {
 public:
  explicit FileSource(FileOptions options)
      : options_(std::move(options)), finder_(options_.path, options_.settled_for) {}

  Result<std::vector<PartitionBounds>> partitions() override;
  Result<size_t> partition_count() override {
    TRY_OK(look_for_files());
    return size_t{1};
  }
  Result<std::string> topic_id() override { return std::string(); }
  Status seek(const std::vector<Cursor>& cursors) override;
  Result<MessageBatch> take(const TakeLimits& limits, const std::stop_token& stop) override;
  Result<MessageBatch> take_again(const std::vector<OffsetRange>& ranges,
                                  const std::stop_token& stop) override;
  std::vector<PartitionEnd> heard_ends() const override { return {{0, end_offset(), looked_at_}}; }
  Result<std::vector<Cursor>> cursors_at(int64_t) override {
    return Error(Code::kUnsupported, "files have no offsets of a time",
                 "Write EARLIEST, LATEST or an offset.");
  }
  void acknowledge(const std::vector<Cursor>&) override {}

 private:
  struct Held {
    std::vector<std::shared_ptr<std::vector<char>>> buffers;
    std::vector<std::string> names;  // of the files from `first_file` on
    int64_t first_file = 0;
  };

  Status load_ledger();
  Status look_for_files();
  Result<bool> open_next();
  Result<bool> next_line(Message& message, int64_t& next);
  Result<MessageBatch> take_until(int64_t end, int64_t lines_max, int64_t bytes_max);
  bool at_end_of_file();
  int64_t end_offset() const { return file_offset(static_cast<int64_t>(files_.size()), 0); }

  const FileOptions options_;
  bool loaded_ = false;
  std::vector<SourceFile> files_;  // by number
  std::set<std::string> known_;
  FileFinder finder_;
  int64_t looked_at_ = 0;  // microseconds since 1970: when files were last looked for
  int64_t position_ = 0;
  std::unique_ptr<RecordReader> reader_;  // of the file that position_ is in
};

Status FileSource::load_ledger() {
  if (loaded_) return {};
  TRY(files_, options_.ledger.read());
  for (const auto& file : files_) known_.insert(file.name);
  loaded_ = true;
  return {};
}

Status FileSource::look_for_files() {
  TRY_OK(load_ledger());
  const int64_t now = now_micros();
  TRY(auto added, finder_.look(known_));
  looked_at_ = now;
  if (added.empty()) return {};
  TRY_OK(options_.ledger.append(added));
  for (auto& file : added) {
    known_.insert(file.name);
    files_.push_back(std::move(file));
  }
  return {};
}

/// Who asks where the files end is told of those, too, that are there and have just been written.
Result<std::vector<PartitionBounds>> FileSource::partitions() {
  const Stopwatch watch;
  const auto patience = options_.settled_for + kFileLook;
  TRY_OK(look_for_files());
  while (finder_.anything_unsettled() && watch.micros() < patience.count() * 1000) {
    (void)wait_unless_stopped({}, std::min<milliseconds>(kFileLook, options_.settled_for));
    TRY_OK(look_for_files());
  }
  return std::vector<PartitionBounds>{{0, 0, end_offset()}};
}

Status FileSource::seek(const std::vector<Cursor>& cursors) {
  TRY_OK(load_ledger());
  if (cursors.size() != 1 || cursors[0].partition != 0)
    return Error(Code::kNotFound, "files are partition 0, and there is no other");
  if (cursors[0].next_offset < 0 || cursors[0].next_offset > end_offset())
    return Error(Code::kDataLoss, "offset " + std::to_string(cursors[0].next_offset) +
                                      " is beyond the files of \"" + options_.path + "\"");
  position_ = cursors[0].next_offset;
  reader_.reset();
  return {};
}

/// Opens the file at position_; false behind the last one.
Result<bool> FileSource::open_next() {
  while (true) {
    const auto number = file_of(position_);
    if (number >= static_cast<int64_t>(files_.size())) return false;
    const auto& file = files_[static_cast<size_t>(number)];
    if (!file.skipped) break;
    position_ = file_offset(number + 1, 0);
  }
  const auto& file = files_[static_cast<size_t>(file_of(position_))];
  TRY(auto stream, FileStream::open(file.name));
  std::unique_ptr<RecordReader> reader;
  if (options_.avro_containers)
    reader = std::make_unique<BlockReader>(options_, std::move(stream));
  else
    reader = std::make_unique<LineReader>(options_, std::move(stream));
  const int64_t place = position_ & kPlaceMask;
  if (place > 0) {
    auto skipped = check_same(file);
    if (skipped) skipped = reader->skip_to(place);
    if (!skipped) return named(std::move(skipped).error(), file.name);
  }
  std::string_view line;
  int64_t begin = 0, end = 0;
  for (int64_t i = 0; place == 0 && i < options_.ignored_lines; ++i) {
    TRY(const bool more, reader->next(line, begin, end));
    if (!more) break;
    position_ = file_offset(file_of(position_), end);
  }
  reader_ = std::move(reader);
  return true;
}

/// The next line that is not empty, of whatever file; false behind the last one.
Result<bool> FileSource::next_line(Message& message, int64_t& next) {
  while (true) {
    if (!reader_) {
      TRY(const bool opened, open_next());
      if (!opened) return false;
    }
    int64_t begin = 0, end = 0;
    const auto number = file_of(position_);
    auto more = reader_->next(message.payload, begin, end);
    if (!more) return named(std::move(more).error(), files_[static_cast<size_t>(number)].name);
    if (!*more) {
      position_ = file_offset(number + 1, 0);
      next = position_;
      return true;  // no line, but the file is done
    }
    if (message.payload.empty()) {
      position_ = file_offset(number, end);
      continue;
    }
    message.offset = file_offset(number, begin);
    message.first_line = reader_->first_line();
    next = file_offset(number, end);
    return true;
  }
}

/// A file of which all is given is done, and may go away. What is wrong is told by the next take.
bool FileSource::at_end_of_file() {
  const auto ended = reader_ ? reader_->at_end() : Result<bool>(false);
  return ended && *ended;
}

Result<MessageBatch> FileSource::take_until(int64_t end, int64_t lines_max, int64_t bytes_max) {
  MessageBatch batch;
  auto held = std::make_shared<Held>();
  held->first_file = file_of(position_);
  OffsetRange range;
  range.first_offset = position_;
  int64_t bytes = 0;
  const auto keep = [&] {
    if (reader_) reader_->keep_alive(held->buffers);
  };
  while (position_ < end && range.messages < lines_max && bytes < bytes_max) {
    Message message;
    int64_t next = position_;
    auto more = next_line(message, next);
    // What stands before the damage is a batch of its own, and the next one begins with the error.
    if (!more && range.messages == 0) return std::move(more).error();
    if (!more) {
      keep();
      reader_.reset();
      break;
    }
    if (!*more) break;
    position_ = next;
    if (file_offset(file_of(next), 0) == next) {  // the end of a file, and no line
      keep();
      reader_.reset();
      continue;
    }
    bytes += static_cast<int64_t>(message.payload.size());
    batch.messages.push_back(message);
    ++range.messages;
  }
  keep();
  if (end == INT64_MAX && at_end_of_file()) {
    position_ = file_offset(file_of(position_) + 1, 0);
    reader_.reset();
  }
  range.end_offset = position_;
  range.latest_offset = end_offset();
  if (range.end_offset > range.first_offset) batch.ranges.push_back(range);
  for (auto i = held->first_file;
       i <= file_of(position_) && i < static_cast<int64_t>(files_.size()); ++i)
    held->names.push_back(files_[static_cast<size_t>(i)].name);
  const auto offsets = std::make_shared<std::vector<int64_t>>();
  for (const auto& message : batch.messages) offsets->push_back(message.offset);
  batch.file = [held, offsets](size_t i) {
    return held->names[static_cast<size_t>(file_of((*offsets)[i]) - held->first_file)];
  };
  batch.owner = std::move(held);
  return batch;
}

Result<MessageBatch> FileSource::take(const TakeLimits& limits, const std::stop_token& stop) {
  int64_t lines =
      limits.offsets_per_partition_max > 0 ? limits.offsets_per_partition_max : kLinesMaxDefault;
  if (limits.messages_max > 0) lines = std::min(lines, limits.messages_max);
  const int64_t bytes = limits.bytes_max > 0 ? limits.bytes_max : INT64_MAX;
  const Stopwatch watch;
  while (true) {
    TRY_OK(look_for_files());
    TRY(auto batch, take_until(INT64_MAX, lines, bytes));
    const bool late = watch.micros() >= limits.wait_max.count() * 1000;
    if (!batch.ranges.empty() || late || stop.stop_requested()) return batch;
    (void)wait_unless_stopped(stop, kFileLook);
  }
}

Result<MessageBatch> FileSource::take_again(const std::vector<OffsetRange>& ranges,
                                            const std::stop_token& stop) {
  if (stop.stop_requested()) return Error(Code::kCancelled, "the reading was stopped");
  TRY_OK(load_ledger());
  if (ranges.empty()) return MessageBatch();
  TRY_OK(seek({{0, ranges[0].first_offset}}));
  TRY(auto batch, take_until(ranges[0].end_offset, INT64_MAX, INT64_MAX));
  if (position_ != ranges[0].end_offset)
    return Error(Code::kDataLoss, "the files of \"" + options_.path +
                                      "\" are not what they were: a batch that ended at offset " +
                                      std::to_string(ranges[0].end_offset) + " ends at " +
                                      std::to_string(position_));
  return batch;
}

}  // namespace

std::unique_ptr<Source> open_files(FileOptions options) {
  return std::make_unique<FileSource>(std::move(options));
}

}  // namespace millrace::source
