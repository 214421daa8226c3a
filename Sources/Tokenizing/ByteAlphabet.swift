// The letters by which byte-level vocabularies spell bytes.

/// GPT-2's alphabet: printable Latin-1 spells itself, the other 68 bytes are U+0100 and up ("Ġ" is a space).
enum ByteAlphabet {
    /// The scalar of each byte.
    private static let scalars: [UInt32] = {
        var unprintable: UInt32 = 0x100
        return (UInt32(0)..<256).map { byte in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return byte
            default:
                defer { unprintable += 1 }
                return unprintable
            }
        }
    }()

    /// The UTF-8 of a byte's scalar, all of which lie below U+0800.
    static func spelling(of byte: UInt8) -> [UInt8] {
        let scalar = scalars[Int(byte)]
        return scalar < 0x80 ? [UInt8(scalar)] : [0xC0 | UInt8(scalar >> 6), 0x80 | UInt8(scalar & 0x3F)]
    }

    /// The bytes in the order of their scalars, which is the order of ids in vocabularies of this kind.
    static let bytesInOrder: [UInt8] = (UInt8.min ... .max).sorted { scalars[Int($0)] < scalars[Int($1)] }

    /// How a vocabulary spells a token.
    static func text(of bytes: [UInt8]) -> String { String(decoding: bytes.flatMap(spelling(of:)), as: UTF8.self) }

    /// The byte of each scalar below U+0144, -1 for the 68 that the alphabet leaves out.
    private static let bytes: [Int16] = {
        var bytes = [Int16](repeating: -1, count: 0x144)
        for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar)] = Int16(byte) }
        return bytes
    }()

    /// Appends the bytes that a token's text spells; false, with nothing appended, where it is not in this alphabet.
    static func append(_ text: String, to bytes: inout [UInt8]) -> Bool {
        let start = bytes.count
        let table = Self.bytes
        let text = text.utf8.span
        var index = 0
        while index < text.count {
            let (scalar, length) = text.scalar(at: index)
            guard scalar < 0x144, let byte = UInt8(exactly: table[Int(scalar)]) else {
                bytes.removeSubrange(start...)
                return false
            }
            bytes.append(byte)
            index += length
        }
        return true
    }
}
