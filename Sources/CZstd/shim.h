#ifndef TALLYROLL_CZSTD_SHIM_H
#define TALLYROLL_CZSTD_SHIM_H
#include <zstd.h>
#endif
