// Settings by name, kept and refused.
import JSON
import Testing
import Training
import Transformers

@Suite struct SettingsTests {
    @Test func `what is kept reads back the same`() throws {
        let given: JSONObject = [
            "tune": "last:3", "pooling": "mean", "scale": "logit", "updates": 7, "rate": 1, "keep": "f1",
            "learn_temperature": false, "semantics": "value",
        ]
        let settings = try TrainingSettings(given: given, isNew: false)
        #expect(settings.tuning == .last(3) && settings.rate == 1 && settings.updates == 7)
        #expect(try TrainingSettings(stored: settings.json) == settings)
        let text = JSONValue.object(settings.json).serialized()
        #expect(try TrainingSettings(stored: try #require(JSONValue(parsing: text).object)) == settings)
    }

    @Test(arguments: [
        ("updates", JSONValue(0)), ("updates", 1.5), ("rate", "fast"), ("tune", "last:0"), ("tune", "tail"),
        ("pooling", "softmin"), ("colour", 1), ("held_out", 0.95), ("learn_temperature", 1),
    ])
    func `a wrong setting is refused by its name`(_ name: String, _ value: JSONValue) {
        let error = #expect(throws: TrainingError.self) { try TrainingSettings(given: [name: value], isNew: false) }
        guard case .setting(name, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(
        arguments: [
            ["tune": "head"], ["pooling": "product", "scale": "logit"], ["learn_temperature": true, "pooling": "min"],
            ["learn_temperature": true, "temperature_from": 0.5], ["heads": 3, "kv_heads": 2],
            ["hidden": 20, "heads": 4],
        ] as [JSONObject]
    )
    func `settings that exclude each other are refused`(_ given: JSONObject) {
        let error = #expect(throws: TrainingError.self) { try TrainingSettings(given: given, isNew: true) }
        guard case .conflict? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `what differs from the run is named, what is the same is taken`() throws {
        let settings = try TrainingSettings(given: ["updates": 9, "rate": 0.5], isNew: true)
        try settings.refuseOthers(["updates": 9, "rate": 0.50])
        let error = #expect(throws: TrainingError.self) { try settings.refuseOthers(["updates": 9, "rate": 0.25]) }
        guard case .differs("rate", "0.5", "0.25")? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `the digest is XXH64`() {
        func digest(_ text: String) -> UInt64 {
            var fingerprint = Fingerprint()
            fingerprint.add(Array(text.utf8))
            return fingerprint.value
        }
        #expect(digest("") == 0xEF46_DB37_51D8_E999)
        #expect(digest("a") == 0xD24E_C4F1_A98C_6E5B)
        #expect(digest("abc") == 0x44BC_2CF5_AD77_0999)
        #expect(digest("Nobody inspects the spammish repetition") == 0xFBCE_A83C_8A37_8BF1)
    }

    @Test func `a digest does not know how its bytes came`() {
        let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        var whole = Fingerprint()
        whole.add(bytes)
        for size in [1, 7, 31, 32, 33, 64, 100] {
            var pieces = Fingerprint()
            for start in stride(from: 0, to: bytes.count, by: size) {
                pieces.add(Array(bytes[start..<min(start + size, bytes.count)]))
            }
            #expect(pieces.value == whole.value)
        }
    }

    @Test func `a curve reads back the same, without what came after`() {
        var curve = Curve()
        curve.append(Curve.Row(update: 10, values: [0.1, nil, 1e-9, 3]))
        let before = curve.text
        curve.append(Curve.Row(update: 20, values: [0.3, nil, 1e-9, 3]))
        #expect(Curve(text: curve.text, through: 20).text == curve.text)
        #expect(Curve(text: curve.text, through: 19).text == before)
    }
}
