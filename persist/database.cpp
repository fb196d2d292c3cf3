#include "persist/database.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "persist/page_cache.hpp"

namespace tranche {
namespace {

ErrorKind kind_of(int code) {
    switch (code & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return ErrorKind::locked;
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_CANTOPEN:
        case SQLITE_FULL: return ErrorKind::cannot_write;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB: return ErrorKind::bad_data;
        default: return ErrorKind::io;
    }
}

bool poisons(int code) {
    return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC ||
           (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
}

/// SQLite would create the file readable by others; its WAL takes the rights of the file.
Result<Done> create_private(const std::string& path) {
    const auto folder = std::filesystem::path{path}.parent_path();
    std::error_code failed;
    if (!folder.empty() && !std::filesystem::exists(folder, failed)) {
        std::filesystem::create_directories(folder.parent_path(), failed);
        if (!failed && ::mkdir(folder.c_str(), 0700) != 0)
            failed = std::error_code{errno, std::generic_category()};
        if (failed)
            return Error{
                ErrorKind::cannot_write,
                fmt::format("database {}: cannot create its folder: {}", path, failed.message())};
    }
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return Error{
            ErrorKind::cannot_write,
            fmt::format("database {}: cannot open or create it: {}", path, std::strerror(errno))};
    ::close(descriptor);
    return Done{};
}

std::string uri_of(const std::string& path) {
    std::string uri{"file:"};
    for (const char c : path)
        if (c == '%' || c == '?' || c == '#')
            uri += fmt::format("%{:02x}", static_cast<unsigned>(c));
        else
            uri += c;
    return uri;
}

/// 0 when there is none.
std::uint64_t inode_of(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

}  // namespace

Statement::~Statement() {
    sqlite3_finalize(handle_);
}
void Statement::bind(int parameter, std::int64_t value) {
    sqlite3_bind_int64(handle_, parameter, value);
}
void Statement::bind(int parameter, std::string_view text) {
    sqlite3_bind_text(handle_, parameter, text.data() == nullptr ? "" : text.data(),
                      static_cast<int>(text.size()), SQLITE_STATIC);
}
void Statement::bind_null(int parameter) {
    sqlite3_bind_null(handle_, parameter);
}
void Statement::bind_blob(int parameter, const void* data, std::size_t size) {
    sqlite3_bind_blob(handle_, parameter, data, static_cast<int>(size), SQLITE_STATIC);
}

Step Statement::step() {
    switch (sqlite3_step(handle_) & 0xff) {
        case SQLITE_ROW: return Step::row;
        case SQLITE_DONE: return Step::done;
        case SQLITE_CONSTRAINT:
        case SQLITE_MISMATCH: return Step::constraint;
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return Step::busy;
        default: return Step::failed;
    }
}
void Statement::reset() {
    sqlite3_reset(handle_);
}
bool Statement::is_null(int column) const {
    return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}
std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(handle_, column);
}
std::string_view Statement::text(int column) const {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
    if (text == nullptr) return {};
    return {text, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}
std::string_view Statement::blob(int column) const {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle_, column));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

Result<Database> Database::open(const std::string& path, Access access, int busy_milliseconds) {
    const bool writes = access == Access::write;
    if (writes) {
        const auto created = create_private(path);
        if (!created) return created.error();
    } else if (std::error_code ignored; !std::filesystem::exists(path, ignored)) {
        return Error{ErrorKind::not_found, fmt::format("database {}: there is none", path)};
    }
    sqlite3* handle = nullptr;
    const bool frozen = access == Access::frozen;
    const int flags = (writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) |
                      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | (frozen ? SQLITE_OPEN_URI : 0);
    const std::string name = frozen ? uri_of(path) + "?immutable=1" : path;
    const int code = sqlite3_open_v2(name.c_str(), &handle, flags, nullptr);
    Database database{path, handle};
    if (code != SQLITE_OK) return database.error("opening it");
    database.file_ = inode_of(path);
    sqlite3_busy_timeout(handle, busy_milliseconds);
    const auto done = database.execute(fmt::format(
        "PRAGMA cache_size={}; PRAGMA temp_store=MEMORY;{}", writes ? writer_pages : reader_pages,
        // EXTRA while a new file turns to WAL: its rollback journal must not come back after a cut
        writes ? "PRAGMA synchronous=EXTRA; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                 "PRAGMA foreign_keys=ON; PRAGMA wal_autocheckpoint=4000;"
               : "PRAGMA query_only=ON;"));
    if (!done) return done.error();
    return database;
}

Database& Database::operator=(Database&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(handle_, other.handle_);
    std::swap(poisoned_, other.poisoned_);
    std::swap(file_, other.file_);
    return *this;
}

bool Database::replaced() const {
    return inode_of(path_) != file_;
}
void Database::leave_alone() {
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

Database::~Database() {
    sqlite3_close_v2(handle_);
}

Result<Statement> Database::prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return error("preparing a statement");
    return Statement{statement};
}

Result<Done> Database::execute(const std::string& sql) {
    if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        return error("running a statement");
    return Done{};
}

Result<std::int64_t> Database::integer(std::string_view sql, std::int64_t otherwise) {
    auto prepared = prepare(sql);
    if (!prepared) return prepared.error();
    Statement& statement = prepared.value();
    const Step step = statement.step();
    if (step == Step::row) return statement.is_null(0) ? otherwise : statement.integer(0);
    if (step == Step::done) return otherwise;
    return error("reading a value");
}

Result<Done> Database::copy_into(Database& target) {
    sqlite3_backup* backup = sqlite3_backup_init(target.handle_, "main", handle_, "main");
    if (backup == nullptr) return target.error("beginning a backup");
    // In one step: in pieces every commit of the writer would make it begin anew.
    const int code = sqlite3_backup_step(backup, -1);
    sqlite3_backup_finish(backup);
    if (code == SQLITE_DONE) return Done{};
    return target.error("copying " + path_);
}

Result<std::string> Database::quick_check(std::string_view table) {
    auto prepared = prepare(table.empty() ? "PRAGMA quick_check(3)"
                                          : fmt::format("PRAGMA quick_check({})", table));
    if (!prepared) return prepared.error();
    Statement& statement = prepared.value();
    std::string found;
    Step step = statement.step();
    for (; step == Step::row; step = statement.step())
        if (statement.text(0) != "ok" && found.size() < 500)
            found.append(found.empty() ? "" : "; ").append(statement.text(0));
    if (step != Step::done) return error("checking it");
    return found;
}

std::int64_t Database::changes() const {
    return sqlite3_changes64(handle_);
}
bool Database::in_transaction() const {
    return sqlite3_get_autocommit(handle_) == 0;
}

std::string Database::reason() const {
    return handle_ == nullptr ? "out of memory"
                              : fmt::format("{} (SQLite {})", sqlite3_errmsg(handle_),
                                            sqlite3_extended_errcode(handle_));
}

Error Database::error(std::string_view doing) {
    const int code = handle_ == nullptr ? SQLITE_NOMEM : sqlite3_extended_errcode(handle_);
    poisoned_ = poisoned_ || poisons(code);
    return {kind_of(code), fmt::format("database {}: {}: {}", path_, doing, reason())};
}

Result<Transaction> Transaction::begin(Database& database) {
    const auto done = database.execute("BEGIN IMMEDIATE");
    if (!done) return done.error();
    return Transaction{database};
}

Transaction::~Transaction() {
    // some failures have rolled back already; then there is nothing left to do
    if (database_ != nullptr && database_->in_transaction())
        static_cast<void>(database_->execute("ROLLBACK"));
}

Result<Done> Transaction::commit() {
    const auto done = database_->execute("COMMIT");
    if (done) database_ = nullptr;
    return done;
}

}  // namespace tranche
