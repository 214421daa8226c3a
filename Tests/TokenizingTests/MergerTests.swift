// Byte-pair encoding by both ways, and what comes back.
import Fixtures
import Testing
import Tokenizing

@Suite struct MergerTests {
    let tokenizer: Tokenizer

    init() throws { tokenizer = try Golden.tinyTokenizer() }

    @Test(arguments: [1, 2, 3, 8, 40, Merger.scannedSymbols, Merger.scannedSymbols + 1, 200])
    func `scanning and the queue give the same ids`(length: Int) {
        var random = SeededGenerator(seed: UInt64(length))
        for _ in 0..<200 {
            // Few letters, so that most neighbours merge and chains of merges overlap.
            let piece = (0..<length).map { _ in Array("aaabc=. then".utf8)[Int.random(in: 0..<12, using: &random)] }
            var scanned: [Int32] = [7]
            var queued: [Int32] = [7]
            var scratch = MergeScratch()
            tokenizer.merger.appendByScanning(piece.span, to: &scanned, scratch: &scratch)
            tokenizer.merger.appendByQueue(piece.span, to: &queued)
            #expect(scanned == queued)
            #expect(scanned.dropFirst().flatMap { tokenizer.bytes(of: $0) ?? [] } == piece)
        }
    }

    @Test func `an empty piece has no ids`() {
        var ids: [Int32] = []
        var scratch = MergeScratch()
        tokenizer.merger.append([UInt8]().span, to: &ids, scratch: &scratch)
        tokenizer.merger.appendByQueue([UInt8]().span, to: &ids)
        #expect(ids == [])
    }

    @Test func `the lowest rank merges first and the leftmost of equals`() {
        // "b c" is ranked before "a b", which waits in the queue while "a" and "bc" have become another pair.
        #expect(names(tokenizer.encode("abc")) == ["abc"])
        #expect(names(tokenizer.encode("abbcc")) == ["ab", "bc", "c"])
        // "a a" leaves the odd one at the end.
        #expect(names(tokenizer.encode("aaaaaaa")) == ["aaaa", "aa", "a"])
    }

    @Test func `the tokens of any text are its bytes in NFC`() {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<2_000 {
            let text = random.text(of: 0...80)
            let bytes = tokenizer.encode(text).flatMap { tokenizer.bytes(of: $0) ?? [] }
            #expect(bytes == tokenizer.normaliser.changed(text.utf8.span) ?? Array(text.utf8))
        }
    }

    @Test func `every byte has a token of its own`() {
        #expect((Int32(0)..<256).map { tokenizer.bytes(of: $0) } == (UInt8.min ... .max).map { [$0] })
        #expect(tokenizer.encode("\0") == [0])
    }

    @Test func `ids that nobody has stand for nothing`() {
        #expect(tokenizer.bytes(of: -1) == nil)
        #expect(tokenizer.bytes(of: .max) == nil)
        #expect(tokenizer.bytes(of: Int32(tokenizer.idUpperBound)) == nil)
        #expect(tokenizer.bytes(of: Int32(tokenizer.idUpperBound - 1)) != nil)
        #expect(tokenizer.count == tokenizer.idUpperBound)
    }

    private func names(_ ids: [Int32]) -> [String] {
        ids.map { String(decoding: tokenizer.bytes(of: $0) ?? [], as: UTF8.self) }
    }
}
