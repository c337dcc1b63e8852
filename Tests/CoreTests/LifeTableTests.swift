import Testing

@testable import Core

/// A table as it is read: a row per state, a column per event; `!` throws, `=` stays.
private func cells(_ text: String) -> [[String]] {
    text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
}

@Suite struct `The table of an order's life` {
    /// Told that it rests or ended, refused, never sent, no answer, cancel sent, cancel refused, no trace.
    static let table = cells(
        """
        state      open       final  refused  notSent  silent  cancelSent cancelRefused absent
        sent       working    closed rejected rejected unknown cancelling unknown       !
        working    working    closed !        !        unknown cancelling unknown       !
        cancelling =          closed rejected rejected unknown =          unknown       cancelled
        unknown    working    closed rejected rejected =       =          =             rejected
        rejected   =          =      =        !        =       !          =             =
        closed     =          =      =        =        =       =          =             =
        """)
    static let final: [OrderStatus] = [.filled, .cancelled, .expired, .triggerFailed]
    static let open: [OrderStatus] = [.new, .partiallyFilled, .triggerPending, .unknown]

    static let states: [(String, OrderState)] =
        [
            ("sent", .sent), ("working", .working), ("cancelling", .cancelling), ("unknown", .unknown),
            ("rejected", .rejected),
        ] + final.map { ("closed", .closed($0)) }
    static let events: [(String, OrderEvent)] =
        open.map { ("open", .told($0)) } + final.map { ("final", .told($0)) } + [
            ("refused", .refused), ("notSent", .notSent), ("silent", .silent), ("cancelSent", .cancelSent),
            ("cancelRefused", .cancelRefused), ("absent", .absent),
        ]

    private func expected(_ row: String, _ state: OrderState, _ column: String, _ event: OrderEvent) throws
        -> OrderState?
    {
        let place = try #require(Self.table[0].firstIndex(of: column))
        let word = try #require(Self.table.first { $0[0] == row })[place]
        switch word {
        case "=": return state
        case "!": return nil
        case "closed":
            guard case .told(let status) = event else { return nil }
            return .closed(status)
        case "cancelled": return .closed(.cancelled)
        default: return try #require(Self.states.first { $0.0 == word }).1
        }
    }

    @Test func `knows every state and event, and changes nothing where they do not belong together`() throws {
        #expect(Self.states.count * Self.events.count == 9 * 14)
        for (row, state) in Self.states {
            for (column, event) in Self.events {
                let expected = try expected(row, state, column, event)
                var found = state
                do throws(OrderFault) {
                    try found.apply(event)
                    #expect(found == expected, "\(state), \(event)")
                } catch {
                    #expect(expected == nil, "\(state), \(event)")
                    #expect(error == OrderFault(state: state, event: event))
                    #expect(found == state)
                }
            }
        }
    }

    @Test func `is over when closed or rejected and never before`() {
        for (name, state) in Self.states { #expect(state.isOver == ["closed", "rejected"].contains(name)) }
    }
}

@Suite struct `The table of a pair's life` {
    /// The columns stand in the order of `events`.
    static let table = cells(
        """
        state     taker    post    add    fill    short     balanced emptied exit    tries legLost retry
        idle      entering resting !      =       !         !        =       !       !     legLost !
        entering  !        !       !      =       repairing open     idle    !       !     !       !
        resting   entering =       !      hedging repairing open     idle    exiting !     !       !
        hedging   entering resting !      =       repairing open     idle    exiting !     !       !
        open      !        resting adding =       !         =        idle    exiting !     legLost !
        adding    !        !       !      =       repairing open     idle    !       !     !       !
        exiting   !        !       !      =       =         !        idle    =       stuck !       !
        repairing entering !       !      =       =         open     idle    exiting stuck !       !
        stuck     !        !       !      =       repairing open     idle    exiting !     !       repairing
        legLost   !        !       !      =       repairing open     idle    exiting !     !       !
        frozen    !        !       !      =       !         !        idle    exiting !     legLost !
        adopted   !        !       adding =       !         !        idle    exiting !     legLost !
        """)
    static let events: [PairEvent] = [
        .takerEntry, .post, .addition, .fillOfPost, .short, .balanced, .emptied, .exit, .triesUsedUp,
        .legLost, .retry,
    ]

    @Test func `knows every state and event, and changes nothing where they do not belong together`() throws {
        #expect(Self.table[0].count == Self.events.count + 1)
        #expect(Self.table.count == PairState.allCases.count + 1)
        for (state, row) in zip(PairState.allCases.sorted(by: inTable), Self.table.dropFirst()) {
            for (event, word) in zip(Self.events, row.dropFirst()) {
                let expected: PairState? =
                    word == "!" ? nil : word == "=" ? state : try #require(named(word), "\(word)")
                var found = state
                do throws(PairFault) {
                    try found.apply(event)
                    #expect(found == expected, "\(state), \(event)")
                } catch {
                    #expect(expected == nil, "\(state), \(event)")
                    #expect(error == PairFault(state: state, event: event))
                    #expect(found == state)
                }
            }
        }
    }

    @Test func `freezes what is open and thaws what is frozen, and nothing else`() {
        for before in PairState.allCases {
            for (event, from, to) in [
                (PairEvent.freeze, [PairState.open, .adopted], PairState.frozen), (.thaw, [.frozen], .open),
            ] {
                var found = before
                let changes: Void? = try? found.apply(event)
                #expect((changes != nil) == from.contains(before), "\(before), \(event)")
                #expect(found == (changes == nil ? before : to))
            }
        }
    }

    @Test func `has orders out or to send unless a pair is idle, open, adopted or frozen`() {
        for state in PairState.allCases {
            #expect(state.isBusy == ![.idle, .open, .adopted, .frozen].contains(state), "\(state)")
        }
    }

    private func named(_ word: String) -> PairState? { PairState.allCases.first { "\($0)" == word } }
    private func inTable(_ a: PairState, _ b: PairState) -> Bool { place(a) < place(b) }
    private func place(_ state: PairState) -> Int {
        Self.table.firstIndex { $0[0] == "\(state)" } ?? Self.table.count
    }
}
