// Which names a caller is told that it has sent.
// A name that no field could have may be a text or a key in the wrong place, and errors end in their callers' logs.

extension String {
    /// Itself where a field could be called so: letters and underscores, at most 40 of them.
    package var fieldName: String {
        let isName = (1...40).contains(utf8.count) && utf8.allSatisfy(\.isNameByte)
        return isName ? self : "(no field's name)"
    }

    /// A path such as `rollouts[1].steps[2]`, to the first name in it that is no field's.
    package var fieldPath: String {
        var end = utf8.startIndex
        var isIndex = false
        for place in utf8.indices {
            switch utf8[place] {
            case UInt8(ascii: "."), UInt8(ascii: "["):
                end = place
                isIndex = utf8[place] == UInt8(ascii: "[")
            case UInt8(ascii: "]") where isIndex: isIndex = false
            case UInt8(ascii: "0")...UInt8(ascii: "9") where isIndex: break
            case let byte where byte.isNameByte && !isIndex: break
            default: return String(self[..<end])
            }
        }
        return self
    }
}

extension UInt8 {
    fileprivate var isNameByte: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) || self == UInt8(ascii: "_")
    }
}
