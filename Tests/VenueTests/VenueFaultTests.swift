import Core
import Exchange
import Foundation
import Simulator
import Synchronization
import Testing
import Wire

@testable import Venue

@Suite(.timeLimit(.minutes(1))) struct `A venue at fault` {
    private func caller(_ plan: String, speed: Double = 1) throws -> VenueCaller {
        var configuration = VenueConfiguration()
        configuration.faults = try FaultPlan.read(plan)
        (configuration.speed, configuration.seed) = (speed, 5)
        return try VenueCaller(configuration)
    }

    private func taker(_ client: Int, symbol: String = "SOL_USDC_PERP") -> String {
        """
        {"clientId":\(client),"orderType":"Market","quantity":"0.01","side":"Ask","symbol":"\(symbol)"}
        """
    }

    private func post(_ client: Int) -> String {
        """
        {"clientId":\(client),"orderType":"Limit","postOnly":true,"price":"100.00","quantity":"0.5",\
        "side":"Bid","symbol":"SOL_USDC"}
        """
    }

    private func fills(_ caller: VenueCaller) async throws -> [[String: Any]] {
        `Venue server`.list(try await caller.signed(.get, "/wapi/v1/history/fills?limit=100").text)
    }

    /// A listener of an account that is surely subscribed.
    private func privateListener(_ caller: VenueCaller) async throws -> Listener {
        let listener = try caller.listen([
            ControlText(.subscribe, ["account.orderUpdate"], signature: caller.proof()).bytes,
            ControlText(.subscribe, ["bookTicker.SOL_USDC"]).bytes,
        ])
        _ = await listener.frames { $0.contains("bookTicker") }
        return listener
    }

    /// A connection that ended, and one that said nothing until the caller's patience was over.
    private func areBothSeen(_ words: [String]) -> Bool {
        words.contains { $0.contains("Cause.deadline") }
            && words.contains { $0.contains("Cause.cut") || $0.contains("Cause.wouldRepeat") }
    }

    private func count(_ caller: VenueCaller, _ name: String) -> Int {
        caller.server.faultsPlayed.first { $0.name == name }?.count ?? -1
    }

    @Test
    func `timeout-executed: carries an order out and answers with an end of the connection or not at all`()
        async throws
    {
        let caller = try caller("timeout-executed:1")
        defer { caller.stop() }
        var words: [String] = []
        for client in 1...6 {
            let answer = try await caller.signed(
                .post, "/api/v1/order", body: taker(client), deadline: 600)
            #expect(answer.status == 0)
            words.append(answer.text)
        }
        #expect(areBothSeen(words), "\(words)")
        #expect(try await fills(caller).count == 6)
        #expect(count(caller, "timeout-executed") == 6)
    }

    @Test func `timeout-lost: lets an order reach no book and answers nothing`() async throws {
        let caller = try caller("timeout-lost:1")
        defer { caller.stop() }
        var words: [String] = []
        for client in 1...6 {
            words.append(
                try await caller.signed(.post, "/api/v1/order", body: taker(client), deadline: 600).text)
        }
        #expect(areBothSeen(words), "\(words)")
        let orders = try await caller.signed(.get, "/wapi/v1/history/orders?limit=100")
        #expect(orders.status == 200 && `Venue server`.list(orders.text).isEmpty)
        #expect(count(caller, "timeout-lost") == 6)
    }

    @Test func `error-503: answers 503, and some of what changes something is done all the same`()
        async throws
    {
        let caller = try caller("error-503:1")
        defer { caller.stop() }
        let listener = try await privateListener(caller)
        let read = await caller.call(.get, "/api/v1/time")
        #expect(read.status == 503 && `Venue server`.object(read.text)["code"] as? String == "MAINTENANCE")
        for client in 1...12 {
            let answer = try await caller.signed(.post, "/api/v1/order", body: post(client))
            #expect(answer.status == 503 && answer.text == read.text)
        }
        for _ in 1...8 {
            let answer = try await caller.signed(
                .delete, "/api/v1/orders", body: #"{"symbol":"SOL_USDC"}"#)
            #expect(answer.status == 503)
        }
        let told = await listener.frames { $0.contains("orderCancelled") }
            .compactMap { `Venue server`.data($0)["e"] as? String }
        let accepted = told.count { $0 == "orderAccepted" }
        #expect((1...11).contains(accepted))
    }

    @Test func `cancel-202: takes a cancel without a body and tells of it later`() async throws {
        let caller = try caller("cancel-202:1")
        defer { caller.stop() }
        let listener = try await privateListener(caller)
        _ = try await caller.signed(.post, "/api/v1/order", body: post(7))
        let gone = try await caller.signed(
            .delete, "/api/v1/order", body: #"{"clientId":7,"symbol":"SOL_USDC"}"#)
        #expect(gone == (202, ""))
        let told = await listener.frames { $0.contains("orderCancelled") }.map(`Venue server`.data)
        let accepted = told.first { $0["e"] as? String == "orderAccepted" }?["T"] as? Int ?? 0
        let cancelled = told.last?["T"] as? Int ?? 0
        #expect(cancelled - accepted >= 200_000)
        let all = try await caller.signed(.delete, "/api/v1/orders", body: #"{"symbol":"SOL_USDC"}"#)
        #expect(all == (200, "[]"))
        #expect(count(caller, "cancel-202") == 1)
    }

    @Test func `late-fill: tells a fill one to four seconds late, half of them late in the history as well`()
        async throws
    {
        let caller = try caller("late-fill:1")
        defer { caller.stop() }
        let listener = try await privateListener(caller)
        var orders: [String] = []
        for client in 1...6 { orders.append(taker(client)) }
        let answer = try await caller.signed(
            .post, "/api/v1/orders", body: "[" + orders.joined(separator: ",") + "]")
        #expect(`Venue server`.list(answer.text).allSatisfy { $0["status"] as? String == "Filled" })
        let early = try await fills(caller).count
        var told: [[String: Any]] = []
        while told.count < 6 {
            told += await listener.frames { $0.contains("orderFill") }.map(`Venue server`.data)
                .filter { $0["e"] as? String == "orderFill" }
        }
        for fill in told {
            let late = (fill["E"] as? Int ?? 0) - (fill["T"] as? Int ?? 0)
            #expect((1_000_000...10_000_000).contains(late), "\(late) µs")
        }
        #expect((1...5).contains(early))
        #expect(try await fills(caller).count == 6)
        #expect(count(caller, "late-fill") == 6)
    }

    @Test(arguments: ["depth.SOL_USDC", "depth.200ms.SOL_USDC"])
    func `gap: leaves one frame a second out of a book's stream`(stream: String) async throws {
        let caller = try caller("gap:1", speed: 5)
        defer { caller.stop() }
        let listener = try caller.listen([ControlText(.subscribe, [stream]).bytes])
        var last: Int?, holes = 0
        while holes < 2 {
            for frame in await listener.frames(until: { _ in true }) {
                let data = `Venue server`.data(frame)
                let first = data["U"] as? Int ?? 0
                if let last, first > last + 1 { holes += 1 }
                last = data["u"] as? Int
            }
        }
        // Others hear every frame.
        let plain = try self.caller("late-fill:0", speed: 5)
        defer { plain.stop() }
        let whole = try plain.listen([ControlText(.subscribe, [stream]).bytes])
        last = nil
        for _ in 0..<30 {
            for frame in await whole.frames(until: { _ in true }) {
                let data = `Venue server`.data(frame)
                if let last { #expect(data["U"] as? Int == last + 1) }
                last = data["u"] as? Int
            }
        }
    }

    @Test func `drop-private: closes a private connection and leaves public ones`() async throws {
        let caller = try caller("drop-private:1", speed: 20)
        defer { caller.stop() }
        let open = try caller.listen([ControlText(.subscribe, ["bookTicker.SOL_USDC"]).bytes])
        let own = try await privateListener(caller)
        _ = await own.frames { $0 == Listener.end }
        // It comes back, subscribes anew and hears again.
        _ = await own.frames { $0.contains("bookTicker") }
        let frames = await open.frames { $0.contains("bookTicker") }
        #expect(!frames.contains(Listener.end))
        #expect(count(caller, "drop-private") >= 1)
    }

    @Test func `tells how often each fault of the plan was played, zero included`() async throws {
        let caller = try caller("reject-leg:1,gap:0,insta-cancel")
        defer { caller.stop() }
        let answer = try await caller.signed(.post, "/api/v1/order", body: post(1))
        #expect(answer.status == 400)
        #expect(caller.server.faultsPlayed.map(\.name) == ["reject-leg", "insta-cancel", "gap"])
        #expect(caller.server.faultsPlayed.map(\.count) == [1, 0, 0])
        let quiet = try VenueCaller()
        defer { quiet.stop() }
        #expect(quiet.server.faultsPlayed.isEmpty)
    }
}
