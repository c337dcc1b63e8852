import Core
import Testing

@testable import Journal

@Suite struct `An instruction in the journal` {
    @Test(
        arguments: [
            .records(fault: nil), .records(fault: ""), .records(fault: "x"),
            .records(fault: "records.sqlite cannot be written: disk I/O error (SQLite 10). Entries…"),
            .missing("a", true), .missing("a", false), .idBlock(.max), .noBlock("x y"), .haltFor("a b"),
            .noBlock(""),
            .stop(flatten: true), .hold,
            .script("a", .rollBack),
        ] as [Engine.Instruction])
    func `is read back as it was given`(instruction: Engine.Instruction) {
        #expect(Engine.Instruction(text: instruction.text) == instruction)
    }

    @Test(arguments: ["", "recorded x", "block", "block -1", "script_nothing a", "nothing"])
    func `is nothing else`(text: String) { #expect(Engine.Instruction(text: text) == nil) }
}
