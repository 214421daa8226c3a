// Numbers keep their spelling, their bits and their point.
import Fixtures
import JSON
import Testing

@Suite struct NumberTests {
    private static let integers: [(String, Int?)] = [
        ("5", 5), ("-5", -5), ("0", 0), ("-0", 0), ("9223372036854775807", Int.max), ("-9223372036854775808", Int.min),
        ("9223372036854775808", nil), ("5.0", nil), ("1e2", nil), ("1E2", nil),
        ("1000000000000000000000000000000", nil),
    ]

    @Test(arguments: integers)
    func `an integer is exact or none`(text: String, integer: Int?) throws {
        let value = try JSONValue(parsing: text.utf8)
        #expect(value.integer == integer)
        #expect(value.double == Double(text))
    }

    @Test(arguments: ["1e2", "1.50", "-0", "-0.0", "1E+2", "1e-400", "1000000000000000000000000000000", "0.1e0"])
    func `a number leaves as it came`(text: String) throws {
        #expect(try JSONValue(parsing: text.utf8).serialized() == Array(text.utf8))
    }

    @Test func `a million digits are read in good time`() throws {
        let text = "0." + String(repeating: "3", count: 1_000_000) + "e0"
        let start = ContinuousClock.now
        #expect(try JSONValue(parsing: text.utf8).double == 1 / 3.0)
        #expect(ContinuousClock.now - start < .seconds(1))
    }

    private static let doubles: [(Double, String)] = [
        (1.0, "1.0"), (0.0, "0.0"), (-0.0, "0.0"), (1e-7, "1.0e-07"), (-2.5, "-2.5"), (0.1, "0.1"), (1e16, "1.0e+16"),
        (1.25e-9, "1.25e-09"), (.greatestFiniteMagnitude, "1.7976931348623157e+308"),
        (.leastNonzeroMagnitude, "5.0e-324"),
    ]

    @Test(arguments: doubles)
    func `a float has a decimal point`(value: Double, text: String) {
        #expect(JSONNumber(value)?.lexeme == text)
    }

    @Test func `a Float has the digits of a Float`() {
        #expect(JSONNumber(Float(0.1))?.lexeme == "0.1")
        #expect(JSONNumber(-Float(0))?.lexeme == "0.0")
        #expect(JSONNumber(Float.leastNonzeroMagnitude)?.lexeme == "1.0e-45")
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func `what is not finite is no number`(value: Double) {
        #expect(JSONNumber(value) == nil)
        #expect(JSONNumber(Float(value)) == nil)
        #expect(JSONValue(value) == nil)
        var writer = JSONWriter()
        let error = #expect(throws: JSONError.self) { try writer.number(value) }
        #expect(error?.kind == .notFinite)
        #expect(throws: JSONError.self) { try writer.number(Float(value)) }
        #expect(writer.bytes.isEmpty)
    }

    @Test func `random doubles read back to the same bits`() throws {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<100_000 {
            let value = Double(bitPattern: generator.next())
            guard let number = JSONNumber(value) else { continue }
            let text = Array(number.lexeme.utf8)
            let read = try #require(JSONValue(parsing: text).double)
            #expect(read.bitPattern == value.bitPattern && text.contains(UInt8(ascii: ".")))
        }
    }

    @Test func `random floats read back to the same bits`() throws {
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<100_000 {
            let value = Float(bitPattern: UInt32(truncatingIfNeeded: generator.next()))
            guard let number = JSONNumber(value) else { continue }
            let read = try #require(Float(number.lexeme))
            #expect(read.bitPattern == value.bitPattern && number.lexeme.contains("."))
            #expect(Float(number.double).bitPattern == value.bitPattern)
        }
    }
}
