// SQLite: records on one machine, for Storage alone.
#ifndef SLUICE_SQLITE_H
#define SLUICE_SQLITE_H
#include <sqlite3.h>

// Bytes that SQLite is to copy: SQLITE_TRANSIENT is a cast that Swift does not import.
static inline int sluice_sqlite3_bind_text(sqlite3_stmt *statement, int place, const char *bytes, int count) {
    return sqlite3_bind_text(statement, place, bytes, count, SQLITE_TRANSIENT);
}

static inline int sluice_sqlite3_bind_blob(sqlite3_stmt *statement, int place, const void *bytes, int count) {
    // A null pointer would bind NULL.
    return count == 0 ? sqlite3_bind_zeroblob(statement, place, 0) : sqlite3_bind_blob(statement, place, bytes, count, SQLITE_TRANSIENT);
}
#endif
