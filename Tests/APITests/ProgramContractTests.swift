// openapi.yaml says of programs and methods what the server takes.
import Crediting
import HTTPTypes
import JSON
import Scoring
import Serving
import Testing

@Suite struct ProgramContractTests {
    private let golden: GoldenService
    private let contract: Contract

    init() throws {
        golden = try GoldenService()
        contract = try Contract.shared.get()
    }

    private func methods() async throws -> [JSONValue] {
        try #require(try await golden.send(.get, "/v1/methods").json()["data"]?.array)
    }

    /// What the server says to an operator that takes steps.
    private func answer(to operation: JSONValue) async throws -> (status: HTTPResponse.Status, error: JSONValue?) {
        let program: JSONValue = [["op": "read", "of": "rewards", "as": "input"], operation]
        let response = await golden.post("/v1/credit", ["rollouts": [["rewards": [0.5]]], "program": program])
        return (response.status, try response.json()["error"])
    }

    /// Whether it is for the form of the operator, and not for what it takes or lacks.
    private func refusesForm(of operation: JSONValue) async throws -> Bool {
        let (status, error) = try await answer(to: operation)
        let param = error?["param"]?.string ?? ""
        return status == .badRequest
            || status == .unprocessableContent && (param.hasPrefix("program[1].") || param.hasSuffix(".as"))
    }

    /// What the server's message lists behind `words`.
    private func list(_ error: JSONValue?, behind words: String) -> [String] {
        let message = error?["message"]?.string ?? ""
        guard let start = message.firstRange(of: words)?.upperBound else { return [] }
        return message[start...].dropLast().split(separator: ", ").map(String.init)
    }

    @Test func `every listed program is one of the contract`() async throws {
        for method in try await methods() {
            let isTaken = contract.takes(try #require(method["program"]), contract.schema("Program"))
            #expect(isTaken, "\(method.names)")
        }
        let takesNothing = contract.takes([], contract.schema("Program"))
        #expect(!takesNothing)
    }

    @Test func `every word of an operator is in the contract, and no other`() async throws {
        var documented: [String: Set<String>] = [:]
        var samples: [String: (operation: JSONObject, key: String)] = [:]
        for form in contract.forms(of: contract.schema("Operator")) {
            let operation = contract.sample(of: form)
            let name = operation["op"]?.string ?? ""
            for (key, schema) in form["properties"]?.object ?? [:] where !contract.words(of: schema).isEmpty {
                let place = key == "op" ? key : "\(name).\(key)"
                let words = contract.words(of: schema)
                documented[place, default: []].formUnion(words)
                samples[place] = (operation, key)
            }
        }
        #expect(documented["op"]?.count == 13 && documented.count > 20)
        for (place, sample) in samples {
            var operation = sample.operation
            operation[sample.key] = "?"
            let (_, error) = try await answer(to: .object(operation))
            #expect(error?["param"]?.string == "program[1].\(sample.key)")
            #expect(Set(list(error, behind: "one of ")) == documented[place], "\(place)")
        }
    }

    @Test func `an operator has the parameters of the contract, and no other`() async throws {
        for form in contract.forms(of: contract.schema("Operator")) {
            for word in contract.kinds(of: form) {
                var operation = contract.sample(of: form, word)
                let known = Set(operation.keys)
                operation["x"] = 1
                let (_, error) = try await answer(to: .object(operation))
                #expect(Set(list(error, behind: "known are ")) == known, "\(operation)")
            }
        }
    }

    @Test func `the contract and the server refuse the same operators`() async throws {
        let schema = contract.schema("Operator")
        var (taken, refused) = (0, 0)
        for form in contract.forms(of: schema) {
            for (number, word) in contract.kinds(of: form).enumerated() {
                let sample = contract.sample(of: form, word)
                // What kinds of one form have besides the word is the same.
                for changed in number == 0 ? sample.changes : [sample] {
                    let isRefused = try await refusesForm(of: .object(changed))
                    let isTaken = contract.takes(.object(changed), schema)
                    let text = String(decoding: JSONValue.object(changed).serialized(), as: UTF8.self)
                    #expect(isTaken != isRefused, "\(text)")
                    if isRefused { refused += 1 } else { taken += 1 }
                }
            }
        }
        #expect(taken > 300 && refused > 700)
    }

    @Test func `the contract and the server refuse the same terms`() async throws {
        let schema = contract.schema("MixTerm")
        for changed in contract.sample(of: schema).changes {
            let isRefused = try await refusesForm(of: ["op": "mix", "terms": [.object(changed)]])
            let isTaken = contract.takes(.object(changed), schema)
            #expect(isTaken != isRefused, "\(changed)")
        }
        for count in [0, 1, 16, 17] {
            let mix: JSONValue = ["op": "mix", "terms": .array(Array(repeating: ["of": "input"], count: count))]
            let isTaken = contract.takes(mix, contract.schema("Operator"))
            #expect(try await refusesForm(of: mix) != isTaken)
        }
    }

    @Test func `the options of a method are those of the contract`() async throws {
        let (methods, forms) = (try await methods(), contract.forms(of: contract.schema("MethodChoice")))
        #expect(forms[0]["enum"]?.strings == methods.flatMap(\.names))
        for method in methods {
            let members = try #require(
                forms.dropFirst().lazy.compactMap { $0["properties"]?.object }
                    .first { $0["name"]?["enum"]?.strings.contains(method.names[0]) == true }
            )
            #expect(Set(method.names).isSubset(of: members["name"]?["enum"]?.strings ?? []))
            let options = method["options"]?.array ?? []
            #expect(Set(members.keys) == Set(["name"] + options.compactMap { $0["name"]?.string }))
            for option in options {
                let schema = try #require(members[option["name"]?.string ?? ""])
                #expect(schema["enum"]?.strings == option["values"]?.strings)
                #expect(schema["minimum"]?.double == option["least"]?.double)
                #expect(schema["maximum"]?.double == option["most"]?.double)
                #expect(schema["maxItems"] == option["most_numbers"])
                let (one, other) = (try #require(schema["default"]), try #require(option["default"]))
                #expect(one.double == other.double && one.string == other.string)
                #expect(one.array?.map(\.double) == other.array?.map(\.double))
            }
        }
    }

    @Test func `the methods of a trainer's URL are those of the contract`() async throws {
        var taken: [String] = []
        for name in try await methods().flatMap(\.names) {
            let code = try await golden.post("/get_reward?method=\(name)", ["query": []]).code()
            if code != "invalid_field" { taken.append(name) }
        }
        #expect(contract.parameter("Method")["schema"]?["enum"]?.strings == taken)
    }

    @Test func `the words of an answer are in the contract`() {
        let reasons = Reason.allCases.map(\.rawValue) + ["not_computed"]
        #expect(Set(contract.words(of: contract.schema("Reason"))) == Set(reasons))
        let method = contract.schema("Methods")["properties"]?["data"]?["items"]?["properties"]
        #expect(method?["mark"]?["enum"]?.strings == Mark.allCases.map(\.rawValue))
        let trace = contract.schema("MethodReward")["properties"]?["trace"]?["items"]?["properties"]
        #expect(trace?["kind"]?["enum"]?.strings == ValueType.Kind.allCases.map(\.rawValue))
        let computed = method?["inputs"]?["properties"]?["computed"]?["additionalProperties"]?["items"]
        #expect(computed?["enum"]?.strings == ModelRole.allCases.map(\.rawValue))
    }
}

extension JSONValue {
    /// A method's name and its others.
    fileprivate var names: [String] { [self["id"]?.string ?? ""] + (self["aliases"]?.strings ?? []) }
}

extension Contract {
    /// What an operator of this form may be: the words of `by`, `of` or `to`, whichever it has first.
    fileprivate func kinds(of form: JSONValue) -> [(key: String, word: String)?] {
        let key = ["by", "of", "to"].first { !words(of: form["properties"]?[$0] ?? .null).isEmpty }
        return key.map { key in words(of: form["properties"]?[key] ?? .null).map { (key, $0) } } ?? [nil]
    }

    /// An object with every member that the form has.
    fileprivate func sample(of form: JSONValue, _ kind: (key: String, word: String)? = nil) -> JSONObject {
        var object = JSONObject()
        for (key, schema) in resolved(form)["properties"]?.object ?? [:] { object[key] = sample(of: key, schema) }
        if let kind { object[kind.key] = .string(kind.word) }
        return object
    }

    private func sample(of key: String, _ schema: JSONValue) -> JSONValue {
        if let word = words(of: schema).first { return .string(word) }
        switch key {
        case "as": return "made"
        case "from", "of", "with", "where": return "input"
        case "terms": return [["of": "input"]]
        case "init": return "first"
        // Such that the one stays below the other.
        case "low": return -9
        case "high": return 9
        default: return [true, 0.5, 0].first { takes($0, schema) } ?? .null
        }
    }
}

extension JSONObject {
    /// Itself, and others with one member less, null, or another.
    fileprivate var changes: [JSONObject] {
        let others: [JSONValue?] = [nil, .some(.null), -1, 0, 0.5, 2, true, "?", []]
        return [self]
            + keys.flatMap { key in
                others.map { other in
                    var changed = self
                    changed[key] = other
                    return changed
                }
            }
    }
}
