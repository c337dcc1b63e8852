// What the host asks of a loaded script: its data in and out, and its callbacks.
#include "box.h"

// MARK: Data in and out

typedef struct {
    const uint8_t *bytes;
    size_t length;
    lb_part part;
    int64_t from;
} data_t;

static void push_table(lua_State *L) {
    if (lua_rawgeti(L, LUA_REGISTRYINDEX, lb_of(L)->table_ref) != LUA_TTABLE) luaL_error(L, "nothing is loaded");
}

static int set_parameters(lua_State *L) {
    data_t *data = lua_touserdata(L, 1);
    lb_read(L, data->bytes, data->length);
    lb_push_view(L, lb_p_index, "p");
    lb_of(L)->p_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

lb_status lb_set_parameters(lb_state *box, const uint8_t *bytes, size_t length) {
    data_t data = {.bytes = bytes, .length = length};
    return lb_enter(box, set_parameters, &data, true);
}

// Whether the table on top of the stack holds nothing.
static bool is_empty(lua_State *L) {
    lua_pushnil(L);
    if (lua_next(L, -2) == 0) return true;
    lua_pop(L, 2);
    return false;
}

static int encode(lua_State *L) {
    data_t *data = lua_touserdata(L, 1);
    lb_state *box = lb_of(L);
    lb_begin(L, data->part == LB_FILE ? LB_FILE_BYTES : LB_CODEC_BYTES);
    if (data->part == LB_PLAN) lua_rawgeti(L, LUA_REGISTRYINDEX, box->plan_ref);
    else push_table(L);
    if (data->part == LB_STATE) {
        lua_pushstring(L, "state");
        int type = lua_rawget(L, -2);
        if (type != LUA_TNIL && type != LUA_TTABLE) {
            return luaL_error(L, "it is a %s and must be a table", luaL_typename(L, -1));
        }
        // One that a script neither declared nor filled is none: there is nothing to hand over.
        if (type == LUA_TTABLE && !box->declares_state && is_empty(L)) lua_pushnil(L);
    }
    lb_write(L, lua_gettop(L), data->part == LB_CONTRACT, data->part == LB_CONTRACT ? "state" : NULL);
    return 0;
}

lb_status lb_encode(lb_state *box, lb_part part, const uint8_t **bytes, size_t *length) {
    data_t data = {.part = part};
    box->key[0] = 0;
    lb_status status = lb_enter(box, encode, &data, true);
    *bytes = box->bytes;
    *length = box->bytes_used;
    return status;
}

const char *lb_key(const lb_state *box) { return box->key; }

static int set_state(lua_State *L) {
    data_t *data = lua_touserdata(L, 1);
    push_table(L);
    lua_pushstring(L, "state");
    lb_read(L, data->bytes, data->length);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_newtable(L);
    }
    if (!lua_istable(L, -1)) return luaL_error(L, "state is a %s and must be a table", luaL_typename(L, -1));
    lua_rawset(L, -3);
    return 0;
}

lb_status lb_set_state(lb_state *box, const uint8_t *bytes, size_t length) {
    data_t data = {.bytes = bytes, .length = length};
    return lb_enter(box, set_state, &data, true);
}

static int reseed(lua_State *L) {
    uint64_t *seed = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, lb_of(L)->seed_ref);
    lua_pushinteger(L, (lua_Integer)*seed);
    lua_call(L, 1, 0);
    return 0;
}

lb_status lb_seed(lb_state *box, uint64_t seed) { return lb_enter(box, reseed, &seed, true); }

// Neither raises nor allocates: the function is there, and only its header is read.
void lb_begins(lb_state *box, lb_callback callback, char *place, size_t size) {
    place[0] = 0;
    if (box->refs[callback] == LUA_NOREF || !lua_checkstack(box->L, 2)) return;
    lua_rawgeti(box->L, LUA_REGISTRYINDEX, box->refs[callback]);
    lua_Debug debug;
    if (lua_getinfo(box->L, ">S", &debug) && debug.linedefined > 0) {
        snprintf(place, size, "%s:%d", debug.short_src, debug.linedefined);
    }
}

static int table_order(lua_State *L) {
    uint64_t *order = lua_touserdata(L, 1);
    lua_createtable(L, 0, 64);
    for (int i = 0; i < 64; i++) {
        lua_pushfstring(L, "key %d", i);
        lua_pushinteger(L, i);
        lua_rawset(L, -3);
    }
    *order = 14695981039346656037u;
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        *order = (*order ^ (uint64_t)lua_tointeger(L, -1)) * 1099511628211u;
    }
    return 0;
}

uint64_t lb_table_order(lb_state *box) {
    uint64_t order = 0;
    return lb_enter(box, table_order, &order, true) == LB_OK ? order : 0;
}

static int migrate(lua_State *L) {
    data_t *data = lua_touserdata(L, 1);
    lb_state *box = lb_of(L);
    push_table(L);
    lua_pushstring(L, "state");
    lua_rawgeti(L, LUA_REGISTRYINDEX, box->migrate_ref);
    lua_pushstring(L, "state");
    lua_rawget(L, -4);
    lua_pushinteger(L, data->from);
    lua_call(L, 2, 1);
    if (!lua_istable(L, -1)) return luaL_error(L, "it must return a table, not a %s", luaL_typename(L, -1));
    lua_rawset(L, -3);
    return 0;
}

lb_status lb_migrate(lb_state *box, int64_t from) {
    data_t data = {.from = from};
    return lb_enter(box, migrate, &data, false);
}

// MARK: Calls

typedef struct {
    lb_callback callback;
    lb_answer *answer;  // NULL: the values are written as bytes
} call_t;

static void take(lua_State *L, int index, lb_value *value) {
    switch (lua_type(L, index)) {
    case LUA_TNIL: value->type = LB_NIL; break;
    case LUA_TBOOLEAN:
        value->type = LB_FLAG;
        value->number = lua_toboolean(L, index);
        break;
    case LUA_TNUMBER:
        value->type = LB_NUMBER;
        value->number = lua_tonumber(L, index);
        break;
    case LUA_TSTRING: {
        value->type = LB_TEXT;
        size_t length;
        const char *text = lua_tolstring(L, index, &length);
        lb_plain(value->text, sizeof value->text, text, length, '?');
        break;
    }
    case LUA_TTABLE: value->type = LB_TABLE; break;
    default: value->type = LB_OTHER;
    }
}

static void write_values(lua_State *L, int first) {
    int last = lua_gettop(L);
    lb_begin(L, LB_CODEC_BYTES);
    lb_begin_list(L, (uint32_t)(last - first + 1));
    for (int i = first; i <= last; i++) {
        lb_write_place(L, i - first + 1);
        lb_write(L, i, true, NULL);
    }
}

static int call(lua_State *L) {
    call_t *job = lua_touserdata(L, 1);
    lb_state *box = lb_of(L);
    luaL_checkstack(L, 16, "call");
    lua_rawgeti(L, LUA_REGISTRYINDEX, box->refs[job->callback]);
    int count = 2;
    if (job->callback == LB_EXIT) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, box->pos_ref);
        count = 3;
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, box->o_ref);
    lua_rawgeti(L, LUA_REGISTRYINDEX, box->p_ref);
    lua_call(L, count, LUA_MULTRET);
    luaL_checkstack(L, 16, "answers");
    if (job->answer == NULL) {
        write_values(L, 2);
        return 0;
    }
    job->answer->count = lua_gettop(L) - 1;
    for (int i = 0; i < job->answer->count && i < LB_ANSWERS; i++) {
        take(L, i + 2, &job->answer->value[i]);
        if (job->answer->value[i].type != LB_TABLE) continue;
        lua_pushvalue(L, i + 2);
        if (box->plan_ref == LUA_NOREF) box->plan_ref = luaL_ref(L, LUA_REGISTRYINDEX);
        else lua_rawseti(L, LUA_REGISTRYINDEX, box->plan_ref);
    }
    return 0;
}

static lb_status called(lb_state *box, call_t *job, const lb_view *view, const lb_position *position) {
    box->view = view;
    box->position = position;
    lb_status status = lb_enter(box, call, job, false);
    box->call_steps = box->steps;
    box->view = NULL;
    box->position = NULL;
    return status;
}

lb_status lb_call(lb_state *box, lb_callback callback, const lb_view *view, const lb_position *position,
                  lb_answer *answer) {
    answer->count = 0;
    for (int i = 0; i < LB_ANSWERS; i++) answer->value[i] = (lb_value){LB_NIL, 0, ""};
    return called(box, &(call_t){callback, answer}, view, position);
}

lb_status lb_call_raw(lb_state *box, lb_callback callback, const lb_view *view, const lb_position *position,
                      const uint8_t **bytes, size_t *length) {
    lb_status status = called(box, &(call_t){callback, NULL}, view, position);
    *bytes = box->bytes;
    *length = status == LB_OK ? box->bytes_used : 0;
    return status;
}
