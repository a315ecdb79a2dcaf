package import Relations
import Wire

/// A kind of load as a user writes it: `authors.books`, or `{"load":"authors.books","limit":3}`. The bench
/// adds the key and the `id`.
package struct LoadTemplate: Sendable {
    /// A JSON object.
    let text: String
    let relationship: Relationship
    let options: LoadOptions?
    package let weight: Int

    package init(_ text: String, weight: Int = 1, in catalog: Catalog) throws {
        let text = text.trimmingBlanks
        self.text = text.hasPrefix("{") ? text : "{\"load\":\"\(text)\"}"
        self.weight = weight
        // {"load":"authors.books","limit":3,"id":1,"keys":[]}
        let load = try Self.load(self.text.dropLast() + ",\"id\":1,\"keys\":[]}", template: self.text)
        guard let relationship = catalog.relationships.first(where: { $0.name == load.shape.relationship })
        else {
            throw BenchError(catalog.unknown(load.shape.relationship).message)
        }
        self.relationship = relationship
        options = load.shape.options
    }

    /// Reads a file with one kind of load per line, after its weight: `3 {"load":"authors.books","limit":3}`.
    /// Blank lines and lines that begin with `#` are skipped.
    package static func mix(_ text: String, file: String, in catalog: Catalog) throws -> [LoadTemplate] {
        var templates: [LoadTemplate] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = String(line).trimmingBlanks
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            let parts = line.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, let weight = Int(parts[0]), (1...1_000_000).contains(weight) else {
                throw BenchError(
                    "\(file):\(number + 1): expected a weight from 1 to 1,000,000 and a load, such as '3 authors.books'"
                )
            }
            do {
                templates.append(try LoadTemplate(String(parts[1]), weight: weight, in: catalog))
            } catch {
                throw BenchError("\(file):\(number + 1): \(error)")
            }
        }
        guard !templates.isEmpty else { throw BenchError("\(file): there is no load in it") }
        return templates
    }

    var hasIncludes: Bool { !(options?.includes.isEmpty ?? true) }

    /// A key as a client writes it: a JSON value.
    func key(_ json: String) throws -> Key? {
        let load = try Self.load("{\"load\":\"x\",\"key\":\(json)}", template: json)
        guard case .one(let input) = load.keys else { return nil }
        do {
            return try relationship.read(input)
        } catch {
            throw BenchError(error.message)
        }
    }

    private static func load(_ line: String, template: String) throws -> Load {
        var line = line
        var decoder = RequestDecoder(.init(maxKeys: 1, maxIncludeDepth: 1000, maxIncludes: .max))
        let decoded = line.withUTF8 { decoder.decode(UnsafeRawBufferPointer($0)) }
        switch decoded {
        case .success(let request):
            guard case .load(let load) = request.operation else { break }
            return load
        case .failure(let rejection):
            throw BenchError("\(template): \(rejection.failure.message)")
        }
        throw BenchError("\(template): this is no load; write a relationship's name or {\"load\":\"…\"}")
    }
}

extension String {
    fileprivate var trimmingBlanks: String {
        var rest = self[...]
        while rest.first?.isWhitespace ?? false { rest.removeFirst() }
        while rest.last?.isWhitespace ?? false { rest.removeLast() }
        return String(rest)
    }
}
