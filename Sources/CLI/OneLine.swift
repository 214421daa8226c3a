// Text from a model's files, fit for one line of a terminal or a log.

extension String {
    /// Control characters escaped, so that no file can add a line or move the cursor, and no more than 1,000 scalars.
    var onOneLine: String {
        var line = ""
        for scalar in unicodeScalars.prefix(1000) {
            // C0, DEL, C1, and the line and paragraph separators.
            switch scalar.value {
            case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: line += scalar.escaped(asASCII: true)
            default: line.unicodeScalars.append(scalar)
            }
        }
        return unicodeScalars.count > 1000 ? line + "..." : line
    }
}
