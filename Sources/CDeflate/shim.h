#ifndef TALLYROLL_CDEFLATE_SHIM_H
#define TALLYROLL_CDEFLATE_SHIM_H
#include <libdeflate.h>
#endif
