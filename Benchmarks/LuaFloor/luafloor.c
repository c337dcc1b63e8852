#include "luafloor.h"
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdint.h>
#include <stdlib.h>

struct lf_state {
    lua_State *L;
    const char *const *fields;
    int count, hook, score, o, p;
    lf_view view;
    const double *values;
    const bool *present;
    uint64_t steps;
};

static lf_state *floor_of(lua_State *L) { return *(lf_state **)lua_getextraspace(L); }

static void count(lua_State *L, lua_Debug *debug) {
    (void)debug;
    lf_state *floor = floor_of(L);
    floor->steps += (uint64_t)floor->hook;
    if (floor->steps > 100000) luaL_error(L, "too many steps");
}

static int field(lua_State *L) {
    lf_state *floor = floor_of(L);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TNIL) return luaL_error(L, "no such field");
    lua_Integer place = lua_tointeger(L, -1);
    if (floor->present[place]) lua_pushnumber(L, floor->values[place]);
    else lua_pushnil(L);
    return 1;
}

static void push_userdata(lf_state *floor) {
    lua_State *L = floor->L;
    lua_newuserdatauv(L, 1, 0);
    lua_createtable(L, 0, 1);
    lua_createtable(L, 0, floor->count);
    for (int i = 0; i < floor->count; i++) {
        lua_pushinteger(L, i);
        lua_setfield(L, -2, floor->fields[i]);
    }
    lua_pushcclosure(L, field, 1);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}

lf_state *lf_new(const char *source, const char *const *fields, int count, lf_view view, int hook) {
    lf_state *floor = calloc(1, sizeof *floor);
    if (floor == NULL) return NULL;
    *floor = (lf_state){.L = luaL_newstate(), .fields = fields, .count = count, .view = view, .hook = hook};
    lua_State *L = floor->L;
    *(lf_state **)lua_getextraspace(L) = floor;
    luaL_openlibs(L);
    if (luaL_dostring(L, source) || lua_getfield(L, -1, "score") != LUA_TFUNCTION) {
        lf_close(floor);
        return NULL;
    }
    floor->score = luaL_ref(L, LUA_REGISTRYINDEX);
    if (view == LF_USERDATA) push_userdata(floor);
    else lua_createtable(L, 0, count);
    floor->o = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_newtable(L);
    floor->p = luaL_ref(L, LUA_REGISTRYINDEX);
    return floor;
}

void lf_close(lf_state *floor) {
    lua_close(floor->L);
    free(floor);
}

bool lf_score(lf_state *floor, const double *values, const bool *present, double *confidence, double *usd) {
    lua_State *L = floor->L;
    (floor->values = values), (floor->present = present), (floor->steps = 0);
    lua_sethook(L, count, LUA_MASKCOUNT, floor->hook);
    lua_rawgeti(L, LUA_REGISTRYINDEX, floor->score);
    lua_rawgeti(L, LUA_REGISTRYINDEX, floor->o);
    if (floor->view == LF_TABLE) {
        for (int i = 0; i < floor->count; i++) {
            if (!present[i]) continue;
            lua_pushnumber(L, values[i]);
            lua_setfield(L, -2, floor->fields[i]);
        }
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, floor->p);
    bool good = lua_pcall(L, 2, 2, 0) == LUA_OK && lua_isnumber(L, -2) && lua_isnumber(L, -1);
    if (good) {
        *confidence = lua_tonumber(L, -2);
        *usd = lua_tonumber(L, -1);
    }
    lua_sethook(L, NULL, 0, 0);
    lua_settop(L, 0);
    return good;
}
