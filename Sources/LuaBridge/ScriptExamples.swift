/// One whole strategy for each function a script may have or call, as `strategies/README.md` shows them. A
/// test runs each.
public enum ScriptExamples {
    public struct Example: Sendable {
        /// The function it shows, and the strategy's name.
        public let shows: String, name: String
        public let source: String
        /// A file of `lib/` that it includes, by name.
        public var library: [(name: String, source: String)] = []
        /// Its `tests/NAME_test.lua`; `nil` for none.
        public var tests: String?
    }

    public static let all = [
        Example(
            shows: "`score(o, p)`: how much, and how sure; or nil and why not", name: "takes",
            source: """
                local S = {
                  api = 1, name = "takes",
                  params = { least = { 0.05, min = 0, max = 5, unit = "%", doc = "Least net edge." } },
                }

                function S.score(o, p)
                  if o.net_taker_pct < p.least then return nil, "too little is left" end
                  return 0.8, o.size_usd
                end

                return S
                """,
            tests: """
                return {
                  { "takes at 0.06", call = "score",
                    o = { net_taker_pct = 0.06, size_usd = 150 }, expect = { 0.8, 150 } },
                  { "waits at 0.04", call = "score",
                    o = { net_taker_pct = 0.04 }, expect = { nil, "too little is left" } },
                }
                """),
        Example(
            shows: "`choose(o, p)`: take both legs, or rest one", name: "rests",
            source: """
                local S = { api = 1, name = "rests" }

                function S.score(o) return 0.8, o.size_usd end

                function S.choose(o)
                  if o.net_taker_pct >= o.net_rest_perp_pct then return "taker" end
                  return "maker", { rest = "perp", peg = "touch", timeout_s = 30, fallback = "cancel" }
                end

                return S
                """),
        Example(
            shows: "`exit(pos, o, p)`: nil holds; a reason and a style leave", name: "leaves",
            source: """
                local S = {
                  api = 1, name = "leaves",
                  params = { hours = { 2, min = 0.1, max = 48, unit = "h", doc = "Leave after so long." } },
                }

                function S.score(o) return 0.8, o.size_usd end

                function S.exit(pos, o, p)
                  if pos.age_s >= p.hours * 3600 then return "long enough", "taker" end
                  if pos.net_usd > 0 then
                    return "it pays", "maker", { rest = "spot", timeout_s = 60, fallback = "taker" }
                  end
                  return nil
                end

                return S
                """),
        Example(
            shows: "`state` and `migrate(state, from_version)`: what a reload keeps", name: "counts",
            source: """
                local S = { api = 1, name = "counts", state = { wishes = {} }, state_version = 2 }

                -- Version 1 kept one number for all pairs; nobody knows whose they were.
                function S.migrate(state, from_version) return { wishes = {} } end

                function S.score(o)
                  if o.net_taker_pct <= 0 then return nil, "nothing is left" end
                  S.state.wishes[o.pair] = (S.state.wishes[o.pair] or 0) + 1
                  return 0.8, o.size_usd
                end

                return S
                """),
        Example(
            shows: "`log.info(text)`, `log.warn(text)`: lines with the script's name", name: "says",
            source: """
                local S = { api = 1, name = "says", state = { told = {} } }

                function S.score(o)
                  if o.liquidity < 1 and not S.state.told[o.pair] then
                    S.state.told[o.pair] = true
                    log.warn(("%s is thin: %.2f"):format(o.pair, o.liquidity))
                  end
                  log.info(("%s %s %.3f %%"):format(o.pair, o.direction, o.gross_pct))
                  return nil, "only looks"
                end

                return S
                """),
        Example(
            shows: "`include(name)`: a file of `lib/`, here `lib/widths.lua`", name: "shares",
            source: """
                local widths = include("widths")
                local S = { api = 1, name = "shares" }

                function S.score(o)
                  if widths.spot(o) > 0.10 then return nil, "spot is wide" end
                  return 0.8, o.size_usd
                end

                return S
                """,
            library: [
                (
                    "widths",
                    """
                    local M = {}

                    --- Width of the spot book, % of its bid.
                    function M.spot(o) return 100 * (o.spot_ask / o.spot_bid - 1) end

                    return M
                    """
                )
            ]),
    ]

    /// The lines of the page.
    static var lines: [String] {
        var lines = ["", "## One example a function"]
        for example in all {
            lines += ["", "\(example.shows).", "", "```lua", example.source, "```"]
            for (name, source) in example.library {
                lines += ["", "`lib/\(name).lua`:", "", "```lua", source, "```"]
            }
            guard let tests = example.tests else { continue }
            lines += [
                "",
                "`tests/\(example.name)_test.lua`, which `neap check` runs; a field that is read and not set is a fault:",
                "", "```lua", tests, "```",
            ]
        }
        return lines
    }
}
