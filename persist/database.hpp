// Thin owner of a SQLite handle: errors as values that name the file, statements and transactions
// that clean up after themselves. One thread a Database.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace tranche {

enum class Step : std::uint8_t {
    row,         // a row can be read
    done,        // finished
    constraint,  // this row is refused; an open transaction lives on
    busy,        // another connection holds the file
    failed,      // anything else; Database::error says what
};

/// A prepared statement. Parameters count from 1, columns from 0. Must not outlive its Database;
/// bound text and blobs must live until `reset`.
class Statement {
public:
    Statement() = default;
    explicit Statement(sqlite3_stmt* handle) : handle_{handle} {}
    Statement(Statement&& other) noexcept : handle_{std::exchange(other.handle_, nullptr)} {}
    Statement& operator=(Statement&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Statement();

    void bind(int parameter, std::int64_t value);
    void bind(int parameter, std::string_view text);
    void bind_null(int parameter);
    void bind_blob(int parameter, const void* data, std::size_t size);

    Step step();
    /// Ready for the next execution; bound values stay.
    void reset();

    bool is_null(int column) const;
    std::int64_t integer(int column) const;
    std::string_view text(int column) const;  // until the next step or reset
    std::string_view blob(int column) const;

private:
    sqlite3_stmt* handle_{};
};

/// `frozen`: a file that nobody writes and that must not change: no lock, no file beside it.
enum class Access : std::uint8_t { write, read, frozen };

class Database {
public:
    /// Opens, and with `write` creates, the file and its folder (0700, the file 0600). Writers get
    /// WAL and a sync at every commit. `busy_milliseconds`: how long a step waits for a lock.
    /// Errors: `not_found`, `cannot_write`, `bad_data` (not a database), `io`, `locked`.
    static Result<Database> open(const std::string& path, Access access,
                                 int busy_milliseconds = 1000);

    Database(Database&& other) noexcept
        : path_{std::move(other.path_)},
          handle_{std::exchange(other.handle_, nullptr)},
          poisoned_{other.poisoned_},
          file_{other.file_} {}
    /// The one that was is closed with the last of its statements.
    Database& operator=(Database&& other) noexcept;
    ~Database();

    Result<Statement> prepare(std::string_view sql);
    /// Runs every statement of `sql`.
    Result<Done> execute(const std::string& sql);
    /// First column of the first row; `otherwise` without a row or when it is NULL.
    Result<std::int64_t> integer(std::string_view sql, std::int64_t otherwise);

    /// All pages as of one moment into `target`, whatever it held (SQLite's online backup).
    Result<Done> copy_into(Database& target);
    /// What `PRAGMA quick_check` finds wrong, in short; empty when all is well. `table`: only it
    /// and its indexes.
    Result<std::string> quick_check(std::string_view table = {});

    /// Rows changed by the last statement.
    std::int64_t changes() const;
    bool in_transaction() const;
    /// True once something failed after which this handle must not be written with any more: the
    /// file is damaged, or a sync failed (what it should have written may be gone).
    bool poisoned() const { return poisoned_; }
    /// True when another file has the name now: open it anew.
    bool replaced() const;
    /// Closing it will not write to the file.
    void leave_alone();
    /// The last failure as SQLite tells it.
    std::string reason() const;
    /// The last failure with the file, `doing` and a kind; remembers if it poisons.
    Error error(std::string_view doing);
    const std::string& path() const { return path_; }

private:
    Database(std::string path, sqlite3* handle) : path_{std::move(path)}, handle_{handle} {}
    std::string path_;
    sqlite3* handle_;
    bool poisoned_{};
    std::uint64_t file_{};  // inode
};

/// Rolls back unless `commit` worked.
class Transaction {
public:
    /// Takes the write lock at once, so that no statement inside can meet a busy file.
    static Result<Transaction> begin(Database& database);
    Transaction(Transaction&& other) noexcept
        : database_{std::exchange(other.database_, nullptr)} {}
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();

    /// On an error the transaction is still open and rolls back at the end of its scope.
    Result<Done> commit();

private:
    explicit Transaction(Database& database) : database_{&database} {}
    Database* database_;
};

}  // namespace tranche
