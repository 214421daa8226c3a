// The composed spelling of hard texts, and of every scalar.
import Fixtures
import Foundation
import Testing
import Tokenizing

@Suite struct NormaliserTests {
    @Test(arguments: [
        ("e\u{301}", "\u{E9}"),
        ("\u{212B}\u{2126}", "\u{C5}\u{3A9}"),
        ("\u{1E9B}\u{323}", "\u{1E9B}\u{323}"),
        ("q\u{307}\u{323}", "q\u{323}\u{307}"),
        ("a\u{301}\u{323}", "\u{1EA1}\u{301}"),
        ("a\u{5AE}\u{301}\u{302}b", "\u{E1}\u{5AE}\u{302}b"),
        ("\u{301}e", "\u{301}e"),
        ("\u{1100}\u{1161}\u{11A8}", "\u{AC01}"),
        ("\u{AC00}\u{11A8}\u{11A8}", "\u{AC01}\u{11A8}"),
        ("\u{AC00}\u{11A7}", "\u{AC00}\u{11A7}"),
        ("\u{AC01}\u{1161}", "\u{AC01}\u{1161}"),
        ("\u{958}\u{FB2C}\u{2ADC}", "\u{915}\u{93C}\u{5E9}\u{5BC}\u{5C1}\u{2ADD}\u{338}"),
        ("\u{344}\u{F73}", "\u{F71}\u{F72}\u{308}\u{301}"),
        ("\u{F900}\u{2FA1D}", "\u{8C48}\u{2A600}"),
        ("\u{1D15E}", "\u{1D157}\u{1D165}"),
        ("\u{3B1}\u{345}\u{301}\u{313}", "\u{1FB4}\u{313}"),
        // Unicode 13 composes these, the normaliser of Hugging Face does not.
        ("\u{11935}\u{11930}", "\u{11935}\u{11930}"),
    ])
    func `NFC is composed as UAX 15 says`(text: String, expected: String) {
        #expect(normalised(text) == Array(expected.utf8))
    }

    @Test(arguments: ["", "plain", "\u{E9}t\u{E9}", "\u{4F60}\u{1F600}\u{FE0F}", "x\u{334}\u{33D}", "\u{AC01}"])
    func `text that is composed is not written again`(text: String) {
        #expect(Normaliser.nfc.changed(text.utf8.span) == nil)
    }

    @Test func `without a normaliser nothing changes`() {
        #expect(Normaliser.none.changed("e\u{301}".utf8.span) == nil)
    }

    @Test func `composing twice changes nothing more`() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<2_000 {
            let once = normalised(random.text(of: 1...30))
            #expect(Normaliser.nfc.changed(once.span) ?? once == once)
        }
    }

    /// Foundation's Unicode is newer, so this holds only for the scalars that the older one has; Latin has them all.
    @Test func `every Latin letter with two marks is as in Foundation`() {
        for letter in UInt32(0x41)..<0x250 {
            for (first, second) in [(0x301, 0x323), (0x323, 0x302), (0x308, 0x304), (0x327, 0x306)]
                as [(UInt32, UInt32)]
            {
                let scalars = [letter, first, second].compactMap(Unicode.Scalar.init)
                let text = String(String.UnicodeScalarView(scalars))
                #expect(normalised(text) == Array(text.precomposedStringWithCanonicalMapping.utf8))
            }
        }
    }
}

private func normalised(_ text: String) -> [UInt8] {
    Normaliser.nfc.changed(text.utf8.span) ?? Array(text.utf8)
}
