// POST /v1/embeddings: one number an input, as OpenAI.
import JSON
import Scoring
import Serving

extension Service {
    /// verl's SGLang path and Skywork's client, which uses OpenAI's SDK (reference/wire-apis.md sections 2.4 and 2.9); the
    /// embedding is the aggregated credit alone.
    func embeddings(_ call: Call) async throws -> Response {
        let words = try URLWords(call.request.query, known: URLWords.scalar, standard: call.model.defaultCredit)
        let fields = try call.fields()
        let encoding = try fields.word("encoding_format", as: NumberEncoding.self) ?? .float
        let input = try PooledInput(fields, oneOf: "input", "messages")
        let (scored, credits) = try await judged(call, input, fields, words)
        return pooledList(call, idPrefix: "embd", scored) { writer, index in
            writer.member("object", "embedding")
            switch encoding {
            case .float: writer.member("embedding", [credits[index]])
            case .base64: writer.member("embedding", [Float(credits[index])].base64)
            }
        }
    }
}
