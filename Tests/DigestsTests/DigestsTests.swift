// SHA-256 against the examples of its standard.
import Digests
import Testing

@Suite struct DigestsTests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func `the examples of FIPS 180-4 come out`(text: String, digits: String) throws {
        #expect(hexadecimal(try SHA256.digest(of: Array(text.utf8))) == digits)
    }

    @Test func `bytes in pieces are the same bytes`() throws {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        var hash = try SHA256()
        for start in stride(from: 0, to: bytes.count, by: 61) {
            try Array(bytes[start..<min(bytes.count, start + 61)]).withUnsafeBytes { try hash.add($0) }
        }
        #expect(try hash.finish() == SHA256.digest(of: bytes))
    }

    @Test func `one bit makes another digest`() throws {
        let digest = try SHA256.digest(of: [1, 2, 3])
        var other = digest
        other[31] ^= 1
        #expect(isSame(digest, digest))
        #expect(!isSame(digest, other))
        #expect(!isSame(digest, Array(digest.dropLast())))
    }
}
