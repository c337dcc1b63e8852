import Core
import Exchange
import Simulator
import Wire

extension VenueDesk {
    /// `/wapi/v1/history/…`: newest first unless asked otherwise, one page with its headers.
    func history(_ name: String, _ query: Query, _ account: AccountID) throws(WireRefusal) -> RestReply {
        var page = try Page(query)
        page.isPrivate = true
        let only = query["symbol"] == nil ? nil : try market(query)
        func wanted(_ id: InstrumentID) -> Bool {
            if let kind = query["marketType"], kind != venue.figures[id.index].kind.rawValue { return false }
            return only == nil || only == id
        }
        switch name {
        case "orders":
            let id = query["orderId"]
            let rows = venue.orders(of: account).reversed().filter {
                wanted($0.order.instrument) && (id == nil || id == String($0.id))
            }
            return page.reply(rows) { OrderRow.history($0, venue, to: &$1) }
        case "fills": return try fills(query, account, page, wanted)
        case "funding":
            let rows = venue.funding(of: account).reversed().filter { wanted($0.payment.instrument) }
            return page.reply(Array(rows)) { row, json in
                json.object {
                    $0.field("fundingRate", row.rate.description)
                    $0.field("intervalEndTimestamp", CalendarText.write(row.payment.intervalEnd))
                    $0.field("quantity", row.payment.amount.text)
                    $0.field("subaccountId", Int64(0))
                    $0.field("symbol", streams.symbol(row.payment.instrument))
                    $0.field("userId", AccountRows.user(account))
                }
            }
        case "settlement": return settlements(query, account, page)
        case "position":
            let state = query["state"]
            let open = state == "Closed" ? [] : venue.positions(of: account)
            let closed = state == "Open" ? [] : venue.closedPositions(of: account)
            let rows = (closed + open).reversed().filter { wanted($0.instrument) }
            return page.reply(Array(rows)) { self.positionRow($0, to: &$1) }
        case "interest": return interest(query, account, page)
        case "borrowLend", "borrowLend/positions", "dust", "strategies", "rfq", "rfq/fill", "quote",
            "quote/fill":
            return page.reply([Int64]()) { $1.number($0) }
        default: throw .unknownPath
        }
    }

    private func fills(
        _ query: Query, _ account: AccountID, _ page: Page, _ wanted: (InstrumentID) -> Bool
    ) throws(WireRefusal) -> RestReply {
        let from = try query.whole("from", 0, 0...9_000_000_000_000_000)
        let until = try query.whole("to", 9_000_000_000_000_000, 0...9_000_000_000_000_000)
        let id = query["orderId"], type = query["fillType"] ?? "User"
        let rows = venue.fills(of: account).reversed().filter { row in
            let at = Int(row.fill.venueTime.milliseconds)
            return wanted(row.fill.instrument) && at >= from && at < until
                && (id == nil || id == String(row.order))
                && type == "User" && isListed(row.fill, of: account)
        }
        return page.reply(Array(rows)) { row, json in
            let fill = row.fill
            json.object {
                $0.field("clientId", row.clientID.map { String($0) })
                $0.field("fee", fill.fee.text)
                $0.field("feeSymbol", fill.feeAsset.symbol)
                $0.field("isMaker", fill.liquidity == .maker)
                $0.field("orderId", String(row.order))
                $0.field("price", fill.price)
                $0.field("quantity", fill.quantity)
                $0.field("side", fill.side.wire)
                $0.field("symbol", streams.symbol(fill.instrument))
                $0.field("systemOrderType", String?.none)
                $0.field("timestamp", CalendarText.write(fill.venueTime))
                $0.field("tradeId", fill.tradeID)
            }
        }
    }

    private func settlements(_ query: Query, _ account: AccountID, _ page: Page) -> RestReply {
        let source = query["source"]
        let rows = venue.settlements(of: account).enumerated().reversed().filter {
            source == nil || $0.element.source == source
        }
        return page.reply(Array(rows)) { row, json in
            json.object {
                $0.field("engineSequence", Int64(row.offset + 1))
                $0.field("positionId", row.element.position.map { String($0) })
                $0.field("quantity", row.element.amount.text)
                $0.field("source", row.element.source)
                $0.field("subaccountId", Int64(0))
                $0.field("timestamp", CalendarText.write(row.element.at))
                $0.field("userId", AccountRows.user(account))
            }
        }
    }

    private func interest(_ query: Query, _ account: AccountID, _ page: Page) -> RestReply {
        let asset = query["asset"], source = query["source"] ?? "BorrowLend"
        let rows = venue.interest(of: account).reversed().filter {
            (asset == nil || asset == $0.payment.asset.symbol) && source == "BorrowLend"
        }
        return page.reply(Array(rows)) { row, json in
            json.object {
                $0.field("interestRate", VenueText.fraction(row.rate.raw * 100))
                $0.field("interval", Int64(3600))
                $0.field("marketSymbol", String?.none)
                $0.field("paymentType", row.payment.kind?.rawValue)
                $0.field("positionId", row.payment.position)
                $0.field("quantity", row.payment.amount.magnitude.text)
                $0.field("symbol", row.payment.asset.symbol)
                $0.field("timestamp", CalendarText.write(row.payment.at))
            }
        }
    }

    private func positionRow(_ position: PositionState, to json: inout JSONText) {
        json.object { row in
            row.field("accountLeverage", String?.none)
            row.field("closedAt", position.closedAt.map(CalendarText.write))
            row.field("closedVolume", position.closedVolume.text)
            row.field("closingPrice", position.closedAt == nil ? nil : position.mark)
            row.field("cumulativePnlRealized", position.realised.text)
            row.field("entryPrice", position.entryPrice)
            row.field("fees", position.fees.text)
            row.field("fundingQuantity", position.funding.text)
            row.field("id", String(position.id))
            row.field("imf", VenueText.fraction(position.imf))
            row.field("interest", "0")
            row.field("liquidated", false)
            row.field("liquidationFees", "0")
            row.field("markPrice", position.mark)
            row.field("netCost", position.netCost.text)
            row.field("netExposureNotional", position.exposureNotional.text)
            row.field("netExposureQuantity", position.exposure)
            row.field("netQuantity", position.net)
            row.field("openedAt", CalendarText.write(position.openedAt))
            row.field("state", position.closedAt == nil ? "Open" : "Closed")
            row.field("symbol", streams.symbol(position.instrument))
            row.field("unrealizedPnl", position.unrealised.text)
        }
    }
}
