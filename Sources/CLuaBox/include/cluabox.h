// One script in one Lua state, behind plain structs. Nothing of Lua is visible here and nothing calls back into
// the caller: a Lua error can never jump over a foreign frame.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct lb_state lb_state;

typedef enum { LB_OK, LB_RUNTIME, LB_STEPS, LB_MEMORY, LB_CLOCK, LB_SYNTAX } lb_status;
typedef enum { LB_SCORE, LB_CHOOSE, LB_EXIT, LB_CALLBACKS } lb_callback;

typedef struct {
    size_t memory;        // bytes
    uint64_t steps;       // VM instructions and charged work of a call
    int64_t wall_us;      // of a call
    uint64_t load_steps;  // of the top-level code
    int64_t load_cpu_us;  // of the thread: a loader waits for others, and that is not the script's fault
    int64_t load_wall_us;
} lb_limits;

/// What `o` shows during one call; the arrays are as long as the field names given at creation.
typedef struct {
    const char *pair, *direction;
    const double *values;
    const bool *present;
    bool strict;  // a field that is not present raises instead of reading as nil
} lb_view;

/// What `pos` shows during one call.
typedef struct {
    const char *pair, *direction, *style, *version;
    bool adopted;
    const double *values;
    const bool *present;  // NULL: all; a field that is not present raises
} lb_position;

typedef enum { LB_NIL, LB_FLAG, LB_NUMBER, LB_TEXT, LB_TABLE, LB_OTHER } lb_type;
typedef struct {
    lb_type type;
    double number;
    char text[208];  // ends with 0; longer text is cut
} lb_value;
#define LB_ANSWERS 4
typedef struct {
    int count;  // as returned, may be above LB_ANSWERS
    lb_value value[LB_ANSWERS];
} lb_answer;

/// A state with the script's world and nothing loaded; NULL when memory is short.
lb_state *lb_new(const lb_limits *limits, uint64_t seed, const char *const *market_fields, int market_count,
                 const char *const *position_fields, int position_count);
void lb_close(lb_state *box);
/// How many states are open in this process; from any thread.
int lb_open_count(void);
/// Offers `include(name)` a source; the bytes must live until `lb_load` has returned.
void lb_offer(lb_state *box, const char *name, const char *source, size_t length);
/// Whether the offer of that place was included.
bool lb_included(const lb_state *box, int place);

/// Compiles text (never bytecode), runs it once and keeps the table it returns and its callbacks.
lb_status lb_load(lb_state *box, const char *chunk, const char *source, size_t length);
bool lb_has(const lb_state *box, lb_callback callback);
bool lb_has_migrate(const lb_state *box);
/// Where a callback begins, as `file:line`; empty when there is none.
void lb_begins(lb_state *box, lb_callback callback, char *place, size_t size);
/// Puts the parameters into `p`; bytes in the form `lb_encode` writes.
lb_status lb_set_parameters(lb_state *box, const uint8_t *bytes, size_t length);

/// The declared table without `state` (functions appear as a mark), or the present `state`, as bytes:
/// z nil, t true, f false, i int64, d double, s u32 bytes, F function, { u32 count (key value)*, little endian,
/// keys ascending: numbers, then text. The bytes live until the next encode.
/// LB_FILE is the whole table, without functions and with room for more than a script may keep.
typedef enum { LB_CONTRACT, LB_STATE, LB_PLAN, LB_FILE } lb_part;
lb_status lb_encode(lb_state *box, lb_part part, const uint8_t **bytes, size_t *length);
/// The key of the outermost table at which the last encoding ended, for a report; empty when it is no text.
const char *lb_key(const lb_state *box);
/// Replaces `state`.
lb_status lb_set_state(lb_state *box, const uint8_t *bytes, size_t length);
/// `state = migrate(state, from)`, under the limits of a call: it is made between two turns.
lb_status lb_migrate(lb_state *box, int64_t from);

/// Begins `math.random` anew.
lb_status lb_seed(lb_state *box, uint64_t seed);
/// A fingerprint of the order in which this state's tables lie in memory. No script can see that order; it tells
/// two states apart whose agreement is to prove that answers do not depend on it. 0 when memory is short.
uint64_t lb_table_order(lb_state *box);

/// Calls score(o, p), choose(o, p) or exit(pos, o, p). A table among the answers can be had with LB_PLAN.
lb_status lb_call(lb_state *box, lb_callback callback, const lb_view *view, const lb_position *position,
                  lb_answer *answer);
/// The same call; what was returned comes as bytes: a list, one entry a value.
lb_status lb_call_raw(lb_state *box, lb_callback callback, const lb_view *view, const lb_position *position,
                      const uint8_t **bytes, size_t *length);

/// Why the last operation failed and where (`file:line`, or empty).
const char *lb_message(const lb_state *box);
const char *lb_place(const lb_state *box);
/// What it had used then of its limits: `1200 of 100000 steps`.
const char *lb_usage(const lb_state *box);
/// Steps of the last call of a callback; bytes in use.
uint64_t lb_steps(const lb_state *box);
size_t lb_memory(const lb_state *box);

/// Lines written with `log` since the last clear, and how many did not fit.
int lb_log_count(const lb_state *box);
const char *lb_log_line(const lb_state *box, int place, bool *warns);
int lb_log_lost(const lb_state *box);
void lb_log_clear(lb_state *box);
