#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A reusable whole-document JSON parser. One thread at a time.
typedef struct csj_parser csj_parser;

enum {
    CSJ_OK = 0,
    CSJ_EMPTY = 1,
    CSJ_TOO_LARGE = 2,
    CSJ_TOO_DEEP = 3,
    CSJ_REPEATED_KEY = 4,
    CSJ_BAD_UTF8 = 5,
    CSJ_BAD_NUMBER = 6,
    CSJ_NOT_JSON = 7,
    CSJ_NO_MEMORY = 8
};

/// What a parse left behind: a flat tape of 64-bit words and the unescaped strings beside it. Valid until the next
/// parse with the same parser. The upper 8 bits of a word are its type, the lower 56 its payload:
/// `{` `[`: low 32 bits are the index after the matching end; `"`: offset into `strings`, where a 32-bit length
/// precedes the bytes; `l` `u` `d`: the next word is the number; `t` `f` `n`: no payload. The root element is word 1.
typedef struct {
    const uint64_t *tape;
    const uint8_t *strings;
} csj_tape;

/// Returns NULL when there is no memory. Documents longer than `bytes_max` or nested deeper than `depth_max` are refused.
csj_parser *csj_create(size_t bytes_max, size_t depth_max);
void csj_destroy(csj_parser *parser);

/// Parses and checks one document: well-formed, valid UTF-8, no repeated key in any object. Returns a CSJ_ code; `out` is
/// set only for CSJ_OK. The bytes are copied; they may go away afterwards.
int32_t csj_parse(csj_parser *parser, const uint8_t *bytes, size_t count, csj_tape *out);

#ifdef __cplusplus
}
#endif
