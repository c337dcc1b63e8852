// What the files of this module share.
#pragma once
#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>
#include <string.h>
#include <stdlib.h>
#include <stdio.h>
#include "cluabox.h"

#define LB_LOG_LINES 20
#define LB_LOG_BYTES 4096
#define LB_OFFERS 64
/// Instructions between two looks at the clock, and that many where one of them may compare two long texts.
#define LB_HOOK 50
#define LB_HOOK_LONG 5
/// The largest text a script can make, with what Lua puts in front of it. What a single instruction costs is
/// bounded by nothing else.
#define LB_TEXT_MAX ((64 << 10) + 1024)
/// What Lua puts around a text, and the longest that it keeps only once.
#define LB_TEXT_HEAD 25
#define LB_TEXT_SHORT 40
/// Comparing texts is one instruction, whatever their length: each instruction of a script counts once more for
/// so many bytes of the longest text it ever made.
#define LB_TEXT_WEIGHED 256
/// Lua copies and may hash a new text: a step for so many bytes. Not for a short one: whether Lua has it already
/// depends on when it last collected, and a run must be repeatable.
#define LB_TEXT_BYTES 4
/// Steps for what a new table or function costs beside the instruction that makes it.
#define LB_NEW_TABLE 20
#define LB_NEW_FUNCTION 8
/// Refused allocations of one call: each costs a whole collection.
#define LB_REFUSALS 200
/// Bytes allocated between two looks at the clock.
#define LB_ALLOCATED (256 << 10)
/// What a script may keep, and what a file of tests may hold.
#define LB_CODEC_BYTES (64 << 10)
#define LB_CODEC_VALUES 2000
#define LB_FILE_BYTES (1 << 20)
#define LB_FILE_VALUES 40000

typedef struct {
    const char *name, *source;
    size_t length;
    bool used, running;
    int ref;
} lb_offer_t;

struct lb_state {
    lua_State *L;
    lb_limits limits;
    size_t used, cap;
    size_t wanted, wanted_text;  // bytes there would have been, had they not been refused
    size_t allocated;            // since the clock was last looked at
    int refusals;
    bool entered, spent;  // spent: no more memory in this call
    uint64_t steps, steps_max, call_steps;
    size_t longest;  // text it ever made, bytes
    int interval;    // instructions between two hooks
    int64_t started_us, deadline_us;
    int64_t started_cpu_us, look_us;  // look_us: before it the thread cannot have used up its time
    lb_status fatal;
    bool loading, including, declares_state;
    char message[640], place[160], refused_place[160], usage[96];
    char key[64];  // of the outermost table, where the last encoding was
    int refs[LB_CALLBACKS], migrate_ref, table_ref, plan_ref, o_ref, pos_ref, p_ref, seed_ref;
    const lb_view *view;
    const lb_position *position;
    lb_offer_t offers[LB_OFFERS];
    int offer_count;
    char log[LB_LOG_BYTES];
    int log_start[LB_LOG_LINES], log_used, log_count, log_lost;
    bool log_warns[LB_LOG_LINES];
    uint8_t *bytes;
    size_t bytes_used, bytes_cap, bytes_most;  // used, allocated, allowed
};

lb_state *lb_of(lua_State *L);
/// The one door into Lua: a C function under a protected call, with fresh limits.
lb_status lb_enter(lb_state *box, lua_CFunction work, void *argument, bool loading);
/// Counts work done in C against the step budget and looks at the clock; raises when a limit is passed.
void lb_charge(lua_State *L, uint64_t steps);
/// What one instruction counts, for the longest text that it may meet.
uint64_t lb_weight(const lb_state *box);
/// Counts work too small to look at the clock for.
void lb_count(lua_State *L, uint64_t steps);
/// Copies text for people's eyes: control characters, which a terminal would obey, become `odd`.
size_t lb_plain(char *to, size_t size, const char *from, size_t length, char odd);
_Noreturn void lb_fatal(lua_State *L, lb_status kind);
void lb_where(lua_State *L, char *place, size_t size);

void lb_open_world(lua_State *L, uint64_t seed);
/// Makes `o` and `pos` over the fields of these names and keeps them in the state.
void lb_open_views(
    lua_State *L, const char *const *market, int market_count, const char *const *position, int position_count);
/// Pushes a view whose fields come from `index` over the table on top of the stack, which it takes.
void lb_push_view(lua_State *L, lua_CFunction index, const char *name);
int lb_p_index(lua_State *L);
int lb_str_find(lua_State *L);
int lb_str_match(lua_State *L);
int lb_str_gmatch(lua_State *L);
int lb_str_gsub(lua_State *L);
int lb_tostring(lua_State *L);

/// Both raise on what is not plain data or too large.
/// `without` is a key of the outermost table to leave out, or NULL.
void lb_write(lua_State *L, int index, bool functions, const char *without);
/// Where a list of values is written one by one: its head with the count, then each key before its value.
void lb_begin(lua_State *L, size_t most);
void lb_begin_list(lua_State *L, uint32_t count);
void lb_write_place(lua_State *L, lua_Integer place);
void lb_read(lua_State *L, const uint8_t *bytes, size_t length);
