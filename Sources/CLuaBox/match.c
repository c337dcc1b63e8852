// Pattern matching whose every step counts against the script's budget: the stock matcher can be made to run for
// ever, and nothing could stop it. Same patterns and results as Lua's own.
#define _GNU_SOURCE
#include "box.h"
#include <ctype.h>

#define CAPTURES 32
#define DEEPEST 150
#define OPEN (-1)
#define POSITION (-2)
#define TEXT_MAX (64 << 10)

typedef struct {
    lua_State *L;
    const char *start, *end, *pattern_end;
    int level, depth;
    size_t work;  // not yet charged, in sixteenths of a step
    struct {
        const char *at;
        ptrdiff_t length;
    } capture[CAPTURES];
} search_t;

static const char *match(search_t *s, const char *at, const char *p);

// Charges in lots: looking at the clock at every byte would cost more than the matching.
static void work(search_t *s, size_t sixteenths) {
    s->work += sixteenths;
    if (s->work < 1024) return;
    lb_charge(s->L, s->work / 16);
    s->work %= 16;
}

// At the end of a match, so that many small ones count as well.
static void settle(search_t *s) {
    lb_count(s->L, s->work / 16 + 1);
    s->work = 0;
}

static const char *class_end(search_t *s, const char *p) {
    if (p == s->pattern_end) luaL_error(s->L, "malformed pattern (ends too early)");
    char c = *p++;
    if (c == '%') {
        if (p == s->pattern_end) luaL_error(s->L, "malformed pattern (ends with '%%')");
        return p + 1;
    }
    if (c == '[') {
        if (p < s->pattern_end && *p == '^') p++;
        do {
            if (p == s->pattern_end) luaL_error(s->L, "malformed pattern (missing ']')");
            c = *p++;
            if (c == '%') {
                if (p == s->pattern_end) luaL_error(s->L, "malformed pattern (missing ']')");
                p++;
            }
        } while (p == s->pattern_end || *p != ']');
        return p + 1;
    }
    return p;
}

static bool in_class(int c, int class) {
    bool is;
    switch (tolower(class)) {
    case 'a': is = isalpha(c); break;
    case 'c': is = iscntrl(c); break;
    case 'd': is = isdigit(c); break;
    case 'g': is = isgraph(c); break;
    case 'l': is = islower(c); break;
    case 'p': is = ispunct(c); break;
    case 's': is = isspace(c); break;
    case 'u': is = isupper(c); break;
    case 'w': is = isalnum(c); break;
    case 'x': is = isxdigit(c); break;
    default: return class == c;
    }
    return isupper(class) ? !is : is;
}

// `p` stands on '[' and `last` on the closing bracket.
static bool in_set(int c, const char *p, const char *last) {
    bool wanted = true;
    if (p[1] == '^') {
        wanted = false;
        p++;
    }
    while (++p < last) {
        if (*p == '%') {
            p++;
            if (in_class(c, (unsigned char)*p)) return wanted;
        } else if (p[1] == '-' && p + 2 < last) {
            p += 2;
            if ((unsigned char)p[-2] <= c && c <= (unsigned char)*p) return wanted;
        } else if ((unsigned char)*p == c) {
            return wanted;
        }
    }
    return !wanted;
}

static bool single(search_t *s, const char *at, const char *p, const char *after) {
    if (at >= s->end) return false;
    int c = (unsigned char)*at;
    switch (*p) {
    case '.': return true;
    case '%': return in_class(c, (unsigned char)p[1]);
    case '[': work(s, 2 * (size_t)(after - p)); return in_set(c, p, after - 1);
    default: return (unsigned char)*p == c;
    }
}

static const char *balance(search_t *s, const char *at, const char *p) {
    if (p + 1 >= s->pattern_end) luaL_error(s->L, "malformed pattern (missing arguments to '%%b')");
    if (at >= s->end || *at != *p) return NULL;
    int depth = 1;
    const char *from = at, *found = NULL;
    while (++at < s->end && found == NULL) {
        if (*at == p[1]) {
            if (--depth == 0) found = at + 1;
        } else if (*at == *p) {
            depth++;
        }
    }
    work(s, (size_t)(at - from));
    return found;
}

static const char *most(search_t *s, const char *at, const char *p, const char *after) {
    ptrdiff_t i = 0;
    while (single(s, at + i, p, after)) i++;
    work(s, (size_t)i + 16);
    for (; i >= 0; i--) {
        const char *rest = match(s, at + i, after + 1);
        if (rest) return rest;
    }
    return NULL;
}

static const char *fewest(search_t *s, const char *at, const char *p, const char *after) {
    for (;;) {
        const char *rest = match(s, at, after + 1);
        if (rest) return rest;
        if (!single(s, at, p, after)) return NULL;
        at++;
    }
}

static const char *begin_capture(search_t *s, const char *at, const char *p, ptrdiff_t kind) {
    if (s->level >= CAPTURES) luaL_error(s->L, "too many captures");
    s->capture[s->level].at = at;
    s->capture[s->level].length = kind;
    s->level++;
    const char *rest = match(s, at, p);
    if (!rest) s->level--;
    return rest;
}

static const char *end_capture(search_t *s, const char *at, const char *p) {
    int level = s->level - 1;
    while (level >= 0 && s->capture[level].length != OPEN) level--;
    if (level < 0) luaL_error(s->L, "invalid pattern capture");
    s->capture[level].length = at - s->capture[level].at;
    const char *rest = match(s, at, p);
    if (!rest) s->capture[level].length = OPEN;
    return rest;
}

static int capture_named(search_t *s, int digit) {
    int level = digit - '1';
    if (level < 0 || level >= s->level || s->capture[level].length == OPEN) {
        luaL_error(s->L, "invalid capture index");
    }
    return level;
}

static const char *match(search_t *s, const char *at, const char *p) {
    if (++s->depth > DEEPEST) luaL_error(s->L, "pattern too complex");
    for (;;) {
        work(s, 16);
        if (p == s->pattern_end) break;
        if (*p == '(') {
            at = p + 1 < s->pattern_end && p[1] == ')' ? begin_capture(s, at, p + 2, POSITION)
                                                        : begin_capture(s, at, p + 1, OPEN);
            break;
        }
        if (*p == ')') {
            at = end_capture(s, at, p + 1);
            break;
        }
        if (*p == '$' && p + 1 == s->pattern_end) {
            if (at != s->end) at = NULL;
            break;
        }
        if (*p == '%' && p + 1 < s->pattern_end) {
            if (p[1] == 'b') {
                at = balance(s, at, p + 2);
                if (!at) break;
                p += 4;
                continue;
            }
            if (p[1] == 'f') {
                p += 2;
                if (p == s->pattern_end || *p != '[') luaL_error(s->L, "missing '[' after '%%f' in pattern");
                const char *after = class_end(s, p);
                int before = at == s->start ? 0 : (unsigned char)at[-1];
                int now = at == s->end ? 0 : (unsigned char)*at;
                work(s, 4 * (size_t)(after - p));
                if (in_set(before, p, after - 1) || !in_set(now, p, after - 1)) {
                    at = NULL;
                    break;
                }
                p = after;
                continue;
            }
            if (isdigit((unsigned char)p[1])) {
                int level = capture_named(s, (unsigned char)p[1]);
                ptrdiff_t length = s->capture[level].length;
                if (length < 0 || s->end - at < length || memcmp(s->capture[level].at, at, (size_t)length) != 0) {
                    at = NULL;
                    break;
                }
                work(s, (size_t)length);
                at += length;
                p += 2;
                continue;
            }
        }
        const char *after = class_end(s, p);
        char suffix = after < s->pattern_end ? *after : 0;
        if (suffix == '*') {
            at = most(s, at, p, after);
            break;
        }
        if (suffix == '+') {
            at = single(s, at, p, after) ? most(s, at + 1, p, after) : NULL;
            break;
        }
        if (suffix == '-') {
            at = fewest(s, at, p, after);
            break;
        }
        bool fits = single(s, at, p, after);
        if (suffix == '?') {
            if (fits) {
                const char *rest = match(s, at + 1, after + 1);
                if (rest) {
                    at = rest;
                    break;
                }
            }
            p = after + 1;
            continue;
        }
        if (!fits) {
            at = NULL;
            break;
        }
        at++;
        p = after;
    }
    s->depth--;
    return at;
}

static void push_capture(search_t *s, int level, const char *from, const char *to) {
    if (level >= s->level) {
        if (level > 0) luaL_error(s->L, "invalid capture index %%%d", level + 1);
        lua_pushlstring(s->L, from, (size_t)(to - from));
    } else if (s->capture[level].length == POSITION) {
        lua_pushinteger(s->L, s->capture[level].at - s->start + 1);
    } else if (s->capture[level].length == OPEN) {
        luaL_error(s->L, "unfinished capture");
    } else {
        lua_pushlstring(s->L, s->capture[level].at, (size_t)s->capture[level].length);
    }
}

static int push_captures(search_t *s, const char *from, const char *to, bool whole) {
    int count = s->level == 0 && whole ? 1 : s->level;
    luaL_checkstack(s->L, count + 4, "captures");
    for (int i = 0; i < count; i++) push_capture(s, i, from, to);
    return count;
}

static void prepare(search_t *s, lua_State *L, const char *text, size_t length, const char *p, size_t n) {
    if (length > TEXT_MAX) luaL_error(L, "text of more than %d KiB", TEXT_MAX >> 10);
    if (n > 256) luaL_error(L, "a pattern of more than 256 bytes");
    *s = (search_t){.L = L, .start = text, .end = text + length, .pattern_end = p + n};
}

static size_t first_place(lua_State *L, int argument, size_t length) {
    lua_Integer at = luaL_optinteger(L, argument, 1);
    if (at > 0) return (size_t)(at - 1);
    if (at == 0 || at < -(lua_Integer)length) return 0;
    return length + (size_t)at;
}

static int search(lua_State *L, bool finding) {
    size_t length, n;
    const char *text = luaL_checklstring(L, 1, &length), *p = luaL_checklstring(L, 2, &n);
    size_t first = first_place(L, 3, length);
    search_t s;
    prepare(&s, L, text, length, p, n);
    if (first > length) {
        lua_pushnil(L);
        return 1;
    }
    if (finding && lua_toboolean(L, 4)) {
        // The C library's search is linear in the text, at worst times the needle it compares in blocks.
        lb_charge(L, (uint64_t)(length - first) * (n / 64 + 1) / 16 + 1);
        const char *found = n == 0 ? text + first : memmem(text + first, length - first, p, n);
        if (!found) {
            lua_pushnil(L);
            return 1;
        }
        lua_pushinteger(L, found - text + 1);
        lua_pushinteger(L, found - text + (lua_Integer)n);
        return 2;
    }
    bool anchored = n > 0 && *p == '^';
    if (anchored) p++;
    for (const char *at = text + first;; at++) {
        s.level = s.depth = 0;
        const char *to = match(&s, at, p);
        if (to) {
            settle(&s);
            if (!finding) return push_captures(&s, at, to, true);
            lua_pushinteger(L, at - text + 1);
            lua_pushinteger(L, to - text);
            return 2 + push_captures(&s, at, to, false);
        }
        if (anchored || at >= s.end) break;
    }
    settle(&s);
    lua_pushnil(L);
    return 1;
}

int lb_str_find(lua_State *L) { return search(L, true); }
int lb_str_match(lua_State *L) { return search(L, false); }

// Upvalues: text, pattern, where to go on, end of the last match.
static int gmatch_next(lua_State *L) {
    size_t length, n;
    const char *text = lua_tolstring(L, lua_upvalueindex(1), &length);
    const char *p = lua_tolstring(L, lua_upvalueindex(2), &n);
    lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));
    search_t s;
    prepare(&s, L, text, length, p, n);
    for (const char *at = text + lua_tointeger(L, lua_upvalueindex(3)); at <= s.end; at++) {
        s.level = s.depth = 0;
        const char *to = match(&s, at, p);
        if (to == NULL || to - text == last) continue;
        settle(&s);
        lua_pushinteger(L, to - text);
        lua_pushvalue(L, -1);
        lua_replace(L, lua_upvalueindex(3));
        lua_replace(L, lua_upvalueindex(4));
        return push_captures(&s, at, to, true);
    }
    settle(&s);
    return 0;
}

int lb_str_gmatch(lua_State *L) {
    luaL_checkstring(L, 1);
    luaL_checkstring(L, 2);
    lua_settop(L, 2);
    lua_pushinteger(L, 0);
    lua_pushinteger(L, -1);
    lua_pushcclosure(L, gmatch_next, 4);
    return 1;
}

static void add_text(search_t *s, luaL_Buffer *out, const char *from, const char *to) {
    lua_State *L = s->L;
    size_t n;
    const char *r = lua_tolstring(L, 3, &n);
    work(s, n);
    for (size_t i = 0; i < n; i++) {
        if (r[i] != '%') {
            luaL_addchar(out, r[i]);
            continue;
        }
        char c = i + 1 < n ? r[++i] : 0;
        if (c == '%') luaL_addchar(out, '%');
        else if (c == '0') luaL_addlstring(out, from, (size_t)(to - from));
        else if (isdigit((unsigned char)c)) {
            push_capture(s, c - '1', from, to);
            luaL_tolstring(L, -1, NULL);
            lua_remove(L, -2);
            luaL_addvalue(out);
        } else luaL_error(L, "invalid use of '%%' in replacement string");
    }
}

static bool add_value(search_t *s, luaL_Buffer *out, const char *from, const char *to, int type) {
    lua_State *L = s->L;
    if (type == LUA_TSTRING || type == LUA_TNUMBER) {
        add_text(s, out, from, to);
        return true;
    }
    if (type == LUA_TFUNCTION) {
        lua_pushvalue(L, 3);
        int count = push_captures(s, from, to, true);
        lua_call(L, count, 1);
    } else {
        push_capture(s, 0, from, to);
        lua_rawget(L, 3);
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(out, from, (size_t)(to - from));
        return false;
    }
    if (!lua_isstring(L, -1)) luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    luaL_addvalue(out);
    return true;
}

int lb_str_gsub(lua_State *L) {
    size_t length, n;
    const char *text = luaL_checklstring(L, 1, &length), *p = luaL_checklstring(L, 2, &n);
    int type = lua_type(L, 3);
    luaL_argcheck(L, type == LUA_TSTRING || type == LUA_TNUMBER || type == LUA_TTABLE || type == LUA_TFUNCTION,
                  3, "text, a table or a function expected");
    if (type == LUA_TNUMBER) lua_tostring(L, 3);
    lua_Integer limit = luaL_optinteger(L, 4, (lua_Integer)length + 1);
    lua_settop(L, 4);
    search_t s;
    prepare(&s, L, text, length, p, n);
    bool anchored = n > 0 && *p == '^';
    if (anchored) p++;
    lua_Integer count = 0;
    const char *at = text, *last = NULL;
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    size_t made = 0;
    while (count < limit) {
        s.level = s.depth = 0;
        const char *to = match(&s, at, p);
        if (to && to != last) {
            count++;
            add_value(&s, &out, at, to, type);
            made = luaL_bufflen(&out);
            if (made > TEXT_MAX) luaL_error(L, "a result of more than %d KiB", TEXT_MAX >> 10);
            work(&s, 64);
            at = last = to;
        } else if (at < s.end) {
            luaL_addchar(&out, *at++);
        } else {
            break;
        }
        if (anchored) break;
    }
    settle(&s);
    if (at < s.end) luaL_addlstring(&out, at, (size_t)(s.end - at));
    luaL_pushresult(&out);
    lua_pushinteger(L, count);
    return 2;
}
