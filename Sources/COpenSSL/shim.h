#ifndef TALLYROLL_COPENSSL_SHIM_H
#define TALLYROLL_COPENSSL_SHIM_H
/* The one-shot SHA256_* calls are several times cheaper on short input than EVP with a fetch per digest. */
#define OPENSSL_SUPPRESS_DEPRECATED 1
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#endif
