// What a script's function costs from C with nothing around it: a state of the libraries as they come, the
// fields behind a userdata or in a plain table, a count hook, one protected call.
#pragma once
#include <stdbool.h>

typedef struct lf_state lf_state;
typedef enum { LF_USERDATA, LF_TABLE } lf_view;

/// Runs the file and keeps its `score`; NULL when it does not load. `fields` must live as long as the state.
lf_state *lf_new(const char *source, const char *const *fields, int count, lf_view view, int hook);
void lf_close(lf_state *floor);
/// `score(o, p)` over these values. Returns whether two numbers came.
bool lf_score(lf_state *floor, const double *values, const bool *present, double *confidence, double *usd);
