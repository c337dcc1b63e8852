import Core
import Exchange
import Gateway
import Glibc
import Wire

/// The names that orders of an account had before a folder gave any out (FORMULAS E13).
///
/// Names count up, so a folder that begins above the highest never uses one twice. Whose they were they do
/// not say: foreign programs count too.
struct FormerNames {
    /// Orders of this moment and later say that somebody may be trading here now.
    let recentFrom: Timestamp
    /// The highest of all that count up; `nil` when no order had one.
    private(set) var highest: ClientOrderID?
    /// The highest of those that are open or recent.
    private(set) var recent: ClientOrderID?

    init(recentFrom: Timestamp) { self.recentFrom = recentFrom }

    mutating func add(_ name: FormerOrder, isOpen: Bool = false) {
        guard let id = name.id, id.counted > 0 else { return }
        // One made of the time, by whichever host, says nothing of blocks.
        if !ClientIDs.isOfTime(id) { highest = Self.higher(highest, id) }
        if isOpen || name.at >= recentFrom { recent = Self.higher(recent, id) }
    }

    private static func higher(_ a: ClientOrderID?, _ b: ClientOrderID) -> ClientOrderID {
        guard let a, a.counted >= b.counted else { return b }
        return a
    }

    /// The last block that may not be used: the one after the highest name's, because an order may be on its
    /// way that no list shows yet. `nil` when all may be used.
    var lastBlock: UInt32? { highest.map { $0.block + 1 } }
}

extension HostRun {
    /// How many pages are read without a pause, and how long each further one waits: the exchange has a
    /// budget of its own for what is history.
    static let namePages = 20, namePause: Int32 = 2_000
    static let nameTries = 30

    /// A new folder, or one whose store is lost, begins above every name that open orders and the whole
    /// histories of orders and executions show: another host may have used those, and may be using them now.
    /// - Returns: the highest of those that are open or of the last day; `nil` for none.
    /// - Throws: why they cannot be known, or that none is left.
    func passOverFound(
        _ blocks: IDBlocks, _ link: VenueLink, _ catalogue: Catalogue, _ clock: RunClock
    ) throws(StartFault) -> ClientOrderID? {
        guard plan.mode == .live, blocks.isNew else { return nil }
        let reader = ReplyReader(catalogue)
        var names = FormerNames(recentFrom: clock.now - .seconds(86_400))
        guard case .orders(let open) = try ask(.openOrders, link, reader) else { throw Self.unknownNames }
        for order in open {
            names.add(FormerOrder(id: order.clientOrderID, at: order.venueTime), isOpen: true)
        }
        var pages = 0
        for list in OrderHistory.allCases {
            try read(list, link, reader, &pages) { names.add($0) }
        }
        guard let highest = names.highest, let last = names.lastBlock else { return names.recent }
        blocks.passOver(last)
        guard !blocks.isUsedUp else {
            throw StartFault(
                "an order of this account had the client id \(highest), and no block of ids is left above it: "
                    + "the ids of orders could be used twice; trade another subaccount")
        }
        logger.notice("Orders up to id \(highest) are on this account: ids begin above")
        return names.recent
    }

    private func read(
        _ list: OrderHistory, _ link: VenueLink, _ reader: ReplyReader, _ pages: inout Int,
        _ take: (FormerOrder) -> Void
    ) throws(StartFault) {
        var offset = 0
        while true {
            if pages >= Self.namePages { try rest() }
            pages += 1
            let reply = try ask(.formerOrders(list, offset: offset), link, reader)
            if case .refused(let refusal) = reply, offset > 0 {
                // The newest are known: our own names are among the newest of ours.
                logger.warning(
                    "the history of \(list.rawValue) is shown up to its row \(offset) only (\(refusal.message))"
                )
                return
            }
            guard case .formerOrders(let rows) = reply else { throw Self.unknownNames }
            for row in rows { take(row) }
            offset += rows.count
            guard rows.count >= RequestText.pageRows else { return }
            if pages.isMultiple(of: Self.namePages) {
                logger.info("Reading the history of \(list.rawValue): \(offset) so far")
            }
        }
    }

    /// An exchange in trouble, or that has been asked too often, is asked again.
    private func ask(
        _ request: Request, _ link: VenueLink, _ reader: ReplyReader
    ) throws(StartFault) -> Reply {
        var reply = Reply.unknown("")
        for attempt in 1...Self.nameTries {
            if attempt > 1 { try rest() }
            let answer: RESTAnswer
            do throws(LinkFault) { answer = try link.fetch(request) } catch { throw StartFault("\(error)") }
            reply = reader.read(
                request, status: answer.status, contentType: answer.contentType, body: answer.body)
            guard answer.status == 429 || answer.status >= 500 else { break }
        }
        return reply
    }

    /// Waits between two questions.
    /// - Throws: when the run is to end.
    private func rest() throws(StartFault) {
        let until = MonotonicClock.microseconds() + Int64(Self.namePause) * 1000
        while MonotonicClock.microseconds() < until {
            guard !Signals.isStopPending else { throw StartFault("stopped before it began") }
            poll(nil, 0, 50)
        }
    }

    private static let unknownNames = StartFault(
        "the exchange does not show orders and fills: without them the ids of orders could be used twice; "
            + "start again when it answers")
}
