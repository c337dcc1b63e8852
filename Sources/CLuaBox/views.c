// The views `o`, `pos` and `p` that a script reads: userdata over C structs, read-only, valid during the call.
#include "box.h"

static size_t distance(const char *a, const char *b) {
    size_t row[64], n = strlen(b);
    if (strlen(a) > 60 || n > 60) return 99;
    for (size_t j = 0; j <= n; j++) row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t best = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[n];
}

// Upvalue 1 maps names to places. The nearest name is a hint for people.
static int unknown(lua_State *L, const char *view, const char *key) {
    char nearest[64] = "";
    size_t least = 4;
    // Measuring every name against the key is work of a kind that a loop of protected calls could repeat.
    lb_charge(L, 200);
    lua_pushnil(L);
    while (lua_next(L, lua_upvalueindex(1))) {
        lua_pop(L, 1);
        const char *name = lua_tostring(L, -1);
        size_t d = distance(key, name);
        if (d < least || (d == least && strcmp(name, nearest) < 0)) {
            least = d;
            snprintf(nearest, sizeof nearest, "%s", name);
        }
    }
    if (nearest[0]) return luaL_error(L, "%s has no field '%s'; did you mean '%s'?", view, key, nearest);
    return luaL_error(L, "%s has no field '%s'", view, key);
}

static const char *field(lua_State *L, const char *view) {
    if (lua_type(L, 2) != LUA_TSTRING) luaL_error(L, "a field of %s is named by text", view);
    return lua_tostring(L, 2);
}

// A test shows only what it speaks of: what a script reads beside that is no zero and no nil.
static int unset(lua_State *L, const char *view, const char *key) {
    return luaL_error(L, "the test reads %s.%s and does not set it", view, key);
}

enum { KEY_PAIR = -1, KEY_DIRECTION = -2, KEY_STYLE = -3, KEY_VERSION = -4, KEY_ADOPTED = -5 };

static int o_index(lua_State *L) {
    const lb_view *view = lb_of(L)->view;
    const char *key = field(L, "o");
    if (view == NULL) return luaL_error(L, "o is valid only during the call");
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TNIL) return unknown(L, "o", key);
    lua_Integer place = lua_tointeger(L, -1);
    if (place == KEY_PAIR) lua_pushstring(L, view->pair);
    else if (place == KEY_DIRECTION) lua_pushstring(L, view->direction);
    else if (view->present[place]) lua_pushnumber(L, view->values[place]);
    else if (view->strict) return unset(L, "o", key);
    else lua_pushnil(L);
    return 1;
}

static int pos_index(lua_State *L) {
    const lb_position *position = lb_of(L)->position;
    const char *key = field(L, "pos");
    if (position == NULL) return luaL_error(L, "pos is valid only during the call");
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TNIL) return unknown(L, "pos", key);
    lua_Integer place = lua_tointeger(L, -1);
    switch (place) {
    case KEY_PAIR: lua_pushstring(L, position->pair); break;
    case KEY_DIRECTION: lua_pushstring(L, position->direction); break;
    case KEY_STYLE: lua_pushstring(L, position->style); break;
    case KEY_VERSION: lua_pushstring(L, position->version); break;
    case KEY_ADOPTED: lua_pushboolean(L, position->adopted); break;
    default:
        if (position->present != NULL && !position->present[place]) return unset(L, "pos", key);
        lua_pushnumber(L, position->values[place]);
    }
    return 1;
}

int lb_p_index(lua_State *L) {
    const char *key = field(L, "p");
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TNIL) return unknown(L, "p", key);
    return 1;
}

static int read_only(lua_State *L) { return luaL_error(L, "%s is read-only", lua_tostring(L, lua_upvalueindex(1))); }

// Pushes a userdata whose fields come from `index` over the table on top of the stack, which it takes.
void lb_push_view(lua_State *L, lua_CFunction index, const char *name) {
    int names = lua_gettop(L);
    lua_newuserdatauv(L, 1, 0);
    lua_createtable(L, 0, 3);
    lua_pushvalue(L, names);
    lua_pushcclosure(L, index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, name);
    lua_pushcclosure(L, read_only, 1);
    lua_setfield(L, -2, "__newindex");
    lua_setmetatable(L, -2);
    lua_remove(L, names);
}

static void name(lua_State *L, const char *key, lua_Integer place) {
    lua_pushinteger(L, place);
    lua_setfield(L, -2, key);
}

void lb_open_views(
    lua_State *L, const char *const *market, int market_count, const char *const *position, int position_count) {
    lb_state *box = lb_of(L);
    lua_createtable(L, 0, 64);
    for (int i = 0; i < market_count; i++) name(L, market[i], i);
    name(L, "pair", KEY_PAIR);
    name(L, "direction", KEY_DIRECTION);
    lb_push_view(L, o_index, "o");
    box->o_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_createtable(L, 0, 24);
    for (int i = 0; i < position_count; i++) name(L, position[i], i);
    name(L, "pair", KEY_PAIR);
    name(L, "direction", KEY_DIRECTION);
    name(L, "style", KEY_STYLE);
    name(L, "version", KEY_VERSION);
    name(L, "adopted", KEY_ADOPTED);
    lb_push_view(L, pos_index, "pos");
    box->pos_ref = luaL_ref(L, LUA_REGISTRYINDEX);
}
