import Core

/// Deposits and withdrawals, as an owner of the account makes them outside of any program.
extension SimulatedVenue {
    /// Money or coins on their way to an account.
    /// - Parameter confirms: the balance has it at once; otherwise it is `pending` until `confirm`.
    /// - Returns: its number.
    @discardableResult
    public mutating func deposit(
        _ amount: Money, _ asset: Asset, to account: AccountID, confirms: Bool = true
    ) -> Int64 {
        let id = add(.deposit, amount, asset, fee: .zero, account)
        if confirms { confirm(.deposit, id, of: account) }
        return id
    }

    /// Takes money or coins from an account. They leave the balance at once, the fee on top; they are
    /// `pending` until `confirm`.
    /// - Returns: its number; `nil` when so much is not free.
    @discardableResult
    public mutating func withdraw(
        _ amount: Money, _ asset: Asset, fee: Money = .zero, from account: AccountID, confirms: Bool = true
    ) -> Int64? {
        guard accounts[account.index][asset].available >= amount + fee else { return nil }
        let id = add(.withdrawal, amount, asset, fee: fee, account)
        move(-(amount + fee), asset, account)
        if confirms { confirm(.withdrawal, id, of: account) }
        return id
    }

    /// Ends one that is under way well.
    public mutating func confirm(_ kind: OutsideTransfer.Kind, _ id: Int64, of account: AccountID) {
        guard let place = underWay(kind, id, account) else { return }
        let transfer = accounts[account.index].transfers[place]
        accounts[account.index].transfers[place] = transfer.in(.confirmed)
        if kind == .deposit { move(transfer.quantity, transfer.asset, account) }
    }

    /// Ends one that is under way without effect. A deposit is `declined`; for a withdrawal the protocol has
    /// no such word: it is listed no more, and its amount is back.
    public mutating func fail(_ kind: OutsideTransfer.Kind, _ id: Int64, of account: AccountID) {
        guard let place = underWay(kind, id, account) else { return }
        let transfer = accounts[account.index].transfers[place]
        guard kind == .withdrawal else {
            accounts[account.index].transfers[place] = transfer.in(.ended)
            return
        }
        accounts[account.index].transfers.remove(at: place)
        move(transfer.quantity + transfer.fee, transfer.asset, account)
    }

    private func underWay(_ kind: OutsideTransfer.Kind, _ id: Int64, _ account: AccountID) -> Int? {
        accounts[account.index].transfers.firstIndex {
            $0.kind == kind && $0.id == id && $0.state == .underWay
        }
    }

    private mutating func add(
        _ kind: OutsideTransfer.Kind, _ amount: Money, _ asset: Asset, fee: Money, _ account: AccountID
    ) -> Int64 {
        lastTransferID += 1
        accounts[account.index].transfers.append(
            OutsideTransfer(
                kind: kind, id: lastTransferID, asset: asset, quantity: amount, fee: fee, state: .underWay,
                at: clock))
        return lastTransferID
    }

    private mutating func move(_ amount: Money, _ asset: Asset, _ account: AccountID) {
        accounts[account.index][asset].available += amount
        accounts[SimulatedVenue.outside.index][asset].available -= amount
        tellBalance(account, asset)
    }
}

extension OutsideTransfer {
    fileprivate func `in`(_ state: State) -> OutsideTransfer {
        OutsideTransfer(
            kind: kind, id: id, asset: asset, quantity: quantity, fee: fee, state: state, at: at)
    }
}
