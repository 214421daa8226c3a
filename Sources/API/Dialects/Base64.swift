// Float32 numbers as base64.
// Written by hand because no library serves: the only base64 at hand is Foundation's, which Sources do not import.

extension [Float] {
    /// The numbers' bytes, the lowest of each first, in the alphabet of RFC 4648 section 4.
    var base64: String {
        let bytes = flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * $0)) } }
        let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<Swift.min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 {
                // n bytes fill n + 1 letters.
                let letter = alphabet.utf8Start[bits >> (18 - 6 * place) & 63]
                text.append(place <= group.count ? letter : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
