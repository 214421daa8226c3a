// Takes a request's body as one JSON object.
import HTTPTypes
import JSON
import Serving

extension Call {
    /// The body's object; keys other than `known` are refused by name.
    func fields(known: [String]) throws(APIError) -> Fields {
        let fields = try fields()
        try fields.refuseUnknown(except: known)
        return fields
    }

    /// The body's object, whatever keys it has besides: trainers send along what their users' data sets hold.
    func fields() throws(APIError) -> Fields {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: request.body, limits: Self.limits)
        } catch {
            throw .notJSON(error)
        }
        return try Fields(value, at: "")
    }

    /// No more values than the queue takes tokens by default, of which every step and every id is at least one; and two
    /// containers for each of 65,536 rollouts. Without these a body could unfold to 56 times its size (measured).
    private static let limits = JSONLimits(values: 1 << 20, containers: 1 << 17)

    /// A missing Content-Type is taken for JSON: some trainers send none (reference/wire-apis.md section 5).
    func checkType() throws(APIError) {
        guard let type = request.headers[.contentType] else { return }
        let essence = type.utf8.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: " ") }
        guard String(Substring(essence)).lowercased() == "application/json" else { throw .mediaType }
    }
}
