#include "box.h"

// Plain data to bytes and back: depth at most 8, 2000 values, 64 KiB, text at most 1 KiB.
#define DEPTH 8
#define VALUES LB_CODEC_VALUES
#define TEXT 1024

void lb_begin(lua_State *L, size_t most) {
    lb_state *box = lb_of(L);
    box->bytes_used = 0;
    box->bytes_most = most;
    if (box->bytes_cap >= most) return;
    uint8_t *grown = realloc(box->bytes, most);
    if (grown == NULL) luaL_error(L, "no memory for the data");
    box->bytes = grown;
    box->bytes_cap = most;
}

static void put(lua_State *L, const void *data, size_t length) {
    lb_state *box = lb_of(L);
    if (box->bytes_used + length > box->bytes_most) {
        luaL_error(L, "more than %d KiB of data", (int)(box->bytes_most >> 10));
    }
    memcpy(box->bytes + box->bytes_used, data, length);
    box->bytes_used += length;
}

static void put_text(lua_State *L, int index) {
    size_t length;
    const char *text = lua_tolstring(L, index, &length);
    if (length > TEXT) luaL_error(L, "text of more than %d bytes", TEXT);
    uint32_t count = (uint32_t)length;
    put(L, "s", 1);
    put(L, &count, 4);
    put(L, text, length);
}

static void put_number(lua_State *L, int index) {
    if (lua_isinteger(L, index)) {
        int64_t value = lua_tointeger(L, index);
        put(L, "i", 1);
        put(L, &value, 8);
    } else {
        double value = lua_tonumber(L, index);
        put(L, "d", 1);
        put(L, &value, 8);
    }
}

// Collects the keys of the table at `index` into a new array on top, ascending: numbers, then text.
static lua_Integer sorted_keys(lua_State *L, int index, lua_Integer most);

// Remembers the name under which something is kept, for a report to say.
static void note_key(lua_State *L, int index) {
    lb_state *box = lb_of(L);
    size_t length = 0;
    const char *text = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &length) : "";
    lb_plain(box->key, sizeof box->key, text, length, '?');
}

static void write(lua_State *L, int index, bool functions, const char *without, int depth, int *values) {
    luaL_checkstack(L, 12, "data");
    int most = lb_of(L)->bytes_most > LB_CODEC_BYTES ? LB_FILE_VALUES : VALUES;
    if (++*values > most) luaL_error(L, "more than %d values", most);
    switch (lua_type(L, index)) {
    case LUA_TNIL: put(L, "z", 1); return;
    case LUA_TBOOLEAN: put(L, lua_toboolean(L, index) ? "t" : "f", 1); return;
    case LUA_TNUMBER: put_number(L, index); return;
    case LUA_TSTRING: put_text(L, index); return;
    case LUA_TFUNCTION:
        if (!functions) break;
        put(L, "F", 1);
        return;
    case LUA_TTABLE: {
        if (depth == 0) luaL_error(L, "tables more than %d deep, or a table that holds itself", DEPTH);
        lua_Integer count = sorted_keys(L, index, VALUES);
        int keys = lua_gettop(L);
        put(L, "{", 1);
        size_t mark = lb_of(L)->bytes_used;
        uint32_t written = 0;
        put(L, &written, 4);
        for (lua_Integer i = 1; i <= count; i++) {
            lua_rawgeti(L, keys, i);
            bool skip = without && lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), without) == 0;
            if (!skip) {
                if (lua_type(L, -1) == LUA_TSTRING) put_text(L, -1);
                else put_number(L, lua_gettop(L));
                lua_pushvalue(L, -1);
                lua_rawget(L, index);
                if (depth == DEPTH) note_key(L, keys + 1);
                write(L, lua_gettop(L), functions, NULL, depth - 1, values);
                lua_pop(L, 1);
                written++;
            }
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
        memcpy(lb_of(L)->bytes + mark, &written, 4);
        return;
    }
    default: break;
    }
    luaL_error(L, "only nil, booleans, numbers, text and tables of these can be kept, not a %s",
               luaL_typename(L, index));
}

static int less(lua_State *L, int a, int b) {
    bool ta = lua_type(L, a) == LUA_TSTRING, tb = lua_type(L, b) == LUA_TSTRING;
    if (ta != tb) return tb;
    if (!ta) return lua_compare(L, a, b, LUA_OPLT);
    size_t na, nb;
    const char *sa = lua_tolstring(L, a, &na), *sb = lua_tolstring(L, b, &nb);
    int order = memcmp(sa, sb, na < nb ? na : nb);
    return order < 0 || (order == 0 && na < nb);
}

static void sift(lua_State *L, int array, lua_Integer root, lua_Integer end) {
    for (lua_Integer child; (child = 2 * root) <= end; root = child) {
        if (child < end) {
            lua_rawgeti(L, array, child);
            lua_rawgeti(L, array, child + 1);
            if (less(L, -2, -1)) child++;
            lua_pop(L, 2);
        }
        lua_rawgeti(L, array, root);
        lua_rawgeti(L, array, child);
        if (!less(L, -2, -1)) {
            lua_pop(L, 2);
            return;
        }
        lua_rawseti(L, array, root);
        lua_rawseti(L, array, child);
    }
}

static lua_Integer sorted_keys(lua_State *L, int index, lua_Integer most) {
    luaL_checkstack(L, 8, "keys");
    lua_newtable(L);
    int array = lua_gettop(L);
    lua_Integer count = 0;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        int type = lua_type(L, -1);
        if (type != LUA_TSTRING && type != LUA_TNUMBER) {
            luaL_error(L, "a %s as a key has no order; use numbers or text", luaL_typename(L, -1));
        }
        if (++count > most) luaL_error(L, "more than %d keys", (int)most);
        lua_pushvalue(L, -1);
        lua_rawseti(L, array, count);
    }
    lb_charge(L, (uint64_t)count * 8);
    for (lua_Integer root = count / 2; root >= 1; root--) sift(L, array, root, count);
    for (lua_Integer end = count; end > 1; end--) {
        lua_rawgeti(L, array, 1);
        lua_rawgeti(L, array, end);
        lua_rawseti(L, array, 1);
        lua_rawseti(L, array, end);
        sift(L, array, 1, end - 1);
    }
    return count;
}

void lb_write(lua_State *L, int index, bool functions, const char *without) {
    int values = 0;
    write(L, index, functions, without, DEPTH, &values);
}

void lb_begin_list(lua_State *L, uint32_t count) {
    put(L, "{", 1);
    put(L, &count, 4);
}

void lb_write_place(lua_State *L, lua_Integer place) {
    int64_t value = place;
    put(L, "i", 1);
    put(L, &value, 8);
}

// Used by `pairs` and `next` as well.
lua_Integer lb_sorted_keys(lua_State *L, int index, lua_Integer most) { return sorted_keys(L, index, most); }

typedef struct {
    const uint8_t *at, *end;
    int values;
} reader_t;

static void get(lua_State *L, reader_t *reader, void *into, size_t length) {
    if ((size_t)(reader->end - reader->at) < length) luaL_error(L, "kept data is cut");
    memcpy(into, reader->at, length);
    reader->at += length;
}

static void read(lua_State *L, reader_t *reader, int depth) {
    luaL_checkstack(L, 6, "data");
    if (++reader->values > 2 * VALUES) luaL_error(L, "more than %d values", VALUES);
    char tag;
    get(L, reader, &tag, 1);
    switch (tag) {
    case 'z': lua_pushnil(L); return;
    case 't': lua_pushboolean(L, 1); return;
    case 'f': lua_pushboolean(L, 0); return;
    case 'i': {
        int64_t value;
        get(L, reader, &value, 8);
        lua_pushinteger(L, value);
        return;
    }
    case 'd': {
        double value;
        get(L, reader, &value, 8);
        lua_pushnumber(L, value);
        return;
    }
    case 's': {
        uint32_t length;
        get(L, reader, &length, 4);
        if (length > TEXT || (size_t)(reader->end - reader->at) < length) luaL_error(L, "kept data is cut");
        lua_pushlstring(L, (const char *)reader->at, length);
        reader->at += length;
        return;
    }
    case '{': {
        uint32_t count;
        get(L, reader, &count, 4);
        if (depth == 0 || count > VALUES) luaL_error(L, "kept data is too deep or too large");
        lua_newtable(L);
        for (uint32_t i = 0; i < count; i++) {
            read(L, reader, depth - 1);
            int type = lua_type(L, -1);
            if (type != LUA_TSTRING && (type != LUA_TNUMBER || lua_tonumber(L, -1) != lua_tonumber(L, -1))) {
                luaL_error(L, "kept data has an odd key");
            }
            read(L, reader, depth - 1);
            lua_rawset(L, -3);
        }
        return;
    }
    default: luaL_error(L, "kept data has an unknown mark");
    }
}

void lb_read(lua_State *L, const uint8_t *bytes, size_t length) {
    reader_t reader = {bytes, bytes + length, 0};
    read(L, &reader, DEPTH);
    if (reader.at != reader.end) luaL_error(L, "kept data has a tail");
}
