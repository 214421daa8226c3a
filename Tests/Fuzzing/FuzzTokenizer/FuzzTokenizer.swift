// Any bytes as tokenizer.json: refused or taken, never a crash.
import Tokenizing

/// Texts that every rule of a tokenizer sees something in.
private let texts = [
    "", " ", "a", "What is 1+1?\n\nIt's  2.", "\r\n\t \u{A0}\u{3000}", "<s></s><|im_end|> ки\n", "▁▁ ▁a",
    "e\u{301}\u{E9}\u{1F469}\u{200D}\u{1F4BB}\u{0}", "'ſa 'LLama 12345", String(repeating: "ab", count: 40),
]

@_cdecl("LLVMFuzzerTestOneInput")
package func fuzzTokenizer(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let tokenizer = try? Tokenizer(parsing: bytes) else { return 0 }
    func check(_ ids: [Int32]) {
        precondition(ids.allSatisfy { $0 >= 0 && Int($0) < tokenizer.idUpperBound && tokenizer.bytes(of: $0) != nil })
    }
    for text in texts {
        check(tokenizer.encode(text))
        check(tokenizer.encodeWithAddedTokens(text))
    }
    let joined = tokenizer.encode(joining: texts)
    check(joined.ids)
    precondition(joined.ends.count == texts.count)
    for id in joined.ids { _ = tokenizer.halves(of: id) }
    return 0
}
