/// The one page of the console: it asks for `/status` and `/rounds` each second and shows them. Texts go in
/// as text, never as markup.
enum ConsolePage {
    static let html = """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><title>neap</title>
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <style>
        :root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #cf222e; }
        body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.3rem; } h2 { font-size: 1rem; margin: 1.6rem 0 .4rem; }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
        th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: right; }
        th:first-child, td:first-child, .left { text-align: left; }
        th { font-weight: 600; opacity: .7; } .good { color: var(--good); } .bad { color: var(--bad); }
        #head { font-size: 1.1rem; } #away { color: var(--bad); }
        </style></head><body>
        <h1>neap</h1><p id="head">…</p><p id="held" class="bad"></p><p id="away"></p>
        <h2>Pairs</h2><table id="pairs"></table>
        <h2>Scripts</h2><table id="scripts"></table>
        <h2>Versions</h2><table id="versions"></table>
        <h2>Files that were refused</h2><table id="files"></table>
        <h2>Rounds</h2><table id="rounds"></table>
        <h2>Why nothing was done</h2><table id="refusals"></table>
        <script>
        const byId = (id) => document.getElementById(id);
        const shown = (value) => value === null || value === undefined ? "–" : String(value);
        function fill(id, head, rows) {
          const table = byId(id); table.replaceChildren();
          const line = (cells, tag) => {
            const row = table.insertRow();
            for (const cell of cells) {
              const box = document.createElement(tag); box.textContent = shown(cell);
              if (tag === "td" && /^-?[0-9.]+ USD$/.test(box.textContent))
                box.className = box.textContent.startsWith("-") ? "bad" : "good";
              row.append(box);
            }
          };
          line(head, "th"); rows.forEach((row) => line(row, "td"));
        }
        const cents = (text) => text === null || text === undefined ? null : Number(text).toFixed(2) + " USD";
        const percent = (text) => text === null || text === undefined ? null : Number(text).toFixed(3);
        async function look() {
          try {
            const status = await (await fetch("status" + location.search)).json();
            byId("head").textContent = `${status.mode}, ${status.state}, ${status.seconds} s — equity ` +
              `${shown(cents(status.equity_usd))}, profit ${cents(status.net_pnl_usd)}, ` +
              `${status.rounds} rounds, cash runway ${shown(status.cash_runway)}, ` +
              `liquidation at a rise of ${shown(status.liquidation_rise)}`;
            byId("held").textContent = status.records_fault || "";
            fill("pairs", ["pair", "mid spread %", "gross %", "best net %", "break-even %", "held"],
              status.pairs.map((p) => [p.pair, percent(p.mid_spread_pct), percent(p.gross_pct),
                percent(p.net_pct), percent(p.breakeven_pct), p.holdings.map((h) =>
                  `${h.script} ${h.state} ${h.contracts} (${shown(cents(h.net_usd))})`).join("; ")]));
            fill("scripts", ["script", "version", "state", "calls", "µs p50 / p99", "faults", "profit"],
              status.scripts.map((s) =>
                [s.name, s.version, s.probation_left === null || s.probation_left === undefined ? s.state :
                  `${s.state}, on probation: ${s.probation_left}`, s.calls,
                  `${shown(s.call_p50_us)} / ${shown(s.call_p99_us)}`, s.faults, cents(s.net_pnl_usd)]));
            const clock = (ms) => new Date(ms).toISOString().slice(11, 19);
            fill("versions", ["script", "version", "fate", "since", "what of it"],
              status.scripts.flatMap((s) => s.versions.slice(0, 3).map((v) =>
                [s.name, v.version, v.fate, clock(v.since_ms), v.detail || v.summary])
                .concat(s.shadow.map((v) => [s.name, v.version, "shadow", `${v.seconds} s`,
                  `${cents(v.net_pnl_usd)} on paper, running ${shown(cents(v.running_net_pnl_usd))}; ` +
                  v.difference]))));
            fill("files", ["file", "what became of it", "since", "where", "why"],
              status.refused_files.map((f) => [f.file, f.fate, clock(f.since_ms), f.place, f.reason]));
            fill("refusals", ["reason", "times"],
              Object.entries(status.refusals).sort((a, b) => b[1] - a[1]).slice(0, 8));
            const rounds = await (await fetch("rounds" + location.search)).json();
            fill("rounds", ["pair", "script", "reason", "seconds", "net"],
              rounds.slice(0, 12).map((r) => [r.pair, r.script, r.reason, r.seconds, cents(r.net_usd)]));
            byId("away").textContent = "";
          } catch (fault) { byId("away").textContent = "The host does not answer: " + fault; }
          setTimeout(look, 1000);
        }
        look();
        </script></body></html>
        """
}
