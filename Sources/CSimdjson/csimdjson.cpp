#include "csimdjson.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <simdjson.h>
#include <vector>

struct csj_parser {
    simdjson::dom::parser parser;
    std::unique_ptr<uint8_t[]> buffer;
    size_t capacity = 0;
    size_t bytes_max;
    size_t depth_max;
    csj_parser(size_t bytes, size_t depth) : parser(bytes + 64), bytes_max(bytes), depth_max(depth) {}
};

namespace {

constexpr size_t fewKeys = 48;

struct View {
    const uint64_t *tape;
    const uint8_t *strings;
    uint8_t type(size_t at) const { return uint8_t(tape[at] >> 56); }
    const uint8_t *text(size_t at, uint32_t &length) const {
        const uint8_t *start = strings + (tape[at] & 0x00FFFFFFFFFFFFFFull);
        std::memcpy(&length, start, sizeof length);
        return start + sizeof length;
    }
    bool same(size_t a, size_t b) const {
        uint32_t n = 0, m = 0;
        const uint8_t *left = text(a, n), *right = text(b, m);
        return n == m && std::memcmp(left, right, n) == 0;
    }
    /// Equal for equal keys; unequal for most unequal ones, for all of at most three bytes.
    uint32_t mark(size_t at) const {
        uint32_t length = 0;
        const uint8_t *bytes = text(at, length);
        if (length <= 3) {
            uint32_t packed = length;
            for (uint32_t i = 0; i < length; i++) packed = packed << 8 | bytes[i];
            return packed;
        }
        uint32_t hash = 2166136261u ^ length;
        for (uint32_t i = 0; i < length; i++) hash = (hash ^ bytes[i]) * 16777619u;
        return hash | 0x80000000u;
    }
};

/// Whether any key of one object, given as (mark, tape index) packed in 64 bits, is there twice.
bool repeated(const View &view, uint64_t *keys, size_t count) {
    std::sort(keys, keys + count);
    for (size_t i = 1; i < count; i++) {
        for (size_t j = i; j > 0 && keys[j - 1] >> 32 == keys[i] >> 32; j--) {
            if (view.same(uint32_t(keys[j - 1]), uint32_t(keys[i]))) return true;
            if (i - j > 64) return true;  // a crowd of equal marks is an attack, not a message
        }
    }
    return false;
}

bool repeatedFew(const View &view, const uint64_t *keys, size_t count) {
    for (size_t i = 1; i < count; i++) {
        uint64_t mark = keys[i] >> 32;
        for (size_t j = 0; j < i; j++) {
            if (keys[j] >> 32 == mark && view.same(uint32_t(keys[j]), uint32_t(keys[i]))) return true;
        }
    }
    return false;
}

/// Walks the element at `at`; returns the index after it, or 0 when a key repeats.
size_t walk(const View &view, size_t at) {
    switch (view.type(at)) {
    case '{': {
        uint64_t few[fewKeys];
        std::vector<uint64_t> many;
        size_t count = 0, next = at + 1;
        while (view.type(next) != '}') {
            uint64_t key = uint64_t(view.mark(next)) << 32 | uint32_t(next);
            if (count < fewKeys) {
                few[count] = key;
            } else {
                if (many.empty()) many.assign(few, few + fewKeys);
                many.push_back(key);
            }
            count++;
            next = walk(view, next + 1);
            if (next == 0) return 0;
        }
        bool twice = many.empty() ? repeatedFew(view, few, count) : repeated(view, many.data(), many.size());
        return twice ? 0 : next + 1;
    }
    case '[': {
        size_t next = at + 1;
        while (view.type(next) != ']') {
            next = walk(view, next);
            if (next == 0) return 0;
        }
        return next + 1;
    }
    case 'l':
    case 'u':
    case 'd': return at + 2;
    default: return at + 1;
    }
}

int32_t code(simdjson::error_code error) {
    switch (error) {
    case simdjson::SUCCESS: return CSJ_OK;
    case simdjson::EMPTY: return CSJ_EMPTY;
    case simdjson::CAPACITY: return CSJ_TOO_LARGE;
    case simdjson::DEPTH_ERROR: return CSJ_TOO_DEEP;
    case simdjson::UTF8_ERROR: return CSJ_BAD_UTF8;
    case simdjson::NUMBER_ERROR: return CSJ_BAD_NUMBER;
    case simdjson::MEMALLOC: return CSJ_NO_MEMORY;
    default: return CSJ_NOT_JSON;
    }
}

bool reserve(csj_parser *parser, size_t count) {
    if (count <= parser->capacity) return true;
    size_t wanted = std::max<size_t>(count + count / 2, 16384);
    std::unique_ptr<uint8_t[]> buffer(new (std::nothrow) uint8_t[wanted + simdjson::SIMDJSON_PADDING]);
    if (!buffer) return false;
    size_t room = std::min(std::max<size_t>(wanted, 32), parser->bytes_max + 64);
    if (parser->parser.allocate(room, parser->depth_max) != simdjson::SUCCESS) return false;
    parser->buffer = std::move(buffer);
    parser->capacity = room;
    return true;
}

}  // namespace

extern "C" csj_parser *csj_create(size_t bytes_max, size_t depth_max) {
    return new (std::nothrow) csj_parser(bytes_max, depth_max);
}

extern "C" void csj_destroy(csj_parser *parser) { delete parser; }

extern "C" int32_t csj_parse(csj_parser *parser, const uint8_t *bytes, size_t count, csj_tape *out) {
    if (count == 0) return CSJ_EMPTY;
    if (count > parser->bytes_max) return CSJ_TOO_LARGE;
    if (!reserve(parser, count)) return CSJ_NO_MEMORY;
    std::memcpy(parser->buffer.get(), bytes, count);
    std::memset(parser->buffer.get() + count, ' ', simdjson::SIMDJSON_PADDING);
    simdjson::dom::element root;
    auto error = parser->parser.parse(parser->buffer.get(), count, false).get(root);
    if (error) return code(error);
    View view{parser->parser.doc.tape.get(), parser->parser.doc.string_buf.get()};
    if (walk(view, 1) == 0) return CSJ_REPEATED_KEY;
    out->tape = view.tape;
    out->strings = view.strings;
    return CSJ_OK;
}
