import GRDB

/// The tables of `records.sqlite`; `docs/records.md` explains each column.
///
/// What must be there once has a key of what it is, so that a fact that is told twice is one row.
enum RecordSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        for (name, sql) in steps {
            migrator.registerMigration(name) { try $0.execute(sql: sql) }
        }
        return migrator
    }

    private static let steps: [(name: String, sql: String)] = [
        (
            "rounds, versions, alerts",
            """
            CREATE TABLE rounds (
                id INTEGER PRIMARY KEY, closed_ms INTEGER NOT NULL, script TEXT NOT NULL,
                pair TEXT NOT NULL, reason TEXT NOT NULL, net_usd TEXT NOT NULL,
                seconds INTEGER NOT NULL);
            CREATE TABLE versions (
                id INTEGER PRIMARY KEY, seen_ms INTEGER NOT NULL, script TEXT NOT NULL,
                version TEXT NOT NULL, fate TEXT NOT NULL);
            CREATE TABLE alerts (
                id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, text TEXT NOT NULL);
            """
        ),
        (
            "versions with source and steps",
            """
            DROP TABLE versions;
            CREATE TABLE versions (
                id INTEGER PRIMARY KEY, script TEXT NOT NULL, version TEXT NOT NULL,
                seen_ms INTEGER NOT NULL, summary TEXT NOT NULL, fate TEXT NOT NULL,
                fate_ms INTEGER NOT NULL, UNIQUE (script, version));
            CREATE TABLE version_files (
                version_id INTEGER NOT NULL REFERENCES versions (id), name TEXT NOT NULL,
                source TEXT NOT NULL, PRIMARY KEY (version_id, name));
            CREATE TABLE version_steps (
                id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, script TEXT NOT NULL,
                version TEXT NOT NULL, step TEXT NOT NULL, detail TEXT NOT NULL);
            """
        ),
        (
            "fills, orders, postings, settlements",
            """
            CREATE TABLE fills (
                id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, venue_ms INTEGER NOT NULL,
                symbol TEXT NOT NULL, venue_order_id TEXT NOT NULL, trade_id INTEGER NOT NULL,
                client_id INTEGER, script TEXT NOT NULL, pair TEXT NOT NULL, leg TEXT NOT NULL,
                side TEXT NOT NULL, price TEXT NOT NULL, quantity TEXT NOT NULL, fee TEXT NOT NULL,
                fee_asset TEXT NOT NULL, liquidity TEXT NOT NULL, origin TEXT, attribution TEXT NOT NULL,
                UNIQUE (symbol, venue_order_id, trade_id, script));
            CREATE TABLE orders (
                client_id INTEGER PRIMARY KEY, venue_order_id TEXT, script TEXT NOT NULL,
                pair TEXT NOT NULL, symbol TEXT NOT NULL, leg TEXT NOT NULL, side TEXT NOT NULL,
                price TEXT NOT NULL, quantity TEXT NOT NULL, time_in_force TEXT NOT NULL,
                post_only INTEGER NOT NULL, reduce_only INTEGER NOT NULL, purpose TEXT NOT NULL,
                sent_ms INTEGER NOT NULL, end_state TEXT, ended_ms INTEGER, executed TEXT NOT NULL,
                reason TEXT);
            CREATE TABLE postings (
                id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, owner TEXT NOT NULL,
                account TEXT NOT NULL, against TEXT NOT NULL, asset TEXT NOT NULL, amount TEXT NOT NULL,
                cause TEXT NOT NULL, reference TEXT NOT NULL,
                UNIQUE (cause, reference, owner, account, against, asset));
            CREATE TABLE settlements (
                id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, cause TEXT NOT NULL, script TEXT NOT NULL,
                pair TEXT NOT NULL, symbol TEXT NOT NULL, interval_end_ms INTEGER NOT NULL,
                amount TEXT NOT NULL, asset TEXT NOT NULL,
                UNIQUE (cause, symbol, interval_end_ms, script));
            ALTER TABLE rounds RENAME TO rounds_before;
            CREATE TABLE rounds (
                id INTEGER PRIMARY KEY, closed_ms INTEGER NOT NULL, script TEXT NOT NULL,
                pair TEXT NOT NULL, reason TEXT NOT NULL, net_usd TEXT NOT NULL, seconds INTEGER NOT NULL,
                opened_ms INTEGER, direction TEXT, style TEXT, version TEXT, entries INTEGER,
                entry_gross_pct TEXT, spot_in TEXT, spot_in_price TEXT, spot_out TEXT,
                spot_out_price TEXT, perp_in TEXT, perp_in_price TEXT, perp_out TEXT, perp_out_price TEXT,
                basis_usd TEXT, crossing_usd TEXT, leg_risk_usd TEXT, fees_usd TEXT, funding_usd TEXT,
                borrow_usd TEXT, residual_usd TEXT, unhedged_ms INTEGER, unhedged_usd_s TEXT,
                UNIQUE (script, pair, closed_ms), UNIQUE (script, pair, opened_ms));
            INSERT OR IGNORE INTO rounds (closed_ms, script, pair, reason, net_usd, seconds)
                SELECT closed_ms, script, pair, reason, net_usd, seconds FROM rounds_before ORDER BY id;
            DROP TABLE rounds_before;
            ALTER TABLE alerts RENAME TO alerts_before;
            CREATE TABLE alerts (
                id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, text TEXT NOT NULL, UNIQUE (at_ms, text));
            INSERT OR IGNORE INTO alerts (at_ms, text)
                SELECT at_ms, text FROM alerts_before ORDER BY id;
            DROP TABLE alerts_before;
            """
        ),
    ]
}

/// Two bits in the head of the file (`PRAGMA user_version`) say whether all rows are in it.
enum RecordMarks {
    /// Rows are or may be missing; only a rebuild takes it away.
    private static let lacking = 1
    /// A run writes here. Found at a start it means that the run before was cut off.
    private static let open = 2

    /// - Returns: `true` when the run before was cut off.
    static func begin(_ database: Database) throws -> Bool {
        let marks = try read(database)
        let wasCutOff = marks & open != 0
        try write((wasCutOff ? marks | lacking : marks) | open, database)
        return wasCutOff
    }

    static func end(_ database: Database) throws { try write(read(database) & ~open, database) }

    static func lacksRows(_ database: Database) throws { try write(read(database) | lacking, database) }

    /// - Parameter isWritten: a run writes here now, so that an open mark means nothing.
    static func mayLackRows(_ database: Database, isWritten: Bool) throws -> Bool {
        let marks = try read(database)
        return marks & lacking != 0 || (marks & open != 0 && !isWritten)
    }

    private static func read(_ database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    }

    private static func write(_ marks: Int, _ database: Database) throws {
        try database.execute(sql: "PRAGMA user_version = \(marks)")
    }
}
