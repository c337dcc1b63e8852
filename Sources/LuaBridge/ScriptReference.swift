import Core

/// The pages made from the tables behind the contract: the reference for people, and the stub for editors.
public enum ScriptReference {
    /// One key of the table that a strategy returns.
    struct Key: Sendable {
        let name: String
        /// In the stub's type language.
        let type: String
        let standard: String
        let meaning: String
    }

    static let keys: [Key] = [
        Key(
            name: "api", type: "integer", standard: "required", meaning: "1: the contract it was written for."
        ),
        Key(
            name: "name", type: "string", standard: "required",
            meaning: "Equal to the file's name without `.lua`."),
        Key(
            name: "score", type: "fun(o: neap.Market, p: table): number?, any", standard: "required",
            meaning: "Confidence 0…1 and notional per leg in USD; or nil and why not."),
        Key(
            name: "choose", type: "fun(o: neap.Market, p: table): string, neap.Plan?", standard: "taker",
            meaning:
                "`\"taker\"`, or `\"maker\"` and a plan; asked after score and the host's gates said yes."),
        Key(
            name: "exit",
            type: "fun(pos: neap.Position, o: neap.Market, p: table): string?, string?, neap.Plan?",
            standard: "hold",
            meaning:
                "Nil to hold, or the reason and the style; asked when a walked level changed, and each second."
        ),
        Key(
            name: "migrate", type: "fun(state: table, from_version: integer): table", standard: "–",
            meaning: "Turns the state of another `state_version` into this one's; returns a table."),
        Key(
            name: "pairs", type: "string|string[]", standard: "\"*\"",
            meaning: "Base assets, or `\"*\"` for every configured pair."),
        Key(
            name: "params", type: "table<string, table>", standard: "{}",
            meaning: "Parameters by name: the default first, then `min max unit choices env doc`."),
        Key(
            name: "wake", type: "table<string, string|number>", standard: "{}",
            meaning: "Fields of `o`, each at least a parameter or number, else score is not called."),
        Key(name: "state", type: "table", standard: "{}", meaning: "Plain data that survives a reload."),
        Key(
            name: "state_version", type: "integer", standard: "0",
            meaning: "Changed when the shape of `state` changes."),
        Key(
            name: "directions", type: "string[]", standard: "{\"carry\"}",
            meaning: "Which of `carry` (buy spot, sell perp) and `reverse` it wants."),
        Key(name: "hold_h", type: "number", standard: "1", meaning: "Expected hold in hours, 0…2160."),
        Key(
            name: "max_hold_h", type: "number", standard: "MAX_HOLD_HOURS",
            meaning: "Longest hold in hours, 0…2160."),
        Key(
            name: "exit_at", type: "\"zero\"|\"mean\"", standard: "\"zero\"",
            meaning: "Where the spread is expected at the exit."),
        Key(name: "adds", type: "integer", standard: "0", meaning: "Further entries into a held pair."),
        Key(
            name: "replaces", type: "string[]", standard: "{}",
            meaning: "Economic exits of the host that `exit` takes over: "
                + EconomicExit.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ") + "."),
        Key(name: "priority", type: "integer", standard: "0", meaning: "Order of contention for a limit."),
        Key(
            name: "adopts", type: "boolean", standard: "false",
            meaning: "Takes over positions of earlier versions."),
    ]

    static let plan: [Key] = [
        Key(
            name: "rest", type: "\"spot\"|\"perp\"|\"both\"", standard: "\"perp\"",
            meaning: "The leg that rests."),
        Key(
            name: "peg", type: "\"touch\"|\"edge\"", standard: "\"touch\"",
            meaning: "At the best price of its side, or where the entry just pays."),
        Key(name: "timeout_s", type: "number", standard: "15", meaning: "How long it rests, 1…3600 s."),
        Key(
            name: "fallback", type: "\"taker\"|\"cancel\"", standard: "\"taker\"",
            meaning: "What becomes of the rest after the time."),
        Key(
            name: "improve_ticks", type: "number", standard: "0",
            meaning: "Ticks better than the touch while still inside the spread, 0…100."),
    ]

    private static let marketTexts = [
        Key(name: "pair", type: "string", standard: "", meaning: "Base asset."),
        Key(name: "direction", type: "\"carry\"|\"reverse\"", standard: "", meaning: "Which way round."),
    ]
    private static let positionTexts = [
        Key(name: "pair", type: "string", standard: "", meaning: "Base asset."),
        Key(name: "direction", type: "\"carry\"|\"reverse\"", standard: "", meaning: "Which way round."),
        Key(
            name: "style", type: "string", standard: "",
            meaning: "How it was entered: "
                + Style.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ") + "."),
        Key(
            name: "version", type: "string", standard: "",
            meaning: "The version of the script that opened it."),
        Key(name: "adopted", type: "boolean", standard: "", meaning: "Taken over rather than opened."),
    ]

    /// `strategies/README.md`.
    public static var page: String {
        var lines = [
            "# Strategies", "",
            "Every `*.lua` directly in this folder runs. A strategy is a file that returns one table; saving it lets the new",
            "version prove itself and take over on the running host, with its `state`. What does not compile, fit the",
            "contract or pass its rehearsal leaves the running version in place and is reported once with file and line. A",
            "file that is added while a host runs joins in the same way. `lib/` is for `include(\"name\")`, `tests/` for",
            "`NAME_test.lua`, which `neap check` runs; `examples/` does not run.", "",
            "Read `S.state` anew in each call: a version that takes over is handed a new table, and a local that was set",
            "at load time would go on pointing at the old one.",
            "", "## The table", "", "| key | default | meaning |", "| --- | --- | --- |",
        ]
        lines += keys.map { "| `\($0.name)` | \($0.standard) | \($0.meaning) |" }
        lines += [
            "", "A plan is a table:", "", "| key | default | meaning |", "| --- | --- | --- |",
        ]
        lines += plan.map { "| `\($0.name)` | \($0.standard) | \($0.meaning) |" }
        lines += [
            "", "## `o`: an opportunity", "",
            "Read-only and valid during the call; a field that does not exist is an error that names it.", "",
            "| field | unit | meaning |", "| --- | --- | --- |",
        ]
        lines += marketTexts.map { "| `\($0.name)` | | \($0.meaning) |" }
        lines += MarketField.allCases.map { "| `\($0.name)` | \($0.unit) | \($0.meaning) |" }
        lines += ["", "## `pos`: a held pair", "", "| field | unit | meaning |", "| --- | --- | --- |"]
        lines += positionTexts.map { "| `\($0.name)` | | \($0.meaning) |" }
        lines += PositionField.allCases.map { "| `\($0.name)` | \($0.unit) | \($0.meaning) |" }
        lines += ScriptExamples.lines
        lines += [
            "", "## The world of a script", "",
            "`assert error ipairs next pairs pcall xpcall select tonumber tostring type rawequal rawlen`, `math` without",
            "`randomseed` (its numbers are the same in every run), `string.len sub upper lower char byte reverse rep format find",
            "match gmatch gsub`, `table.insert remove concat sort unpack pack`, `log.info`, `log.warn`, and `include` while a file",
            "is loaded. `next` and `pairs` go in order. There is no clock, no file, no network and no coroutine.",
            "",
            "A call has 100,000 steps (`SCRIPT_STEPS`) and 20 ms (`SCRIPT_WALL_MS`), a script 2 MiB (`SCRIPT_MEMORY_KIB`), its file and",
            "each file it includes 64 KiB (`SCRIPT_SOURCE_KIB`), a field access 64 names (`SCRIPT_CHAIN`), a text 64 KiB. A script may",
            "log 20 lines in a call and 200 in a minute (`SCRIPT_LOG_LINES`); the rest is counted. All six variables can be set for",
            "single scripts: `SCRIPT_STEPS=100000,ladder:200000`.",
            "",
            "It returns wishes; the host decides, and nothing a script returns passes a hard limit. `score` and `choose` return two",
            "values at most, `exit` three, a plan has the keys above and no others: a shape that is no setting. NaN, infinities, wrong",
            "types and wrong counts are faults of the script.",
            "",
            "`env` of a parameter names a variable of `.env.example` or one of your own. One of your own that only the environment",
            "of the process has, and `.env` has not, can be a number, a flag or one of `choices`, but no free text: what else stands",
            "in that environment is not for scripts to read.",
            "",
            "A step is an instruction of Lua, and some things cost more: a new table or a `pcall` 20, a function 8, `tostring` of a",
            "float 80, a new text of more than 40 bytes one for each 4 of them. Comparing two texts is one instruction: so each",
            "instruction counts once more for every 256 bytes of the longest text that the script ever made.",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    /// `strategies/.editor/neap.lua`, for the Lua language server.
    public static var stub: String {
        var lines = [
            "---@meta", "", "---An opportunity: read-only, valid during the call.", "---@class neap.Market",
        ]
        lines += marketTexts.map { "---@field \($0.name) \($0.type) \($0.meaning)" }
        lines += MarketField.allCases.map { "---@field \($0.name) number? \($0.unit): \($0.meaning)" }
        lines += ["", "---A held pair.", "---@class neap.Position"]
        lines += positionTexts.map { "---@field \($0.name) \($0.type) \($0.meaning)" }
        lines += PositionField.allCases.map { "---@field \($0.name) number \($0.unit): \($0.meaning)" }
        lines += ["", "---How an order rests.", "---@class neap.Plan"]
        lines += plan.map { "---@field \($0.name)? \($0.type) \($0.meaning)" }
        lines += ["", "---What a strategy returns.", "---@class neap.Strategy"]
        lines += keys.map {
            "---@field \($0.name)\($0.standard == "required" ? "" : "?") \($0.type) \($0.meaning)"
        }
        lines += [
            "", "log = {}", "---@param text string", "function log.info(text) end", "---@param text string",
            "function log.warn(text) end", "", "---A file of lib/, while this file is loaded.",
            "---@param name string", "---@return any", "function include(name) end",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    /// `.luarc.json`: tells the language server where the stub is and what is not there.
    public static let settings = """
        {
          "runtime.version": "Lua 5.4",
          "workspace.library": ["strategies/.editor"],
          "runtime.builtin": {
            "coroutine": "disable", "debug": "disable", "io": "disable", "os": "disable",
            "package": "disable", "utf8": "disable"
          },
          "diagnostics.globals": ["log", "include"]
        }

        """
}
