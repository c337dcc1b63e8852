import Core
import Testing
import Venue

@testable import Host

@Suite struct `The account file of neap venue` {
    @Test func `is read from disk as it stands`() throws {
        let folder = try TemporaryFolder()
        let key = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
        try folder.write(
            "accounts.json", #"{"accounts":[{"apiKey":"\#(key)","balances":{"USDC":"1234.5"}}]}"#)
        let accounts = try VenueCommand.accounts(folder.path + "/accounts.json")
        #expect(accounts.map(\.key) == [key])
        #expect(accounts.first?.balances.first?.1 == Money("1234.5"))
    }

    @Test(arguments: [("{", "not JSON"), (#"{"accounts":[{"apiKey":"x"}]}"#, "accounts[0].apiKey")])
    func `that is wrong is named with what is wrong in it`(text: String, says: String) throws {
        let folder = try TemporaryFolder()
        try folder.write("accounts.json", text)
        let error = #expect(throws: (any Error).self) {
            try VenueCommand.accounts(folder.path + "/accounts.json")
        }
        #expect("\(error.map { "\($0)" } ?? "")".contains(says), "\(error.map { "\($0)" } ?? "")")
    }

    @Test func `that is missing is named`() {
        #expect(throws: (any Error).self) { try VenueCommand.accounts("/nowhere/accounts.json") }
    }
}
