#ifndef TALLYROLL_CZLIB_SHIM_H
#define TALLYROLL_CZLIB_SHIM_H
#include <zlib.h>
#endif
