// What a script sees: built from single functions out of nothing, so that a library that grows a name grows no
// door.
#include "box.h"
#include <math.h>

lua_Integer lb_sorted_keys(lua_State *L, int index, lua_Integer most);
#define KEYS 4096

int lb_tostring(lua_State *L) {
    luaL_checkany(L, 1);
    switch (lua_type(L, 1)) {
    case LUA_TNIL:
    case LUA_TBOOLEAN:
    case LUA_TNUMBER:
    case LUA_TSTRING:
        // Writing a float as text takes as long as a hundred instructions.
        if (lua_type(L, 1) == LUA_TNUMBER) lb_count(L, lua_isinteger(L, 1) ? 8 : 80);
        luaL_tolstring(L, 1, NULL);
        return 1;
    // No addresses: they differ from run to run.
    default: lua_pushstring(L, luaL_typename(L, 1)); return 1;
    }
}

// MARK: Protected calls

static void rethrow(lua_State *L, int code) {
    lb_state *box = lb_of(L);
    if (code == LUA_ERRMEM || box->fatal != LB_OK) lb_fatal(L, box->fatal == LB_OK ? LB_MEMORY : box->fatal);
    // Raising costs far more than the instruction that did: names are looked for, text is made, frames unwound.
    lb_charge(L, 50);
}

static int w_pcall(lua_State *L) {
    luaL_checkany(L, 1);
    // A frame of the C stack, a place to jump back to.
    lb_count(L, 20);
    int code = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    if (code != LUA_OK) {
        rethrow(L, code);
        lua_pushboolean(L, 0);
        lua_insert(L, -2);
        return 2;
    }
    luaL_checkstack(L, 2, "results");
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    return lua_gettop(L);
}

// The handler runs after unwinding: a handler that Lua itself calls cannot be stopped.
static int w_xpcall(lua_State *L) {
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lb_count(L, 20);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 1);
    int code = lua_pcall(L, lua_gettop(L) - 3, LUA_MULTRET, 0);
    if (code != LUA_OK) {
        rethrow(L, code);
        lua_pushvalue(L, 2);
        lua_insert(L, -2);
        // An error of the handler takes the place of its answer, as in stock Lua: the caller asked for none.
        code = lua_pcall(L, 1, 1, 0);
        if (code != LUA_OK) rethrow(L, code);
        lua_pushboolean(L, 0);
        lua_insert(L, -2);
        return 2;
    }
    luaL_checkstack(L, 2, "results");
    lua_pushboolean(L, 1);
    lua_insert(L, 3);
    return lua_gettop(L) - 2;
}

// MARK: Iteration

// Sorting keys compares them, whatever their length.
static lua_Integer sorted(lua_State *L) {
    lua_Integer count = lb_sorted_keys(L, 1, KEYS);
    lb_charge(L, (uint64_t)count * 16 * lb_weight(lb_of(L)));
    return count;
}

// Upvalues: the table, its keys ascending, the place.
static int pairs_next(lua_State *L) {
    lua_Integer place = lua_tointeger(L, lua_upvalueindex(3));
    lua_Integer count = (lua_Integer)lua_rawlen(L, lua_upvalueindex(2));
    while (++place <= count) {
        lua_rawgeti(L, lua_upvalueindex(2), place);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) {
            lua_pushinteger(L, place);
            lua_replace(L, lua_upvalueindex(3));
            return 2;
        }
        lua_pop(L, 2);  // removed since
    }
    lua_pushnil(L);
    return 1;
}

static int w_pairs(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    sorted(L);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, pairs_next, 3);
    return 1;
}

static int w_next(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    lua_Integer count = sorted(L);
    bool found = lua_isnil(L, 2);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, 3, i);
        if (found) {
            lua_pushvalue(L, -1);
            lua_rawget(L, 1);
            return 2;
        }
        found = lua_rawequal(L, -1, 2);
        lua_pop(L, 1);
    }
    if (!found) return luaL_error(L, "next: there is no such key");
    lua_pushnil(L);
    return 1;
}

static int ipairs_next(lua_State *L) {
    lua_Integer i = luaL_checkinteger(L, 2) + 1;
    lua_pushinteger(L, i);
    return lua_rawgeti(L, 1, i) == LUA_TNIL ? 1 : 2;
}

static int w_ipairs(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_pushcfunction(L, ipairs_next);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}

// MARK: Guarded library functions. Upvalue 1 is the stock function.

// None of those that are guarded has upvalues of its own, so they can run in the guard's frame.
static int stock(lua_State *L) { return lua_tocfunction(L, lua_upvalueindex(1))(L); }

// For what takes any number of arguments and may turn each from text into a number, which is slow.
static int counted(lua_State *L) {
    int count = lua_gettop(L);
    uint64_t work = count > 8 ? (uint64_t)count / 2 : 0;
    for (int i = 1; i <= count; i++) if (lua_type(L, i) == LUA_TSTRING) work += lua_rawlen(L, i);
    if (work > 0) lb_charge(L, work);
    return stock(L);
}

// The remainder of floats takes a step for each bit that lies between them.
static int m_fmod(lua_State *L) {
    if (lua_gettop(L) >= 2) {
        int a = 0, b = 0;
        if (lua_isnumber(L, 1) && lua_isnumber(L, 2)) {
            frexp(lua_tonumber(L, 1), &a);
            frexp(lua_tonumber(L, 2), &b);
        }
        if (a > b) lb_charge(L, (uint64_t)(a - b) / 8);
    }
    return counted(L);
}

static int s_charged(lua_State *L) {
    size_t length;
    luaL_checklstring(L, 1, &length);
    lb_charge(L, length / 16);
    return stock(L);
}

static int s_rep(lua_State *L) {
    size_t length, between;
    luaL_checklstring(L, 1, &length);
    lua_Integer n = luaL_checkinteger(L, 2);
    luaL_optlstring(L, 3, "", &between);
    if (n > 65536 || (n > 0 && (length + between) * (uint64_t)n > 65536)) {
        return luaL_error(L, "string.rep: a result of more than 64 KiB");
    }
    lb_charge(L, n > 0 ? (uint64_t)n : 0);
    return stock(L);
}

static int s_byte(lua_State *L) {
    size_t length;
    luaL_checklstring(L, 1, &length);
    lua_Integer from = luaL_optinteger(L, 2, 1), to = luaL_optinteger(L, 3, from);
    if (from < 0) from += (lua_Integer)length + 1;
    if (to < 0) to += (lua_Integer)length + 1;
    if (to > (lua_Integer)length) to = (lua_Integer)length;
    if (from < 1) from = 1;
    if (to >= from && to - from >= 249) return luaL_error(L, "string.byte: more than 249 results");
    return stock(L);
}

static int s_format(lua_State *L) {
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    if (length > 1024) return luaL_error(L, "string.format: a format of more than 1 KiB");
    int argument = 1;
    uint64_t work = 1;
    // By length: a format may hold zero bytes, and the stock function reads past them.
    for (const char *c = text, *end = text + length; c < end; c++) {
        if (*c != '%') continue;
        if (++c < end && *c == '%') continue;
        const char *width = c;
        while (c < end && *c && strchr("-+ #0123456789.", *c)) c++;
        if (c >= end) break;
        argument++;
        // A hundred decimals of a large number are work of another order than two.
        if (*c && strchr("eEfFgGaA", *c)) work += c - width >= 3 ? 800 : 80;
        else work += 16;
        if (*c == 'p') return luaL_error(L, "string.format: addresses cannot be printed");
        if (argument > lua_gettop(L)) break;
        int type = lua_type(L, argument);
        if (type == LUA_TSTRING) work += lua_rawlen(L, argument) / 16;
        if ((*c == 's' || *c == 'q') && (type > LUA_TSTRING || type == LUA_TLIGHTUSERDATA)) {
            lua_pushstring(L, luaL_typename(L, argument));
            lua_replace(L, argument);
        }
    }
    lb_charge(L, work);
    return stock(L);
}

// Charges for the elements behind the place that the argument `place` gives: each moves by one.
static int moving(lua_State *L, int place) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Unsigned behind = 0;
    if (place > 0) {
        lua_Integer at = luaL_checkinteger(L, place);
        lua_Unsigned count = lua_rawlen(L, 1);
        if (at >= 1 && (lua_Unsigned)at <= count) behind = count - (lua_Unsigned)at;
    }
    lb_charge(L, 1 + behind);
    return stock(L);
}

static int t_insert(lua_State *L) { return moving(L, lua_gettop(L) == 3 ? 2 : 0); }
static int t_remove(lua_State *L) { return moving(L, lua_gettop(L) >= 2 ? 2 : 0); }

static int t_concat(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer from = luaL_optinteger(L, 3, 1), to = luaL_optinteger(L, 4, (lua_Integer)lua_rawlen(L, 1));
    if (to >= from && (uint64_t)to - (uint64_t)from > 20000) return luaL_error(L, "table.concat: too many parts");
    lb_charge(L, to >= from ? (uint64_t)(to - from) + 1 : 1);
    return stock(L);
}

// Whether the element at `a` goes before the one at `b`, both on the stack.
static bool before(lua_State *L, int a, int b) {
    if (lua_isnoneornil(L, 2)) return lua_compare(L, a, b, LUA_OPLT);
    a = lua_absindex(L, a);
    b = lua_absindex(L, b);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, a);
    lua_pushvalue(L, b);
    lua_call(L, 2, 1);
    bool result = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return result;
}

// Lets the element at `root` of the heap in 1…n sink to its place.
static void sink(lua_State *L, lua_Integer root, lua_Integer n) {
    lua_rawgeti(L, 1, root);
    for (lua_Integer child; (child = root * 2) <= n; root = child) {
        lua_rawgeti(L, 1, child);
        if (child < n) {
            lua_rawgeti(L, 1, child + 1);
            if (before(L, -2, -1)) {
                lua_remove(L, -2);
                child++;
            } else lua_pop(L, 1);
        }
        if (!before(L, -2, -1)) {
            lua_pop(L, 1);
            break;
        }
        lua_rawseti(L, 1, root);
    }
    lua_rawseti(L, 1, root);
}

// A heap sort of our own: the stock one picks its pivots by clock and time, so that equal elements, and what a
// comparison does beside comparing, come out differently each time. Any comparison ends it, also an inconsistent one.
static int t_sort(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    size_t n = lua_rawlen(L, 1);
    if (n > 20000) return luaL_error(L, "table.sort: more than 20000 elements");
    // Comparing long texts is the script's work only when the script compares.
    size_t longest = 0;
    if (lua_isnoneornil(L, 2)) {
        for (size_t i = 1; i <= n; i++, lua_pop(L, 1)) {
            if (lua_rawgeti(L, 1, (lua_Integer)i) != LUA_TSTRING) continue;
            size_t length = lua_rawlen(L, -1);
            if (length > longest) longest = length;
        }
    }
    lb_charge(L, n * 32 * (1 + longest / 32));
    if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    luaL_checkstack(L, 16, "table.sort");
    for (lua_Integer root = (lua_Integer)n / 2; root >= 1; root--) sink(L, root, (lua_Integer)n);
    for (lua_Integer last = (lua_Integer)n; last > 1; last--) {
        lua_rawgeti(L, 1, 1);
        lua_rawgeti(L, 1, last);
        lua_rawseti(L, 1, 1);
        lua_rawseti(L, 1, last);
        sink(L, 1, last - 1);
    }
    return 0;
}

static int t_unpack(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer from = luaL_optinteger(L, 2, 1), to = luaL_optinteger(L, 3, (lua_Integer)lua_rawlen(L, 1));
    if (to >= from && (uint64_t)to - (uint64_t)from >= 249) return luaL_error(L, "table.unpack: more than 249 results");
    lb_charge(L, to >= from ? (uint64_t)(to - from) / 2 + 1 : 1);
    return stock(L);
}

// MARK: The log

static int log_line(lua_State *L, bool warns) {
    lb_state *box = lb_of(L);
    lua_settop(L, 1);
    lb_tostring(L);
    size_t length;
    const char *text = lua_tolstring(L, -1, &length);
    lb_charge(L, 10);
    if (length > 512) length = 512;
    if (box->log_count == LB_LOG_LINES || box->log_used + (int)length + 1 > LB_LOG_BYTES) {
        box->log_lost++;
        return 0;
    }
    box->log_start[box->log_count] = box->log_used;
    box->log_warns[box->log_count++] = warns;
    box->log_used += (int)lb_plain(box->log + box->log_used, length + 1, text, length, ' ') + 1;
    return 0;
}

static int log_info(lua_State *L) { return log_line(L, false); }
static int log_warn(lua_State *L) { return log_line(L, true); }

// MARK: Building

// Copies a stock function out of the table on top into the table below it, guarded when a guard is given.
static void take(lua_State *L, const char *key, lua_CFunction guard) {
    lua_pushstring(L, key);
    if (lua_rawget(L, -2) == LUA_TNIL) luaL_error(L, "this Lua has no %s", key);
    if (guard) lua_pushcclosure(L, guard, 1);
    lua_setfield(L, -3, key);
}

static void own(lua_State *L, const char *key, lua_CFunction function) {
    lua_pushcfunction(L, function);
    lua_setfield(L, -3, key);
}

// Opens a stock library aside; leaves [new table, library] on the stack.
static void aside(lua_State *L, const char *library, lua_CFunction open) {
    lua_newtable(L);
    lua_pushcfunction(L, open);
    lua_pushstring(L, library);
    lua_call(L, 1, 1);
}

void lb_open_world(lua_State *L, uint64_t seed) {
    lua_newtable(L);
    int world = lua_gettop(L);

    static const char *const base[] = {"assert", "error", "type", "rawequal", "rawlen"};
    aside(L, "_G", luaopen_base);
    for (size_t i = 0; i < sizeof base / sizeof *base; i++) take(L, base[i], NULL);
    take(L, "select", counted);
    take(L, "tonumber", counted);
    own(L, "tostring", lb_tostring);
    own(L, "pcall", w_pcall);
    own(L, "xpcall", w_xpcall);
    own(L, "pairs", w_pairs);
    own(L, "next", w_next);
    own(L, "ipairs", w_ipairs);
    lua_pop(L, 1);
    lua_replace(L, world);
    lua_pushvalue(L, world);
    lua_setfield(L, world, "_G");

    static const char *const math[] = {
        "abs", "acos", "asin", "atan", "ceil", "cos", "deg", "exp", "floor", "log", "max", "min", "modf", "rad",
        "sin", "sqrt", "tan", "tointeger", "ult"};
    // `random` keeps its numbers in an upvalue of its own.
    static const char *const plain[] = {"huge", "maxinteger", "mininteger", "pi", "random", "type"};
    aside(L, "math", luaopen_math);
    lua_pushstring(L, "randomseed");
    lua_rawget(L, -2);
    lua_pushvalue(L, -1);
    lb_of(L)->seed_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_pushinteger(L, (lua_Integer)seed);
    lua_call(L, 1, 0);
    for (size_t i = 0; i < sizeof math / sizeof *math; i++) take(L, math[i], counted);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) take(L, plain[i], NULL);
    take(L, "fmod", m_fmod);
    lua_pop(L, 1);
    lua_setfield(L, world, "math");

    aside(L, "string", luaopen_string);
    take(L, "len", NULL);
    take(L, "sub", NULL);
    take(L, "char", counted);
    take(L, "upper", s_charged);
    take(L, "lower", s_charged);
    take(L, "reverse", s_charged);
    take(L, "rep", s_rep);
    take(L, "byte", s_byte);
    take(L, "format", s_format);
    own(L, "find", lb_str_find);
    own(L, "match", lb_str_match);
    own(L, "gmatch", lb_str_gmatch);
    own(L, "gsub", lb_str_gsub);
    lua_pop(L, 1);
    // Methods of text: the filtered table, else `("x"):dump()` and its friends come back.
    lua_pushliteral(L, "");
    lua_createtable(L, 0, 1);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
    lua_setfield(L, world, "string");

    aside(L, "table", luaopen_table);
    take(L, "insert", t_insert);
    take(L, "remove", t_remove);
    take(L, "concat", t_concat);
    own(L, "sort", t_sort);
    take(L, "unpack", t_unpack);
    take(L, "pack", counted);
    lua_pop(L, 1);
    lua_setfield(L, world, "table");

    lua_newtable(L);
    lua_pushcfunction(L, log_info);
    lua_setfield(L, -2, "info");
    lua_pushcfunction(L, log_warn);
    lua_setfield(L, -2, "warn");
    lua_setfield(L, world, "log");

    lua_pushvalue(L, world);
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    lua_pop(L, 1);
    lua_gc(L, LUA_GCCOLLECT);
}
