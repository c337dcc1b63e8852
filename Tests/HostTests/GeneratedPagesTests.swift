import Core
import LuaBridge
import Testing

@testable import LuaBridge

@Suite struct `The pages made from the tables` {
    @Test func `stand in the project as the tables say`() throws {
        try expectGenerated("strategies/README.md", ScriptReference.page)
        try expectGenerated("strategies/.editor/neap.lua", ScriptReference.stub)
        try expectGenerated(".luarc.json", ScriptReference.settings)
    }

    @Test func `know exactly the keys that the contract takes`() {
        #expect(ScriptReference.keys.map(\.name).sorted() == ContractReader.keys)
    }
}
