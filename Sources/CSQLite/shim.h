#ifndef TALLYROLL_CSQLITE_SHIM_H
#define TALLYROLL_CSQLITE_SHIM_H
#include <sqlite3.h>
#endif
