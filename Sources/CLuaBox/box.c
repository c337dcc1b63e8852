#include "box.h"
#include <stdatomic.h>
#include <time.h>

static atomic_int open_boxes;

lb_state *lb_of(lua_State *L) { return *(lb_state **)lua_getextraspace(L); }

static int64_t clock_us(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

// A call whose thread was not let run is not a call that took long: when half of the wall's limit is over, the
// other half is counted as the thread's own work. Without interruption that is the limit, to the microsecond.
static bool has_worked(lb_state *box, int64_t now) {
    int64_t half = box->limits.wall_us / 2, used = clock_us(CLOCK_THREAD_CPUTIME_ID);
    if (box->started_cpu_us == 0) box->started_cpu_us = used;
    int64_t left = box->started_cpu_us + half - used;
    box->look_us = now + left;
    return left <= 0;
}

// Reading what a thread has used asks the kernel: that is done when it can be too much at the earliest.
static bool is_late(lb_state *box) {
    int64_t now = clock_us(CLOCK_MONOTONIC);
    if (box->loading && now > box->deadline_us) return true;
    if (now <= box->look_us) return false;
    if (!box->loading) return has_worked(box, now);
    int64_t left = box->started_cpu_us + box->limits.load_cpu_us - clock_us(CLOCK_THREAD_CPUTIME_ID);
    box->look_us = now + left;
    if (left >= 0) return false;
    box->deadline_us = box->started_us + box->limits.load_cpu_us;
    return true;
}

// Looks at the clock from within an allocation, where nothing may raise: from here on nothing is granted, which
// Lua answers with an error that the fatal flag turns into the right one.
static bool late(lb_state *box) {
    box->allocated = 0;
    if (!is_late(box)) return false;
    if (box->fatal == LB_OK) {
        box->fatal = LB_CLOCK;
        // Whoever raises later may be in another line, or in none.
        if (box->L != NULL) lb_where(box->L, box->place, sizeof box->place);
    }
    return box->spent = true;
}

// Growing past the cap is refused, which Lua answers with a whole collection, a second try and then an error. Near
// the cap a script could make every allocation a collection: they are counted, and the clock is looked at.
static bool refuses(lb_state *box, bool is_text, size_t old, size_t new) {
    if (box->entered) {
        if (box->spent) return true;
        box->allocated += new;
        if (box->allocated > LB_ALLOCATED && late(box)) return true;
    }
    bool too_long = is_text && new > LB_TEXT_MAX && box->cap == box->limits.memory;
    if (!too_long && box->used + (new - old) <= box->cap) return false;
    if (!box->entered) return true;
    box->wanted = box->used + (new - old);
    box->wanted_text = too_long ? new : 0;
    if (box->L != NULL) lb_where(box->L, box->refused_place, sizeof box->refused_place);
    if (++box->refusals > LB_REFUSALS) {
        if (box->fatal == LB_OK) box->fatal = LB_MEMORY;
        box->spent = true;
    } else {
        late(box);
    }
    return true;
}

// Counts what a new object costs; the hook, which follows within some instructions, is what raises. Only what
// every run makes alike: when tables grow depends on where their keys lie, and that on the state.
static void count_object(lb_state *box, size_t type, size_t size) {
    switch (type) {
    case LUA_TSTRING:
        if (size <= LB_TEXT_HEAD + LB_TEXT_SHORT) return;
        size -= LB_TEXT_HEAD;
        box->steps += size / LB_TEXT_BYTES;
        if (size > box->longest) box->longest = size;
        return;
    case LUA_TTABLE: box->steps += LB_NEW_TABLE; return;
    case LUA_TFUNCTION: box->steps += LB_NEW_FUNCTION; return;
    }
}

// Shrinking never fails. For a new block `old` is the type of what it is for.
static void *allocate(void *owner, void *block, size_t old, size_t new) {
    lb_state *box = owner;
    size_t type = block == NULL ? old : 0;
    if (block == NULL) old = 0;
    if (new == 0) {
        free(block);
        box->used -= old;
        return NULL;
    }
    if (new > old && refuses(box, type == LUA_TSTRING, old, new)) return NULL;
    void *grown = realloc(block, new);
    if (grown == NULL) return NULL;
    box->used += new - old;
    if (box->entered) count_object(box, type, new);
    return grown;
}

static int panic(lua_State *L) {
    fprintf(stderr, "neap: a Lua error outside a protected call; this is a defect\n");
    (void)L;
    abort();
}

void lb_where(lua_State *L, char *place, size_t size) {
    lua_Debug debug;
    for (int level = 0; level < 64 && lua_getstack(L, level, &debug); level++) {
        lua_getinfo(L, "Sl", &debug);
        if (debug.currentline > 0) {
            snprintf(place, size, "%s:%d", debug.short_src, debug.currentline);
            return;
        }
    }
}

static void hook(lua_State *L, lua_Debug *debug);

uint64_t lb_weight(const lb_state *box) { return 1 + box->longest / LB_TEXT_WEIGHED; }

// Instructions until the next look at the clock.
static int interval(const lb_state *box) { return lb_weight(box) > LB_HOOK / LB_HOOK_LONG ? LB_HOOK_LONG : LB_HOOK; }

static void arm(lb_state *box) {
    box->interval = interval(box);
    lua_sethook(box->L, hook, LUA_MASKCOUNT, box->interval);
}

_Noreturn void lb_fatal(lua_State *L, lb_status kind) {
    lb_state *box = lb_of(L);
    if (box->fatal == LB_OK) box->fatal = kind;
    if (box->place[0] == 0) lb_where(L, box->place, sizeof box->place);
    // From here on every instruction raises: nothing can swallow it.
    lua_sethook(L, hook, LUA_MASKCOUNT, 1);
    lua_pushlightuserdata(L, box);
    lua_error(L);
    abort();
}

void lb_charge(lua_State *L, uint64_t steps) {
    lb_state *box = lb_of(L);
    if (box->fatal != LB_OK) lb_fatal(L, box->fatal);
    box->steps += steps;
    if (box->steps > box->steps_max) lb_fatal(L, LB_STEPS);
    if (is_late(box)) lb_fatal(L, LB_CLOCK);
}

void lb_count(lua_State *L, uint64_t steps) { lb_of(L)->steps += steps; }

static void hook(lua_State *L, lua_Debug *debug) {
    (void)debug;
    lb_state *box = lb_of(L);
    lb_charge(L, (uint64_t)box->interval * lb_weight(box));
    if (box->interval != interval(box)) arm(box);
}

size_t lb_plain(char *to, size_t size, const char *from, size_t length, char odd) {
    if (length >= size) length = size - 1;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)from[i], next = i + 1 < length ? (unsigned char)from[i + 1] : 0;
        // U+0080 to U+009F are the control characters of eight-bit terminals.
        bool control = c < 32 || c == 127 || (c == 0xC2 && next >= 0x80 && next < 0xA0);
        to[i] = control ? odd : (char)c;
        if (control && c == 0xC2) to[++i] = odd;
    }
    to[length] = 0;
    return length;
}

// Runs where the error was raised: the place is still on the stack. Neither allocates nor calls script code.
static int handler(lua_State *L) {
    lb_state *box = lb_of(L);
    if (box->fatal != LB_OK) return 1;
    if (box->place[0] == 0) lb_where(L, box->place, sizeof box->place);
    size_t length;
    const char *text = lua_type(L, 1) == LUA_TSTRING ? lua_tolstring(L, 1, &length) : NULL;
    if (text != NULL) lb_plain(box->message, length < 600 ? sizeof box->message : 601, text, length, '?');
    else snprintf(box->message, sizeof box->message, "(error object is a %s value)", luaL_typename(L, 1));
    return 1;
}

static lb_status failed(lb_state *box, int code) {
    // Out of memory is fatal, whoever noticed it.
    if (code == LUA_ERRMEM && box->fatal == LB_OK) box->fatal = LB_MEMORY;
    char steps[64];
    snprintf(steps, sizeof steps, "%llu of %llu steps", (unsigned long long)box->steps,
             (unsigned long long)box->steps_max);
    const char *what;
    switch (box->fatal) {
    case LB_OK:
        if (code == LUA_ERRSYNTAX) return LB_SYNTAX;
        snprintf(box->usage, sizeof box->usage, "%s", steps);
        return LB_RUNTIME;
    case LB_STEPS:
        what = "used up its steps";
        snprintf(box->usage, sizeof box->usage, "%s", steps);
        break;
    case LB_CLOCK:
        what = "took too long";
        snprintf(box->usage, sizeof box->usage, "%lld of %lld ms, %s",
                 (long long)(clock_us(CLOCK_MONOTONIC) - box->started_us) / 1000,
                 (long long)(box->deadline_us - box->started_us) / 1000, steps);
        break;
    default:
        what = "needs more memory";
        if (box->place[0] == 0) memcpy(box->place, box->refused_place, sizeof box->place);
        if (box->wanted_text > 0) {
            snprintf(box->usage, sizeof box->usage, "%zu KiB of %d KiB in one text", box->wanted_text >> 10,
                     LB_TEXT_MAX >> 10);
        } else snprintf(box->usage, sizeof box->usage, "%zu KiB of %zu KiB", box->wanted >> 10,
                 box->limits.memory >> 10);
    }
    snprintf(box->message, sizeof box->message, "%s: %s", what, box->usage);
    return box->fatal;
}

lb_status lb_enter(lb_state *box, lua_CFunction work, void *argument, bool loading) {
    lua_State *L = box->L;
    box->message[0] = box->place[0] = box->refused_place[0] = box->usage[0] = 0;
    box->steps = 0;
    box->wanted = box->wanted_text = box->allocated = 0;
    box->refusals = 0;
    box->spent = false;
    box->entered = true;
    box->fatal = LB_OK;
    box->loading = loading;
    box->steps_max = loading ? box->limits.load_steps : box->limits.steps;
    box->started_us = clock_us(CLOCK_MONOTONIC);
    box->started_cpu_us = loading ? clock_us(CLOCK_THREAD_CPUTIME_ID) : 0;
    box->look_us = box->started_us + (loading ? box->limits.load_cpu_us : box->limits.wall_us / 2);
    box->deadline_us = box->started_us + (loading ? box->limits.load_wall_us : box->limits.wall_us);
    arm(box);
    lua_settop(L, 0);
    lua_pushcfunction(L, handler);
    lua_pushcfunction(L, work);
    lua_pushlightuserdata(L, argument);
    int code = lua_pcall(L, 1, 0, 1);
    lua_sethook(L, NULL, 0, 0);
    lua_settop(L, 0);
    box->entered = false;
    return code == LUA_OK && box->fatal == LB_OK ? LB_OK : failed(box, code);
}

typedef struct {
    const char *const *market, *const *position;
    int market_count, position_count;
    uint64_t seed;
} world_t;

static int build(lua_State *L) {
    world_t *world = lua_touserdata(L, 1);
    lb_open_world(L, world->seed);
    lb_open_views(L, world->market, world->market_count, world->position, world->position_count);
    return 0;
}

lb_state *lb_new(const lb_limits *limits, uint64_t seed, const char *const *market_fields, int market_count,
                 const char *const *position_fields, int position_count) {
    lb_state *box = calloc(1, sizeof *box);
    if (box == NULL) return NULL;
    box->limits = *limits;
    box->cap = limits->memory + (256 << 10);
    for (int i = 0; i < LB_CALLBACKS; i++) box->refs[i] = LUA_NOREF;
    box->migrate_ref = box->table_ref = box->plan_ref = box->p_ref = box->seed_ref = LUA_NOREF;
    box->L = lua_newstate(allocate, box);
    if (box->L == NULL) {
        free(box);
        return NULL;
    }
    atomic_fetch_add(&open_boxes, 1);
    *(lb_state **)lua_getextraspace(box->L) = box;
    lua_atpanic(box->L, panic);
    world_t world = {market_fields, position_fields, market_count, position_count, seed};
    if (lb_enter(box, build, &world, true) != LB_OK) {
        lb_close(box);
        return NULL;
    }
    box->cap = limits->memory;
    return box;
}

void lb_close(lb_state *box) {
    if (box == NULL) return;
    lua_close(box->L);
    free(box->bytes);
    free(box);
    atomic_fetch_sub(&open_boxes, 1);
}

int lb_open_count(void) { return atomic_load(&open_boxes); }

void lb_offer(lb_state *box, const char *name, const char *source, size_t length) {
    if (box->offer_count == LB_OFFERS) return;
    box->offers[box->offer_count++] = (lb_offer_t){name, source, length, false, false, LUA_NOREF};
}

bool lb_included(const lb_state *box, int place) { return place < box->offer_count && box->offers[place].used; }

// MARK: Loading

typedef struct {
    const char *chunk, *source;
    size_t length;
} load_t;

// Text in pieces: between two of them the clock is looked at, for nothing else can interrupt a compilation, and
// long chains make it take the square of their length.
static const char *piece(lua_State *L, void *source, size_t *length) {
    load_t *rest = source;
    lb_state *box = lb_of(L);
    if (is_late(box)) lb_fatal(L, LB_CLOCK);
    const char *at = rest->source;
    *length = rest->length < 512 ? rest->length : 512;
    rest->source += *length;
    rest->length -= *length;
    return at;
}

// Compiling under memory pressure has its own history of defects: the cap is wide until the code runs.
static void compile(lua_State *L, load_t source) {
    lb_state *box = lb_of(L);
    box->cap = box->limits.memory * 8;
    int code = lua_load(L, piece, &source, source.chunk, "t");
    lua_gc(L, LUA_GCCOLLECT);
    box->cap = box->limits.memory;
    if (code != LUA_OK) lua_error(L);
}

static int include(lua_State *L) {
    lb_state *box = lb_of(L);
    const char *wanted = luaL_checkstring(L, 1);
    if (!box->including) return luaL_error(L, "include works only while the script loads");
    for (int i = 0; i < box->offer_count; i++) {
        lb_offer_t *offer = &box->offers[i];
        if (strcmp(offer->name, wanted) != 0) continue;
        if (offer->running) return luaL_error(L, "include(\"%s\") includes itself or has failed", wanted);
        offer->used = true;
        if (offer->ref == LUA_NOREF) {
            char chunk[128];
            snprintf(chunk, sizeof chunk, "@lib/%s.lua", wanted);
            compile(L, (load_t){chunk, offer->source, offer->length});
            offer->running = true;
            lua_call(L, 0, 1);
            offer->running = false;
            offer->ref = luaL_ref(L, LUA_REGISTRYINDEX);
        }
        lua_rawgeti(L, LUA_REGISTRYINDEX, offer->ref);
        return 1;
    }
    return luaL_error(L, "include(\"%s\"): there is no lib/%s.lua", wanted, wanted);
}

static int callback_ref(lua_State *L, const char *key) {
    lua_pushstring(L, key);
    if (lua_rawget(L, -2) == LUA_TFUNCTION) return luaL_ref(L, LUA_REGISTRYINDEX);
    lua_pop(L, 1);
    return LUA_NOREF;
}

// Every strategy has a state to write to; a file without `score` is a list of tests, which stays as it is.
static void give_state(lua_State *L) {
    lb_state *box = lb_of(L);
    lua_pushstring(L, "state");
    box->declares_state = lua_rawget(L, -2) != LUA_TNIL;
    lua_pop(L, 1);
    if (box->declares_state || box->refs[LB_SCORE] == LUA_NOREF) return;
    lua_pushstring(L, "state");
    lua_newtable(L);
    lua_rawset(L, -3);
}

static int load(lua_State *L) {
    load_t *job = lua_touserdata(L, 1);
    lb_state *box = lb_of(L);
    lua_pushglobaltable(L);
    lua_pushcfunction(L, include);
    lua_setfield(L, -2, "include");
    lua_pop(L, 1);
    compile(L, *job);
    lua_call(L, 0, 1);
    if (!lua_istable(L, -1)) return luaL_error(L, "the file must return one table, not a %s", luaL_typename(L, -1));
    box->refs[LB_SCORE] = callback_ref(L, "score");
    box->refs[LB_CHOOSE] = callback_ref(L, "choose");
    box->refs[LB_EXIT] = callback_ref(L, "exit");
    box->migrate_ref = callback_ref(L, "migrate");
    give_state(L);
    box->table_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

lb_status lb_load(lb_state *box, const char *chunk, const char *source, size_t length) {
    load_t job = {chunk, source, length};
    box->including = true;
    lb_status status = lb_enter(box, load, &job, true);
    box->including = false;
    box->cap = box->limits.memory;
    // What was offered is the caller's and may be gone after this.
    for (int i = 0; i < box->offer_count; i++) box->offers[i].name = box->offers[i].source = NULL;
    return status;
}

bool lb_has(const lb_state *box, lb_callback callback) { return box->refs[callback] != LUA_NOREF; }
bool lb_has_migrate(const lb_state *box) { return box->migrate_ref != LUA_NOREF; }

const char *lb_message(const lb_state *box) { return box->message; }
const char *lb_place(const lb_state *box) { return box->place; }
const char *lb_usage(const lb_state *box) { return box->usage; }
uint64_t lb_steps(const lb_state *box) { return box->call_steps; }
size_t lb_memory(const lb_state *box) { return box->used; }

int lb_log_count(const lb_state *box) { return box->log_count; }
const char *lb_log_line(const lb_state *box, int place, bool *warns) {
    *warns = box->log_warns[place];
    return box->log + box->log_start[place];
}
int lb_log_lost(const lb_state *box) { return box->log_lost; }
void lb_log_clear(lb_state *box) { box->log_used = box->log_count = box->log_lost = 0; }
