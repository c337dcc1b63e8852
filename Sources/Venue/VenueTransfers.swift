import Core
import Exchange
import Simulator
import Wire

/// A deposit or a withdrawal to be made.
struct PlayedTransfer: Sendable {
    let kind: OutsideTransfer.Kind
    let amount: Money, asset: Asset, fee: Money
    let confirms: Bool
}

extension VenueDesk {
    func play(_ transfer: PlayedTransfer) {
        guard let account = firstAccount else { return }
        venue.advance(to: now)
        switch transfer.kind {
        case .deposit:
            venue.deposit(transfer.amount, transfer.asset, to: account, confirms: transfer.confirms)
        case .withdrawal:
            venue.withdraw(
                transfer.amount, transfer.asset, fee: transfer.fee, from: account,
                confirms: transfer.confirms)
        }
    }

    func endTransfers(well: Bool) {
        guard let account = firstAccount else { return }
        venue.advance(to: now)
        for kind in OutsideTransfer.Kind.allCases {
            for transfer in venue.transfers(kind, of: account) {
                well
                    ? venue.confirm(kind, transfer.id, of: account)
                    : venue.fail(kind, transfer.id, of: account)
            }
        }
    }

    /// `/wapi/v1/capital/deposits` and `…/withdrawals`: newest first.
    func transfers(
        _ kind: OutsideTransfer.Kind, _ query: Query, _ account: AccountID
    ) throws(WireRefusal) -> RestReply {
        var page = try Page(query)
        page.isPrivate = true
        let from = try query.whole("from", 0, 0...9_000_000_000_000_000)
        let until = try query.whole("to", 9_000_000_000_000_000, 0...9_000_000_000_000_000)
        let rows = venue.transfers(kind, of: account).reversed().filter {
            (from..<max(until, from)).contains(Int($0.at.milliseconds))
        }
        return page.reply(Array(rows)) { row, json in
            kind == .deposit ? Self.deposit(row, to: &json) : Self.withdrawal(row, to: &json)
        }
    }

    private static func deposit(_ row: OutsideTransfer, to json: inout JSONText) {
        json.object {
            $0.field("createdAt", CalendarText.write(row.at))
            $0.field("fiatAmount", String?.none)
            $0.field("fiatCurrency", String?.none)
            $0.field("fromAddress", String?.none)
            $0.field("id", row.id)
            $0.field("institutionBic", String?.none)
            $0.field("platformMemo", String?.none)
            $0.field("quantity", row.quantity.text)
            $0.field("source", "internal")
            $0.field("status", row.state.word)
            $0.field("symbol", row.asset.symbol)
            $0.field("toAddress", String?.none)
            $0.field("transactionHash", String?.none)
        }
    }

    private static func withdrawal(_ row: OutsideTransfer, to json: inout JSONText) {
        json.object {
            $0.field("accountIdentifier", String?.none)
            $0.field("bankIdentifier", String?.none)
            $0.field("bankName", String?.none)
            $0.field("blockchain", "Internal")
            $0.field("clientId", String?.none)
            $0.field("createdAt", CalendarText.write(row.at))
            $0.field("fee", row.fee.text)
            $0.field("fiatFee", String?.none)
            $0.field("fiatState", String?.none)
            $0.field("fiatSymbol", String?.none)
            $0.field("id", row.id)
            $0.field("identifier", String?.none)
            $0.field("isInternal", true)
            $0.field("providerId", String?.none)
            $0.field("quantity", row.quantity.text)
            $0.field("status", row.state.word)
            $0.field("subaccountId", String?.none)
            $0.field("symbol", row.asset.symbol)
            $0.field("toAddress", "somebody")
            $0.field("transactionHash", String?.none)
            $0.field("triggerAt", String?.none)
        }
    }
}

extension OutsideTransfer.State {
    /// As the lists write it.
    fileprivate var word: String {
        switch self {
        case .confirmed: "confirmed"
        case .underWay: "pending"
        case .ended: "declined"
        case .unknown: ""
        }
    }
}
