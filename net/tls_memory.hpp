// Where OpenSSL takes memory from while it reads and writes records. Its packet code allocates
// and frees a few small blocks for every TLS record; a hot thread must not go to the heap for them.
#pragma once

namespace tranche {

/// Puts our allocator under OpenSSL, for the whole process. Call it before anything uses OpenSSL;
/// false, and nothing changed, when that has happened already.
bool use_record_memory() noexcept;

/// While one lives, small blocks for OpenSSL on this thread come from a shelf made at start instead
/// of the heap; when the shelf is empty, from the heap. Costs two stores.
class RecordMemory {
public:
    RecordMemory() noexcept;
    ~RecordMemory();
    RecordMemory(const RecordMemory&) = delete;
    RecordMemory& operator=(const RecordMemory&) = delete;
};

}  // namespace tranche
