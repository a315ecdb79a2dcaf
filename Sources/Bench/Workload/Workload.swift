import Planning
package import Relations
import Wire

/// One kind of load, with the keys that it may ask for.
package struct Workload: Sendable {
    private let keys: [Key]
    private let distribution: KeyDistribution
    /// Whether the load includes further relationships, so that kindred alone can answer it.
    let hasIncludes: Bool
    private let selection: Selection
    private let columns: [Column]
    private let planner: Planner
    /// `{"load":"authors.books","limit":3`, still open.
    private let opening: [UInt8]
    private let options: String

    package init(_ template: LoadTemplate, keys: [Key], _ distribution: KeyDistribution) throws(Failure) {
        self.keys = keys
        self.distribution = distribution
        let relationship = template.relationship
        let options = template.options ?? LoadOptions()
        selection = try relationship.selection(options, at: .root)
        columns = options.isCount ? [] : try relationship.shown(options, at: .root)
        hasIncludes = template.hasIncludes
        planner = Planner(relationship, selection)
        opening = Array(template.text.utf8.dropLast())
        self.options = template.text
    }

    func picker(seed: UInt64) -> KeyPicker { KeyPicker(count: keys.count, distribution, seed: seed) }

    // {"load":"authors.books","id":7,"key":42}
    func writeRequest(_ id: Int, _ keyIndices: [Int], into output: inout ByteBuffer) {
        output.append(opening)
        output.append(",\"id\":")
        output.append(decimal: Int64(id))
        if keyIndices.count == 1 {
            output.append(",\"key\":")
            write(keys[keyIndices[0]], into: &output)
        } else {
            output.append(",\"keys\":[")
            for (number, keyIndex) in keyIndices.enumerated() {
                if number > 0 { output.append(",") }
                write(keys[keyIndex], into: &output)
            }
            output.append("]")
        }
        output.append("}\n")
    }

    private func write(_ key: Key, into output: inout ByteBuffer) {
        switch key {
        case .single(let scalar): write(scalar, into: &output)
        case .paged(let key, _): write(key, into: &output)
        case .composite(let scalars):
            output.append("[")
            for (number, scalar) in scalars.enumerated() {
                if number > 0 { output.append(",") }
                write(scalar, into: &output)
            }
            output.append("]")
        }
    }

    private func write(_ scalar: Scalar, into output: inout ByteBuffer) {
        switch scalar {
        case .integer(let value): output.append(decimal: value)
        case .unsigned(let value): output.append(decimal: value)
        case .text(let bytes): bytes.withUnsafeBytes { output.append(jsonString: $0) }
        case .bytes(let bytes): bytes.withUnsafeBytes { output.append(base64: $0) }
        }
    }

    /// SELECT … WHERE author_id = 42, or IN (…) for several keys.
    func statement(_ keyIndices: [Int]) -> [UInt8] {
        planner.statement(for: keyIndices.map { keys[$0] }, showing: columns).sql
    }

    /// The statement for one key with `?` in its place; only for keys that are single integers.
    var preparedStatement: String {
        // A number that does not occur in the options, to be found and replaced.
        let sentinel = (987_654_321 as Int64..<987_664_321).first { !options.contains("\($0)") } ?? 0
        let text = planner.statement(for: [.single(.integer(sentinel))], showing: columns).sql
        return String(decoding: text, as: UTF8.self).replacing("\(sentinel)", with: "?")
    }

    /// The key at a place, if it is a single integer.
    func integer(_ keyIndex: Int) -> Int64? {
        if case .single(.integer(let value)) = keys[keyIndex] { value } else { nil }
    }

    var hasIntegerKeys: Bool { keys.indices.allSatisfy { integer($0) != nil } }

    /// What encodes the rows of `statement`, and how many columns it must skip at the beginning of each row.
    func encoder(keys: Int) -> (encoder: RowEncoder, skipped: Int) {
        let formats = columns.map {
            (name: $0.name, format: ValueFormat($0.type, bigIntegersAsStrings: false))
        }
        let sample = planner.statement(for: Array(self.keys.prefix(keys)), showing: columns)
        return (RowEncoder(columns: formats), sample.leadingTypes.count)
    }
}
