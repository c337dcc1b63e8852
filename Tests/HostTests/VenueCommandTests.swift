import ArgumentParser
import Core
import Glibc
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

@Suite struct `The option --faults` {
    private func lines(_ text: String) -> [String] {
        do throws(Configuration.Faults) { _ = try FaultText.read(text) } catch { return error.lines }
        return []
    }

    @Test func `names the fault that may have been meant, and all there are`() {
        let said = lines("insta-cancle,gap:0.01,droppriv")
        #expect(said.count == 3)
        #expect(said[0] == "--faults insta-cancle: there is no such fault; did you mean insta-cancel?")
        #expect(said[1].hasPrefix("--faults droppriv: there is no such fault"))
        #expect(said[2].contains("reject-leg, timeout-executed, timeout-lost, insta-cancel"))
        #expect(lines("all,gap:0.01") == [])
    }

    @Test func `says what a rate may be`() {
        #expect(
            lines("gap:2") == ["--faults gap:2: the rate is a number of 0 to 1 with at most eight decimals"])
        #expect(lines("gap,gap") == ["--faults gap: given twice"])
    }

    @Test(arguments: [["--faults", "gaap"], ["--mode", "live", "--faults", "all"]])
    func `that is wrong or stands where there is no exchange of ours ends a start with 2`(
        words: [String]
    ) throws {
        let folder = try TemporaryFolder()
        let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
        try folder.write(
            "env", "BACKPACK_API_KEY=\(key)\nBACKPACK_PRIVATE_KEY=\(key)\nLIVE_CONFIRM=yes\n")
        chmod(folder.path + "/env", 0o600)
        let command = try RunCommand.parse(
            words + ["--env", folder.path + "/env", "--data", folder.path, "--for", "1"])
        #expect(throws: ExitCode(2)) { try command.run() }
        #expect(throws: (any Error).self) { _ = try VenueCommand.parse(["--faults", "gaap"]) }
    }

    @Test func `is told back as counts`() {
        #expect(VenueCommand.faultLine([]) == nil)
        #expect(
            VenueCommand.faultLine([("gap", 3), ("late-fill", 0)])
                == "neap venue: faults played: gap 3, late-fill 0")
    }

    @Test func `has all its names in the help`() {
        let help = RunCommand.helpMessage(columns: 200)
        for name in ["reject-leg", "cancel-202", "drop-private"] { #expect(help.contains(name)) }
    }
}
