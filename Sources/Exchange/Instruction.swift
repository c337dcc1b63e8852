/// The name under which a private request is signed (PROTOCOL 2.5).
public enum Instruction: String, Sendable, CaseIterable {
    case accountQuery, accountUpdate, convertDust, maxBorrowQuantity, maxOrderQuantity, maxWithdrawalQuantity
    case balanceQuery, collateralQuery, positionQuery, borrowLendPositionQuery, borrowLendExecute
    case orderQuery, orderExecute, orderCancel, orderQueryAll, orderCancelAll
    case strategyQuery, strategyCreate, strategyCancel, strategyQueryAll, strategyCancelAll
    case rfqSubmit, rfqCancel, rfqRefresh, rfqQuery, quoteSubmit, quoteAccept
    case depositQueryAll, depositAddressQuery, withdrawalQueryAll, withdraw
    case fillHistoryQueryAll, orderHistoryQueryAll, positionHistoryQueryAll, fundingHistoryQueryAll
    case settlementHistoryQueryAll, borrowHistoryQueryAll, borrowPositionHistoryQueryAll
    case interestHistoryQueryAll, dustHistoryQueryAll, strategyHistoryQueryAll
    case rfqHistoryQueryAll, rfqFillHistoryQueryAll, quoteHistoryQueryAll, quoteFillHistoryQueryAll
    case vaultMint, vaultRedeemRequest, vaultRedeemCancel, vaultPendingRedeemsQuery, vaultNavQuery
    case subscribe

    /// The instruction of a private endpoint; `nil` for a public or unknown one. `path` without query.
    public static func of(method: String, path: String) -> Instruction? {
        routes.first { $0.method == method && $0.path == path }?.instruction
    }

    private static let routes: [(method: String, path: String, instruction: Instruction)] = [
        ("GET", "/api/v1/account", .accountQuery), ("PATCH", "/api/v1/account", .accountUpdate),
        ("POST", "/api/v1/account/convertDust", .convertDust),
        ("GET", "/api/v1/account/limits/borrow", .maxBorrowQuantity),
        ("GET", "/api/v1/account/limits/order", .maxOrderQuantity),
        ("GET", "/api/v1/account/limits/withdrawal", .maxWithdrawalQuantity),
        ("GET", "/api/v1/capital", .balanceQuery), ("GET", "/api/v1/capital/collateral", .collateralQuery),
        ("GET", "/api/v1/position", .positionQuery),
        ("GET", "/api/v1/borrowLend/positions", .borrowLendPositionQuery),
        ("POST", "/api/v1/borrowLend", .borrowLendExecute),
        ("GET", "/api/v1/order", .orderQuery), ("POST", "/api/v1/order", .orderExecute),
        ("POST", "/api/v1/orders", .orderExecute), ("DELETE", "/api/v1/order", .orderCancel),
        ("GET", "/api/v1/orders", .orderQueryAll), ("DELETE", "/api/v1/orders", .orderCancelAll),
        ("GET", "/api/v1/strategy", .strategyQuery), ("POST", "/api/v1/strategy", .strategyCreate),
        ("DELETE", "/api/v1/strategy", .strategyCancel), ("GET", "/api/v1/strategies", .strategyQueryAll),
        ("DELETE", "/api/v1/strategies", .strategyCancelAll),
        ("POST", "/api/v1/rfq", .rfqSubmit), ("POST", "/api/v1/rfq/cancel", .rfqCancel),
        ("POST", "/api/v1/rfq/refresh", .rfqRefresh), ("GET", "/api/v1/rfqs", .rfqQuery),
        ("POST", "/api/v1/rfq/quote", .quoteSubmit), ("POST", "/api/v1/rfq/accept", .quoteAccept),
        ("GET", "/wapi/v1/capital/deposits", .depositQueryAll),
        ("GET", "/wapi/v1/capital/deposit/address", .depositAddressQuery),
        ("GET", "/wapi/v1/capital/withdrawals", .withdrawalQueryAll),
        ("POST", "/wapi/v1/capital/withdrawals", .withdraw),
        ("GET", "/wapi/v1/history/fills", .fillHistoryQueryAll),
        ("GET", "/wapi/v1/history/orders", .orderHistoryQueryAll),
        ("GET", "/wapi/v1/history/position", .positionHistoryQueryAll),
        ("GET", "/wapi/v1/history/funding", .fundingHistoryQueryAll),
        ("GET", "/wapi/v1/history/settlement", .settlementHistoryQueryAll),
        ("GET", "/wapi/v1/history/borrowLend", .borrowHistoryQueryAll),
        ("GET", "/wapi/v1/history/borrowLend/positions", .borrowPositionHistoryQueryAll),
        ("GET", "/wapi/v1/history/interest", .interestHistoryQueryAll),
        ("GET", "/wapi/v1/history/dust", .dustHistoryQueryAll),
        ("GET", "/wapi/v1/history/strategies", .strategyHistoryQueryAll),
        ("GET", "/wapi/v1/history/rfq", .rfqHistoryQueryAll),
        ("GET", "/wapi/v1/history/rfq/fill", .rfqFillHistoryQueryAll),
        ("GET", "/wapi/v1/history/quote", .quoteHistoryQueryAll),
        ("GET", "/wapi/v1/history/quote/fill", .quoteFillHistoryQueryAll),
        ("POST", "/api/v1/vault/mint", .vaultMint), ("POST", "/api/v1/vault/redeem", .vaultRedeemRequest),
        ("DELETE", "/api/v1/vault/redeem", .vaultRedeemCancel),
        ("GET", "/api/v1/vault/redeems/pending", .vaultPendingRedeemsQuery),
        ("GET", "/api/v1/vault/nav", .vaultNavQuery),
    ]
}
