// A number by its spelling, so that a round trip is exact.

/// A finite number; equal to another when both are spelt alike (`1` and `1.0` differ).
package struct JSONNumber: Sendable, Equatable {
    /// As it stood in the text, or as `JSONWriter` would write it.
    package let lexeme: String

    /// The caller has checked that the lexeme is a JSON number and finite as a `Double`.
    init(checked lexeme: String) {
        self.lexeme = lexeme
    }

    package init(_ value: Int) {
        lexeme = String(value)
    }

    /// The shortest decimal that reads back to the same bits; nil unless finite.
    package init?(_ value: Double) {
        guard value.isFinite else { return nil }
        lexeme = Self.decimal(value.description)
    }

    /// The shortest decimal that reads back to the same `Float`; nil unless finite.
    package init?(_ value: Float) {
        guard value.isFinite else { return nil }
        lexeme = Self.decimal(value.description)
    }

    /// An exact integer: 5 is one; 5.0, 1e2 and what does not fit are not.
    package var integer: Int? {
        // Int(_:) takes digits and a sign only, so a point or an exponent is already nil.
        Int(lexeme)
    }

    /// Always finite.
    package var double: Double {
        Double(lexeme) ?? 0
    }

    /// Swift's own shortest text, always with a decimal point, and without the sign of zero.
    private static func decimal(_ description: String) -> String {
        if description == "-0.0" { return "0.0" }
        if description.utf8.contains(UInt8(ascii: ".")) { return description }
        // Swift writes 1e-07, but a reader that tells integers by the missing point needs 1.0e-07.
        guard let exponent = description.utf8.firstIndex(of: UInt8(ascii: "e")) else { return description + ".0" }
        return description[..<exponent] + ".0" + description[exponent...]
    }
}
