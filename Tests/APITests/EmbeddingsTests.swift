// POST /v1/embeddings: rows of C-12.
import Fixtures
import Foundation
import HTTPTypes
import JSON
import Serving
import Testing

@Suite struct EmbeddingsTests {
    private let golden: GoldenService
    private let chat = JSONValue.string(Pooled.chat(answer: "Step 1.\n\nStep 2."))

    init() throws { golden = try GoldenService() }

    private func embeddings(_ body: JSONValue) async throws -> [JSONValue?] {
        let response = await golden.post("/v1/embeddings", body)
        #expect(response.status == .ok, "\(String(decoding: response.body, as: UTF8.self))")
        return try response.json()["data"]?.array?.map { $0["embedding"] } ?? []
    }

    @Test func `C-12: verl reads the credit from the last place of the last embedding`() async throws {
        let answer = try await golden.post("/v1/embeddings", ["model": "golden", "input": chat]).json()
        #expect(answer["object"] == "list" && answer["model"] == "golden")
        let item = try #require(answer["data"]?.array?.last)
        #expect(item["object"] == "embedding" && item["index"] == 0 && item["embedding"]?.array?.count == 1)
        let native = try await golden.native()
        #expect(item["embedding"]?.array?.last?.double == native["reward"]?.double && native["reward"] != nil)
        #expect(answer["usage"]?["prompt_tokens"] == native["tokens"])
        #expect(answer["usage"]?["total_tokens"] == native["tokens"])
    }

    @Test func `C-12: base64, which OpenAI's SDK asks for, is the same float32`() async throws {
        let ids = try #require(try await golden.native()["token_ids"])
        for input in [chat, [chat, chat], ids, [ids, ids]] as [JSONValue] {
            let floats = try await embeddings(["input": input])
            let texts = try await embeddings(["input": input, "encoding_format": "base64"])
            #expect(texts.count == floats.count && !texts.isEmpty)
            for (text, float) in zip(texts, floats) {
                #expect(text?.decodedFloats == float?.array?.compactMap(\.double).map { Float($0) })
            }
        }
    }

    @Test func `no input is no embeddings`() async throws {
        #expect(try await embeddings(["input": []]).isEmpty)
    }

    @Test(
        arguments: [
            (["input": "a", "dimensions": 1], "dimensions"),
            (["input": "a", "encoding_format": "int8"], "encoding_format"),
            ([:], "input or messages"), (["input": ["no chat"]], "input[0]"),
        ] as [(JSONValue, String)]
    )
    func `what cannot be met is a 400 that names the field`(body: JSONValue, param: String) async throws {
        let response = await golden.post("/v1/embeddings", body)
        #expect(response.status == .badRequest)
        let answer = try response.json()
        #expect(answer["error"]?["param"]?.string == param && answer["data"] == nil)
    }
}
